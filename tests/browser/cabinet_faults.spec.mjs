// Setting up through a bad adapter, from finding the meter to the proof, over the browser's own Web Serial: the line's fault
// costs time and nothing else, and what the page calls confirmed is in the meter's memory.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hasMetertwin, startServer } from "./harness.mjs";
import { became, fill, found, idle, look, openCabinet, press, step, told, untilFound } from "./cabinet_ui.mjs";
import { held, plugged, serve } from "./served.mjs";
import { becomes, wholeFile } from "./ui.mjs";

const site = await startServer(wholeFile);

const skip = hasMetertwin() ? false : "the program metertwin has not been built: cargo build";

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
    const where = await serve(t, "pro1-mod serial=13070042 modbus-id=7 energy.forward=1234.56");
    const { page, unplug } = await plugged(t, site, where, fault);
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
    unplug();
    const after = await held(where, 9);
    assert.equal(after["scroll-time"], "15");
    assert.equal(after["modbus-id"], "9");
    assert.equal(after["energy.forward"], "1234.56");
  });
}
