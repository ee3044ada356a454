// The cabinet at the browser's own Web Serial: the meters are those of `metertwin serve`, on a pseudo-terminal that Chromium
// takes for an adapter.
import assert from "node:assert/strict";
import { test } from "node:test";
import { folder, hasMetertwin, launchChromium, metertwin, openPage, startProgram, startServer } from "./harness.mjs";
import { became, cabinet, doing, field, found, idle, line, look, openCabinet, press, step, told, untilFound } from "./cabinet_ui.mjs";
import * as lines from "./lines_ui.mjs";
import { becomes, connect, connected, ready, tab, wholeFile } from "./ui.mjs";

const site = await startServer(wholeFile);

const skip = hasMetertwin() ? false : "the program metertwin has not been built: cargo build";

/** A page whose browser has an adapter, at whose other end these meters are. */
async function at(t, port, ...meters) {
  const bus = `${folder(t)}/bus`;
  const words = ["serve", "--port", `${port}pty:${bus}`, ...meters.flatMap((meter) => ["--meter", meter])];
  await startProgram(t, metertwin(), words, { ready: /listening on/ });
  const browser = await launchChromium(t, { serial: { origin: site.origin, pty: bus } });
  return ready(await openPage(browser, site.url));
}

test("an adapter that is chosen is searched at once, and the meter is found", { skip }, async (t) => {
  const page = await at(t, "", "pro1-mod serial=13070042 modbus-id=7 baud=4800");
  await openCabinet(page);
  await press(page, /^Use FTDI adapter/);
  await becomes(page, () => line(page), "Real RS485 through FTDI adapter 1");
  await untilFound(page, 1);
  const [[name, who, where]] = await found(page);
  assert.equal(name, "PRO1-Mod");
  assert.match(who, /^Serial 13070042, software /);
  assert.match(where, /^id 7 at 4800 8[EN]1, answers in \d+ ms$/);
  await press(page, "Stop");
  await idle(page);
  // Another line: what was found on this one stands no more.
  await press(page, "Back to the rail");
  await becomes(page, async () => (await found(page)).length, 0);
  assert.deepEqual(page.faults, []);
});

test("whoever has the adapter open and is idle lets it go to the one that wants it", { skip }, async (t) => {
  const page = await at(t, "", "pro1-mod serial=13070042");
  await connect(page);
  await connected(page);
  await openCabinet(page);
  await look(page, { ids: "1" });
  await press(page, /^Use FTDI adapter/);
  await untilFound(page, 1);
  await idle(page);
  // The configurator is at the rail again, and the M-Bus panel gets the adapter from the cabinet.
  await becomes(page, () => page.getByRole("button", { name: "Connect a real meter…" }).count(), 1);
  await tab(page, "M-Bus");
  await lines.plug(page);
  await tab(page, "Cabinet");
  await becomes(page, () => line(page), /^The Modbus of the rail/);
  assert.deepEqual(page.faults, []);
});

test("who is at work with the adapter keeps it, and is named", { skip }, async (t) => {
  const page = await at(t, "", "pro1-mod serial=13070042");
  await tab(page, "M-Bus");
  await lines.plug(page);
  await lines.scan(page, 0, 250);
  await becomes(page, () => lines.panel(page).locator(".progress").innerText(), /Address \d+, 0 found/);
  await openCabinet(page);
  await press(page, /^Use FTDI adapter/);
  await cabinet(page).getByText("The M-Bus tab is at work with this adapter. Wait for it or stop it there, then try again.").waitFor();
  await becomes(page, () => line(page), /^The Modbus of the rail/);
  assert.equal(await doing(page), "");
  assert.deepEqual(page.faults, []);
});

test("six clicks lead from the adapter to a new id that is proven", { skip }, async (t) => {
  const page = await at(t, "", "pro1-mod serial=13070042");
  await page.evaluate(() => {
    globalThis.clicks = 0;
    addEventListener("click", (event) => { globalThis.clicks += event.isTrusted && event.detail > 0 ? 1 : 0; }, true);
  });
  await page.getByRole("tab", { name: "Cabinet" }).click();
  await press(page, /^Use FTDI adapter/);
  await press(page, /^Set up 13070042/);
  const id = field(page, "Modbus address");
  await id.click();
  await page.keyboard.type("7");
  await page.keyboard.press("Tab");
  await press(page, "Write 1 change");
  await told(page, "1 confirmed by reading back.");
  assert.match(await became(page, "Modbus address", "confirmed by reading back"), /is 7: the meter was found again at id 7 at 9600 8E1\./);
  const clicks = await page.evaluate(() => globalThis.clicks);
  assert.ok(clicks <= 6, `${clicks} clicks`);
  // The same meter, at its new place, and back as it was found.
  await idle(page);
  await becomes(page, () => step(page, "Put back as found").innerText(), /Set modbus address to 1/i);
  await press(page, "Put back 1 setting");
  await told(page, "1 confirmed by reading back.");
  await idle(page);
  await becomes(page, () => step(page, "Put back as found").innerText(), /Everything that can be put back is as it was found\./);
  assert.deepEqual(page.faults, []);
});
