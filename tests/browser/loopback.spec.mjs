// The configurator at the twin over the simulated line, as whoever opens it for the first time finds it: no hardware.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { launchChromium, startServer } from "./harness.mjs";
import {
  becomes, change, chip, field, frames, freshPage, line, report, row, tab, until, value, wholeFile, write,
} from "./ui.mjs";

const site = await startServer(wholeFile);
const browser = await launchChromium(wholeFile);
const open = (t) => freshPage(t, browser, site);

test("the read-out is full as soon as it is opened", async (t) => {
  const page = await open(t);
  await tab(page, "Read-out");
  const cells = await page.getByRole("table").getByRole("row").evaluateAll((rows) =>
    rows.filter((one) => one.querySelector("th[scope=row]")).map((one) => [...one.cells].map((cell) => cell.textContent)));
  assert.ok(cells.length > 40, `${cells.length} points`);
  assert.deepEqual(cells.filter(([, value, , , words]) => value === "–" || words === ""), []);
  assert.deepEqual(await row(page, "Voltage"), ["230.0", "V", "5000h", "4366 0000"]);
  assert.deepEqual(await row(page, "Serial number"), ["13070001", "", "4000h", "1307 0001"]);
  await page.getByRole("radio", { name: "decimal" }).check();
  assert.equal((await row(page, "Voltage"))[2], "20480");
  assert.match(await chip(page), /^Twin 9600 8E1 id 1 3 good 0 bad \d+ ms$/);
  assert.deepEqual(page.faults, []);
});

test("settings are written, read back and confirmed, id and parity with them; the chip follows", async (t) => {
  const page = await open(t);
  await tab(page, "Settings");
  await change(page, "Scroll time", "7");
  await change(page, "Pulse output rate", "0.01");
  await change(page, "Modbus address", "17");
  await change(page, "Parity", "odd");
  await line(page, "Scroll time").getByText("staged, not sent").waitFor();
  const review = await write(page);
  assert.match(review, /Scroll time10 s7 s/);
  assert.match(review, /Modbus address1 17/);
  assert.match(review, /Parityeven odd/);
  const { title, summary, steps } = await report(page);
  assert.equal(title, "All 4 changes are in the meter");
  assert.equal(summary, "4 confirmed by reading back.");
  assert.deepEqual(steps, {
    "Pulse output rate": "confirmed", "Scroll time": "confirmed", "Modbus address": "confirmed", Parity: "confirmed",
  });
  for (const label of Object.keys(steps)) await line(page, label).getByText("confirmed", { exact: true }).waitFor();
  await becomes(page, () => chip(page), /^Twin 9600 8O1 id 17 /);
  await tab(page, "Read-out");
  await becomes(page, () => value(page, "Modbus address"), "17");
  assert.equal(await value(page, "Parity"), "odd");
  assert.equal(await value(page, "Pulse output rate"), "0.01");
  assert.equal(await value(page, "Scroll time"), "7");
  assert.deepEqual(page.faults, []);
});

test("a change of speed is followed too", async (t) => {
  const page = await open(t);
  await tab(page, "Settings");
  await change(page, "Baud rate", "1200");
  await write(page);
  assert.deepEqual((await report(page)).steps, { "Baud rate": "confirmed" });
  await becomes(page, () => chip(page), /^Twin 1200 8E1 id 1 /);
});

test("a value out of range is refused in words before anything is sent", async (t) => {
  const page = await open(t);
  await tab(page, "Settings");
  for (const [label, wrong, reason] of [
    ["Scroll time", "31", /“31” is not possible: 1 to 30 s/],
    ["Scroll time", "ten", /“ten” is not possible: 1 to 30 s/],
    ["Modbus address", "0", /“0” is not possible: 1 to 247/],
    ["Modbus address", "248", /“248” is not possible: 1 to 247/],
    ["Modbus address", "", /is not possible: 1 to 247/],
  ]) {
    const before = (await frames(page)).length;
    await change(page, label, wrong);
    assert.match(await line(page, label).getByRole("alert").textContent(), reason);
    assert.equal(await field(page, label).getAttribute("aria-invalid"), "true");
    assert.equal(await field(page, label).inputValue(), wrong);
    assert.equal(await page.getByRole("button", { name: /^Review and write/ }).isVisible(), false);
    assert.equal((await frames(page)).length, before);
  }
  // A good value after a wrong one, and the value that the meter has already, which is no change.
  await change(page, "Scroll time", "12");
  await line(page, "Scroll time").getByText("staged, not sent").waitFor();
  await change(page, "Scroll time", "10");
  await line(page, "Scroll time").getByText("unchanged").waitFor();
});

test("Discard takes all changes back, Not yet keeps them, Ctrl+Enter reviews them", async (t) => {
  const page = await open(t);
  await tab(page, "Settings");
  await change(page, "Scroll time", "12");
  await change(page, "Tariff", "2");
  await page.keyboard.press("Control+Enter");
  const dialog = page.getByRole("dialog", { name: "Review the changes" });
  assert.match(await dialog.textContent(), /This writes to the twin\./);
  await dialog.getByRole("button", { name: "Not yet" }).click();
  assert.equal(await field(page, "Scroll time").inputValue(), "12");
  await page.getByRole("button", { name: "Discard" }).click();
  assert.equal(await field(page, "Scroll time").inputValue(), "10");
  assert.equal(await field(page, "Tariff").inputValue(), "1");
  assert.equal(await page.getByRole("button", { name: /^Review and write/ }).isVisible(), false);
});

test("a counter is reset after a question, and the register tells", async (t) => {
  const page = await open(t);
  await page.getByRole("button", { name: "Kettle 2 kW" }).click();
  await page.getByRole("button", { name: "+1 day" }).click();
  await tab(page, "Read-out");
  await page.getByRole("button", { name: "Read again" }).click();
  await becomes(page, () => value(page, "Resettable day counter"), /^4[78]\.\d\d$/);
  await tab(page, "Settings");
  const command = line(page, "Reset the resettable counter");
  await command.getByRole("button", { name: "Set to zero…" }).click();
  const dialog = page.getByRole("dialog", { name: "Reset a counter" });
  assert.match(await dialog.textContent(), /Reset the resettable counter/);
  await dialog.getByRole("button", { name: "Keep it" }).click();
  assert.equal(await page.getByRole("region", { name: "What became of the changes" }).isVisible(), false);
  await command.getByRole("button", { name: "Set to zero…" }).click();
  await dialog.getByRole("button", { name: "Set to zero" }).click();
  const { title, steps } = await report(page);
  assert.equal(title, "The change is in the meter");
  assert.deepEqual(Object.values(steps), ["confirmed"]);
  await tab(page, "Read-out");
  await becomes(page, () => value(page, "Resettable day counter"), /^0\.0\d$/);
  assert.match(await value(page, "Forward active energy"), /^4[78]\./);
});

test("the traffic shows frames with their meaning and their bytes one by one", async (t) => {
  const page = await open(t);
  await page.getByText("Nothing sent yet. The first frame appears here.").waitFor();
  await tab(page, "Read-out");
  const [question, answer] = await frames(page);
  assert.equal(question.way, "to the meter");
  assert.match(question.text, /01 03 40 00 00 1F 11 C2 Read serial number to active status word, 31 words at 4000h/);
  assert.equal(answer.way, "from the meter");
  assert.match(answer.text, /serial number 13070001, meter code 0101, Modbus address 1, baud rate 9600 Bd/i);
  const first = page.getByRole("list", { name: "Frames, oldest first" }).getByRole("listitem").first();
  await first.getByRole("button").click();
  assert.equal(await first.getByRole("button").getAttribute("aria-expanded"), "true");
  assert.match(await first.innerText(), /11 C2\s*checksum/i);
  await page.getByRole("button", { name: "Pause" }).click();
  await tab(page, "Read-out");
  const good = await chip(page);
  await page.getByRole("button", { name: "Read again" }).click();
  await until(page, "three more good answers", async () => (await chip(page)) !== good);
  assert.equal((await frames(page)).length, 6);
  await page.getByRole("button", { name: "Pause" }).click();
  await until(page, "the frames that came meanwhile", async () => (await frames(page)).length >= 12);
  await page.getByRole("button", { name: "Clear" }).click();
  await page.getByText("Nothing sent yet. The first frame appears here.").waitFor();
});

test("a raw frame to a register that is not there shows the refusal in words", async (t) => {
  const page = await open(t);
  await tab(page, "Bus");
  const answer = page.getByRole("tabpanel", { name: "Bus" }).locator("section[aria-live]");
  const raw = page.getByLabel("Bytes in hex, id and function first");
  const send = page.getByRole("button", { name: "Send", exact: true });
  await raw.fill("01 03 70 00 00 01");
  await send.click();
  await becomes(page, () => answer.innerText(), /Refused: register 7000h does not exist in this model \(02\)\s*01 83 02 C0 F1/);
  await page.getByRole("radio", { name: "Refused and damaged" }).check();
  await becomes(page, async () => (await frames(page)).map(({ text }) => text).join(), /^[\d:.]+ ← 01 83 02 C0 F1 [^,]*$/);
  await page.getByRole("radio", { name: "All" }).check();
  // Bytes that make a good question, without the checksum being added.
  await page.getByLabel("Add the checksum (CRC-16)").uncheck();
  await raw.fill("010350000002D50B");
  await send.click();
  await becomes(page, () => answer.innerText(), /230\.0 V\s*01 03 04 43 66 00 00 0F A8/);
  // A wrong checksum: the meter keeps silent, and the page says that it does.
  await raw.fill("010350000002D50C");
  await send.click();
  await becomes(page, () => answer.innerText(), /No answer/);
  await raw.fill("01 03 5G");
  await send.click();
  await page.getByText("“G” is no hex digit: expected 0 to 9 and A to F.").waitFor();
  await raw.fill("01 0");
  await send.click();
  await page.getByText("A digit is missing: every byte has two.").waitFor();
});

test("registers are read by hand; a wrong address or count is refused before it is sent", async (t) => {
  const page = await open(t);
  await tab(page, "Bus");
  const answer = page.getByRole("tabpanel", { name: "Bus" }).locator("section[aria-live]");
  const read = page.getByRole("button", { name: "Read", exact: true });
  await page.getByLabel("First register, in hex").fill("4000");
  await read.click();
  await becomes(page, () => answer.innerText(), /13070001\s*01 03 04 13 07 00 01 8E B6/);
  await page.getByLabel("How many, 1 to 125").fill("126");
  await read.click();
  await page.getByText("“126” registers cannot be read at once: expected 1 to 125.").waitFor();
  await page.getByLabel("First register, in hex").fill("xyz");
  await read.click();
  await page.getByText("“xyz” is no address: expected up to four hex digits, such as 5000.").waitFor();
});

test("a master on another line than the meter hears nothing, and says so", async (t) => {
  const page = await open(t);
  await tab(page, "Bus");
  const panel = page.getByRole("tabpanel", { name: "Bus" });
  await panel.getByLabel("Framing").selectOption("8N1");
  await panel.getByRole("button", { name: "Use this line" }).click();
  await becomes(page, () => chip(page), /^Twin 9600 8N1 /);
  await tab(page, "Read-out");
  await page.getByRole("button", { name: "Read again" }).click();
  await becomes(page, () => chip(page), /no answer/);
  await becomes(page, () => page.getByRole("tabpanel").innerText(), /parity|No answer/);
  assert.match(await page.getByRole("cell", { name: "230.0" }).first().getAttribute("class"), /old/);
  await tab(page, "Bus");
  await panel.getByLabel("Framing").selectOption("8E1");
  await panel.getByRole("button", { name: "Use this line" }).click();
  await becomes(page, () => chip(page), /^Twin 9600 8E1 /);
  await tab(page, "Read-out");
  await page.getByRole("button", { name: "Read again" }).click();
  await until(page, "values that are true again", async () =>
    !/old/.test((await page.getByRole("cell", { name: "230.0" }).first().getAttribute("class")) ?? ""));
});

test("an adapter that echoes is found out, and a write through it is still proven by the read-back", async (t) => {
  const page = await open(t);
  await tab(page, "Bus");
  await page.getByLabel("The simulated adapter echoes").check();
  await tab(page, "Settings");
  await change(page, "Scroll time", "9");
  await write(page);
  assert.deepEqual((await report(page)).steps, { "Scroll time": "confirmed" });
});

test("the read-out is saved as CSV and as JSON, with units", async (t) => {
  const page = await open(t);
  await tab(page, "Read-out");
  const saved = async (button) => {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: button }).click(),
    ]);
    return { name: download.suggestedFilename(), text: readFileSync(await download.path(), "utf8") };
  };
  const csv = await saved("Save CSV");
  assert.equal(csv.name, "read-out.csv");
  const [head, ...lines] = csv.text.trim().split(/\r?\n/);
  assert.match(head, /unit/i);
  const voltage = lines.find((one) => /(^|,)5000h?(,|$)|voltage/i.test(one));
  assert.match(voltage, /230\.0/);
  assert.match(voltage, /(^|,)"?V"?(,|$)/);
  const json = await saved("Save JSON");
  assert.equal(json.name, "read-out.json");
  const text = JSON.stringify(JSON.parse(json.text));
  assert.match(text, /"unit":"kWh"/);
  assert.match(text, /13070001/);
  assert.deepEqual(page.faults, []);
});
