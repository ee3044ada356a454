// The page as people find it: by role, by label, by text. What a test does with the page stands in its spec.
import assert from "node:assert/strict";
import { after } from "node:test";
import { atEnd, openPage } from "./harness.mjs";

/**
 * Stands for the test context where something serves all tests of a file, such as a browser: it ends after the last one.
 * For use at the top of a spec, outside of any test.
 */
export const wholeFile = { after: (end) => after(end) };

const SEVERAL_SECONDS = 15_000;

/** Waits until `met` gives something true, and gives that. A page with a clock of its own has it wound on meanwhile. */
export async function until(page, what, met, within = SEVERAL_SECONDS) {
  const late = performance.now() + within;
  let last;
  for (;;) {
    last = await met();
    if (last) return last;
    if (performance.now() > late) throw new Error(`waited in vain for: ${what}`);
    if (page.wound) await page.clock.runFor(50);
    else await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => resolve())));
  }
}

/** Waits until `read` gives `wanted`; the message tells what it gave instead. */
export async function becomes(page, read, wanted, within = SEVERAL_SECONDS) {
  let last;
  const met = async () => {
    last = await read();
    return wanted instanceof RegExp ? wanted.test(last) : last === wanted;
  };
  await until(page, "", met, within).catch(() => assert.fail(`waited for ${wanted}, and there is still: ${last}`));
}

/** The tabs of the configurator, which the page fetches when the first of them is opened. */
const CONFIGURATOR = { readout: "Read-out", settings: "Settings", bus: "Bus" };

/** The page with its meter drawn. `page.wound` says that its clock is wound by hand. */
export async function ready(page, { clock = false } = {}) {
  page.wound = clock;
  page.configurator = false;
  await page.getByRole("heading", { name: "Metertwin" }).waitFor();
  await becomes(page, () => chip(page), /^Twin (\d+ 8[ENO]1 id \d|no Modbus)/);
  await display(page).waitFor();
  const [, key] = new URL(page.url()).hash.split("/");
  if (key in CONFIGURATOR) await configurator(page);
  return page;
}

/** Waits for the configurator, which is on its way, and for its first read-out. A meter without Modbus has none. */
export async function configurator(page) {
  if (page.configurator) return;
  page.configurator = true;
  await becomes(page, () => chip(page), /[1-9] good|no Modbus/);
  await until(page, "the first read-out", async () => (await page.getByRole("progressbar").count()) === 0);
}

/** A page of its own for a test, ready, with its clock wound by hand unless told otherwise. */
export async function freshPage(t, browser, site, { clock = true, ...options } = {}) {
  const page = await openPage(browser, site.url, { clock, ...options });
  atEnd(t, () => page.context().close());
  return ready(page, { clock });
}

/** What the chip says of the line. */
export async function chip(page) {
  const parts = await page.getByRole("group", { name: "Source and line" }).locator("> span:not([hidden])").allTextContents();
  return parts.join(" ");
}

/** The glass with the drawing around it. */
export const display = (page) => page.getByRole("img", { name: /^Display of the meter/ });

/** What a screen reader says of the glass. */
export async function says(page) {
  const label = await display(page).getAttribute("aria-label");
  return label.replace("Display of the meter: ", "");
}

/** The segments that are lit on the glass, in order. */
export async function segments(page) {
  const names = await display(page).locator("[data-seg].on").evaluateAll((all) => all.map((one) => one.dataset.seg));
  return names.sort().join(" ");
}

/** "OK" on the two places with 14 segments: O is the outline, K its left side, the bar to the middle and two diagonals. */
export const OK = "1a 1b 1c 1d 1e 1f 2e 2f 2g 2k 2l";

/** The key of the meter. */
export const key = (page) => page.getByRole("button", { name: "Key of the meter" });

/** Opens a tab. */
export async function tab(page, name) {
  // A tab may count changes behind its name; "Bus" is not "M-Bus".
  const named = new RegExp(`^${name}`);
  await page.getByRole("tab", { name: named }).click();
  await page.getByRole("tabpanel", { name: named }).waitFor();
  if (Object.values(CONFIGURATOR).includes(name)) await configurator(page);
}

/** A row of the read-out, whose tab is open: value, unit, register, words. */
export async function row(page, point) {
  const heading = page.getByRole("rowheader", { name: point, exact: true });
  return page.getByRole("row").filter({ has: heading }).getByRole("cell").allTextContents();
}

/** The value of a row of the read-out. */
export const value = async (page, point) => (await row(page, point))[0];

/** The line of a setting, whose tab is open. */
export function line(page, label) {
  const panel = page.getByRole("tabpanel", { name: "Settings" });
  return panel.getByRole("listitem").filter({ hasText: new RegExp(`^${label}`) }).filter({ visible: true }).last();
}

/** The field of a setting. */
export const field = (page, label) => line(page, label).locator("input, select");

/** Puts a value into the field of a setting and leaves it. */
export async function change(page, label, wanted) {
  const input = field(page, label);
  if (await input.evaluate((node) => node.localName === "select")) {
    await input.selectOption(wanted);
  } else {
    await input.fill(wanted);
    await input.blur();
  }
}

/** Reviews what is staged and writes it. Gives the review's text. */
export async function write(page) {
  await page.getByRole("complementary", { name: "Changes not yet written" })
    .getByRole("button", { name: /^Review and write/ }).click();
  const dialog = page.getByRole("dialog", { name: "Review the changes" });
  const text = (await dialog.getByRole("row").allTextContents()).join("\n");
  await dialog.getByRole("button", { name: "Write to the meter" }).click();
  return text;
}

/** The report on the last writing: its title, and each step with its word. */
export async function report(page, within = SEVERAL_SECONDS) {
  const region = page.getByRole("region", { name: "What became of the changes" });
  await until(page, "the report on a writing", () => region.isVisible(), within);
  return {
    title: await region.getByRole("heading").textContent(),
    summary: await region.getByRole("paragraph").first().textContent(),
    steps: await region.getByRole("listitem").evaluateAll((all) =>
      Object.fromEntries(all.map((one) => [one.querySelector("b").textContent, one.lastChild.textContent]))),
  };
}

/** What the page says about port and meter, on the tab that is open. */
export async function advice(page) {
  const texts = await page.getByRole("tabpanel").locator(".say").filter({ visible: true }).allTextContents();
  return texts.join("\n");
}

/** The frames of the traffic: way and text. */
export const frames = (page) =>
  page.getByRole("list", { name: "Frames, oldest first" }).getByRole("listitem").evaluateAll((all) => all.map((one) => ({
    way: one.querySelector("[role=img]").getAttribute("aria-label"),
    text: one.querySelector("button").innerText.replace(/\s+/g, " "),
  })));

/** Opens the dialog and the port in it: the first one granted, or the one that somebody chooses. */
export async function connect(page, { choose = false, baud, framing, id } = {}) {
  await page.getByRole("button", { name: "Connect a real meter…" }).click();
  const dialog = page.getByRole("dialog", { name: "Connect a real meter" });
  await until(page, "the dialog", () => dialog.isVisible());
  await configurator(page);
  if (baud) await dialog.getByLabel("Speed in Bd").selectOption(`${baud}`);
  if (framing) await dialog.getByLabel("Framing").selectOption(framing);
  if (id) {
    await dialog.getByLabel("Id, 1 to 247").last().fill(`${id}`);
    await dialog.getByLabel("Id, 1 to 247").last().blur();
  }
  await dialog.getByRole("button", { name: choose ? "Choose a port…" : /^Use / }).first().click();
  return dialog;
}

/** Waits for a read-out of the real meter to be whole. */
export async function connected(page, within = SEVERAL_SECONDS) {
  await becomes(page, () => chip(page), /^Real meter/, within);
  await tab(page, "Read-out");
  await until(page, "the read-out of the real meter", async () => (await value(page, "Checksum")) !== "–", within);
  await until(page, "the end of reading", async () => (await page.getByRole("progressbar").count()) === 0, within);
}
