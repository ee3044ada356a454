// Setting up through a bad adapter, from finding the meter to the proof, over the browser's own Web Serial: the line's fault
// costs time and nothing else, and what the page calls confirmed is in the meter's memory.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import {
  folder, hasMetertwin, launchChromium, metertwin, openPage, python, startProgram, startServer,
} from "./harness.mjs";
import { became, fill, found, idle, look, openCabinet, press, step, told, untilFound } from "./cabinet_ui.mjs";
import { becomes, ready, wholeFile } from "./ui.mjs";

const site = await startServer(wholeFile);

const skip = hasMetertwin() ? false : "the program metertwin has not been built: cargo build";

/** A served meter, and a page whose adapter has a fault on the way to it. `hangUp()` frees the meter for somebody else. */
async function behind(t, fault) {
  const meter = "pro1-mod serial=13070042 modbus-id=7 energy.forward=1234.56";
  const words = ["serve", "--meter", meter, "--port", "tcp://127.0.0.1:0"];
  const { match } = await startProgram(t, metertwin(), words, { ready: /listening on tcp:\/\/(\S+)/ });
  const bus = `${folder(t)}/bus`;
  const line = await startProgram(t, python(), ["tests/peers/bad_line.py", bus, match[1], fault], { ready: /^ready/m });
  const browser = await launchChromium(t, { serial: { origin: site.origin, pty: bus } });
  const page = await ready(await openPage(browser, site.url));
  return { page, where: match[1], hangUp: () => line.child.kill() };
}

/** What the meter itself has, over its own terminals. */
async function held(where, id) {
  const words = ["read", "--link", `tcp://${where}?id=${id}`, "--format", "csv"];
  const { stdout } = await promisify(execFile)(metertwin(), words);
  return Object.fromEntries(stdout.trim().split("\n").map((line) => line.split(",")).map(([key, , value]) => [key, value]));
}

for (const [fault, name] of Object.entries({
  clean: "without a fault",
  chunk: "that hands answers over in pieces",
  gap40: "with a hole of 40 ms in each answer",
  echo: "that echoes what is sent",
  noise: "with a byte of noise before each answer",
  tail: "with a byte too many behind each answer",
  late: "that hands answers over 0.4 s late",
})) {
  test(`a meter is found and set up through an adapter ${name}`, { skip }, async (t) => {
    const { page, where, hangUp } = await behind(t, fault);
    await openCabinet(page);
    await look(page, { speed: "9600 Bd", format: "8E1", ids: "6-8" });
    await press(page, /^Use FTDI adapter/);
    await untilFound(page, 1);
    await idle(page);
    const all = await found(page);
    assert.equal(all.length, 1);
    assert.match(all[0][1], /^Serial 13070042, software /);
    assert.match(all[0][2], /^id 7 at 9600 8E1, answers in \d+ ms$/);
    await press(page, /^Set up 13070042/);
    await becomes(page, () => step(page, "The meter as it is").getByRole("status").first().textContent(), /^\d+ values were read\.$/, 60_000);
    await idle(page);
    await fill(page, "Scroll time", "15");
    await fill(page, "Modbus address", "9");
    await press(page, "Write 2 changes");
    await told(page, "2 confirmed by reading back.");
    assert.match(await became(page, "Scroll time", "confirmed by reading back"), /15 s, read back from the meter\.$/);
    assert.match(await became(page, "Modbus address", "confirmed by reading back"), /found again at id 9 at 9600 8E1\.$/);
    await idle(page);
    assert.deepEqual(page.faults, []);
    hangUp();
    const after = await held(where, 9);
    assert.equal(after["scroll-time"], "15");
    assert.equal(after["modbus-id"], "9");
    assert.equal(after["energy.forward"], "1234.56");
  });
}
