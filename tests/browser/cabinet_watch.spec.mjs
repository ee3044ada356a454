// Values as they change: lines, cursors, gaps with their cause, and the files that are saved of them.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { axeFaults, folder, hasMetertwin, launchChromium, metertwin, openPage, startProgram, startServer } from "./harness.mjs";
import { cabinet, doing, idle, look, openCabinet, press, told, untilFound } from "./cabinet_ui.mjs";
import { becomes, freshPage, ready, until, wholeFile } from "./ui.mjs";

const site = await startServer(wholeFile);
const browser = await launchChromium(wholeFile);

const skip = hasMetertwin() ? false : "the program metertwin has not been built: cargo build";

/** A page whose first meter was found and is watched. */
async function watching(t, options = {}) {
  const page = await freshPage(t, browser, site, { clock: false, ...options });
  await openCabinet(page);
  await look(page, { speed: "9600 Bd", format: "8E1", ids: "1" });
  await press(page, "Find my meter");
  await untilFound(page, 1);
  await idle(page);
  await cabinet(page).getByRole("button", { name: /^Watch/ }).first().click();
  return page;
}

/** What is said of each value: its name, the newest of it, and why there is none since. */
const latest = (page) => cabinet(page).locator("dl.latest > div").evaluateAll((all) =>
  all.map((one) => [...one.children].map((part) => part.textContent)));

/** The points of the lines of each picture. */
const curves = (page) => cabinet(page).locator(".plots svg.plot").evaluateAll((all) =>
  all.map((one) => [...one.querySelectorAll("polyline.curve")].map((line) => line.getAttribute("points"))));

/** Waits until each picture has a line. */
const drawn = (page, count) => until(page, `${count} pictures with lines`, async () => {
  const all = await curves(page);
  return all.length === count && all.every((lines) => lines.length > 0 && lines.every((points) => points.includes(" ")));
});

/** Waits until the first line has so many points; some twelve come in a second. */
const grown = (page, count) =>
  until(page, `${count} points`, async () => (await curves(page))[0]?.[0]?.split(" ").length >= count);

/** Saves a file and gives its text. */
async function saved(page, button) {
  const waiting = page.waitForEvent("download");
  await press(page, button);
  const file = await waiting;
  return [file.suggestedFilename(), await readFile(await file.path(), "utf8")];
}

test("values come while requests go on, each unit has its picture, and the files hold what was drawn", async (t) => {
  const page = await watching(t);
  await press(page, "Start");
  await becomes(page, () => doing(page), /^Watching, \d+(\.\d+)? requests\/s/);
  await until(page, "three values", async () => (await latest(page)).length === 3);
  const values = Object.fromEntries(await latest(page));
  assert.match(values.Voltage ?? "", /^2[0-9]{2}\.\d V$/, JSON.stringify(values));
  await drawn(page, 3);
  const before = await curves(page);
  await until(page, "a longer line", async () => (await curves(page))[0][0] !== before[0][0]);
  // While a request is on its way everything can be looked at and saved.
  const [name, csv] = await saved(page, "Save as CSV");
  assert.equal(name, "values-13070001.csv");
  assert.match(csv, /Voltage|voltage/);
  assert.match(csv, /13070001/);
  assert.deepEqual(await axeFaults(page, "#panel-cabinet"), []);
  await press(page, "Stop");
  await idle(page);
  const [, json] = await saved(page, "Save as JSON");
  assert.match(json, /"paused"/);
  const told = JSON.parse(json);
  assert.ok(JSON.stringify(told).includes("13070001"));
  // What was not asked is a gap, and so it stands in the picture.
  await press(page, "Start");
  await until(page, "a gap", async () => (await cabinet(page).locator(".plots rect.gap title").allTextContents()).includes("paused"));
  await press(page, "Stop");
  await idle(page);
  assert.deepEqual(page.faults, []);
});

test("two cursors tell what lies between them, energy included, and a table tells the same", async (t) => {
  const page = await watching(t);
  await press(page, "Start");
  await drawn(page, 3);
  await grown(page, 18);
  await cabinet(page).getByText("10 s", { exact: true }).first().click();
  // The newest of the ten seconds: both cursors stand in what came.
  await cabinet(page).getByRole("slider", { name: "Cursor A" }).fill("920");
  await cabinet(page).getByRole("slider", { name: "Cursor B" }).fill("990");
  const between = cabinet(page).locator("ul.between");
  await becomes(page, () => between.innerText(), /kWh/);
  assert.match(await between.innerText(), /Voltage/);
  assert.equal(await cabinet(page).locator(".plots line.cursor").count() >= 2, true);
  await press(page, "Hold");
  await press(page, "Nearer");
  await press(page, "Earlier");
  await press(page, "Follow");
  await cabinet(page).getByText("The same as a table").click();
  await until(page, "rows", async () => (await cabinet(page).locator("table.points tbody tr").filter({ visible: true }).count()) > 3);
  await press(page, "Stop");
  await idle(page);
  await press(page, "Clear");
  await becomes(page, async () => (await latest(page)).length, 0);
  assert.deepEqual(page.faults, []);
});

test("a meter on the M-Bus is watched by its records", async (t) => {
  const page = await freshPage(t, browser, site, { clock: false });
  const list = page.getByLabel("Add a meter", { exact: true });
  await list.selectOption({ label: "PRO1-Mb" });
  await until(page, "a meter more", async () => (await list.inputValue()) === "");
  await openCabinet(page);
  await cabinet(page).getByText("M-Bus", { exact: true }).first().click();
  await look(page, { speed: "9600 Bd" });
  await press(page, "Find my meter");
  await untilFound(page, 1);
  await press(page, "Stop");
  await idle(page);
  await cabinet(page).getByRole("button", { name: /^Watch/ }).first().click();
  await press(page, "Start");
  await becomes(page, () => doing(page), /^Watching, \d+(\.\d+)? requests\/s/, 60_000);
  await becomes(page, async () => (await latest(page)).map((one) => one.join(": ")).join(", "), /^Total active energy: \d+\.\d\d kWh$/);
  await press(page, "Stop");
  await idle(page);
  assert.deepEqual(page.faults, []);
});

test("a meter that falls silent leaves a gap with its cause, and a lost adapter ends it", { skip }, async (t) => {
  const bus = `${folder(t)}/bus`;
  const { child } = await startProgram(
    t, metertwin(), ["serve", "--port", `pty:${bus}`, "--meter", "pro1-mod serial=13070042"], { ready: /listening on/ });
  const own = await launchChromium(t, { serial: { origin: site.origin, pty: bus } });
  const page = await ready(await openPage(own, site.url));
  await openCabinet(page);
  await look(page, { speed: "9600 Bd", format: "8E1", ids: "1" });
  await press(page, /^Use FTDI adapter/);
  await untilFound(page, 1);
  await idle(page);
  await cabinet(page).getByRole("button", { name: /^Watch/ }).first().click();
  await press(page, "Start");
  await drawn(page, 3);
  child.kill("SIGSTOP");
  await until(page, "the cause", async () => (await latest(page)).every(([, , cause]) => cause === "no answer"));
  child.kill("SIGCONT");
  await until(page, "values again", async () => (await latest(page)).every(([, text, cause]) => /^-?\d/.test(text) && !cause));
  assert.ok((await cabinet(page).locator(".plots rect.gap title").allTextContents()).includes("no answer"));
  child.kill();
  await told(page, /adapter|port|link/i);
  await idle(page);
  await until(page, "the last gap", async () => (await latest(page)).every(([, , cause]) => cause === "the link was lost"));
  assert.deepEqual(page.faults, []);
});

test("the pictures are good to look at, light and dark, on a desk and on a phone", async (t) => {
  for (const [width, colorScheme] of [[1440, "light"], [1440, "dark"], [390, "light"], [390, "dark"]]) {
    const page = await watching(t, { viewport: { width, height: 900 }, colorScheme });
    await press(page, "Start");
    await drawn(page, 3);
    await grown(page, 30);
    await press(page, "Stop");
    await idle(page);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= width, `${wide} px on ${width}`);
    assert.deepEqual(await axeFaults(page, "#panel-cabinet"), []);
    if (process.env.METERTWIN_SHOTS) {
      await page.screenshot({ path: `${process.env.METERTWIN_SHOTS}/watch-${width}-${colorScheme}.png`, fullPage: true });
    }
    await page.context().close();
  }
});
