// The panels of the other ports: fetched when they are opened, over the simulated wires.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axeFaults, launchChromium, startServer } from "./harness.mjs";
import { changesOverMbus, changesThroughTheWindow, found, idle, panel, press, scan, told } from "./lines_ui.mjs";
import { becomes, freshPage, tab, until, wholeFile } from "./ui.mjs";

const site = await startServer(wholeFile);
const browser = await launchChromium(wholeFile);
const A_SEARCH = 120_000;

/** Puts so many meters of a model on the rail. */
async function add(page, model, count) {
  const list = page.getByLabel("Add a meter", { exact: true });
  for (let number = 0; number < count; number += 1) {
    await list.selectOption({ label: model });
    await until(page, "a meter more", async () => (await list.inputValue()) === "");
  }
}

test("the module is fetched once, when a part of it is opened, not before", async (t) => {
  const asked = [];
  const page = await freshPage(t, browser, site, { clock: false });
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  for (const name of ["Pulses", "Memory", "Load"]) await tab(page, name);
  assert.deepEqual(asked, []);
  await tab(page, "M-Bus");
  await page.getByRole("button", { name: "Search", exact: true }).waitFor();
  assert.deepEqual(asked.sort(), ["/lines.css", "/lines.js", "/lines_bg.wasm"]);
  await tab(page, "Bus");
  await page.getByRole("button", { name: "Use this line" }).waitFor();
  await tab(page, "Infrared");
  await page.getByRole("button", { name: "Read out", exact: true }).waitFor();
  assert.equal(asked.length, 3);
  assert.deepEqual(page.faults, []);
});

test("a module that cannot be fetched says so, and a second try works", async (t) => {
  const page = await freshPage(t, browser, site, { clock: false });
  await page.route("**/lines.js*", (route) => route.abort());
  await tab(page, "M-Bus");
  await page.getByText("The M-Bus master could not be loaded.").waitFor();
  await page.unroute("**/lines.js*");
  await page.locator("#panel-mbus").getByRole("button", { name: "Try again" }).click();
  await page.getByRole("button", { name: "Search", exact: true }).waitFor();
});

test("a configurator that cannot be fetched says so on its tabs and behind Connect, and a second try works", async (t) => {
  const page = await freshPage(t, browser, site, { clock: false });
  await page.route("**/lines.js*", (route) => route.abort());
  const connect = page.getByRole("button", { name: "Connect a real meter…" });
  await connect.click();
  const failed = page.getByText("The configurator could not be loaded. Check the connection to the server of this page");
  await page.getByRole("tabpanel", { name: "Read-out" }).and(page.locator(":has-text('could not be loaded')")).waitFor();
  await page.getByRole("tab", { name: "Settings" }).click();
  await failed.filter({ visible: true }).waitFor();
  await page.unroute("**/lines.js*");
  // The button tries again, too.
  await connect.click();
  await page.getByRole("dialog", { name: "Connect a real meter" }).getByRole("button", { name: "Close" }).click();
  assert.equal(await failed.count(), 0);
  await page.getByText("Nothing is called confirmed that the meter did not give back.").waitFor();
});

test("eight M-Bus meters are found by secondary address, as a tree, and one is read out", async (t) => {
  const page = await freshPage(t, browser, site, { clock: false });
  await add(page, "PRO1-Mb", 8);
  await tab(page, "M-Bus");
  await page.getByText("with 8 meters on it").waitFor();
  await press(page, "Search");
  await told(page, /^8 meters were found/, A_SEARCH);
  const rows = page.locator("#panel-mbus .found tbody tr");
  assert.equal(await rows.count(), 8);
  const tree = page.getByRole("group", { name: "Search tree" });
  assert.ok((await tree.locator("li.cell.meter").count()) >= 8);
  assert.ok((await tree.locator("li.cell.many").count()) >= 1);
  assert.deepEqual(await axeFaults(page, "#panel-mbus"), []);
  await rows.first().getByRole("button", { name: /^Read/ }).click();
  const records = page.getByRole("table", { name: "Records of the meter" });
  await records.waitFor();
  await records.getByRole("rowheader", { name: /energy/i }).first().waitFor();
  assert.deepEqual(page.faults, []);
});

test("the meter in hand is read out through its window, and what is assumed is marked so", async (t) => {
  const page = await freshPage(t, browser, site, { clock: false });
  await tab(page, "Infrared");
  await page.getByRole("button", { name: "Read out", exact: true }).click();
  const table = page.getByRole("table", { name: "Read-out through the window" });
  await table.waitFor({ timeout: A_SEARCH });
  const row = table.getByRole("row", { name: /1\.8\.0/ });
  assert.match(await row.textContent(), /kWh/);
  assert.match(await row.textContent(), /unconfirmed/);
  assert.deepEqual(await axeFaults(page, "#panel-infrared"), []);
  assert.deepEqual(page.faults, []);
});

test("over the simulated wire changes end as what they are: proven, acknowledged and no more, or not sent", async (t) => {
  const page = await freshPage(t, browser, site, { clock: false });
  await add(page, "PRO1-Mb", 1);
  await tab(page, "M-Bus");
  await page.getByText("with one meter on it").waitFor();
  await changesOverMbus(page, 0);
  assert.deepEqual(await axeFaults(page, "#panel-mbus"), []);
  assert.deepEqual(page.faults, []);
});

test("a scan that is stopped keeps what it found, and a search finds the same meters", async (t) => {
  const page = await freshPage(t, browser, site, { clock: false });
  await add(page, "PRO1-Mb", 3);
  await tab(page, "M-Bus");
  await page.getByText("with 3 meters on it").waitFor();
  await scan(page, 0, 250);
  await becomes(page, () => panel(page).locator(".progress").innerText(), /Address \d+, 3 found/);
  await press(page, "Stop");
  await told(page, /^Stopped\. Address \d+, 3 found\.$/);
  await idle(page);
  const before = await found(page);
  assert.equal(before.length, 3);
  await press(page, "Search");
  await told(page, /^3 meters were found/, A_SEARCH);
  assert.deepEqual(await found(page), before);
  assert.deepEqual(page.faults, []);
});

test("through the simulated window a wrong password is refused, and with the right one changes are proven", async (t) => {
  const page = await freshPage(t, browser, site, { clock: false });
  await tab(page, "Infrared");
  await changesThroughTheWindow(page);
  assert.deepEqual(page.faults, []);
});

test("a read-out through the window that is stopped says so, and the meter can be read again", async (t) => {
  const page = await freshPage(t, browser, site, { clock: false });
  await tab(page, "Infrared");
  // The module is there once its button is.
  await panel(page).getByRole("button", { name: "Read out", exact: true }).waitFor();
  // In one turn of the page: a read-out is short.
  await panel(page).evaluate((panel) => {
    const named = (name) => [...panel.querySelectorAll("button")].find((button) => button.textContent === name);
    named("Read out").click();
    named("Stop").click();
  });
  await told(page, /^Stopped\. Reading out\. The meter ends the session by itself/);
  // It may still be talking.
  await until(page, "a whole read-out", async () => {
    await idle(page);
    await press(page, "Read out");
    await told(page, /./);
    return /: 14 values\.$/.test(await panel(page).locator(".told").textContent());
  }, A_SEARCH);
  assert.deepEqual(page.faults, []);
});

test("in a hidden tab a worker keeps the time, where the tab's own timers hardly ring", async (t) => {
  const page = await freshPage(t, browser, site, { clock: false });
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await add(page, "PRO1-Mb", 1);
  await tab(page, "M-Bus");
  await page.getByText("with one meter on it").waitFor();
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { get: () => true });
    globalThis.setTimeout = () => 0;
  });
  await scan(page, 0, 20);
  await told(page, /^One meter was found at the addresses 0 to 20 /);
  assert.ok(asked.includes("/lines_clock.js"));
  assert.deepEqual(page.faults, []);
});

test("a page that stands still for a second at a time takes no late answer for silence", async (t) => {
  const page = await freshPage(t, browser, site, { clock: false });
  await add(page, "PRO1-Mb", 1);
  await tab(page, "M-Bus");
  await page.getByText("with one meter on it").waitFor();
  await page.evaluate(() => {
    const timer = globalThis.setTimeout;
    globalThis.setTimeout = (act, ms) => timer(act, Math.max(ms, 1000));
  });
  await scan(page, 0, 1);
  await told(page, /^One meter was found at the addresses 0 to 1 /);
  assert.deepEqual(page.faults, []);
});
