// A batch in the page: the meter of the rail is the new one on the bench.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { axeFaults, launchChromium, startServer } from "./harness.mjs";
import { idle, panel, press, told } from "./lines_ui.mjs";
import { becomes, freshPage, ready, tab, until, wholeFile } from "./ui.mjs";

const site = await startServer(wholeFile);
const browser = await launchChromium(wholeFile);

async function open(page) {
  await tab(page, "Cabinet");
  await page.getByRole("tab", { name: "Batch", exact: true }).click();
}

const rows = (page) => panel(page).getByRole("table", { name: "The lines of the list" }).getByRole("row")
  .evaluateAll((all) => all.slice(1).map((row) => [...row.children].map((cell) => cell.textContent.trim()).join(" | ")));

test("a list with faults names them by line; a good one is written, proven, labelled, and stands after a reload", async (t) => {
  const page = await freshPage(t, browser, site, { clock: false });
  await open(page);
  const list = panel(page).getByRole("textbox", { name: "The list, as comma-separated values" });
  await list.fill("id,label,scroll-time\n300,Flat 1,15\n12,Flat 2,15\n");
  await press(page, "Take this list");
  await becomes(page, () => panel(page).locator(".batch .wrong-text li").first().textContent(), /line 2.*300/i);
  await list.fill("id,label,scroll-time\n11,Flat 1,15\n12,Flat 2,15\n");
  await press(page, "Take this list");
  await until(page, "two lines", async () => (await rows(page)).length === 2);
  await press(page, "Begin");
  await until(page, "the first line done", async () => (await rows(page))[0]?.endsWith("done"), 60_000);
  assert.match((await rows(page))[1], /waits for a meter$/);
  assert.match((await rows(page))[0], /^11 \| \d{8} \| Flat 1 \|/);
  await panel(page).locator(".label").getByText("Flat 1").waitFor();
  // The meter is left where it is: it is known again, and nothing is done to it.
  await press(page, "Stop");
  await idle(page);
  await told(page, /^Stopped\. What went out before stands in the journal/);
  const waiting = page.waitForEvent("download");
  await press(page, "Save the report");
  const report = await readFile(await (await waiting).path(), "utf8");
  assert.match(report, /\b11\b.*done/);
  assert.deepEqual(await axeFaults(page, "#panel-cabinet"), []);
  await page.reload();
  await ready(page);
  await open(page);
  await until(page, "the batch as it was left", async () => (await rows(page))[0]?.endsWith("done"));
  await press(page, "Forget this batch");
  await page.getByRole("dialog", { name: "Forget this batch?" }).getByRole("button", { name: "Forget it" }).click();
  await until(page, "nothing", async () => (await list.inputValue()) === "");
  assert.deepEqual(page.faults, []);
});

test("on an M-Bus the bus of the list is kept, and what no telegram shows is called acknowledged", async (t) => {
  const page = await freshPage(t, browser, site, { clock: false });
  const add = page.getByLabel("Add a meter", { exact: true });
  await add.selectOption({ label: "PRO1-Mb" });
  await until(page, "a meter more", async () => (await add.inputValue()) === "");
  await open(page);
  await panel(page).getByText("M-Bus", { exact: true }).first().click();
  const list = panel(page).getByRole("textbox", { name: "The list, as comma-separated values" });
  await list.fill("id,label,s0-rate\n11,Flat 1,100\n12,Flat 2,\n");
  await press(page, "Take this list");
  await until(page, "two lines", async () => (await rows(page)).length === 2);
  await press(page, "Begin");
  await until(page, "the first line", async () => (await rows(page))[0]?.endsWith("acknowledged"), 60_000);
  await panel(page).locator(".label").getByText("M-Bus address").waitFor();
  await press(page, "Stop");
  await idle(page);
  const waiting = page.waitForEvent("download");
  await press(page, "Save the report");
  const report = await readFile(await (await waiting).path(), "utf8");
  assert.match(report, /acknowledged,address 11 at 9600 8E1,mbus-id=11,/);
  assert.match(report, /was acknowledged, which proves nothing/);
  // It is the M-Bus's after a reload, whichever bus is chosen.
  await page.reload();
  await ready(page);
  await open(page);
  await panel(page).getByText("The batch that was begun here goes over the M-Bus: choose that bus above.").waitFor();
  await panel(page).getByText("M-Bus", { exact: true }).first().click();
  await until(page, "the batch as it was left", async () => (await rows(page))[0]?.endsWith("acknowledged"));
  assert.deepEqual(page.faults, []);
});
