// The page as it is served: it mounts, under the policy, keeps to its origin, is accessible, and keeps its meter.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { atEnd, axeFaults, launchChromium, launchFirefox, openPage, root, startServer } from "./harness.mjs";
import { becomes, change, chip, field, frames, freshPage, ready, report, says, tab, until, value, wholeFile, write } from "./ui.mjs";

const site = await startServer(wholeFile);
const browser = await launchChromium(wholeFile);

test("the page mounts in Chromium under the content security policy and keeps to its origin", async (t) => {
  const page = await freshPage(t, browser, site, { clock: false });
  const answer = await page.request.get(site.url);
  assert.match(answer.headers()["content-security-policy"], /default-src 'none'; script-src 'self' 'wasm-unsafe-eval'/);
  for (const name of ["Read-out", "Settings", "Bus", "Load"]) await tab(page, name);
  assert.deepEqual(page.faults, []);
});

test("the policy is in force: an inline script is refused", async (t) => {
  const page = await freshPage(t, browser, site, { clock: false });
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "globalThis.inlineRan = true";
    document.body.append(script);
  });
  assert.equal(await page.evaluate(() => globalThis.inlineRan), undefined);
  assert.ok(page.faults.some((fault) => fault.includes("policy refused script-src")), page.faults.join("\n"));
});

test("every link of the document is relative, so that the page runs from any folder", () => {
  const html = readFileSync(join(root, "dist", "index.html"), "utf8");
  const links = [...html.matchAll(/(?:src|href|data-glue|data-module)="?([^\s">]*)/g)].map((match) => match[1]);
  assert.ok(links.length > 3);
  for (const link of links) assert.doesNotMatch(link, /^(\/|https?:)/);
});

for (const colorScheme of ["light", "dark"]) {
  for (const [width, height] of [[1440, 900], [390, 844]]) {
    test(`axe finds nothing on any tab or in any dialog: ${colorScheme}, ${width} wide`, async (t) => {
      const page = await freshPage(t, browser, site, {
        colorScheme, viewport: { width, height }, reducedMotion: "reduce",
      });
      const faults = [];
      const look = async (where, inside) =>
        faults.push(...(await axeFaults(page, inside)).map((fault) => `${where}: ${fault}`));
      const narrow = async () =>
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, "wider than the window");
      await look("load, before anything was asked");
      await narrow();
      await tab(page, "Read-out");
      await tab(page, "Load");
      await look("load");
      // The traffic stands below every tab and has been looked at.
      await page.getByRole("button", { name: "Clear" }).click();
      await narrow();
      await tab(page, "Read-out");
      await look("read-out", "#panel-readout");
      await tab(page, "Bus");
      await page.getByLabel("First register, in hex").fill("x");
      await page.getByRole("button", { name: "Read", exact: true }).click();
      await look("bus with a wrong address", "#panel-bus");
      await tab(page, "Settings");
      await change(page, "Scroll time", "31");
      await change(page, "Tariff", "2");
      await look("settings, staged and wrong");
      const dialog = (name) => page.getByRole("dialog", { name });
      await page.getByRole("button", { name: /^Review and write/ }).click();
      await look("review", "dialog[open]");
      await dialog("Review the changes").getByRole("button", { name: "Write to the meter" }).click();
      assert.equal((await report(page)).steps.Tariff, "confirmed");
      await look("report", "#panel-settings");
      for (const [button, name] of [
        [page.getByRole("button", { name: "Set to zero…" }).first(), "Reset a counter"],
        [page.getByRole("button", { name: "Show me how" }).first(), "By the key on the meter"],
        [page.getByRole("button", { name: "Connect a real meter…" }), "Connect a real meter"],
        [{ click: () => page.keyboard.press("?") }, "Keyboard shortcuts"],
      ]) {
        await button.click();
        await look(name, "dialog[open]");
        await dialog(name).getByRole("button", { name: "Close" }).click();
      }
      assert.deepEqual(faults, []);
      assert.deepEqual(page.faults, []);
    });
  }
}

/** The names of what the browser keeps for the page. */
const kept = (page) => page.evaluate(() => new Promise((resolve, reject) => {
  const opening = indexedDB.open("metertwin");
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const base = opening.result;
    if (!base.objectStoreNames.contains("nv")) return resolve([]);
    const keys = base.transaction("nv").objectStore("nv").getAllKeys();
    keys.onsuccess = () => { base.close(); resolve(keys.result); };
    return undefined;
  };
}));

/** Puts other bytes in the place of the meter's memory. */
const damage = (page) => page.evaluate(() => new Promise((resolve) => {
  indexedDB.open("metertwin").onsuccess = ({ target: { result: base } }) => {
    const store = base.transaction("nv", "readwrite").objectStore("nv");
    store.getAllKeys().onsuccess = ({ target: { result: [key] } }) => {
      store.put(new Uint8Array(2048).fill(0x55), key).onsuccess = () => { base.close(); resolve(key); };
    };
  };
}));

/** A page whose meter has counted and was set: 24 h of a kettle, id 17, scroll time 7 s. */
async function used(t) {
  const page = await freshPage(t, browser, site);
  await page.getByRole("button", { name: "Kettle 2 kW" }).click();
  await page.getByRole("button", { name: "+1 day" }).click();
  await tab(page, "Settings");
  await change(page, "Scroll time", "7");
  await change(page, "Modbus address", "17");
  await write(page);
  assert.deepEqual((await report(page)).steps, { "Scroll time": "confirmed", "Modbus address": "confirmed" });
  await page.clock.runFor(3000);
  await until(page, "the meter's memory in the browser", async () => (await kept(page)).length > 0);
  return page;
}

test("the meter outlives a reload: energies, settings, load, and the master finds it at its id", async (t) => {
  const page = await used(t);
  await page.reload();
  await ready(page, { clock: true });
  await becomes(page, () => chip(page), /^Twin 9600 8E1 id 17 /);
  // The address of the page names its tab, too.
  await page.getByRole("tabpanel", { name: "Settings" }).waitFor();
  assert.equal(await field(page, "Scroll time").inputValue(), "7");
  await tab(page, "Read-out");
  assert.match(await value(page, "Forward active energy"), /^4[78]\.\d\d$/);
  assert.equal(await value(page, "Modbus address"), "17");
  await tab(page, "Load");
  assert.equal(await page.getByLabel("Current in A").inputValue(), "8.696");
  assert.deepEqual(page.faults, []);
});

test("a damaged memory is named, kept aside and not written over", async (t) => {
  const page = await used(t);
  // Leaving saves the memory once more: the damage is done from a page of the same origin where the program does not run.
  await page.goto(`${site.origin}/boot.js`);
  const key = await damage(page);
  await page.goto(site.url);
  // A script that is shown as a document has no icon.
  page.faults.length = 0;
  await ready(page, { clock: true });
  assert.match(await chip(page), /^Twin 9600 8E1 id 1$/);
  await tab(page, "Read-out");
  await becomes(page, () => page.getByRole("tabpanel").innerText(),
    /The memory that this browser kept of the meter is damaged \(2048 bytes\)\. It is kept aside as \S+\.damaged/);
  await until(page, "the damaged memory under its own name", async () => (await kept(page)).includes(`${key}.damaged`));
  assert.deepEqual(page.faults, []);
});

test("a panic shows the banner with the session's log, and the page can be reloaded", async (t) => {
  // The panic is a real one: a browser that cannot make an element breaks what the page relies on. Rows of the traffic are
  // list items; the banner is none.
  const page = await freshPage(t, browser, site, {
    permissions: ["clipboard-read", "clipboard-write"],
    init: () => {
      const create = Document.prototype.createElement;
      Document.prototype.createElement = function createElement(name, ...more) {
        if (globalThis.breakLists && name === "li") throw new DOMException("no list item today");
        return create.call(this, name, ...more);
      };
    },
  });
  await page.getByRole("button", { name: "Kettle 2 kW" }).click();
  await tab(page, "Read-out");
  await page.evaluate(() => { globalThis.breakLists = true; });
  await page.getByRole("button", { name: "Read again" }).click();
  const banner = page.getByRole("alert", { name: "The page has failed" });
  await until(page, "the banner", () => banner.isVisible());
  const log = banner.getByLabel("Log of this session");
  assert.match(await log.inputValue(), /panicked at .*\n[\s\S]*ms: load\n[\s\S]*ms: read\n/);
  assert.match(await banner.innerText(), /No change that was not confirmed counts as written\./);
  assert.deepEqual(await axeFaults(page), []);
  // What is pressed afterwards neither hangs the page nor brings a second banner.
  await page.evaluate(() => { globalThis.breakLists = false; });
  await page.getByRole("button", { name: /^Press/ }).click();
  await page.keyboard.press("3");
  await page.clock.runFor(500);
  assert.equal(await banner.count(), 1);
  await banner.getByRole("button", { name: "Copy the log" }).click();
  await banner.getByRole("button", { name: "Copied" }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await log.inputValue());
  await banner.getByRole("link", { name: "Reload the page" }).click();
  await ready(page, { clock: true });
  assert.equal(await banner.count(), 0);
  assert.match(await says(page), /^Current direction, forward/);
});

test("a module that cannot be fetched leaves a sentence", async (t) => {
  const page = await openPage(browser, "about:blank");
  atEnd(t, () => page.context().close());
  await page.route("**/*.wasm", (route) => route.abort());
  await page.goto(site.url);
  const note = page.getByRole("alert");
  await note.waitFor();
  assert.match(await note.textContent(), /^Metertwin could not start: .*Reload the page; if that does not help, use a newer browser\.$/);
});

test("with reduced motion nothing blinks, and the read-out still goes on", async (t) => {
  const page = await freshPage(t, browser, site, { reducedMotion: "reduce" });
  await tab(page, "Read-out");
  await page.getByLabel("Live").check();
  const before = (await frames(page)).length;
  await until(page, "a live reading", async () => (await frames(page)).length > before + 5);
  await page.getByLabel("Live").uncheck();
  assert.deepEqual(page.faults, []);
});

test("the page mounts in Firefox", async (t) => {
  const firefox = await launchFirefox(t);
  const page = await firefox.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  await page.goto(site.url);
  await page.waitForSelector("h1");
  assert.equal(await page.$eval("h1", (heading) => heading.textContent), "Metertwin");
  assert.deepEqual(faults, []);
});
