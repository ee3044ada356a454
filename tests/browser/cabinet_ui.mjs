// The cabinet as people find it: its views, what was found, and what is said. Used over the simulated wires and over adapters.
import { becomes, tab, until } from "./ui.mjs";

/** A search takes the time it takes on its line. */
export const A_WHILE = 60_000;

/** The tab's panel. */
export const cabinet = (page) => page.locator("#panel-cabinet");

/** Opens the tab, and a view of it where one is named. */
export async function openCabinet(page, view) {
  await tab(page, "Cabinet");
  await cabinet(page).getByRole("tab", { name: "Find" }).waitFor();
  if (view) await openView(page, view);
}

/** Opens a view. */
export async function openView(page, name) {
  await cabinet(page).getByRole("tab", { name }).click();
  await becomes(page, () => cabinet(page).getByRole("tab", { name }).getAttribute("aria-selected"), "true");
}

/** The view that is open. */
export const view = (page) => cabinet(page).locator(".view").filter({ visible: true });

/** Presses a button of the cabinet. */
export const press = (page, name) =>
  cabinet(page).getByRole("button", { name, exact: typeof name === "string" }).filter({ visible: true }).click();

/** What the cabinet says its line is. */
export const line = (page) => cabinet(page).locator(".source .where").filter({ visible: true }).innerText();

/** Waits for what the cabinet says of its last work. */
export const told = (page, wanted, within = A_WHILE) =>
  becomes(page, () => cabinet(page).locator(".told").textContent(), wanted, within);

/** What goes on, in words; empty where nothing does. */
export async function doing(page) {
  const bar = cabinet(page).locator(".progress");
  return (await bar.isHidden()) ? "" : bar.innerText();
}

/** Waits until nothing goes on over the line. */
export const idle = (page) => becomes(page, () => doing(page), "", A_WHILE);

/** The meters that were found: what each is called, what it says of itself, where it answers. */
export const found = (page) => cabinet(page).getByRole("list", { name: "Meters that were found" }).getByRole("listitem")
  .evaluateAll((all) => all.map((one) => [...one.querySelectorAll("div > span")].map((part) => part.textContent)));

/** What else was heard: title, what happened, why, what next. */
export const heard = (page) => cabinet(page).getByRole("list", { name: "What else was heard" }).getByRole("listitem")
  .evaluateAll((all) => all.map((one) => [...one.querySelectorAll("div > span")].map((part) => part.textContent)));

/** Waits until so many meters were found. */
export const untilFound = (page, count) =>
  until(page, `${count} meters`, async () => (await found(page)).length >= count, A_WHILE);

/** The cell of the field for a speed and a format: class and words. */
export const cell = (page, speed, format) => cabinet(page).locator("table.mx").evaluate((table, [speed, format]) => {
  const column = [...table.tHead.rows[0].cells].findIndex((cell) => cell.textContent === format);
  const row = [...table.tBodies[0].rows].find((row) => row.cells[0].textContent === speed);
  const cell = row.cells[column];
  return `${cell.className}: ${[...cell.children].map((part) => part.textContent).join(" ").trim()}`;
}, [speed, format]);

/** Says where to look, as people would before they press the button. */
export async function look(page, { speed, format, ids, ...switches }) {
  const options = cabinet(page).locator("details.polled").filter({ visible: true }).first();
  if (!(await options.evaluate((node) => node.open))) await options.locator("summary").click();
  if (speed) await options.getByLabel("Speed").selectOption({ label: speed });
  if (format) await options.getByLabel("Format").selectOption({ label: format });
  if (ids !== undefined) {
    await options.getByRole("textbox", { name: "Ids" }).fill(ids);
    await options.getByRole("textbox", { name: "Ids" }).blur();
  }
  for (const [name, on] of Object.entries(switches)) await options.getByLabel(name).setChecked(on);
}

const change = (page, label) => cabinet(page).locator("li.change").filter({ hasText: new RegExp(`^${label}`) });

/** The field of a setting. */
export const field = (page, label) => change(page, label).locator("input, select");

/** Types a value into the field of a setting, or chooses it, and leaves the field. */
export async function fill(page, label, value) {
  const input = field(page, label);
  if (await input.evaluate((node) => node.localName === "select")) {
    await input.selectOption(value);
  } else {
    await input.fill(value);
    await input.blur();
  }
}

/** Waits until the line of a setting says what became of it; gives the sentence. */
export async function became(page, label, wanted) {
  await becomes(page, () => change(page, label).locator(".state").textContent(), wanted, A_WHILE);
  return change(page, label).locator(".why").textContent();
}

/** A step of the setting up. */
export const step = (page, name) => cabinet(page).getByRole("region", { name, exact: true });
