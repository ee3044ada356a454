// The cabinet over the simulated wires of the rail.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axeFaults, launchChromium, startServer } from "./harness.mjs";
import { became, cabinet, cell, doing, field, fill, found, heard, idle, look, openCabinet, press, step, told, untilFound } from "./cabinet_ui.mjs";
import { becomes, frames, freshPage, ready, tab, until, wholeFile } from "./ui.mjs";

const site = await startServer(wholeFile);
const browser = await launchChromium(wholeFile);

/** A page with the cabinet open. */
async function at(t, view) {
  const page = await freshPage(t, browser, site, { clock: false });
  await openCabinet(page, view);
  return page;
}

/** Puts meters of a model on the rail. */
async function add(page, model, count = 1) {
  const list = page.getByLabel("Add a meter", { exact: true });
  for (let number = 0; number < count; number += 1) {
    await list.selectOption({ label: model });
    await until(page, "a meter more", async () => (await list.inputValue()) === "");
  }
}

test("the meter of the rail is found at once; the search is paused, stopped and gone on with", async (t) => {
  const page = await at(t);
  await press(page, "Find my meter");
  await untilFound(page, 1);
  const [[name, who, where]] = await found(page);
  assert.equal(name, "PRO1-Mod");
  assert.match(who, /^Serial 13070001, software /);
  assert.match(where, /^id 1 at 9600 8E1, answers in \d+ ms$/);
  assert.match(await cell(page, "9600", "8E1"), /^yes/);
  await press(page, "Pause");
  await becomes(page, () => doing(page), /^Paused\. \d+ of \d+ tries/);
  await press(page, "Go on");
  await becomes(page, () => doing(page), /^\d+ of \d+ tries, \d+:\d\d gone, about \d+:\d\d left\. Now id \d+ at /);
  await press(page, "Stop");
  await told(page, /^Stopped\. (\d+) of (\d+) tries.*What was found stays\.$/);
  await idle(page);
  assert.equal((await found(page)).length, 1);
  const asked = async () => Number((await doing(page)).match(/^(\d+) of/)?.[1] ?? 0);
  const before = Number((await page.locator("#panel-cabinet .told").textContent()).match(/(\d+) of/)[1]);
  await press(page, "Go on searching");
  await until(page, "the search to go on", async () => (await asked()) > before);
  assert.equal((await found(page)).length, 1);
  await press(page, "Stop");
  await idle(page);
  assert.deepEqual(page.faults, []);
  assert.deepEqual(await axeFaults(page, "#panel-cabinet"), []);
});

test("every meter of the rail is found, and what is typed wrong is said", async (t) => {
  const page = await at(t);
  await add(page, "PRO1-Mod");
  // The new one has an id of its own: both are found.
  await look(page, { speed: "9600 Bd", format: "8E1", ids: "1-3" });
  await press(page, "Find my meter");
  await told(page, "2 meters were found.");
  assert.deepEqual((await found(page)).map(([, , where]) => where.replace(/,.*/, "")), ["id 1 at 9600 8E1", "id 2 at 9600 8E1"]);
  assert.equal(await cell(page, "9600", "8E1"), "yes: 2 answered");
  await look(page, { ids: "1-300" });
  await page.getByText("\"1-300\" does not fit: expected ids from 1 to 247, such as 1-20 or 1,5,7.").waitFor();
  assert.deepEqual(page.faults, []);
});

test("two meters on one id are never taken for one, and a third one is found all the same", async (t) => {
  const page = await freshPage(t, browser, site, { clock: false });
  await add(page, "PRO1-Mod", 2);
  // The meter with id 2 gets the id of the first one, without anybody looking whether it is free.
  await tab(page, "Bus");
  await page.getByLabel("Bytes in hex, id and function first").fill("02 06 40 03 00 01");
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await until(page, "the answer", async () => (await frames(page)).some(({ text }) => text.includes("02 06 40 03 00 01")));
  await openCabinet(page);
  await look(page, { speed: "9600 Bd", format: "8E1", ids: "1-4" });
  await press(page, "Find my meter");
  await told(page, "One meter was found.");
  assert.match((await found(page))[0][1], /^Serial 13070003/);
  assert.match((await found(page))[0][2], /^id 3 at 9600 8E1/);
  // What is heard of the two depends on how their answers meet on the wire; they are never called a meter.
  for (const [title, , , next] of await heard(page)) {
    assert.match(title, /^Two meters on id 1, 9600 8E1$|^Something at 9600 8E1, id 1$/);
    assert.notEqual(next, "");
  }
  assert.equal(await cell(page, "9600", "8E1"), "yes: 1 answered");
  assert.deepEqual(page.faults, []);
});

test("where nobody answers the likely causes and the next step are said", async (t) => {
  const page = await at(t);
  await look(page, { speed: "9600 Bd", format: "8N1", ids: "40-42" });
  await press(page, "Find my meter");
  await told(page, "Everything was asked, and no meter answered.");
  assert.deepEqual(await found(page), []);
  const [[title, what, why, next]] = await heard(page);
  assert.equal(title, "Nobody answers");
  assert.match(what, /^No meter answered/);
  assert.match(why, /A and B are swapped/);
  // Three ids were asked of all.
  assert.match(why, /has another id, speed or format/);
  assert.match(next, /^Let a search try other settings\. Look whether the meter's display is on\. Swap A and B at the meter/);
  assert.match(await cell(page, "9600", "8N1"), /^asked: 0 of 3 ids$/);
  assert.deepEqual(page.faults, []);
});

test("meters on the M-Bus are found by their numbers, then by address, each once", async (t) => {
  const page = await at(t);
  await add(page, "PRO1-Mb", 2);
  await page.locator("#panel-cabinet").getByText("M-Bus", { exact: true }).first().click();
  await look(page, { speed: "9600 Bd" });
  await press(page, "Find my meter");
  await untilFound(page, 2);
  for (const [name, who, where] of await found(page)) {
    assert.equal(name, "PRO1-Mb");
    assert.match(who, /^Number 1307000\d, INM version \d$/);
    assert.match(where, /^address \d at 9600 8E1$/);
  }
  assert.match(await cell(page, "9600", "by number"), /^yes( now)?: 2 answered$/);
  await becomes(page, () => doing(page), /^Address [1-9]\d at 9600 Bd, 2 found/);
  assert.match(await cell(page, "9600", "by address"), /^now: \d+ percent$/);
  await press(page, "Stop");
  await told(page, /^Stopped\. Address \d+ at 9600 Bd, 2 found\. What was found stays\.$/);
  assert.equal((await found(page)).length, 2);
  assert.deepEqual(page.faults, []);
});

/** The meter of the rail, or one more of a model, found and in hand. */
async function inHand(t, model) {
  const page = await at(t);
  if (model) await add(page, model);
  await look(page, { ids: model ? "2" : "1" });
  await press(page, "Find my meter");
  await untilFound(page, 1);
  await press(page, /^Set up /);
  await becomes(page, () => step(page, "The meter as it is").getByRole("status").first().textContent(), /^\d+ values were read\.$/, 60_000);
  await idle(page);
  return page;
}

/** The last four digits of the serial number of the meter in hand. */
const lastDigits = async (page) => (await cabinet(page).locator(".inhand .small").innerText()).match(/^\d+(\d{4}), id/)[1];

test("a meter is read, its twin's display is shown page by page, and changes are rehearsed before they are written", async (t) => {
  const page = await inHand(t);
  const twin = step(page, "The meter as it is");
  await becomes(page, () => twin.locator(".says").textContent(), /./);
  await until(page, "a drawn glass", async () => (await twin.locator("[data-seg].on").count()) > 0);
  const first = await twin.locator(".says").textContent();
  await twin.getByRole("button", { name: "Next page" }).click();
  await until(page, "another page", async () => (await twin.locator(".says").textContent()) !== first);
  const rehearsal = step(page, "Rehearsal on the twin");
  assert.match(await rehearsal.innerText(), /Nothing waits\./);
  await field(page, "Scroll time").fill("31");
  await field(page, "Scroll time").blur();
  assert.match(await became(page, "Scroll time", "unchanged"), /^“31” is not possible: /);
  await field(page, "Scroll time").fill("15");
  await field(page, "Scroll time").blur();
  await field(page, "Modbus address").fill("9");
  await field(page, "Modbus address").blur();
  await becomes(page, () => rehearsal.innerText(), /will be found at id 9 at 9600 8E1/);
  assert.match(await rehearsal.innerText(), /every step ended well on the twin/);
  // The meter itself has noticed nothing.
  assert.match(await step(page, "Put back as found").innerText(), /Nothing was changed in this meter\./);
  await press(page, "Write 2 changes");
  await told(page, "2 confirmed by reading back.");
  await became(page, "Scroll time", "confirmed by reading back");
  await idle(page);
  await becomes(page, () => step(page, "Put back as found").innerText(), /modbus-id: 9, confirmed\./);
  await step(page, "Report").getByText("The report", { exact: true }).click();
  await becomes(page, () => step(page, "Report").locator(".sheet").innerText(), /Scroll time\s+10 s\s+15 s\s+confirmed/);
  await press(page, "Put back 2 settings");
  await told(page, "2 confirmed by reading back.");
  await idle(page);
  await press(page, "End the session");
  await becomes(page, () => step(page, "Put back as found").innerText(), /Nothing was changed in this meter\./);
  assert.deepEqual(page.faults, []);
  assert.deepEqual(await axeFaults(page, "#panel-cabinet"), []);
});

/** The question before what cannot be undone. */
const question = (page) => page.getByRole("dialog", { name: "This cannot be undone" });

/** What the meter of the rail holds in a register, as its read-out tells it: nothing but it is asked. */
async function reads(page, label) {
  const meter = step(page, "Changes").locator("li.change").filter({ hasText: new RegExp(`^${label}`) });
  return meter.locator(".name small").innerText();
}

test("what can never be undone is written once the last digits of the meter's serial number were typed", async (t) => {
  const page = await inHand(t, "PRO380-Mod");
  const last = await lastDigits(page);
  assert.notEqual(last, "1111");
  await fill(page, "Combination code", "10");
  await fill(page, "Scroll time", "15");
  await press(page, "Write 2 changes");
  assert.match(await question(page).innerText(), /Combination code 10: from it there is no way back to another value, ever\.\s+One other change is written with it\./);
  const digits = question(page).getByLabel("Type the last 4 digits of the meter's serial number to do this.");
  for (const wrong of ["", "1111", last.slice(1), `1307${last}`]) {
    await digits.fill(wrong);
    await question(page).getByRole("button", { name: "Write all the same" }).click();
    await question(page).getByText(/^Nothing was sent: these are not the last 4 digits of the serial number of this meter/).waitFor();
  }
  await question(page).getByRole("button", { name: "Not yet" }).click();
  // Both changes still wait, and the meter that is read again has neither.
  await became(page, "Combination code", "staged, not sent");
  await became(page, "Scroll time", "staged, not sent");
  assert.match(await step(page, "Put back as found").innerText(), /Nothing was changed in this meter\./);
  await step(page, "The meter as it is").getByRole("button", { name: /^Read/ }).click();
  await idle(page);
  await becomes(page, () => reads(page, "Scroll time"), /^now 10 s;/);
  assert.doesNotMatch(await reads(page, "Combination code"), /^now 10;/);
  await press(page, "Write 2 changes");
  await digits.fill(last);
  await question(page).getByRole("button", { name: "Write all the same" }).click();
  await told(page, "2 confirmed by reading back.");
  await idle(page);
  await becomes(page, () => reads(page, "Combination code"), /^now 10;/);
  // What the meter has for ever is asked about no more.
  await fill(page, "Scroll time", "16");
  await press(page, "Write 1 change");
  await told(page, "1 confirmed by reading back.");
  assert.equal(await question(page).isVisible(), false);
  assert.deepEqual(page.faults, []);
});

test("one of a few changes is asked about with how many there are, and the next one as well", async (t) => {
  const page = await inHand(t, "Ambition 2PU CT");
  const last = await lastDigits(page);
  for (const [ratio, now] of [["200/5", /^now 200\/5/], ["300/5", /^now 300\/5/]]) {
    await fill(page, "CT ratio", ratio);
    await press(page, "Write 1 change");
    assert.match(await question(page).innerText(), new RegExp(`CT ratio ${ratio}: it uses up one of 7 changes in the life of the meter`));
    await question(page).getByLabel(/^Type the last 4 digits/).fill(last);
    await question(page).getByRole("button", { name: "Write all the same" }).click();
    await told(page, "1 confirmed by reading back.");
    await idle(page);
    await becomes(page, () => reads(page, "CT ratio"), now);
  }
  assert.deepEqual(page.faults, []);
});

test("a counter is not set to zero before it was said what that loses", async (t) => {
  const page = await inHand(t);
  const counter = cabinet(page).locator("li.change").filter({ hasText: /^Power-down counter/ });
  await counter.getByRole("checkbox").check();
  await press(page, "Write 1 change");
  assert.match(await question(page).innerText(), /Power-down counter: how often the supply has failed so far is lost\./);
  await question(page).getByRole("button", { name: "Not yet" }).click();
  await became(page, "Power-down counter", "staged, not sent");
  assert.match(await step(page, "Put back as found").innerText(), /Nothing was changed in this meter\./);
  await press(page, "Write 1 change");
  assert.equal(await question(page).getByRole("textbox").count(), 0);
  await question(page).getByRole("button", { name: "Write all the same" }).click();
  await told(page, "1 confirmed by reading back.");
  assert.deepEqual(page.faults, []);
});

test("the report is printed alone, with what was changed, by whom and in which meter", async (t) => {
  const page = await inHand(t);
  await fill(page, "Scroll time", "15");
  await press(page, "Write 1 change");
  await told(page, "1 confirmed by reading back.");
  await idle(page);
  const report = step(page, "Report");
  await report.getByLabel("Operator").fill("A. Jansen");
  await report.getByLabel("Place").fill("Flat 12");
  const sheet = report.locator(".sheet");
  assert.equal(await sheet.isVisible(), false);
  await page.evaluate(() => { globalThis.print = () => { globalThis.printed = (globalThis.printed ?? 0) + 1; }; });
  await press(page, "Print");
  assert.equal(await page.evaluate(() => globalThis.printed), 1);
  await page.emulateMedia({ media: "print" });
  assert.equal(await sheet.isVisible(), true);
  const text = await sheet.innerText();
  for (const wanted of [
    /Commissioning report/, /Serial number\s+13070001/, /Operator\s+A\. Jansen/, /Place\s+Flat 12/, /Spoken to as\s+id 1 at 9600 8E1/,
    /Scroll time\s+10 s\s+15 s\s+confirmed/, /Signature/,
  ]) assert.match(text, wanted);
  // Nothing else is on the paper.
  const words = (text) => text.split(/\s+/).filter((word) => word !== "");
  assert.deepEqual(words(await page.locator("body").innerText()), words(text));
  // Another view is printed as it stands.
  await page.emulateMedia({ media: "screen" });
  await page.locator("#panel-cabinet").getByRole("tab", { name: "Find" }).click();
  await page.emulateMedia({ media: "print" });
  await cabinet(page).getByRole("list", { name: "Meters that were found" }).waitFor();
  assert.equal(await sheet.isVisible(), false);
  assert.deepEqual(page.faults, []);
});

test("a profile stages its settings, and what does not fit is said by its line", async (t) => {
  const page = await inHand(t);
  await page.getByText("From a profile, or compared with a file").click();
  const area = page.getByLabel("Profile or read-out as JSON");
  await area.fill(JSON.stringify({ profile: 1, name: "House", model: "pro1-mod", settings: { "scroll-time": 99 } }, null, 1));
  await area.blur();
  await becomes(page, () => step(page, "Changes").getByRole("alert").last().innerText(), /scroll-time/);
  await area.fill(JSON.stringify({ profile: 1, name: "House", model: "pro1-mod", settings: { "scroll-time": 20 } }, null, 1));
  await area.blur();
  await became(page, "Scroll time", "staged, not sent");
  await page.getByText("1 of 1 settings differ.").waitFor();
  await becomes(page, () => step(page, "Rehearsal on the twin").innerText(), /every step ended well on the twin/);
  assert.deepEqual(page.faults, []);
});

test("a meter on the M-Bus is reported, compared and saved by what its telegrams show", async (t) => {
  const page = await at(t);
  await add(page, "PRO1-Mb");
  await page.locator("#panel-cabinet").getByText("M-Bus", { exact: true }).first().click();
  await look(page, { speed: "9600 Bd" });
  await press(page, "Find my meter");
  await untilFound(page, 1);
  await press(page, "Stop");
  await idle(page);
  await press(page, /^Set up /);
  await becomes(page, () => step(page, "The meter as it is").getByRole("status").first().textContent(), /^\d+ values were read\.$/, 60_000);
  await idle(page);
  await page.getByText("From a profile, or compared with a file").click();
  const area = page.getByLabel("Profile or read-out as JSON");
  await area.fill(JSON.stringify({ profile: 1, name: "House", model: "pro1-mb", settings: { "mbus-baud": 2400, tariff: 1 } }));
  await area.blur();
  await page.getByText("1 of 2 settings differ; of 1 that is not known, since not told over the M-Bus.").waitFor();
  const row = (key) => step(page, "Changes").locator("table.diff tr", { hasText: key }).innerText();
  assert.match(await row("Tariff"), /^Tariff\s+not told over the M-Bus\s+1\s+not known$/);
  const download = page.waitForEvent("download");
  await press(page, "Save its settings as a profile");
  const file = await (await download).createReadStream();
  let text = "";
  for await (const part of file) text += part;
  const { settings } = JSON.parse(text);
  assert.equal(settings["mbus-baud"], 9600);
  assert.equal("tariff" in settings || "mbus-id" in settings, false);
  await told(page, /^Left out of the profile, since not told over the M-Bus: .*Tariff/);
  await step(page, "Report").getByText("The report", { exact: true }).click();
  const sheet = () => step(page, "Report").locator(".sheet").innerText();
  await becomes(page, sheet, /M-Bus address\s+\d+\s+\d+\s+as found/);
  assert.match(await sheet(), /Tariff\s+not known\s+not known\s+not told over the M-Bus/);
  assert.match(await sheet(), /Forward active energy\s+0\.00 kWh/);
  assert.deepEqual(page.faults, []);
});

test("what was stopped in the middle of writing is unknown after a reload, and the meter is asked", async (t) => {
  const page = await inHand(t);
  // A session that ended behind its intention, as a crash leaves it.
  await page.evaluate(() => localStorage.setItem("metertwin.sessions", [
    "metertwin journal 1", "run 2026-11-28", "found 13070001 pro1-mod modbus 1 9600 even", "was 13070001 scroll-time 10",
    "5 13070001 scroll-time intend 15 10", "",
  ].join("\n")));
  await page.reload();
  await ready(page);
  await openCabinet(page, "Set up");
  const broken = page.getByRole("region", { name: "Session with PRO1-Mod 13070001" });
  assert.match(await broken.innerText(), /scroll-time: unknown\. 15 s was to be written; ask the meter\./);
  await broken.getByRole("button", { name: "Settle it: ask the meter" }).click();
  await becomes(page, () => broken.count(), 0, 30_000);
  await becomes(page, () => step(page, "Put back as found").innerText(), /scroll-time: not taken, it reads 10 s\./);
  await idle(page);
  assert.deepEqual(page.faults, []);
});
