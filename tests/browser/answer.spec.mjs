// The page as a meter on a real wire: a master at the far end of the virtual adapter's line asks the twin.
import assert from "node:assert/strict";
import { open } from "node:fs/promises";
import { test } from "node:test";
import { atEnd, openPage, startServer, withVirtualSerial } from "./harness.mjs";
import { becomes, chip, ready, tab, until } from "./ui.mjs";

/** CRC-16 of Modbus, low byte first. */
function crc(bytes) {
  let sum = 0xffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >> 1) ^ 0xa001 : sum >> 1;
  }
  return [sum & 0xff, sum >> 8];
}

/** A master of a few lines at a device: `ask(bytes, count)` sends a frame and gives the bytes that come back. */
async function master(t, device) {
  const end = await open(device, "r+");
  let on = true;
  const heard = [];
  const loop = (async () => {
    const buffer = Buffer.alloc(256);
    while (on) {
      const { bytesRead } = await end.read(buffer, 0, buffer.length, null).catch(() => ({ bytesRead: 0 }));
      if (bytesRead === 0) return;
      heard.push(...buffer.subarray(0, bytesRead));
    }
  })();
  // A pending read ends with the wire, which is taken down after this.
  atEnd(t, () => { on = false; loop.finally(() => end.close()); });
  return {
    heard,
    ask: async (bytes) => {
      heard.length = 0;
      await end.write(Uint8Array.from([...bytes, ...crc(bytes)]));
    },
  };
}

test("the page answers as its meter to a master at the far end, and stops when told", async (t) => {
  const site = await startServer(t);
  const { browser, line } = await withVirtualSerial(t, site);
  const page = await ready(await openPage(browser, site.url));
  await tab(page, "Bus");
  const start = page.getByRole("button", { name: "Answer as this meter" });
  assert.equal(await start.isEnabled(), false, "there is no adapter yet");
  await page.getByRole("button", { name: "Connect a real meter…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: /^Use / }).click();
  await until(page, "an open adapter", () => start.isEnabled());
  const far = await master(t, line.far);
  await start.click();
  await becomes(page, () => chip(page), "Twin on a real bus 9600 8E1");
  // What the configurator had asked before, and the opening at the meter's own speed, may still be on the wire.
  await until(page, "an answer with the voltage", async () => {
    if (far.heard.length >= 9) return true;
    await far.ask([0x01, 0x03, 0x50, 0x00, 0x00, 0x02]);
    await page.waitForTimeout(0);
    return until(page, "", () => far.heard.length >= 9, 1_500).catch(() => false);
  });
  const answer = far.heard.slice(-9);
  assert.equal(Buffer.from(answer.slice(0, 7)).toString("hex"), "01030443660000", "230 V");
  assert.deepEqual(answer.slice(7), crc(answer.slice(0, 7)));
  // Meanwhile nothing can be asked from here, and the tab says why.
  const read = page.getByRole("tabpanel", { name: "Bus" }).getByRole("button", { name: "Read", exact: true });
  assert.equal(await read.isEnabled(), false);
  assert.equal(await page.getByLabel("Bytes in hex, id and function first").isEnabled(), false);
  await page.getByText("The meter in hand answers at the adapter, so the configurator asks nothing.").waitFor();
  await page.getByRole("button", { name: "Stop answering" }).click();
  await becomes(page, () => chip(page), /^Twin 9600 8E1 id 1 /);
  await until(page, "the master to ask again", () => read.isEnabled());
  assert.deepEqual(page.faults, []);
});
