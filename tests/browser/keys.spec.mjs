// The key of the meter, by every way a hand can press it: the manual's walks end in OK, and the registers follow.
import assert from "node:assert/strict";
import { test } from "node:test";
import { launchChromium, startServer } from "./harness.mjs";
import { OK, becomes, change, freshPage, key, report, row, says, segments, tab, value, wholeFile, write } from "./ui.mjs";

const site = await startServer(wholeFile);
const browser = await launchChromium(wholeFile);
const twin = (t) => freshPage(t, browser, site);

/** Lets the page's own time pass. */
const pass = (page, ms) => page.clock.runFor(ms);

/** How long a press of 0, 3 or 5 s is held. */
const span = (seconds) => (seconds === 0 ? 200 : seconds * 1000 + 60);

const held = (down, up) => async (page, seconds) => {
  await down(page);
  await pass(page, span(seconds));
  await up(page);
};

const onKey = (name) => held(
  async (page) => { await key(page).focus(); await page.keyboard.down(name); },
  (page) => page.keyboard.up(name),
);

/** Ways to press the key: 0 s is a short press. */
const HANDS = {
  pointer: held(
    async (page) => {
      const box = await key(page).boundingBox();
      await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
      await page.mouse.down();
    },
    (page) => page.mouse.up(),
  ),
  "space bar": onKey(" "),
  "Enter key": onKey("Enter"),
  "no-hold buttons": async (page, seconds) => {
    await page.getByRole("button", { name: seconds === 0 ? /^Press/ : new RegExp(`^Hold ${seconds} s`) }).click();
    await pass(page, span(seconds) + 50);
  },
  "keys 1, 3 and 5": async (page, seconds) => {
    await page.keyboard.press(seconds === 0 ? "1" : `${seconds}`);
    await pass(page, span(seconds) + 50);
  },
};

/** Presses shortly until the display is at a page. */
async function walk(page, press, to) {
  for (let presses = 0; presses < 12; presses += 1) {
    if ((await says(page)).startsWith(to)) return;
    await press(page, 0);
    await pass(page, 300);
  }
  assert.fail(`no short press leads to ${to}, but to ${await says(page)}`);
}

/** The value in the register, read anew. */
async function inRegister(page, point, wanted) {
  await tab(page, "Read-out");
  await page.getByRole("button", { name: "Read again" }).click();
  await becomes(page, () => value(page, point), wanted);
  return row(page, point);
}

/** OK stands on the glass and in words for 2 s. */
async function ok(page) {
  assert.equal(await segments(page), OK);
  assert.equal(await says(page), "OK, taken");
}

test("§7.6.2, a new scroll time, by each way to press the key", async (t) => {
  for (const [hand, press] of Object.entries(HANDS)) {
    await t.test(hand, async (t) => {
      const page = await twin(t);
      await press(page, 0);
      await walk(page, press, "Program mode 2");
      await press(page, 3);
      await walk(page, press, "Scroll time");
      await press(page, 5);
      assert.match(await says(page), /^Scroll time, 10 s, being changed$/);
      await press(page, 0);
      await press(page, 0);
      assert.match(await says(page), /^Scroll time, 12 s, being changed$/);
      await press(page, 3);
      await ok(page);
      assert.deepEqual(await inRegister(page, "Scroll time", "12"), ["12", "s", "4010h", "0012"]);
      // And the other way round: written over the bus, shown on the display.
      await tab(page, "Settings");
      await change(page, "Scroll time", "25");
      await write(page);
      assert.equal((await report(page)).steps["Scroll time"], "confirmed");
      await becomes(page, () => says(page), /^Scroll time, 25 s$/);
      assert.deepEqual(page.faults, []);
    });
  }
});

test("§7.10.1, another pulse rate behind the password, by each way to press the key", async (t) => {
  for (const [hand, press] of Object.entries(HANDS)) {
    await t.test(hand, async (t) => {
      const page = await twin(t);
      await press(page, 0);
      await walk(page, press, "Program mode 3");
      await press(page, 3);
      assert.equal(await says(page), "Password asked, digit 1 of 4 is 0");
      for (let digit = 0; digit < 4; digit += 1) await press(page, 3);
      await walk(page, press, "Pulse output rate");
      await press(page, 5);
      assert.match(await says(page), /^Pulse output rate, 1000 imp\/kWh, being changed$/);
      await press(page, 0);
      await press(page, 3);
      await ok(page);
      assert.deepEqual(await inRegister(page, "Pulse output rate", "100"), ["100", "imp/kWh", "400Dh", "42C8 0000"]);
      await tab(page, "Settings");
      await change(page, "Pulse output rate", "10");
      await write(page);
      assert.equal((await report(page)).steps["Pulse output rate"], "confirmed");
      await becomes(page, () => says(page), /^Pulse output rate, 10 imp\/kWh$/);
      assert.deepEqual(page.faults, []);
    });
  }
});

test("a wrong password opens nothing", async (t) => {
  const page = await twin(t);
  const press = HANDS.pointer;
  await press(page, 0);
  await walk(page, press, "Program mode 3");
  await press(page, 3);
  await press(page, 0);
  for (let digit = 0; digit < 4; digit += 1) await press(page, 3);
  assert.match(await says(page), /^Program mode 3/);
});

test("a key that is let go by leaving it does nothing, and the ring names what letting go will do", async (t) => {
  const page = await twin(t);
  const words = async () => (await key(page).evaluate((node) =>
    document.getElementById(node.getAttribute("aria-describedby")).textContent));
  await HANDS.pointer(page, 0);
  await walk(page, HANDS.pointer, "Program mode 2");
  const before = await says(page);
  assert.equal(await words(), "A press: go on to Program mode 3.");
  const box = await key(page).boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await pass(page, 1000);
  assert.equal(await words(), "Let go: go on to Program mode 3.");
  await pass(page, 2200);
  assert.equal(await words(), "Let go: open Program mode 2.");
  // The page's own time goes on between two steps, by however long they take here.
  const [, seconds] = /(\d\.\d) s/.exec(await page.getByRole("region", { name: "Meter" }).textContent());
  assert.ok(Number(seconds) >= 3.2 && Number(seconds) < 5, seconds);
  // Escape lets go without doing anything, and so do a lost focus and a page that goes to the background.
  await page.keyboard.press("Escape");
  await pass(page, 300);
  await page.mouse.up();
  await pass(page, 300);
  assert.equal(await says(page), before);
  await key(page).focus();
  await page.keyboard.down(" ");
  await pass(page, 3200);
  await page.getByRole("tab", { name: "Load" }).focus();
  await pass(page, 300);
  await page.keyboard.up(" ");
  await pass(page, 300);
  assert.equal(await says(page), before);
  assert.equal(await words(), "A press: go on to Program mode 3.");
  await page.mouse.down();
  await pass(page, 3200);
  await key(page).dispatchEvent("pointercancel");
  await pass(page, 300);
  await page.mouse.up();
  await pass(page, 300);
  assert.equal(await says(page), before);
});

test("while a key of the keyboard repeats, the meter's key stays down once", async (t) => {
  const page = await twin(t);
  await key(page).focus();
  await page.keyboard.down(" ");
  for (let repeat = 0; repeat < 5; repeat += 1) {
    await pass(page, 100);
    // A second down without an up is what a held key repeats.
    await page.keyboard.down(" ");
  }
  await page.keyboard.up(" ");
  await pass(page, 300);
  assert.match(await says(page), /^Current direction/);
  assert.equal(await page.getByRole("listitem").and(page.locator("[aria-current=page]")).textContent(), "Current direction");
});

test("the text beside the glass and its label say the page, its value and its place", async (t) => {
  const page = await twin(t);
  await HANDS.pointer(page, 0);
  await walk(page, HANDS.pointer, "Active power");
  await pass(page, 1600);
  assert.match(await says(page), /^Active power, 1\.04 kW$/);
  const meter = page.getByRole("region", { name: "Meter" });
  assert.match(await meter.textContent(), /Active power1\.035 kWchosen by the keypage 4 of 8/);
  assert.deepEqual(
    await page.getByRole("list", { name: "Pages of this list" }).getByRole("listitem").allTextContents(),
    ["Current direction", "Total active energy", "Total reactive energy", "Active power", "Resettable kWh",
      "Program mode 1", "Program mode 2", "Program mode 3"],
  );
  // A press is spoken, what changes by itself is not.
  const spoken = page.getByRole("status").last();
  assert.match(await spoken.textContent(), /^Active power/);
  await page.keyboard.press("d");
  await becomes(page, () => spoken.textContent(), /^Active power, 1\.04 kW/);
});

test("single keys rest while somebody types, and where they were switched off", async (t) => {
  const page = await twin(t);
  const before = await says(page);
  await page.getByLabel("Voltage in V").focus();
  await page.keyboard.press("1");
  await pass(page, 600);
  assert.equal(await says(page), before);
  await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
  const dialog = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await dialog.getByLabel(/^Single keys work/).uncheck();
  await dialog.getByRole("button", { name: "Close" }).click();
  await page.keyboard.press("1");
  await pass(page, 600);
  assert.match(await page.getByRole("region", { name: "Meter" }).textContent(), /automatic scroll/);
});
