// The browser's own Web Serial, through the virtual adapter: the page at our program's meter, and at a foreign slave.
import assert from "node:assert/strict";
import { open } from "node:fs/promises";
import { test } from "node:test";
import {
  atEnd, folder, hasMetertwin, launchChromium, metertwin, openPage, ptyPair, startProgram, startServer, startSlave,
  withVirtualSerial,
} from "./harness.mjs";
import { IMAGE, RECORDED } from "./images.mjs";
import {
  advice, becomes, change, chip, connect, connected, line, ready, report, row, tab, until, value, wholeFile, write,
} from "./ui.mjs";

const site = await startServer(wholeFile);

const skip = hasMetertwin() ? false : "the program metertwin has not been built: cargo build";

/** A page at `metertwin serve` on a pty. */
async function atMetertwin(t, ...more) {
  const bus = `${folder(t)}/bus`;
  await startProgram(t, metertwin(), [
    "serve", "--model", "pro1-mod", "--serial", "13070042", "--port", `pty:${bus}`,
    "--load", "L1 231V 4A pf 0.8 lag", "--energy", "energy.forward=91.03", ...more,
  ], { ready: /listening on/ });
  const browser = await launchChromium(t, { serial: { origin: site.origin, pty: bus } });
  return ready(await openPage(browser, site.url));
}

test("metertwin on a pty: what it serves is read, what is written is confirmed, and a new id is followed", { skip }, async (t) => {
  const page = await atMetertwin(t);
  await connect(page);
  await connected(page);
  assert.match(await advice(page), /PRO1-Mod, serial 13070042, software 2\.18/);
  assert.deepEqual(await row(page, "Serial number"), ["13070042", "", "4000h", "1307 0042"]);
  assert.deepEqual(await row(page, "Voltage"), ["231.0", "V", "5000h", "4367 0000"]);
  assert.deepEqual((await row(page, "Current")).slice(0, 3), ["4.00", "A", "500Ah"]);
  assert.deepEqual((await row(page, "Total active power")).slice(0, 2), ["0.739", "kW"]);
  assert.match(await value(page, "Forward active energy"), /^91\.0[34]$/);
  assert.equal(await value(page, "Power factor"), "0.80");
  await tab(page, "Settings");
  await change(page, "Scroll time", "21");
  await change(page, "Modbus address", "42");
  const review = await write(page);
  assert.match(review, /Modbus address1 42/);
  assert.deepEqual((await report(page)).steps, { "Scroll time": "confirmed", "Modbus address": "confirmed" });
  await becomes(page, () => chip(page), /^Real meter 9600 8E1 id 42 /);
  await tab(page, "Read-out");
  await becomes(page, () => value(page, "Modbus address"), "42");
  assert.equal(await value(page, "Scroll time"), "21");
  assert.equal(await value(page, "Serial number"), "13070042");
  // Back at the twin, whose own settings nobody has touched.
  await page.getByRole("button", { name: "Disconnect" }).click();
  await becomes(page, () => chip(page), /^Twin 9600 8E1 id 1 /);
  await becomes(page, () => value(page, "Serial number"), "13070001");
  assert.equal(await value(page, "Scroll time"), "10");
  assert.deepEqual(page.faults, []);
});

test("metertwin on a pty: a new speed is followed by closing and opening the port", { skip }, async (t) => {
  const page = await atMetertwin(t);
  await connect(page);
  await connected(page);
  await tab(page, "Settings");
  await change(page, "Baud rate", "4800");
  await write(page);
  assert.deepEqual((await report(page)).steps, { "Baud rate": "confirmed" });
  await becomes(page, () => chip(page), /^Real meter 4800 8E1 id 1 /);
  await tab(page, "Read-out");
  await becomes(page, () => value(page, "Baud rate"), "4800");
});

test("a foreign slave with a register image is read, set and its setting confirmed", async (t) => {
  const { browser, line: wire } = await withVirtualSerial(t, site);
  await startSlave(t, wire.far, IMAGE);
  const page = await ready(await openPage(browser, site.url));
  await connect(page);
  await connected(page);
  assert.match(await advice(page), /PRO1-Mod, serial 18420815/);
  assert.deepEqual(await row(page, "Serial number"), ["18420815", "", "4000h", "1842 0815"]);
  assert.deepEqual(await row(page, "Voltage"), ["233.0", "V", "5000h", "4369 0000"]);
  assert.deepEqual(await row(page, "Grid frequency"), ["49.98", "Hz", "5008h", "4247 EB85"]);
  assert.deepEqual((await row(page, "Current")).slice(0, 2), ["10.50", "A"]);
  assert.deepEqual((await row(page, "Total active power")).slice(0, 2), ["2.386", "kW"]);
  assert.equal(await value(page, "Forward active energy"), "1234.60");
  assert.equal(await value(page, "Power-down counter"), "7");
  await tab(page, "Settings");
  await change(page, "Combination code", "5");
  await change(page, "Pulse output rate", "100");
  await write(page);
  assert.deepEqual((await report(page)).steps, { "Combination code": "confirmed", "Pulse output rate": "confirmed" });
  assert.deepEqual(page.faults, []);
});

test("the registers of a real meter of three phases are known by their code and read", async (t) => {
  const { browser, line: wire } = await withVirtualSerial(t, site);
  await startSlave(t, wire.far, RECORDED);
  const page = await ready(await openPage(browser, site.url));
  await connect(page);
  await connected(page);
  assert.match(await advice(page), /PRO380-Mod, serial 22091039, software 2\.18/);
  assert.deepEqual(await row(page, "Serial number"), ["22091039", "", "4000h", "2209 1039"]);
  for (const [label, shown, unit] of [
    ["L1 voltage", "234.3", "V"], ["L1 current", "4.05", "A"], ["L2 current", "-1.62", "A"], ["L3 current", "-2.15", "A"],
    ["Total active power", "0.175", "kW"], ["L1 active power", "0.900", "kW"], ["L2 active power", "-0.232", "kW"],
    ["L3 active power", "-0.492", "kW"], ["Total apparent power", "1.777", "kVA"], ["Grid frequency", "49.98", "Hz"],
    ["Forward active energy", "15062.03", "kWh"], ["Reverse active energy", "20257.91", "kWh"],
    ["L3 reverse active energy", "7040.57", "kWh"], ["Resettable day counter", "15056.17", "kWh"],
  ]) {
    assert.deepEqual((await row(page, label)).slice(0, 2), [shown, unit], label);
  }
  assert.equal(await value(page, "Power-down counter"), "12");
  assert.equal(await value(page, "L2 quadrant"), "3");
  assert.deepEqual(page.faults, []);
});

/** A slave that answers every write as done and does nothing: reads are those of `image`. */
async function heedless(t, device, image) {
  const end = await open(device, "r+");
  const registers = new Map(Object.entries(image).flatMap(([first, run]) => run.map((word, at) => [Number(first) + at, word])));
  const crc = (bytes) => {
    let sum = 0xffff;
    for (const byte of bytes) {
      sum ^= byte;
      for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xa001 : sum >>> 1;
    }
    return [sum & 0xff, sum >>> 8];
  };
  let on = true;
  const loop = (async () => {
    const buffer = Buffer.alloc(256);
    let heard = [];
    while (on) {
      const { bytesRead } = await end.read(buffer, 0, buffer.length, null).catch(() => ({ bytesRead: 0 }));
      if (bytesRead === 0) return;
      heard.push(...buffer.subarray(0, bytesRead));
      const [unit, code, high, low, countHigh, countLow] = heard;
      const whole = code === 16 ? 9 + (heard[6] ?? 256) : 8;
      if (heard.length < whole) continue;
      const at = high << 8 | low;
      const count = countHigh << 8 | countLow;
      let answer = [unit, code, high, low, countHigh, countLow];
      if (code === 3) {
        const found = Array.from({ length: count }, (_, more) => registers.get(at + more));
        answer = found.includes(undefined)
          ? [unit, 0x83, 2]
          : [unit, code, count * 2, ...found.flatMap((word) => [word >>> 8, word & 0xff])];
      }
      heard = heard.slice(whole);
      await end.write(Uint8Array.from([...answer, ...crc(answer)]));
    }
  })();
  atEnd(t, () => { on = false; loop.finally(() => end.close()); });
}

test("a slave that says done and does nothing is never called confirmed", async (t) => {
  const { browser, line: wire } = await withVirtualSerial(t, site);
  await heedless(t, wire.far, IMAGE);
  const page = await ready(await openPage(browser, site.url));
  await connect(page);
  await connected(page);
  await tab(page, "Settings");
  await change(page, "Scroll time", "20");
  await change(page, "Modbus address", "9");
  await write(page);
  const { title, steps } = await report(page, 40_000);
  assert.notEqual(title, "All 2 changes are in the meter");
  assert.notEqual(steps["Scroll time"], "confirmed");
  assert.notEqual(steps["Modbus address"], "confirmed");
  assert.match(await line(page, "Scroll time").textContent(), /the meter accepted it, but it reports 10 s/);
  assert.doesNotMatch(await page.getByRole("tabpanel").innerText(), /confirmed by reading back/);
});

test("a wire that goes ends in a sentence, and the values stay, greyed", async (t) => {
  const { browser, line: wire } = await withVirtualSerial(t, site);
  await startSlave(t, wire.far, IMAGE);
  const page = await ready(await openPage(browser, site.url));
  await connect(page);
  await connected(page);
  wire.cut();
  await becomes(page, () => advice(page), /^Adapter removed \d\d:\d\d:\d\d\. The last values are kept, greyed\./);
  assert.match(await chip(page), /unplugged/);
  assert.equal(await value(page, "Voltage"), "233.0");
  assert.match(await page.getByRole("cell", { name: "233.0" }).first().getAttribute("class"), /old/);
  // The page goes on: the twin answers again after a click.
  await page.getByRole("button", { name: "Disconnect" }).click();
  await becomes(page, () => value(page, "Voltage"), "230.0");
  assert.deepEqual(page.faults, []);
});

test("an adapter with nobody behind it: a sentence that says so, and the twin is a click away", async (t) => {
  const wire = await ptyPair(t);
  const browser = await launchChromium(t, { serial: { origin: site.origin, pty: wire.near } });
  const page = await ready(await openPage(browser, site.url));
  await connect(page, { baud: 19200, framing: "8N1", id: 5 });
  await tab(page, "Read-out");
  await becomes(page, () => advice(page), /^No answer from id 5 at 19200 8N1 in \d+ ms \(3 tries\)\. Check the A and B wires/);
  assert.match(await chip(page), /^Real meter 19200 8N1 id 5 /);
  assert.equal(await value(page, "Voltage"), "–");
  await page.getByRole("button", { name: "Disconnect" }).click();
  await until(page, "the twin", async () => /^Twin/.test(await chip(page)));
});
