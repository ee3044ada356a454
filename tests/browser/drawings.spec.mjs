// The drawings of the meters: files of their own, fetched for the family that is shown.
import assert from "node:assert/strict";
import { test } from "node:test";
import { atEnd, axeFaults, launchChromium, openPage, startServer } from "./harness.mjs";
import { becomes, display, ready, segments, wholeFile } from "./ui.mjs";

const site = await startServer(wholeFile);
const browser = await launchChromium(wholeFile);

const add = (page, name) => page.getByLabel("Add a meter").selectOption({ label: name });
const files = (...names) => names.map((name) => `/drawings/${name}.svg`);

/** A page whose requests for drawings are in `page.asked`; those whose names hold `gone` are not answered well. */
async function watched(t, gone) {
  const page = await openPage(browser, "about:blank");
  atEnd(t, () => page.context().close());
  page.asked = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/drawings/")) page.asked.push(pathname);
  });
  if (gone) await page.route(`**/drawings/${gone}*`, (route) => route.fulfill({ status: 503, body: "" }));
  await page.goto(site.url);
  return page;
}

test("a first visit fetches the drawings of the meter on the rail, once, and another family's when it comes", async (t) => {
  const page = await watched(t);
  await ready(page);
  assert.deepEqual(page.asked.sort(), files("pro1-front", "pro1-glass", "pro1-meter"));
  // Of the same family: nothing more is asked for.
  await add(page, "PRO1-Mb");
  await becomes(page, () => page.locator(".head .model").textContent(), "PRO1-Mb");
  assert.equal(page.asked.length, 3);
  await add(page, "Ambition 2PU CT");
  await page.locator(".stage.dots [data-part=pixels] path").first().waitFor({ state: "attached" });
  assert.deepEqual(page.asked.slice(3).sort(), files("ambition-2-modules", "ambition-front", "ambition-glass", "ambition-plate"));
  // Every card has its glass.
  await becomes(page, () => page.locator(".card .glass svg").count().then(String), "3");
});

test("a drawing that cannot be fetched says so, the meter is worked without it, and a second try draws it", async (t) => {
  const page = await watched(t, "pro1");
  const trouble = page.getByRole("alert").filter({ hasText: "The drawing of the PRO1-Mod could not be loaded." });
  await trouble.waitFor();
  assert.match(await trouble.textContent(), /Check the connection to the server of this page, then try again\. \(drawings\/pro1-\w+\.svg: 503\)$/);
  assert.equal(await display(page).count(), 0);
  // The keys below go on, and so do the words.
  const list = page.locator(".map-title");
  const before = await list.textContent();
  await page.getByRole("button", { name: /^Hold 3 s/ }).click();
  await becomes(page, async () => String((await list.textContent()) !== before), "true");
  assert.deepEqual(await axeFaults(page), []);
  await page.unroute("**/drawings/pro1*");
  await page.getByRole("button", { name: "Try again" }).click();
  await ready(page);
  assert.notEqual(await segments(page), "");
  assert.equal(await trouble.count(), 0);
});

test("a drawing that comes late finds the page working", async (t) => {
  const page = await openPage(browser, "about:blank");
  atEnd(t, () => page.context().close());
  let release;
  const released = new Promise((resolve) => { release = resolve; });
  await page.route("**/drawings/*", async (route) => {
    await released;
    await route.continue();
  });
  await page.goto(site.url);
  await page.getByRole("button", { name: /^Press 1/ }).waitFor();
  assert.equal(await display(page).count(), 0);
  const tall = async () => (await page.locator(".stage").boundingBox()).height;
  const before = await tall();
  release();
  await ready(page);
  assert.ok(Math.abs((await tall()) - before) < 2, `${before} px before, ${await tall()} px with the drawing`);
  // The page was opened from an empty one, so that each request has left that.
  assert.deepEqual(page.faults.filter((fault) => !fault.startsWith("leaves:")), []);
});
