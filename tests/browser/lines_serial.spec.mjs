// The panels for M-Bus and the optical port at the browser's own Web Serial: the meters are those of `metertwin serve`, on
// a pseudo-terminal that Chromium takes for an adapter.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axeFaults, folder, hasMetertwin, launchChromium, metertwin, openPage, startProgram, startServer } from "./harness.mjs";
import {
  became, cells, changesOverMbus, changesThroughTheWindow, found, idle, line, panel, plug, press, scan, stage, told,
} from "./lines_ui.mjs";
import { becomes, ready, tab, until, wholeFile } from "./ui.mjs";

const site = await startServer(wholeFile);

const skip = hasMetertwin() ? false : "the program metertwin has not been built: cargo build";

/** The panel of this name over an adapter, at whose other end these meters are: `{ page, unplug }`. */
async function at(t, name, port, ...meters) {
  const bus = `${folder(t)}/bus`;
  const words = ["serve", "--port", `${port}+pty:${bus}`, ...meters.flatMap((meter) => ["--meter", meter])];
  const { child } = await startProgram(t, metertwin(), words, { ready: /listening on/ });
  const browser = await launchChromium(t, { serial: { origin: site.origin, pty: bus } });
  const page = await ready(await openPage(browser, site.url));
  await tab(page, name);
  await plug(page);
  return { page, unplug: () => child.kill() };
}

const GONE = "The adapter was unplugged or the connection was closed. Plug it in again, then connect.";

test("M-Bus: new meters that share an address are found by number, and one is read out", { skip }, async (t) => {
  const { page } = await at(
    t, "M-Bus", "mbus", "pro1-mb serial=13070001 energy.forward=91.03", "pro1-mb serial=13070002", "pro1-mb serial=19020283",
  );
  await press(page, "Search");
  await told(page, /^3 meters were found by secondary address at 9600 8E1, in \d rounds\.$/);
  assert.deepEqual((await found(page)).sort(), ["13070001 at 0", "13070002 at 0", "19020283 at 0"]);
  assert.ok((await panel(page).getByRole("group", { name: "Search tree" }).locator("li.cell.many").count()) >= 1);
  await press(page, "Read 13070001");
  await panel(page).getByRole("table", { name: "Records of the meter" }).waitFor();
  assert.deepEqual((await cells(page, "Records of the meter", "Forward active energy")).slice(0, 2), ["91.03", "kWh"]);
  assert.deepEqual(await axeFaults(page, "#panel-mbus"), []);
  // Their frames are there to look at, both ways.
  await panel(page).getByText(/^Frames on this line: [1-9]/).click();
  const frames = panel(page).getByRole("list", { name: "Frames, oldest first" }).getByRole("listitem");
  await until(page, "frames", async () => (await frames.count()) > 20);
  await press(page, "Back to the rail");
  await becomes(page, () => line(page), /^No meter on the rail has an M-Bus/);
  assert.deepEqual(await found(page), []);
  assert.deepEqual(page.faults, []);
});

test("M-Bus: a scan that is stopped keeps what it found, and the line is free for the next", { skip }, async (t) => {
  const { page } = await at(t, "M-Bus", "mbus", "pro1-mb serial=13070001 mbus-id=3");
  await scan(page, 0, 250);
  await becomes(page, () => panel(page).locator(".progress").innerText(), /Address \d+, 1 found/);
  await press(page, "Stop");
  await told(page, /^Stopped\. Address \d+, 1 found\.$/);
  await idle(page);
  assert.deepEqual(await found(page), ["13070001 at 3"]);
  await scan(page, 2, 4);
  await told(page, "One meter was found at the addresses 2 to 4 at 9600 8E1.");
  await scan(page, 4, 6);
  await told(page, /^No meter was found at the addresses 4 to 6 at 9600 8E1\. Try another speed/);
  assert.deepEqual(page.faults, []);
});

test("M-Bus: an address and a speed are proven by reading back, what no telegram shows is not", { skip }, async (t) => {
  const { page } = await at(t, "M-Bus", "mbus", "pro1-mb serial=13070001 mbus-id=5");
  await changesOverMbus(page, 5);
  assert.deepEqual(page.faults, []);
});

test("M-Bus: an address that another meter has is not given away a second time", { skip }, async (t) => {
  const { page } = await at(t, "M-Bus", "mbus", "pro1-mb serial=13070001 mbus-id=5", "pro1-mb serial=13070002 mbus-id=6");
  await scan(page, 5, 6);
  await told(page, /^2 meters were found/);
  await press(page, "Read 13070001");
  await panel(page).getByRole("table", { name: "Records of the meter" }).waitFor();
  await idle(page);
  await stage(page, "M-Bus address", "6");
  await press(page, "Write 1 change");
  assert.match(await became(page, "M-Bus address", "not sent"), /Something answers to 6 already/);
  assert.deepEqual(page.faults, []);
});

test("M-Bus: an adapter that goes in the middle of a scan ends it with a sentence", { skip }, async (t) => {
  const { page, unplug } = await at(t, "M-Bus", "mbus", "pro1-mb serial=13070001 mbus-id=1");
  await scan(page, 0, 250);
  await becomes(page, () => panel(page).locator(".progress").innerText(), /Address \d+, 1 found/);
  unplug();
  await told(page, GONE);
  await idle(page);
  await becomes(page, () => line(page), /^FTDI adapter 1 is gone\./);
  // What was found stays; another try says the same again.
  assert.deepEqual(await found(page), ["13070001 at 1"]);
  await press(page, "Read 13070001");
  await told(page, GONE);
  await press(page, "Back to the rail");
  await becomes(page, () => line(page), /^No meter on the rail has an M-Bus/);
});

test("infrared: read-out, a refused password, the right one, and changes that the meter says back", { skip }, async (t) => {
  const { page } = await at(t, "Infrared", "ir", "pro1-mod serial=13070042 energy.forward=91.03");
  await changesThroughTheWindow(page);
  assert.deepEqual(await cells(page, "Read-out through the window", /^Forward active energy/), ["000091.03", "kWh", "1.8.0"]);
  assert.deepEqual(await axeFaults(page, "#panel-infrared"), []);
  assert.deepEqual(page.faults, []);
});

test("infrared: an adapter that goes while the programming mode is open is told at once", { skip }, async (t) => {
  const { page, unplug } = await at(t, "Infrared", "ir", "pro1-mod serial=13070042");
  await press(page, "Open the programming mode");
  await told(page, /^The programming mode is open/);
  unplug();
  await becomes(page, () => line(page), /^FTDI adapter 1 is gone\./);
  await panel(page).getByLabel("Password").fill("0000");
  await press(page, "Give the password");
  await told(page, GONE);
  await idle(page);
  await press(page, "Back to the rail");
  await press(page, "Read out");
  await told(page, /^The meter says it is /);
});
