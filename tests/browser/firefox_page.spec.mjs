// The page in Firefox, which says of itself that it can: the same clicks, with the mock port that Firefox brings. It hands
// back what is written to it, which is an adapter that echoes and has no meter behind it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectMockPort, disconnectMockPort, launchFirefox, startServer } from "./harness.mjs";
import { wholeFile } from "./ui.mjs";

const site = await startServer(wholeFile);
const firefox = await launchFirefox(wholeFile);

/** A page with its meter drawn. */
async function open(t) {
  // A page that keeps nothing of the one before.
  const context = await firefox.createBrowserContext();
  t.after(() => context.close());
  const page = await context.newPage();
  page.faults = [];
  page.on("pageerror", (error) => page.faults.push(error.message));
  page.on("console", (message) => { if (message.type() === "error") page.faults.push(message.text()); });
  await page.setViewport({ width: 1440, height: 900 });
  await page.goto(site.url);
  await says(page, "[aria-label='Source and line']", /id \d/);
  return page;
}

/** Waits until an element's text or, where given, its attribute, matches. */
async function says(page, selector, wanted, attribute) {
  await page.waitForFunction((selector, source, attribute) => {
    const node = [...document.querySelectorAll(selector)].find((one) => one.offsetParent !== null || one.checkVisibility?.());
    const text = attribute ? node?.getAttribute(attribute) : node?.innerText;
    return new RegExp(source).test(text ?? "");
  }, { timeout: 15_000, polling: 50 }, selector, wanted.source, attribute ?? null)
    .catch(async () => {
      const text = await page.evaluate((selector) => document.querySelector(selector)?.innerText, selector);
      assert.fail(`${selector} never said ${wanted}, but: ${text}`);
    });
}

/** Clicks a button or tab by its name. By name in the document: Firefox takes seconds to look through its accessibility tree. */
async function click(page, name) {
  const found = await page.waitForFunction((name) => [...document.querySelectorAll("button")].find((one) =>
    one.checkVisibility() && (one.getAttribute("aria-label") ?? one.innerText).replace(/\s+/g, " ").trim() === name),
  { timeout: 15_000, polling: 50 }, name);
  await found.asElement().click();
}
const tab = click;

/** Puts a scroll time into the form, whose tab is open, and writes it. */
async function writeScrollTime(page, seconds) {
  const field = await page.waitForSelector("[aria-label='Scroll time in s']", { timeout: 15_000 });
  await field.click({ count: 3 });
  await field.type(seconds);
  await page.keyboard.press("Tab");
  await page.keyboard.down("Control");
  await page.keyboard.press("Enter");
  await page.keyboard.up("Control");
  await click(page, "Write to the meter");
}

test("the glass is drawn, the key works, and a setting of the twin is written and confirmed", async (t) => {
  const page = await open(t);
  assert.ok(await page.$$eval("[role=img] [data-seg].on", (all) => all.length) > 5);
  const glass = "[role=img][aria-label^='Display of the meter']";
  await page.focus("[aria-label='Key of the meter']");
  for (const next of ["Current direction", "Total active energy"]) {
    await page.keyboard.press("Enter", { delay: 200 });
    await says(page, glass, new RegExp(`: ${next}`), "aria-label");
  }
  await click(page, "Press 1");
  await says(page, glass, /: Total reactive energy/, "aria-label");
  await tab(page, "Settings");
  await writeScrollTime(page, "12");
  await says(page, "[aria-label='What became of the changes']", /The change is in the meter\s+1 confirmed by reading back/);
  assert.deepEqual(page.faults, []);
});

test("a port is chosen and opened; an echo is no meter and confirms nothing; unplugging is told", async (t) => {
  const page = await open(t);
  await connectMockPort(page);
  await click(page, "Connect a real meter…");
  await click(page, "Choose a port…");
  await says(page, "[aria-label='Source and line']", /Real meter/);
  await tab(page, "Read-out");
  await says(page, "#panel-readout .say",
    /No answer from id 1 at 9600 8E1 in \d+ ms.*only our own words came back, since this adapter echoes\. Check the A and B wires/);
  await tab(page, "Settings");
  await writeScrollTime(page, "12");
  await says(page, "[aria-label='What became of the changes']", /1 not sent/);
  await disconnectMockPort(page);
  await says(page, "[aria-label='Source and line']", /unplugged/);
  await click(page, "Disconnect");
  await says(page, "[aria-label='Source and line']", /Twin/);
  assert.deepEqual(page.faults, []);
});
