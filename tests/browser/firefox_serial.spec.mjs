// Firefox's own Web Serial with the mock ports it brings: the shape of the API, the permission, unplugging.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectMockPort, disconnectMockPort, launchFirefox, startServer } from "./harness.mjs";

test("a mock port opens at 9600 8E1 and echoes; unplugging ends the read and is announced", async (t) => {
  const site = await startServer(t);
  const firefox = await launchFirefox(t);
  const page = await firefox.newPage();
  await page.goto(site.url);
  await connectMockPort(page);
  const seen = await page.evaluate(async () => {
    const port = await navigator.serial.requestPort();
    await port.open({ baudRate: 9600, dataBits: 8, stopBits: 1, parity: "even", bufferSize: 4096 });
    const writer = port.writable.getWriter();
    await writer.write(Uint8Array.of(1, 3, 64, 0, 255));
    writer.releaseLock();
    const reader = port.readable.getReader();
    const echo = [];
    while (echo.length < 5) echo.push(...(await reader.read()).value);
    globalThis.ended = reader.read().then(({ done }) => (done ? "done" : "a value"), (fault) => fault.name);
    globalThis.unplugged = new Promise((resolve) => {
      navigator.serial.addEventListener("disconnect", (event) => {
        resolve({ ours: event.target === port, connected: port.connected, readable: port.readable });
      }, { once: true });
    });
    return { info: port.getInfo(), echo, granted: (await navigator.serial.getPorts()).length };
  });
  assert.deepEqual(seen, { info: { usbVendorId: 0x0403, usbProductId: 0x6001 }, echo: [1, 3, 64, 0, 255], granted: 1 });
  await disconnectMockPort(page);
  // Chromium rejects the read with NetworkError; Firefox ends the stream as if the port had been closed.
  assert.equal(await page.evaluate(() => globalThis.ended), "done");
  assert.deepEqual(await page.evaluate(() => globalThis.unplugged), { ours: true, connected: false, readable: null });
});

test("a mock port that was replugged opens again", async (t) => {
  const site = await startServer(t);
  const firefox = await launchFirefox(t);
  const page = await firefox.newPage();
  await page.goto(site.url);
  await connectMockPort(page);
  await page.evaluate(async () => { globalThis.first = await navigator.serial.requestPort(); });
  await disconnectMockPort(page);
  assert.equal(await page.evaluate(async () => (await navigator.serial.getPorts()).length), 0);
  await connectMockPort(page);
  const reopened = await page.evaluate(async () => {
    const [port] = await navigator.serial.getPorts();
    await port.open({ baudRate: 115200 });
    await port.close();
    return port.connected;
  });
  assert.equal(reopened, true);
});
