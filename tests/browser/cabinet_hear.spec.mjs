// The views of the cabinet that change no meter: how long a round takes, and listening.
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { axeFaults, folder, hasMetertwin, launchChromium, metertwin, openPage, startProgram, startServer } from "./harness.mjs";
import { panel, plug, press, told } from "./lines_ui.mjs";
import { becomes, freshPage, ready, tab, until, wholeFile } from "./ui.mjs";

const site = await startServer(wholeFile);
const browser = await launchChromium(wholeFile);
const skip = hasMetertwin() ? false : "the program metertwin has not been built: cargo build";

async function open(page, view) {
  await tab(page, "Cabinet");
  await page.getByRole("tab", { name: view, exact: true }).click();
}

test("what a round takes is what the terminal program says, and whether it fits is said", { skip }, async (t) => {
  const page = await freshPage(t, browser, site, { clock: false });
  await open(page, "Timing");
  const answer = panel(page).locator(".answers");
  const lines = () => answer.locator("p").allTextContents();
  for (const [meters, baud, period] of [["60", "9600", "60"], ["247", "1200", "30"]]) {
    for (const [label, value] of [["Meters", meters], ["Period", period]]) {
      const field = page.locator("#view-timing").getByRole("textbox", { name: new RegExp(`^${label}`) });
      await field.fill(value);
      await field.blur();
    }
    await page.locator("#view-timing").getByLabel("Speed", { exact: true }).selectOption({ label: `${baud} Bd` });
    let said;
    try {
      said = execFileSync(metertwin(), ["budget", "--meters", meters, "--baud", baud, "--period", period], { encoding: "utf8" });
    } catch (fault) {
      said = fault.stdout;
    }
    await becomes(page, async () => (await lines()).join("\n"), said.trim());
  }
  await answer.getByText("does not fit in the period").waitFor();
  assert.deepEqual(await axeFaults(page, "#panel-cabinet"), []);
  assert.deepEqual(page.faults, []);
});

test("a log that another program kept is paired and named", async (t) => {
  const page = await freshPage(t, browser, site, { clock: false });
  await open(page, "Listen");
  await press(page, "Listen");
  await told(page, /^Nobody but this page asks on the rail\./);
  await panel(page).getByText("From a log that another program kept").click();
  const field = panel(page).getByRole("textbox", { name: "A log in hexadecimal" });
  await field.fill("nothing of use");
  await press(page, "Read the log");
  await told(page, /^That holds no bytes in hexadecimal\. Expected lines such as/);
  // Voltage of L1 as a float: asked, and answered with 231.4 V.
  await field.fill("01 03 50 02 00 02 74 CB\n01 03 04 43 67 66 66 F5 E2\n");
  await press(page, "Read the log");
  await panel(page).getByRole("list").filter({ has: page.locator("li.asks, li.says, li.bad") }).first().waitFor();
  const rows = await panel(page).locator("ol.entries li").allTextContents();
  assert.equal(rows.length, 2, rows.join("\n"));
  assert.ok(rows.some((row) => row.includes("2 words from 5002h: 4367 6666")), rows.join("\n"));
  await until(page, "the table of ids", async () => (await panel(page).locator(".heard tbody tr").count()) === 1);
  const waiting = page.waitForEvent("download");
  await press(page, "Save as pcap");
  const bytes = await readFile(await (await waiting).path());
  // Little or big end first, the mark of a capture is the first thing in it.
  assert.ok([0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1].includes(bytes.readUInt32BE(0)), bytes.toString("hex"));
  assert.deepEqual(await axeFaults(page, "#panel-cabinet"), []);
  assert.deepEqual(page.faults, []);
});

test("at an adapter it hears what another master asks, and sends nothing", { skip }, async (t) => {
  const bus = `${folder(t)}/tap`;
  const { child, match } = await startProgram(
    t, metertwin(),
    ["serve", "--model", "pro1-mod", "--port", "rtu+tcp://127.0.0.1:0", "--port", `tap+pty:${bus}`],
    { ready: /rtu\+tcp:\/\/127\.0\.0\.1:(\d+)/ },
  );
  const own = await launchChromium(t, { serial: { origin: site.origin, pty: bus } });
  const page = await ready(await openPage(own, site.url));
  await open(page, "Listen");
  await plug(page);
  await press(page, "Listen");
  await becomes(page, () => panel(page).locator(".progress span").first().innerText(), /^Listening at 9600 8E1, sending nothing/);
  const link = `tcp://127.0.0.1:${match[1]}?id=1`;
  const asked = new Promise((resolve) => execFile(metertwin(), ["read", "--link", link, "voltage"], (fault) => resolve(fault)));
  assert.equal(await asked, null);
  await until(page, "a pair", async () => (await panel(page).locator("ol.entries li.says").count()) > 0);
  const node = panel(page).locator(".heard tbody tr").first();
  await becomes(page, async () => (await node.locator("td").first().textContent()), "1");
  await page.keyboard.press("Escape");
  await press(page, "Stop");
  await until(page, "the end", () => panel(page).locator(".progress").isHidden());
  child.kill();
  assert.deepEqual(page.faults, []);
});
