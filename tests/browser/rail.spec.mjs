// Several meters on one rail: they come, go, are taken in hand, and all of them outlive a reload.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axeFaults, launchChromium, startServer } from "./harness.mjs";
import { becomes, change, chip, freshPage, line, ready, report, says, tab, until, value, wholeFile, write } from "./ui.mjs";

const site = await startServer(wholeFile);
const browser = await launchChromium(wholeFile);

/** The meters of the family with the printed numbers of their terminals at the lower right, and what stands there. */
const MODELS = [
  ["PRO1-Mod", "RS485"],
  ["PRO1-Mb", "M-Bus"],
  ["PRO1-2T", "tariff"],
  ["PRO1-S", null],
];

const add = (page, name) => page.getByLabel("Add a meter").selectOption({ label: name });
const cards = (page) => page.getByRole("list", { name: "Meters on the rail" }).getByRole("button");
const card = (page, name) => cards(page).filter({ hasText: name });
/** Name of the meter in hand, as the head has it. */
const inHand = (page) => page.locator(".head .model").textContent();

test("each model has its picture, its name and its terminals", async (t) => {
  const page = await freshPage(t, browser, site);
  for (const [name, bus] of MODELS) {
    if (name !== MODELS[0][0]) await add(page, name);
    await becomes(page, () => inHand(page), name);
    await tab(page, "Load");
    await page.getByRole("img", { name: `Terminals of the ${name}, listed below` }).waitFor();
    const terms = await page.locator(".terminals dt").allTextContents();
    assert.equal(terms.includes("23"), bus !== null, `${name}: ${terms}`);
    if (bus) assert.match(await page.locator(".terminals").textContent(), new RegExp(bus));
    assert.match(await says(page), /^[A-Z]/);
  }
  assert.equal(await cards(page).count(), 4);
  assert.deepEqual(page.faults, []);
});

test("meters come, are taken in hand and go; each has numbers of its own", async (t) => {
  const page = await freshPage(t, browser, site);
  assert.equal(await cards(page).count(), 0, "one meter needs no cards");
  await add(page, "PRO1-Mod");
  await becomes(page, () => chip(page), /^Twin 9600 8E1 id 2( |$)/);
  await tab(page, "Read-out");
  await becomes(page, () => value(page, "Modbus address"), "2");
  const serials = async () => (await cards(page).allTextContents()).map((text) => /\d{8}/.exec(text)[0]);
  const [first, second] = await serials();
  assert.equal(Number(second), Number(first) + 1);
  assert.equal(await value(page, "Serial number"), second);
  // Another load for each.
  await tab(page, "Load");
  await page.getByRole("button", { name: "Kettle 2 kW" }).click();
  await cards(page).first().click();
  await becomes(page, () => chip(page), /^Twin 9600 8E1 id 1( |$)/);
  assert.equal(await page.getByLabel("Current in A").inputValue(), "5.00");
  await tab(page, "Read-out");
  await becomes(page, () => value(page, "Serial number"), first);
  // Changes wait where they were made.
  await tab(page, "Settings");
  await change(page, "Scroll time", "7");
  await cards(page).last().click();
  await until(page, "no change staged", async () => (await page.getByText("not in the meter yet").filter({ visible: true }).count()) === 0);
  await cards(page).first().click();
  await page.getByText("not in the meter yet").waitFor();
  await write(page);
  assert.deepEqual((await report(page)).steps, { "Scroll time": "confirmed" });
  await page.getByRole("button", { name: "Remove the meter in hand" }).click();
  const dialog = page.getByRole("dialog", { name: "Remove a meter" });
  assert.match(await dialog.textContent(), new RegExp(`PRO1-Mod, serial ${first}: its memory goes with it`));
  await dialog.getByRole("button", { name: "Remove it" }).click();
  await becomes(page, () => chip(page), /^Twin 9600 8E1 id 2( |$)/);
  assert.equal(await cards(page).count(), 0);
  assert.deepEqual(page.faults, []);
});

test("a meter without Modbus tells what it knows by itself", async (t) => {
  const page = await freshPage(t, browser, site);
  await add(page, "PRO1-S");
  await becomes(page, () => inHand(page), "PRO1-S");
  for (const name of ["Read-out", "Settings", "Bus"]) {
    await tab(page, name);
    const panel = page.getByRole("tabpanel", { name });
    await becomes(page, () => panel.innerText(), /PRO1-S has no Modbus, so there is nothing to read or write by registers\./);
  }
  await tab(page, "Read-out");
  await becomes(page, () => value(page, "Voltage"), "230.0");
  await tab(page, "Settings");
  assert.match(await line(page, "Scroll time").innerText(), /10/);
  await becomes(page, () => chip(page), "Twin no Modbus");
  assert.deepEqual(await axeFaults(page), []);
  assert.deepEqual(page.faults, []);
});

test("a reload keeps all meters, the one in hand, and the load of each", async (t) => {
  const page = await freshPage(t, browser, site);
  await add(page, "PRO1-2T");
  await becomes(page, () => inHand(page), "PRO1-2T");
  await tab(page, "Load");
  await page.getByRole("button", { name: "Kettle 2 kW" }).click();
  await page.getByRole("button", { name: "+1 day" }).click();
  await add(page, "PRO1-Mb");
  await becomes(page, () => inHand(page), "PRO1-Mb");
  await card(page, "PRO1-2T").click();
  await becomes(page, () => inHand(page), "PRO1-2T");
  const before = await page.locator(".card small:not(.says)").allTextContents();
  await page.clock.runFor(3000);
  await page.reload();
  await page.getByRole("heading", { name: "Metertwin" }).waitFor();
  await becomes(page, () => inHand(page), "PRO1-2T");
  assert.deepEqual(await page.locator(".card small:not(.says)").allTextContents(), before);
  assert.equal(await page.getByLabel("Current in A").inputValue(), "8.696");
  await tab(page, "Read-out");
  await becomes(page, () => value(page, "Total active energy"), /^4[78]\.\d\d$/);
  await card(page, "PRO1-Mod").click();
  await ready(page, { clock: true });
  assert.deepEqual(page.faults, []);
});

for (const [width, height] of [[1440, 900], [390, 844]]) {
  test(`four meters fit on the page and axe finds nothing: ${width} wide`, async (t) => {
    const page = await freshPage(t, browser, site, { viewport: { width, height }, reducedMotion: "reduce" });
    for (const [name] of MODELS.slice(1)) await add(page, name);
    await becomes(page, () => inHand(page), "PRO1-S");
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, "wider than the window");
    if (process.env.METERTWIN_SHOTS) {
      await page.screenshot({ path: `${process.env.METERTWIN_SHOTS}/rail-${width}.png`, fullPage: true });
    }
    assert.deepEqual(await axeFaults(page), []);
  });
}

test("the plate has the meter's own number", async (t) => {
  const page = await freshPage(t, browser, site);
  const plates = () => page.locator(".stage [data-part=serial]").allTextContents();
  assert.deepEqual(await plates(), ["S/N 0254 1307 0001", "S/N 0254 1307 0001"]);
  await add(page, "PRO1-2T");
  await becomes(page, async () => (await plates()).join(), "S/N 0254 1307 0002,S/N 0254 1307 0002");
});

test("voltage at the tariff input makes the second tariff count, and its dot stands on the glass", async (t) => {
  const page = await freshPage(t, browser, site);
  await add(page, "PRO1-2T");
  await becomes(page, () => inHand(page), "PRO1-2T");
  const dot = page.locator(".front [data-seg=d3]");
  const wires = page.locator(".plan .wire.on");
  assert.equal(await dot.evaluate((node) => node.classList.contains("on")), false);
  assert.equal(await wires.count(), 0);
  await page.getByLabel("Voltage at the tariff input").check();
  await until(page, "the dot of tariff 2", () => dot.evaluate((node) => node.classList.contains("on")));
  assert.equal(await wires.count(), 2, "both wires of the input are live");
  await page.getByLabel("Voltage at the tariff input").uncheck();
  await until(page, "no dot", () => dot.evaluate((node) => !node.classList.contains("on")));
  assert.deepEqual(page.faults, []);
});

test("without mains the terminals are dead and the glass is dark; with it the meter comes back", async (t) => {
  const page = await freshPage(t, browser, site);
  const live = () => page.locator(".plan .l1.on").count();
  assert.equal(await live(), 2);
  await page.getByLabel("Supply is on").uncheck();
  await becomes(page, () => says(page), "dark, the meter has no supply");
  assert.equal(await live(), 0);
  await page.getByLabel("Supply is on").check();
  await becomes(page, () => says(page), /^Current direction, forward/);
  assert.equal(await live(), 2);
  await tab(page, "Read-out");
  await page.getByRole("button", { name: "Read again" }).click();
  await becomes(page, () => value(page, "Power-down counter"), "1");
});

test("the pulse output gives pulses where it has its supply, and says what it needs where it has not", async (t) => {
  const page = await freshPage(t, browser, site);
  const panel = page.getByRole("tabpanel", { name: "Load" });
  const supply = page.getByRole("textbox", { name: "S0 supply in V" });
  const give = async (volts) => { await supply.fill(volts); await supply.blur(); };
  await panel.getByText("Nothing supplies the pulse output: it gives pulses with 5V to 27V DC from outside.").waitFor();
  await give("3");
  await becomes(page, () => panel.innerText(), /3V is too little for the pulse output: it needs 5V to 27V DC\./);
  await give("24");
  await page.getByRole("button", { name: "Car 7 kW" }).click();
  await becomes(page, () => panel.innerText(), /A counter there has seen [1-9]\d* pulses\./);
  await until(page, "a closed contact drawn", async () => (await page.locator(".plan .wire.on").count()) >= 2);
  await give("30");
  await becomes(page, () => panel.innerText(), /30V is too much for the pulse output and may destroy it/);
  assert.deepEqual(page.faults, []);
});
