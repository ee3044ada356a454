// The panels of the outputs and of the memory: what a counter at the terminals sees, what a power cut leaves, what damage
// does, and memories that go out and come in as files.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { axeFaults, launchChromium, startServer } from "./harness.mjs";
import { becomes, change, freshPage, report, says, tab, until, value, wholeFile, write } from "./ui.mjs";

const site = await startServer(wholeFile);
const browser = await launchChromium(wholeFile);

const panel = (page) => page.getByRole("tabpanel").filter({ visible: true });

/** What stands beside a term of the panel. */
const fact = (page, term) =>
  panel(page).locator("dl > div").filter({ has: page.getByText(term, { exact: true }) }).locator("dd").textContent();

/** The state of a part of the memory. */
const part = async (page, name) =>
  panel(page).getByRole("row").filter({ has: page.getByRole("rowheader", { name }) }).getByRole("cell").first().textContent();

/** What the panel says in sentences. */
const sentences = async (page) => (await panel(page).getByRole("status").innerText()).replace(/\s+/g, " ").trim();

/** Puts a cursor at so many thousandths of the strip. */
const put = (page, cursor, at) => page.getByLabel(`Cursor ${cursor}`).fill(`${at * 10}`);

/** So many amperes at 240 V, on the Load tab. */
async function load(page, amperes) {
  await tab(page, "Load");
  for (const [label, wanted] of [["Voltage in V", "240"], ["Power factor", "1"], ["Current in A", amperes]]) {
    const field = page.getByRole("textbox", { name: label, exact: true });
    await field.fill(wanted);
    await field.blur();
  }
}

/** Writes a rate of the pulse output. */
async function rate(page, wanted) {
  await tab(page, "Settings");
  await change(page, "Pulse output rate", wanted);
  await write(page);
  assert.deepEqual(Object.values((await report(page)).steps), ["confirmed"]);
}

test("pulses on the strip are those of the load; without supply none comes, and the panel says why", async (t) => {
  const page = await freshPage(t, browser, site, { reducedMotion: "reduce" });
  await load(page, "15");
  await tab(page, "Pulses");
  await becomes(page, () => fact(page, "Power that S0 shows"), "3.600 kW");
  assert.equal(await fact(page, "Width of a pulse now"), "32.0 ms");
  await becomes(page, () => sentences(page),
    /^Nothing supplies the pulse output: it gives pulses with 5V to 27V DC from outside\. 1000 imp\/kWh fits up to /);
  await panel(page).getByText("10 s", { exact: true }).click();
  await page.clock.runFor(11_000);
  await put(page, "A", 100);
  await put(page, "B", 900);
  // 3600 W: the lamp flashes ten times a second at 10000 imp/kWh; at S0 one pulse a second is due, and none comes.
  assert.equal(await fact(page, "Time"), "8.000 s");
  assert.equal(await fact(page, "LED"), "80 pulses, 8 Wh");
  assert.equal(await fact(page, "S0"), "0 pulses, 0 Wh");
  assert.equal(await fact(page, "Pulses counted there"), "0");
  assert.match(await fact(page, "Pulses due by the meter"), /^[1-9]\d+$/);
  await panel(page).getByText("3 V", { exact: true }).click();
  await becomes(page, () => sentences(page), /^3V is too little for the pulse output: it needs 5V to 27V DC\./);
  await panel(page).getByText("24 V", { exact: true }).click();
  await becomes(page, () => sentences(page), /^1000 imp\/kWh fits up to \d+\.\d{3} kW\.$/);
  await page.clock.runFor(11_000);
  assert.equal(await fact(page, "S0"), "8 pulses, 8 Wh");
  await becomes(page, async () => Number(await fact(page, "Pulses counted there")) >= 10, true);
  // With the keys, too: a step is half a hundredth of the strip.
  await page.getByLabel("Cursor B").press("ArrowLeft");
  assert.equal(await fact(page, "Time"), "7.950 s");
  assert.equal(await page.getByLabel("Cursor B").getAttribute("aria-valuetext"), "1.050 s before now");
  // And with the mouse: the nearer cursor comes.
  const box = await page.locator(".pane").boundingBox();
  await page.mouse.move(box.x + box.width * 0.2, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.4, box.y + 30);
  await page.mouse.up();
  await becomes(page, async () => /^[34]\.9\d\d s$|^4\.000 s$/.test(await fact(page, "Time")) || await fact(page, "Time"), true);
  // Frozen, the strip stands still while the counters go on.
  await page.getByRole("button", { name: "Freeze" }).click();
  await page.getByRole("button", { name: "Go on" }).waitFor();
  const outline = () => page.locator(".pane path").nth(2).getAttribute("d");
  const [still, counted] = [await outline(), Number(await fact(page, "Pulses counted there"))];
  await page.clock.runFor(5000);
  assert.equal(await outline(), still);
  await becomes(page, async () => Number(await fact(page, "Pulses counted there")) >= counted + 4, true);
  await page.getByLabel("Cursor A").press(" ");
  await becomes(page, async () => (await outline()) !== still, true);
  assert.deepEqual(page.faults, []);
});

test("the fastest rate: its limit is told, and the energy of its pulses", async (t) => {
  const page = await freshPage(t, browser, site, { reducedMotion: "reduce" });
  await load(page, "45");
  await rate(page, "10000");
  await tab(page, "Pulses");
  await becomes(page, () => sentences(page), /10000 imp\/kWh fits up to 16\.071 kW\.$/);
  await panel(page).getByText("24 V", { exact: true }).click();
  await becomes(page, () => fact(page, "Width of a pulse now"), "11.2 ms");
  await page.clock.runFor(4000);
  await put(page, "A", 0);
  await put(page, "B", 1000);
  // 10.8 kW: thirty pulses a second, each a tenth of a Wh.
  assert.match(await fact(page, "S0"), /^(59|60|61) pulses, (5\.9|6|6\.1) Wh$/);
  assert.equal(await fact(page, "Due and still waiting"), "0");
  assert.deepEqual(page.faults, []);
});

test("a power cut leaves what the meter keeps, and is counted", async (t) => {
  const page = await freshPage(t, browser, site);
  await page.getByRole("button", { name: "Kettle 2 kW" }).click();
  await page.getByRole("button", { name: "+1 day" }).click();
  await tab(page, "Read-out");
  await page.getByRole("button", { name: "Read again" }).click();
  await becomes(page, () => value(page, "Forward active energy"), /^4[78]\.\d\d$/);
  await tab(page, "Memory");
  await becomes(page, () => fact(page, "Power cuts counted"), "0");
  await page.getByRole("button", { name: "Switch the supply off" }).click();
  await becomes(page, () => says(page), "dark, the meter has no supply");
  await becomes(page, () => fact(page, "Supply"), /^off/);
  await page.getByRole("button", { name: "Switch the supply on" }).click();
  await becomes(page, () => fact(page, "Power cuts counted"), "1");
  assert.equal(await part(page, /^Main copy/), "good");
  await tab(page, "Read-out");
  await page.getByRole("button", { name: "Read again" }).click();
  await becomes(page, () => value(page, "Power-down counter"), "1");
  assert.match(await value(page, "Forward active energy"), /^4[78]\.\d\d$/);
  assert.deepEqual(page.faults, []);
});

/** Damages parts, then cuts the supply and brings it back. */
async function damageAndCut(page, ...parts) {
  for (const name of parts) await page.getByRole("button", { name: `Damage the ${name}` }).click();
  await becomes(page, () => sentences(page), /The damage waits for the next power cut/);
  await page.getByRole("button", { name: "Switch the supply off" }).click();
  await becomes(page, () => fact(page, "Supply"), /^off/);
  await page.getByRole("button", { name: "Switch the supply on" }).click();
  await becomes(page, () => fact(page, "Supply"), "on");
}

test("one damaged copy is mended, two are Err 01 on the glass; a factory reset makes a new meter", async (t) => {
  const page = await freshPage(t, browser, site);
  await tab(page, "Memory");
  await damageAndCut(page, "main copy");
  await becomes(page, () => part(page, /^Main copy/), "good again: mended at power-up");
  assert.match(await sentences(page), /^The last power-up found: the main copy of the energies was damaged\./);
  assert.equal(await fact(page, "Error"), "none");
  await damageAndCut(page, "main copy", "backup copy");
  await becomes(page, () => fact(page, "Error"), "Err 01");
  assert.equal(await part(page, /^Backup copy/), "damaged");
  assert.match(await sentences(page),
    /^The meter shows Err 01: main and backup copy of the energies are lost, .*\. It no longer measures, takes no change/);
  await becomes(page, () => says(page), /Error 01/);
  await page.getByRole("button", { name: "Factory reset…" }).click();
  const dialog = page.getByRole("dialog", { name: "Factory reset" });
  await dialog.getByRole("button", { name: "Keep it" }).click();
  assert.equal(await fact(page, "Error"), "Err 01");
  await page.getByRole("button", { name: "Factory reset…" }).click();
  await dialog.getByRole("button", { name: "Reset the meter" }).click();
  await becomes(page, () => sentences(page), "The meter is as from the factory; its serial number stayed.");
  assert.equal(await fact(page, "Error"), "none");
  assert.equal(await fact(page, "Power cuts counted"), "0");
  // The program's own error, and back.
  await page.getByRole("row").filter({ hasText: /^Program/ }).getByRole("button", { name: "Damage" }).click();
  await becomes(page, () => fact(page, "Error"), "Err 02");
  assert.match(await sentences(page), /The meter shows Err 02: the check sum of the program is wrong\./);
  await page.getByRole("button", { name: "Mend" }).click();
  await becomes(page, () => fact(page, "Error"), "none");
  assert.deepEqual(page.faults, []);
});

test("a memory goes out as a file and comes back; a broken one is refused with its reason, and nothing changes", async (t) => {
  const page = await freshPage(t, browser, site);
  await tab(page, "Settings");
  await change(page, "Scroll time", "7");
  await change(page, "Modbus address", "17");
  await write(page);
  await report(page);
  await tab(page, "Memory");
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save as a file" }).click(),
  ]);
  assert.match(download.suggestedFilename(), /^meter-\d{8}\.state$/);
  const file = readFileSync(await download.path());
  await page.getByRole("button", { name: "Factory reset…" }).click();
  await page.getByRole("button", { name: "Reset the meter" }).click();
  await becomes(page, () => sentences(page), /^The meter is as from the factory/);
  const give = (name, buffer) =>
    page.getByLabel("Load from a file…").setInputFiles({ name, mimeType: "application/octet-stream", buffer });
  const broken = Buffer.from(file);
  broken[broken.length - 20] ^= 1;
  await give("broken.state", broken);
  await becomes(page, () => sentences(page), "Nothing was taken from the file: it is damaged: its check sum is wrong.");
  await give("picture.png", Buffer.from("a picture"));
  await becomes(page, () => sentences(page), "Nothing was taken from the file: it is no file of meters' memories.");
  await tab(page, "Read-out");
  await becomes(page, () => value(page, "Scroll time"), "10");
  await tab(page, "Memory");
  await give("good.state", file);
  await becomes(page, () => sentences(page), /^The meter has the memory of the file now, serial number \d{8}\.$/);
  // The master finds it at its old id.
  await tab(page, "Read-out");
  await becomes(page, () => value(page, "Scroll time"), "7");
  assert.equal(await value(page, "Modbus address"), "17");
  assert.deepEqual(page.faults, []);
});

test("axe finds nothing on both panels, on a desk and on a phone, light and dark", async (t) => {
  for (const [width, height, colorScheme] of [[1440, 900, "light"], [390, 844, "dark"]]) {
    const page = await freshPage(t, browser, site, { colorScheme, viewport: { width, height }, reducedMotion: "reduce" });
    for (const name of ["Pulses", "Memory"]) {
      await tab(page, name);
      await until(page, "sentences", async () => (await panel(page).locator("[data-t]").allTextContents()).some(Boolean));
      if (name === "Memory") await damageAndCut(page, "main copy", "backup copy");
      assert.deepEqual(await axeFaults(page, `#panel-${name.toLowerCase()}`), [], `${name} at ${width}`);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, "wider than the window");
    }
    assert.deepEqual(page.faults, []);
  }
});
