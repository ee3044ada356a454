// What goes wrong on a real line, through an injected navigator.serial: each ends in a sentence that says what happened and
// what to do, and nothing is called confirmed that the meter did not confirm.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeSerial, manner, plain } from "./fake_serial.mjs";
import { launchChromium, startServer } from "./harness.mjs";
import { IMAGE } from "./images.mjs";
import {
  advice, becomes, change, chip, connect, connected, freshPage, line, report, tab, until, value, wholeFile, write,
} from "./ui.mjs";

const site = await startServer(wholeFile);
const browser = await launchChromium(wholeFile);

/** A page whose browser has the injected ports, which keep to the page's clock. */
const open = (t, options = {}) =>
  freshPage(t, browser, site, { init: fakeSerial({ image: IMAGE, ...options }), clock: true });

/** The same, connected and read. */
async function opened(t, options) {
  const page = await open(t, options);
  await connect(page);
  await connected(page);
  return page;
}

/** Writes one setting and gives its word and the sentence beside it. */
async function set(page, label, wanted) {
  await tab(page, "Settings");
  await change(page, label, wanted);
  await write(page);
  const { title, steps } = await report(page);
  return { title, word: steps[label], why: await line(page, label).textContent() };
}

/** What the slave has in a register. */
const held = (page, address) => page.evaluate((address) => globalThis.fake.slave.registers.get(address), address);

test("line errors end the reader, not the port: the page goes on and counts", async (t) => {
  const page = await opened(t);
  assert.match(await advice(page), /PRO1-Mod, serial 18420815/);
  for (const name of ["ParityError", "FramingError", "BreakError", "BufferOverrunError"]) {
    await manner(page, { errors: [name], times: 1 });
    await page.evaluate(() => globalThis.fake.slave.registers.set(0x5000, globalThis.fake.slave.registers.get(0x5000) + 1));
    const before = await value(page, "Voltage");
    await page.getByRole("button", { name: "Read again" }).click();
    await until(page, `the next reading after a ${name}`, async () => (await value(page, "Voltage")) !== before);
    assert.match(await chip(page), /^Real meter/);
  }
  assert.equal(await page.evaluate(() => globalThis.fake.opened.length), 1);
  // An error in the middle of an answer costs that answer; it is asked again.
  await manner(page, { chunk: 4, errorAt: 9, only: "read", times: 1 });
  assert.deepEqual((await set(page, "Scroll time", "20")).word, "confirmed");
  assert.deepEqual(page.faults, []);
});

for (const [name, how] of Object.entries({
  "in chunks of 5 bytes every 16 ms": { chunk: 5, gap: 16 },
  "with a hole of 40 ms": { chunk: 3, hole: 40 },
  "400 ms late": { delay: 400 },
  "byte by byte": { chunk: 1, gap: 2 },
  "behind an echo": { echo: true },
  "behind a byte of noise": { before: [0x00] },
  "behind the byte of a break and another": { before: [0xff, 0x01] },
  "with a byte too many at the end": { after: [0x00] },
  "behind an echo, in pieces, with noise": { echo: true, chunk: 7, gap: 10, after: [0xfe] },
})) {
  test(`answers ${name} are read and writes through them are proven`, async (t) => {
    const page = await open(t);
    await manner(page, how);
    await connect(page);
    await connected(page);
    assert.equal(await value(page, "Voltage"), "233.0");
    assert.equal(await value(page, "Serial number"), "18420815");
    const { word, title } = await set(page, "Scroll time", "20");
    assert.equal(word, "confirmed");
    assert.equal(title, "The change is in the meter");
    assert.equal(await held(page, 0x4010), 0x20);
    assert.deepEqual(page.faults, []);
  });
}

test("the answer to a write is lost: the read-back decides, and it shows the new value", async (t) => {
  const page = await opened(t);
  await manner(page, { drop: true, only: "write", times: 1 });
  assert.equal((await set(page, "Scroll time", "20")).word, "confirmed");
  assert.equal(await held(page, 0x4010), 0x20);
});

test("the write never arrives: the read-back shows the old value, and it is not called confirmed", async (t) => {
  const page = await opened(t);
  await manner(page, { deaf: true, only: "write" });
  const { word, why, title } = await set(page, "Scroll time", "20");
  assert.notEqual(word, "confirmed");
  assert.match(why, /no answer came, but it reports 10 s\. Not confirmed/);
  assert.equal(title, "Not every change is in the meter");
  assert.equal(await held(page, 0x4010), 0x10);
});

test("an adapter that echoes and a meter that does not hear: the echo is no answer", async (t) => {
  const page = await open(t);
  await manner(page, { echo: true });
  await connect(page);
  await connected(page);
  // The echo of a write to one register is, byte for byte, its answer.
  await manner(page, { echo: true, deaf: true, only: "write" });
  const { word, why } = await set(page, "Scroll time", "20");
  assert.notEqual(word, "confirmed");
  assert.match(why, /no answer came, but it reports 10 s\. Not confirmed/);
});

test("a meter that answers a write and does not do it is found out", async (t) => {
  const page = await opened(t);
  await manner(page, { ignore: true, only: "write" });
  const { word, why } = await set(page, "Scroll time", "20");
  assert.notEqual(word, "confirmed");
  assert.match(why, /the meter accepted it, but it reports 10 s/);
});

test("a meter that refuses: its reason, what it still has, and what is allowed", async (t) => {
  const page = await opened(t);
  await manner(page, { refuse: 3, only: "write" });
  const { word, why } = await set(page, "Scroll time", "20");
  assert.equal(word, "refused");
  assert.match(why, /The meter refused .*It still has 10 s\. Allowed: 1 to 30 s\. \(exception 03\)/);
  await line(page, "Scroll time").getByRole("button", { name: "Keep 10" }).click();
  await line(page, "Scroll time").getByText("unchanged").waitFor();
});

for (const [when, kept] of [["early", 0x10], ["late", 0x20]]) {
  test(`unplugged in the middle of a write, ${when === "early" ? "before" : "after"} the meter has it: unknown, not confirmed`, async (t) => {
    const page = await opened(t);
    await manner(page, { unplug: when, only: "write" });
    const { word, why, title } = await set(page, "Scroll time", "20");
    assert.equal(word, "unknown");
    assert.equal(title, "Writing stopped at 1 of 1");
    assert.match(why, /Sent: .*unplugged.*If the meter took it, it has 20 s; if not, 10 s\. Read the settings again to know\./);
    assert.equal(await held(page, 0x4010), kept);
    assert.match(await chip(page), /unplugged/);
    // Plugged in again, the page takes the new port up by itself, reads, and then knows.
    await plain(page);
    await page.evaluate(() => globalThis.fake.replug());
    await tab(page, "Read-out");
    await becomes(page, () => chip(page), /^Real meter 9600 8E1 id 1 .* \d+ ms$/);
    await becomes(page, () => value(page, "Scroll time"), kept === 0x20 ? "20" : "10");
  });
}

test("while the adapter hands back more than was sent, a foreign answer is not taken for ours", async (t) => {
  const page = await opened(t);
  // An answer of id 7 to a question of another master, in front of ours.
  await manner(page, { before: [0x07, 0x03, 0x02, 0x00, 0x20, 0x31, 0x9c], only: "read" });
  await page.getByRole("button", { name: "Read again" }).click();
  assert.equal((await set(page, "Scroll time", "20")).word, "confirmed");
  await tab(page, "Read-out");
  await becomes(page, () => value(page, "Scroll time"), "20");
  assert.equal(await value(page, "Serial number"), "18420815");
});

test("unplugged in the middle of several writes: what came before is confirmed, the rest was not sent", async (t) => {
  const page = await opened(t);
  await tab(page, "Settings");
  await change(page, "Combination code", "5");
  await change(page, "Scroll time", "20");
  await change(page, "Tariff", "2");
  await manner(page, { unplug: "late", only: "write" });
  await manner(page, { only: "write", times: 1 });
  await write(page);
  const { steps, summary } = await report(page);
  assert.deepEqual(Object.values(steps), ["confirmed", "unknown", "not sent"]);
  assert.equal(summary, "1 confirmed by reading back, 1 unknown, 1 not sent.");
});

test("the adapter is lost while nothing is asked, and comes back", async (t) => {
  const page = await opened(t);
  await page.evaluate(() => globalThis.fake.port.unplug());
  await becomes(page, () => advice(page), /^Adapter removed \d\d:\d\d:\d\d\. The last values are kept, greyed\. Plug it in again/);
  assert.match(await page.getByRole("cell", { name: "233.0" }).first().getAttribute("class"), /old/);
  await page.evaluate(() => globalThis.fake.replug());
  await becomes(page, () => advice(page), /serial 18420815/);
  await until(page, "values that are true again", async () =>
    !/old/.test((await page.getByRole("cell", { name: "233.0" }).first().getAttribute("class")) ?? ""));
});

test("the wrong parity: every character fails, and the sentence names the parity", async (t) => {
  const page = await open(t, { parity: "none" });
  await manner(page, { everyByte: "ParityError" });
  await connect(page);
  await tab(page, "Read-out");
  await becomes(page, () => advice(page),
    /^Something answers id 1, but its characters fail the parity check at 9600 8E1 \(3 tries\)\. The meter probably speaks 8N1 or 8O1/);
  assert.equal(await value(page, "Voltage"), "–");
  // The advice is taken: the other line is set, and the meter is there.
  await plain(page);
  await tab(page, "Bus");
  const panel = page.getByRole("tabpanel", { name: "Bus" });
  await panel.getByLabel("Framing").selectOption("8N1");
  await panel.getByRole("button", { name: "Use this line" }).click();
  await becomes(page, () => chip(page), /^Real meter 9600 8N1 /);
  await tab(page, "Read-out");
  await page.getByRole("button", { name: "Read again" }).click();
  await becomes(page, () => value(page, "Voltage"), "233.0");
  assert.deepEqual(await page.evaluate(() => globalThis.fake.opened), ["9600 8 even 1", "9600 8 none 1"]);
});

test("a change of parity is followed: the port is opened anew and the serial number proves the meter", async (t) => {
  const page = await opened(t);
  await manner(page, { becomes: { parity: "odd" }, only: "write", times: 1 });
  assert.equal((await set(page, "Parity", "odd")).word, "confirmed");
  await becomes(page, () => chip(page), /^Real meter 9600 8O1 id 1 /);
  assert.deepEqual(await page.evaluate(() => globalThis.fake.opened), ["9600 8 even 1", "9600 8 odd 1"]);
});

test("a meter that takes a new id and then keeps silent is unknown", async (t) => {
  const page = await opened(t);
  await manner(page, { becomes: { unit: 99 }, only: "write", times: 1 });
  await tab(page, "Settings");
  await change(page, "Modbus address", "12");
  await write(page);
  const { steps } = await report(page, 40_000);
  assert.equal(steps["Modbus address"], "unknown");
  assert.match(await line(page, "Modbus address").textContent(), /it speaks id 12 at 9600 8E1 now; asked there, nothing was heard\. If not, it still speaks id 1/);
});

for (const [name, sentence] of [
  ["NetworkError", /^The port could not be opened\. Another program or tab may hold it: close it there, then try again\./],
  ["InvalidStateError", /^This port is open already in this page\. Close it, then try again\./],
  ["SecurityError", /^This page is not allowed to open serial ports\./],
]) {
  test(`opening fails with ${name}: a sentence in the dialog, and the twin goes on`, async (t) => {
    const page = await open(t, { open: name });
    const dialog = await connect(page);
    await becomes(page, () => dialog.getByRole("alert").filter({ visible: true }).first().textContent(), sentence);
    await dialog.getByRole("button", { name: "Close" }).click();
    assert.match(await chip(page), /^Twin/);
    await tab(page, "Read-out");
    await page.getByRole("button", { name: "Read again" }).click();
    assert.equal(await value(page, "Voltage"), "230.0");
    assert.deepEqual(page.faults, []);
  });
}

test("a chooser that is closed changes nothing", async (t) => {
  const page = await open(t, { granted: false, chooser: "NotFoundError" });
  const dialog = await connect(page, { choose: true });
  await becomes(page, () => dialog.innerText(), /No port was chosen\. The twin runs on\./);
  assert.match(await chip(page), /^Twin/);
  assert.deepEqual(await page.evaluate(() => globalThis.fake.opened), []);
  assert.deepEqual(page.faults, []);
});

test("a port that is chosen is opened", async (t) => {
  const page = await open(t, { granted: false });
  await connect(page, { choose: true });
  await connected(page);
  assert.equal(await value(page, "Voltage"), "233.0");
});

test("a browser without Web Serial is told which can, and everything else works", async (t) => {
  const page = await freshPage(t, browser, site, { init: () => { delete Navigator.prototype.serial; } });
  await page.getByRole("button", { name: "Connect a real meter…" }).click();
  const dialog = page.getByRole("dialog", { name: "Connect a real meter" });
  assert.match(await dialog.innerText(), /This browser cannot open serial ports\..*Chrome, Edge, Opera or Firefox 151/s);
  assert.equal(await dialog.getByRole("button", { name: "Choose a port…" }).isDisabled(), true);
  await dialog.getByRole("button", { name: "Close" }).click();
  assert.equal((await set(page, "Scroll time", "20")).word, "confirmed");
  assert.deepEqual(page.faults, []);
});
