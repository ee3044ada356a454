// A meter on the M-Bus in the cabinet: found, read and set up by its number. What no telegram shows is never called proven, and
// the meter's own memory agrees with what the page says of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axeFaults, folder, hasMetertwin, launchChromium, startServer } from "./harness.mjs";
import { became, cabinet, cell, doing, fill, found, idle, line, look, openCabinet, press, step, told, untilFound } from "./cabinet_ui.mjs";
import { plugged, remembered, serve } from "./served.mjs";
import { becomes, freshPage, tab, until, wholeFile } from "./ui.mjs";

const site = await startServer(wholeFile);
const browser = await launchChromium(wholeFile);

const skip = hasMetertwin() ? false : "the program metertwin has not been built: cargo build";

const BOTH = "1 confirmed by reading back, 1 acknowledged, which proves nothing.";

/** A page whose rail has a meter on the M-Bus, with the cabinet open on that bus. */
async function onTheRail(t) {
  const page = await freshPage(t, browser, site, { clock: false });
  const list = page.getByLabel("Add a meter", { exact: true });
  await list.selectOption({ label: "PRO1-Mb" });
  await until(page, "a meter more", async () => (await list.inputValue()) === "");
  await openCabinet(page);
  await bus(page);
  return page;
}

const bus = (page) => cabinet(page).getByText("M-Bus", { exact: true }).first().click();

/** Waits until the meter in hand was read. */
async function read(page) {
  await becomes(page, () => step(page, "The meter as it is").getByRole("status").first().textContent(), /^\d+ values were read\.$/, 60_000);
  await idle(page);
}

/** Takes the one meter that was found in hand. */
async function takeInHand(page) {
  await untilFound(page, 1);
  await press(page, /^Set up /);
  await read(page);
}

/** What the line of a setting says that the meter has. */
const reads = (page, label) =>
  cabinet(page).locator("li.change").filter({ hasText: new RegExp(`^${label}`) }).locator(".name small").innerText();

/** The session with a meter of which not everything is certain. */
const session = (page, serial) => page.getByRole("region", { name: `Session with PRO1-Mb ${serial}` });

const settle = (page, serial) => session(page, serial).getByRole("button", { name: "Settle it: ask the meter" });

test("every speed is asked by number and by address, and the time left counts the slow ones as slow", async (t) => {
  const page = await onTheRail(t);
  await press(page, "Find my meter");
  await untilFound(page, 1);
  const speeds = ["2400", "9600", "4800", "1200", "600", "300"];
  for (const speed of speeds) {
    for (const way of ["by number", "by address"]) assert.doesNotMatch(await cell(page, speed, way), /^none/, `${speed} ${way}`);
  }
  // All addresses at 300 Bd alone take longer than at the four fastest speeds together: five minutes and more of the twelve.
  await becomes(page, () => doing(page), /^By number at \d+ Bd, 1 found, about 1[12] min \d+ s left/);
  await becomes(page, () => doing(page), /^Address \d+ at 2400 Bd, 1 found, about 1[12] min \d+ s left/, 60_000);
  await press(page, "Stop");
  await idle(page);
  // At one fast speed it is less than a minute.
  await look(page, { speed: "9600 Bd" });
  await press(page, "Search anew");
  await becomes(page, () => doing(page), /^(By number|Address \d+) at 9600 Bd, \d found, about \d+ s left/, 60_000);
  assert.equal(await cabinet(page).getByLabel("Thorough").isVisible(), false);
  await press(page, "Stop");
  await idle(page);
  assert.deepEqual(page.faults, []);
});

test("what a telegram shows is confirmed, what none shows is acknowledged and no more, and the meter has both", async (t) => {
  const page = await onTheRail(t);
  await look(page, { speed: "9600 Bd" });
  await press(page, "Find my meter");
  await takeInHand(page);
  const serial = (await cabinet(page).locator(".inhand .small").innerText()).match(/^\d{8}/)[0];
  const twin = step(page, "The meter as it is");
  await becomes(page, () => twin.locator(".says").textContent(), /./);
  await until(page, "a drawn glass", async () => (await twin.locator("[data-seg].on").count()) > 0);
  assert.match(await reads(page, "M-Bus address"), /^now 0;/);
  assert.doesNotMatch(await reads(page, "Pulse output rate"), /^now/);
  await fill(page, "Pulse output rate", "100");
  await fill(page, "M-Bus address", "17");
  const rehearsal = step(page, "Rehearsal on the twin");
  await becomes(page, () => rehearsal.innerText(), /every step ended well on the twin/);
  assert.match(await rehearsal.innerText(), /acknowledged, cannot be read back/);
  await press(page, "Write 2 changes");
  await told(page, BOTH);
  assert.match(await became(page, "Pulse output rate", "acknowledged, cannot be read back"), /An acknowledge is no proof/);
  assert.match(await became(page, "M-Bus address", "confirmed by reading back"), /^M-Bus address is 17, read back from the meter\./);
  await idle(page);
  await becomes(page, () => reads(page, "M-Bus address"), /^now 17;/);
  const back = step(page, "Put back as found");
  assert.match(await back.innerText(), /mbus-id: 17, confirmed\.\s+s0-rate: 100 imp\/kWh was acknowledged, which proves nothing\./);
  // Asking cannot make it certain, so that nobody is told to ask.
  assert.match(await session(page, serial).innerText(), /No telegram shows s0-rate: look at the meter's display\./);
  assert.equal(await settle(page, serial).count(), 0);
  assert.deepEqual(await axeFaults(page, "#panel-cabinet"), []);
  // The pulses of the meter itself tell the rate, which no bus does.
  await tab(page, "Pulses");
  const pulses = page.getByRole("tabpanel").filter({ visible: true });
  await pulses.getByText("24 V", { exact: true }).click();
  await becomes(page, () => pulses.getByRole("status").innerText(), /^100 imp\/kWh fits up to /);
  await tab(page, "Cabinet");
  await press(page, "Put back 1 setting");
  await told(page, "1 confirmed by reading back.");
  await idle(page);
  await becomes(page, () => reads(page, "M-Bus address"), /^now 0;/);
  await becomes(page, () => back.innerText(), /Pulse output rate stays: what it was before could not be read\./);
  assert.equal(await back.getByRole("button", { name: /^Put back/ }).count(), 0);
  assert.deepEqual(page.faults, []);
});

test("through an adapter the memory of the meter agrees, also once it was put back", { skip }, async (t) => {
  const state = `${folder(t)}/state`;
  const where = await serve(t, "pro1-mb serial=13070042 mbus-id=5", { bus: "mbus+", state });
  const { page } = await plugged(t, site, where, "clean");
  await openCabinet(page);
  await bus(page);
  await look(page, { speed: "9600 Bd" });
  await press(page, /^Use FTDI adapter/);
  await untilFound(page, 1);
  assert.deepEqual(await found(page), [["PRO1-Mb", "Number 13070042, INM version 2", "address 5 at 9600 8E1"]]);
  await takeInHand(page);
  await fill(page, "Pulse output rate", "100");
  await fill(page, "M-Bus address", "9");
  await press(page, "Write 2 changes");
  await told(page, BOTH);
  await became(page, "Pulse output rate", "acknowledged, cannot be read back");
  await became(page, "M-Bus address", "confirmed by reading back");
  await idle(page);
  const holds = async () => {
    const { "s0-rate": rate, "mbus-id": id } = await remembered(state);
    return `${rate} at ${id}`;
  };
  await becomes(page, holds, "100 at 9");
  await press(page, "Put back 1 setting");
  await told(page, "1 confirmed by reading back.");
  await idle(page);
  // What was never read is not guessed at.
  await becomes(page, holds, "100 at 5");
  assert.deepEqual(page.faults, []);
});

/** Does something as soon as these words stand in the newest line of the record: no frame of the page is late enough to miss it. */
async function once(page, words, act) {
  await page.exposeFunction("reached", act);
  await page.evaluate((words) => {
    const keep = Storage.prototype.setItem;
    Storage.prototype.setItem = function (key, text) {
      keep.call(this, key, text);
      if (text.trimEnd().split("\n").at(-1).includes(words)) globalThis.reached();
    };
  }, words);
}

for (const [when, words, address] of [["behind the first change", "s0-rate acknowledged", "not sent"], ["in the middle of the last", "mbus-id intend", "unknown"]]) {
  test(`pulled out ${when}, and the browser gone: the next one settles what can be told, and says what cannot`, { skip }, async (t) => {
    const state = `${folder(t)}/state`;
    const where = await serve(t, "pro1-mb serial=13070042 mbus-id=5", { bus: "mbus+", state });
    const { page, unplug } = await plugged(t, site, where, "clean");
    await openCabinet(page);
    await bus(page);
    await look(page, { speed: "9600 Bd" });
    await press(page, /^Use FTDI adapter/);
    await takeInHand(page);
    const wanted = { "Pulse output rate": ["s0-rate", "100", "1000"], Tariff: ["tariff", "2", "1"], "M-Bus address": ["mbus-id", "9", "5"] };
    for (const [label, [, to]] of Object.entries(wanted)) await fill(page, label, to);
    const of = (label) => cabinet(page).locator("li.change").filter({ hasText: new RegExp(`^${label}`) }).locator(".state").textContent();
    await once(page, words, unplug);
    await press(page, "Write 3 changes");
    await told(page, /^[12] acknowledged, which proves nothing, .*\d (unknown|not sent)/);
    const stood = Object.fromEntries(await Promise.all(Object.keys(wanted).map(async (label) => [label, await of(label)])));
    const said = await cabinet(page).locator(".told").textContent();
    if (address === "unknown") assert.match(said, /1 unknown\. What is unknown the meter itself can tell: settle it above\. The adapter was unplugged/);
    else assert.doesNotMatch(said, /settle it above/);
    const storageState = await page.context().storageState();
    assert.equal(stood["Pulse output rate"], "acknowledged, cannot be read back");
    assert.equal(stood["M-Bus address"], address);
    const { page: next } = await plugged(t, site, where, "clean", { storageState });
    await openCabinet(next);
    await bus(next);
    await look(next, { speed: "9600 Bd" });
    await press(next, /^Use FTDI adapter/);
    await becomes(next, () => line(next), /through FTDI adapter 1/);
    await untilFound(next, 1);
    await press(next, "Stop");
    await idle(next);
    const memory = await remembered(state);
    for (const [label, [key, to, from]] of Object.entries(wanted)) {
      if (stood[label] === "not sent") assert.equal(memory[key], from, label);
      else if (stood[label] !== "unknown") assert.equal(memory[key], to, label);
    }
    await next.getByRole("tab", { name: "Set up" }).click();
    const open = session(next, 13070042);
    assert.match(await open.innerText(), /s0-rate: 100 imp\/kWh was acknowledged, which proves nothing\./);
    assert.match(await open.innerText(), /No telegram shows s0-rate(, tariff)?: look at the meter's display\./);
    if (address === "unknown") {
      assert.match(await open.innerText(), /mbus-id: unknown\. 9 was to be written; ask the meter\./);
      await settle(next, 13070042).click();
      await read(next);
      assert.match(await cabinet(next).locator(".inhand").innerText(), /13070042, secondary address 13070042 at 9600 8E1/);
      const record = memory["mbus-id"] === "9" ? /mbus-id: 9, confirmed\./ : /mbus-id: not taken, it reads 5\./;
      await becomes(next, () => step(next, "Put back as found").innerText(), record);
    } else {
      assert.doesNotMatch(await open.innerText(), /mbus-id/);
    }
    // What only the display tells stays as it was: nothing that was asked has made it certain.
    assert.equal(await settle(next, 13070042).count(), 0);
    assert.match(await open.innerText(), /s0-rate: 100 imp\/kWh was acknowledged, which proves nothing\./);
    assert.equal((await remembered(state))["mbus-id"], memory["mbus-id"]);
    assert.deepEqual(next.faults, []);
  });
}
