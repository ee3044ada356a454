// The view of the maker's app in the cabinet: the meter in hand over its emulated radio, and a meter over the wire.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { axeFaults, launchChromium, startServer } from "./harness.mjs";
import { becomes, display, freshPage, says, tab, until, wholeFile } from "./ui.mjs";

const site = await startServer(wholeFile);
const browser = await launchChromium(wholeFile);

/** A search for a meter or a read-out takes the time it takes on its line. */
const A_WHILE = 60_000;
const NAME = "Ambition 2PU CT";
const panel = (page) => page.getByRole("tabpanel", { name: "App" });
const told = (page, wanted) =>
  becomes(page, () => page.getByRole("tabpanel", { name: "Cabinet" }).locator(".told").textContent(), wanted, A_WHILE);
const save = (page) => panel(page).getByRole("button", { name: /^Save \d change/ });
const dialog = (page) => page.getByRole("dialog", { name: "Save settings" });
const row = (page, label) => panel(page).getByRole("listitem").filter({ hasText: label });
const now = async (page, label) => (await row(page, label).locator(".now").textContent()).trim();
const frames = (page) => page.getByRole("tabpanel", { name: "Cabinet" }).locator(".wireframe");

/** Opens the view. */
async function open(page) {
  await tab(page, "Cabinet");
  await page.getByRole("tablist", { name: "Views of the cabinet" }).getByRole("tab", { name: "App" }).click();
  await panel(page).waitFor();
}

/** A page with such a meter in hand and the view open, connected over the radio where that is asked. */
async function app(t, { connected = true, ...options } = {}) {
  const page = await freshPage(t, browser, site, { clock: false, ...options });
  await page.getByLabel("Add a meter").selectOption({ label: NAME });
  await becomes(page, () => page.locator(".head .model").textContent(), NAME);
  await open(page);
  await panel(page).getByText(/is off\. Hold the middle key/).waitFor();
  if (connected) {
    await switchOn(page);
    await panel(page).getByRole("button", { name: "Connect", exact: true }).click();
    await told(page, "Read from the meter.");
  }
  return page;
}

/** Switches the radio on at the meter's keys. */
async function switchOn(page) {
  await page.getByRole("button", { name: /^Hold \* 3 s/ }).click();
  await becomes(page, () => says(page), /Bluetooth/);
  await page.getByRole("button", { name: /^\*( |$)/ }).click();
  await panel(page).getByText(/is on: the meter calls itself IM-\d{12}, as its QR code says\./).waitFor();
}

/** Gives the password, and the digits where something cannot be undone, and saves. */
async function give(page, password, digits) {
  await save(page).click();
  if (digits) await dialog(page).getByLabel(/^Type the last 4 digits/).fill(digits);
  if (password) await dialog(page).getByLabel("Password of the meter").fill(password);
  await dialog(page).getByRole("button", { name: "Save to the meter" }).click();
}

/** Types a number into the field of a setting. */
async function type(page, label, text) {
  const field = page.getByLabel(label, { exact: true });
  await field.fill(text);
  await field.press("Tab");
}

test("a meter without a radio is told so, and the app does not show it over the wire either", async (t) => {
  const page = await freshPage(t, browser, site, { clock: false });
  await open(page);
  await page.waitForURL(/#\/cabinet\/app$/);
  // There is nothing for it over the radio, so the wire is chosen, at the place where the meter in hand is.
  await panel(page).getByText(/in hand on the rail listens here:/).waitFor();
  await panel(page).getByRole("button", { name: "Read the meter at id 1" }).click();
  await told(page, /serial \d{8}, .*The maker’s app does not show this model\./);
  await panel(page).getByLabel("Over its radio").check();
  await panel(page).getByText(/has no radio, and the maker’s app does not show it\./).waitFor();
  assert.equal(await panel(page).getByRole("button", { name: "Connect", exact: true }).count(), 0);
  // With another meter in hand it is another one's radio.
  await page.getByLabel("Add a meter").selectOption({ label: NAME });
  await panel(page).getByText(/is off\. Hold the middle key/).waitFor();
  assert.ok(await panel(page).getByRole("button", { name: "Connect", exact: true }).isDisabled());
  // The address leads here again.
  await page.reload();
  await panel(page).waitFor();
  assert.deepEqual(page.faults, []);
});

test("switched on at the keys, connected and read, the app shows the meter and saves a file", async (t) => {
  const page = await app(t);
  const device = await panel(page).locator("dl.facts").textContent();
  assert.match(device, /Meter type.*Ambition 2PU CT.*Serial number.*\d{12}.*Software version.*Check Sum 1.*[0-9A-F]{8}/s);
  await panel(page).locator("summary", { hasText: "Instantaneous values" }).click();
  const voltage = panel(page).getByRole("row", { name: /^L1 Voltage/ });
  await voltage.waitFor();
  assert.match(await voltage.textContent(), /^L1 Voltage230(\.\d+)?V$/);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    panel(page).getByRole("button", { name: "Save as CSV" }).click(),
  ]);
  const csv = readFileSync(await download.path(), "utf8").split("\r\n");
  assert.equal(csv[0], "name,value,unit");
  assert.ok(csv.some((line) => /^L1 Voltage,230(\.\d+)?,V$/.test(line)));
  // The radio goes when it is left: what was read stays.
  await panel(page).getByRole("button", { name: "Disconnect" }).click();
  await panel(page).getByRole("button", { name: "Connect", exact: true }).waitFor();
  assert.ok(await panel(page).getByRole("button", { name: "Refresh" }).isDisabled());
  assert.deepEqual(page.faults, []);
});

test("a setting waits, is kept back out of range, needs the right password, and is confirmed", async (t) => {
  const page = await app(t);
  await type(page, "Modbus ID (1 - 247)", "300");
  await save(page).click();
  await told(page, "Modbus ID (1 - 247): Save error: “300” is not possible: 1 to 247. Nothing was sent.");
  await type(page, "Modbus ID (1 - 247)", "5");
  await row(page, "Modbus ID").getByText("staged, not sent").waitFor();
  await give(page, "1111");
  await told(page, /^The meter refused the password, and no setting was sent\./);
  await row(page, "Modbus ID").getByText("staged, not sent").waitFor();
  await give(page, "0000");
  await told(page, "1 of 1 confirmed by the meter.");
  await row(page, "Modbus ID").getByText("confirmed", { exact: true }).waitFor();
  assert.equal(await now(page, "Modbus ID"), "5");
  // No frame shows the password.
  await page.getByText(/^Frames on this line/).last().click();
  assert.ok(await frames(page).count() > 4);
  assert.equal(await frames(page).locator(".hex", { hasText: "40 34" }).count(), 0);
  assert.deepEqual(page.faults, []);
});

test("what cannot be undone wants the last digits of the serial number", async (t) => {
  const page = await app(t);
  const serial = /\d{12}/.exec(await panel(page).locator("dl.facts").textContent())[0];
  await page.getByLabel("Combination code", { exact: true }).selectOption({ label: "Forward - Reverse (10)" });
  await row(page, "Combination code").getByText(/there is no way back to another value, ever\./).waitFor();
  await give(page, "0000", serial.slice(-4) === "0000" ? "0001" : "0000");
  await dialog(page).getByText(/^Nothing was sent: these are not the last 4 digits/).waitFor();
  await dialog(page).getByText("This cannot be undone").waitFor();
  await dialog(page).getByLabel(/^Type the last 4 digits/).fill(serial.slice(-4));
  await dialog(page).getByRole("button", { name: "Save to the meter" }).click();
  await told(page, "1 of 1 confirmed by the meter.");
  assert.deepEqual(page.faults, []);
});

test("a counter is asked about, waits, and is zero", async (t) => {
  const page = await app(t);
  await panel(page).getByRole("button", { name: "Power down counter: set to zero" }).click();
  const question = page.getByRole("dialog", { name: "Set to zero" });
  await question.getByText("Are you sure you want to reset this to 0?").waitFor();
  await question.getByRole("button", { name: "OK" }).click();
  await give(page, "0000");
  await told(page, "1 of 1 confirmed by the meter.");
  await until(page, "zero", async () => await now(page, "Power down counter") === "0");
  assert.deepEqual(page.faults, []);
});

test("over the wire no password is asked for, and a meter that moves is followed", async (t) => {
  const page = await app(t, { connected: false });
  await panel(page).getByLabel("Over the wire").check();
  await panel(page).getByRole("button", { name: /^Read the meter at id \d+$/ }).click();
  await told(page, "Read from the meter.");
  await type(page, "Modbus ID (1 - 247)", "42");
  await page.getByLabel("Baudrate", { exact: true }).selectOption({ label: "19.200" });
  await save(page).click();
  await dialog(page).getByText("Over the wire the meter asks for no password.").waitFor();
  assert.equal(await dialog(page).getByLabel("Password of the meter").count(), 0);
  await dialog(page).getByRole("button", { name: "Save to the meter" }).click();
  await told(page, "2 of 2 confirmed by the meter.");
  assert.equal(await now(page, "Modbus ID"), "42");
  await panel(page).getByRole("button", { name: "Read the meter at id 42" }).waitFor();
  await panel(page).getByRole("button", { name: "Refresh" }).click();
  await told(page, "Read from the meter.");
  // The app speaks Modbus only.
  await page.getByRole("radio", { name: "M-Bus", exact: true }).check();
  await panel(page).getByText("The app speaks Modbus: choose Modbus on RS485 above.").waitFor();
  assert.ok(await panel(page).getByRole("button", { name: /^Read the meter/ }).isDisabled());
  assert.deepEqual(page.faults, []);
});

test("nobody there is said in a sentence", async (t) => {
  const page = await app(t, { connected: false });
  await panel(page).getByLabel("Over the wire").check();
  await panel(page).getByRole("textbox", { name: "Id" }).fill("200");
  await panel(page).getByRole("textbox", { name: "Id" }).press("Tab");
  await panel(page).getByRole("button", { name: "Read the meter at id 200" }).click();
  await told(page, /^No answer from id 200 at /);
  await display(page).waitFor();
  assert.deepEqual(page.faults, []);
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1440, 390]) {
    test(`axe finds nothing: ${colorScheme}, ${width} wide`, async (t) => {
      const page = await app(t, { colorScheme, viewport: { width, height: 900 } });
      await panel(page).locator("summary", { hasText: "Energy values" }).click();
      await page.getByLabel("Tariff", { exact: true }).selectOption({ label: "T3" });
      assert.deepEqual(await axeFaults(page), []);
      await save(page).click();
      assert.deepEqual(await axeFaults(page, "dialog[open]"), []);
    });
  }
}
