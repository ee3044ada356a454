// The panels of the other ports: fetched when they are opened, over the simulated wires.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axeFaults, launchChromium, startServer } from "./harness.mjs";
import { freshPage, tab, until, wholeFile } from "./ui.mjs";

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

const told = (page, panel) => page.locator(`#panel-${panel} .told`);

test("the module is fetched when a panel is opened, not before", async (t) => {
  const asked = [];
  const page = await freshPage(t, browser, site, { clock: false });
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await tab(page, "Bus");
  assert.deepEqual(asked, []);
  await tab(page, "M-Bus");
  await page.getByRole("button", { name: "Search", exact: true }).waitFor();
  assert.deepEqual(asked.sort(), ["/lines.css", "/lines.js", "/lines_bg.wasm"]);
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

test("eight M-Bus meters are found by secondary address, as a tree, and one is read out", async (t) => {
  const page = await freshPage(t, browser, site, { clock: false });
  await add(page, "PRO1-Mb", 8);
  await tab(page, "M-Bus");
  await page.getByText("with 8 meters on it").waitFor();
  await page.getByRole("button", { name: "Search", exact: true }).click();
  const rows = page.locator("#panel-mbus .found tbody tr");
  await until(page, "the end of the search", async () => /8 meters were found/.test(await told(page, "mbus").textContent()), A_SEARCH);
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
