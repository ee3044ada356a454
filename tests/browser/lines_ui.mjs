// The panels for M-Bus and the optical port as people find them, and what is done in them over any line: the simulated
// wires and a real adapter tell the same story.
import assert from "node:assert/strict";
import { becomes, until } from "./ui.mjs";

/** A search or a read-out takes the time it takes on its line. */
const A_WHILE = 60_000;

/** The panel that is open. */
export const panel = (page) => page.getByRole("tabpanel").filter({ visible: true });

/** Presses a button of the panel. */
export const press = (page, name) => panel(page).getByRole("button", { name, exact: typeof name === "string" }).click();

/** What the panel says its line is. */
export const line = (page) => panel(page).locator(".source .where").filter({ visible: true }).innerText();

/** Waits for what the panel says of its last work. */
export const told = (page, wanted, within = A_WHILE) =>
  becomes(page, () => panel(page).locator(".told").textContent(), wanted, within);

/** Waits until nothing goes on over the line. */
export const idle = (page) => until(page, "the end of the work", () => panel(page).locator(".progress").isHidden(), A_WHILE);

/** Takes the adapter of this browser. */
export async function plug(page) {
  await press(page, /^Use FTDI adapter/);
  await becomes(page, () => line(page), /through FTDI adapter 1|optical head at FTDI adapter 1/);
}

/** The meters that were found: number and primary address. */
export const found = (page) => panel(page).getByRole("table", { name: "Meters that were found" }).getByRole("row")
  .evaluateAll((rows) => rows.slice(1).map((row) => [...row.children].slice(0, 2).map((cell) => cell.textContent).join(" at ")));

/** A row of a table of the panel, by the words at its head: the cells behind it. */
export const cells = (page, table, name) => panel(page).getByRole("table", { name: table }).getByRole("row")
  .filter({ has: page.getByRole("rowheader", { name }) }).first().getByRole("cell").allTextContents();

const item = (page, label) => panel(page).locator("li.change").filter({ hasText: new RegExp(`^${label}`) });

/** Stages a value for a setting. */
export async function stage(page, label, value) {
  const field = item(page, label).locator("input, select");
  if (await field.evaluate((node) => node.localName === "select")) {
    await field.selectOption(value);
  } else {
    await field.fill(value);
    await field.blur();
  }
}

/** Waits until the line of a setting says what became of it; gives the sentence. */
export async function became(page, label, wanted) {
  await becomes(page, () => item(page, label).locator(".state").textContent(), wanted, A_WHILE);
  return item(page, label).locator(".why").textContent();
}

/** Scans primary addresses. */
export async function scan(page, first, last) {
  for (const [name, at] of [["First address", first], ["Last address", last]]) {
    const field = panel(page).getByRole("textbox", { name });
    await field.fill(`${at}`);
    await field.blur();
  }
  await press(page, "Scan");
}

/**
 * What can be done to a meter that is alone on the line at this address: each change ends as what it is. It ends at
 * another address and speed.
 */
export async function changesOverMbus(page, address) {
  const other = address + 12;
  await scan(page, address, address);
  await told(page, `One meter was found at the addresses ${address} to ${address} at 9600 8E1.`);
  const [number] = (await found(page)).join().split(" ");
  await press(page, `Read ${number}`);
  await panel(page).getByRole("table", { name: "Records of the meter" }).waitFor();
  await idle(page);
  // What is no value is said at once, and does not wait to be written.
  await stage(page, "M-Bus address", "251");
  assert.match(await became(page, "M-Bus address", "unchanged"), /^“251” is not possible: /);
  await stage(page, "M-Bus address", `${other}`);
  await stage(page, "Tariff", "2");
  assert.equal(await became(page, "Tariff", "staged, not sent"), "");
  await press(page, "Write 2 changes");
  await told(page, "1 confirmed by reading back, 1 acknowledged, which proves nothing.");
  assert.match(await became(page, "M-Bus address", "confirmed by reading back"), new RegExp(`found again at address ${other} `));
  assert.match(await became(page, "Tariff", "acknowledged, cannot be read back"), /An acknowledge is no proof/);
  await becomes(page, async () => (await found(page)).join(), `${number} at ${other}`);
  await idle(page);
  // What the meter has already is not sent.
  await stage(page, "M-Bus address", `${other}`);
  await press(page, "Write 1 change");
  assert.match(await became(page, "M-Bus address", "confirmed by reading back"), /already; nothing was sent/);
  await idle(page);
  // The speed goes last, and is followed.
  await stage(page, "Baud rate", "2400");
  await press(page, "Write 1 change");
  assert.match(await became(page, "Baud rate", "confirmed by reading back"), /2400 8E1/);
  assert.equal(await panel(page).getByLabel("Speed in Bd").inputValue(), "2400");
  await idle(page);
  // A counter is not set to zero before it was said what that loses.
  const question = page.getByRole("dialog", { name: "This cannot be undone" });
  await panel(page).locator("li.change").filter({ hasText: /^Power-down counter/ }).getByRole("checkbox").check();
  await press(page, "Write 1 change");
  assert.match(await question.innerText(), /Power-down counter: how often the supply has failed so far is lost\./);
  await question.getByRole("button", { name: "Not yet" }).click();
  await became(page, "Power-down counter", "staged, not sent");
  await press(page, "Write 1 change");
  await question.getByRole("button", { name: "Write all the same" }).click();
  await became(page, "Power-down counter", "acknowledged, cannot be read back");
  await told(page, "1 acknowledged, which proves nothing.");
  await idle(page);
}

/** Read-out, password and changes through the window of a meter whose password is that of the factory. */
export async function changesThroughTheWindow(page) {
  const readOut = async () => {
    await press(page, "Read out");
    await told(page, /^The meter says it is INMPRO1-.*: \d+ values\.$/);
  };
  const open = async () => {
    await press(page, "Open the programming mode");
    await told(page, /^The programming mode is open; the meter has the registers of the /);
  };
  const password = async (digits) => {
    await panel(page).getByLabel("Password").fill(digits);
    await press(page, "Give the password");
  };
  await readOut();
  await open();
  // Nothing is written before the password.
  await stage(page, "Scroll time", "25");
  await press(page, "Write 1 change");
  assert.match(await became(page, "Scroll time", "refused"), /nothing is written before the password\. Nothing has changed\.$/);
  await password("1234");
  await told(page, /^The meter ended the session, as it does after a wrong password\./);
  await becomes(page, () => panel(page).getByRole("button", { name: "Give the password" }).count(), 0);
  await open();
  await password("0000");
  await told(page, "The meter took the password: protected settings can be written.");
  await stage(page, "Scroll time", "31");
  assert.match(await became(page, "Scroll time", "unchanged"), /^“31” is not possible: /);
  await stage(page, "Scroll time", "25");
  await stage(page, "Combination code", "5");
  await press(page, "Write 2 changes");
  await told(page, "Confirmed by reading back: 2 of 2.");
  await became(page, "Scroll time", "confirmed by reading back");
  await became(page, "Combination code", "confirmed by reading back");
  await press(page, "Close the programming mode");
  await told(page, "The programming mode is closed.");
  await readOut();
}
