// The virtual adapter itself: Chromium's own Web Serial reaches a program on the other end of a pty.
import assert from "node:assert/strict";
import { open } from "node:fs/promises";
import { test } from "node:test";
import { atEnd, openPage, startServer, startSlave, withVirtualSerial } from "./harness.mjs";

/** Echoes what arrives at the device back, each byte plus one. */
async function increment(t, device) {
  const end = await open(device, "r+");
  let on = true;
  const loop = (async () => {
    const buffer = Buffer.alloc(64);
    while (on) {
      const { bytesRead } = await end.read(buffer, 0, buffer.length, null).catch(() => ({ bytesRead: 0 }));
      if (bytesRead === 0) return;
      await end.write(Uint8Array.from(buffer.subarray(0, bytesRead), (byte) => byte + 1));
    }
  })();
  // A pending read ends with the wire, which is taken down after this.
  atEnd(t, () => { on = false; loop.finally(() => end.close()); });
}

test("a page opens the adapter at 9600 8E1 without a dialogue and exchanges bytes", async (t) => {
  const site = await startServer(t);
  const { browser, line } = await withVirtualSerial(t, site);
  await increment(t, line.far);
  const page = await openPage(browser, site.url);
  const seen = await page.evaluate(async () => {
    const ports = await navigator.serial.getPorts();
    const [port] = ports;
    const settings = { dataBits: 8, stopBits: 1, bufferSize: 4096 };
    const talk = async (options, bytes) => {
      await port.open({ ...settings, ...options });
      const writer = port.writable.getWriter();
      await writer.write(Uint8Array.from(bytes));
      writer.releaseLock();
      const reader = port.readable.getReader();
      const answer = [];
      while (answer.length < bytes.length) answer.push(...(await reader.read()).value);
      reader.releaseLock();
      await port.close();
      return answer;
    };
    return {
      count: ports.length,
      info: port.getInfo(),
      even: await talk({ baudRate: 9600, parity: "even" }, [0, 1, 2, 254]),
      // A change of the line is close and open.
      none: await talk({ baudRate: 115200, parity: "none" }, [16, 32]),
    };
  });
  assert.deepEqual(seen, {
    count: 1,
    info: { usbVendorId: 0x0403, usbProductId: 0x6001 },
    even: [1, 2, 3, 255],
    none: [17, 33],
  });
});

test("a foreign slave answers a Modbus request of the page", async (t) => {
  const site = await startServer(t);
  const { browser, line } = await withVirtualSerial(t, site);
  await startSlave(t, line.far, { "0x5000": [0x4366, 0x8000] });
  const page = await openPage(browser, site.url);
  const answer = await page.evaluate(async () => {
    const [port] = await navigator.serial.getPorts();
    await port.open({ baudRate: 9600, parity: "even" });
    const writer = port.writable.getWriter();
    // Unit 1, read 2 registers at 5000h.
    await writer.write(Uint8Array.of(0x01, 0x03, 0x50, 0x00, 0x00, 0x02, 0xd5, 0x0b));
    const reader = port.readable.getReader();
    const bytes = [];
    while (bytes.length < 9) bytes.push(...(await reader.read()).value);
    return bytes;
  });
  assert.equal(Buffer.from(answer.slice(0, 7)).toString("hex"), "01030443668000");
});

test("without the adapter there is no port, and another origin sees none", async (t) => {
  const site = await startServer(t);
  const { browser } = await withVirtualSerial(t, { origin: "http://localhost:1" });
  const page = await openPage(browser, site.url);
  assert.equal(await page.evaluate(async () => (await navigator.serial.getPorts()).length), 0);
});

test("when the wire is gone, the read is rejected and the port can be closed", async (t) => {
  const site = await startServer(t);
  const { browser, line } = await withVirtualSerial(t, site);
  const page = await openPage(browser, site.url);
  await page.evaluate(async () => {
    const [port] = await navigator.serial.getPorts();
    globalThis.port = port;
    await port.open({ baudRate: 9600 });
    const reader = port.readable.getReader();
    globalThis.ended = reader.read().then(({ done }) => (done ? "done" : "a value"), (fault) => fault.name)
      .finally(() => reader.releaseLock());
  });
  line.cut();
  assert.equal(await page.evaluate(() => globalThis.ended), "NetworkError");
  assert.equal(await page.evaluate(() => globalThis.port.readable), null);
  assert.equal(await page.evaluate(() => globalThis.port.close().then(() => "closed")), "closed");
});
