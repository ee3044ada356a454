// A meter with a dot matrix and three keys: its glass, its menu by every way a hand can walk it, its three phases.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axeFaults, launchChromium, startServer } from "./harness.mjs";
import { becomes, change, display, freshPage, report, says, tab, until, value, wholeFile, write } from "./ui.mjs";

const site = await startServer(wholeFile);
const browser = await launchChromium(wholeFile);

const NAME = "Ambition 2PU CT";
const KEYS = ["Left", "Middle", "Right"];

/** Lets the page's own time pass. */
const pass = (page, ms) => page.clock.runFor(ms);

/** A page with the meter in hand. */
async function twin(t, options = {}) {
  const page = await freshPage(t, browser, site, options);
  await page.getByLabel("Add a meter").selectOption({ label: NAME });
  await becomes(page, () => page.locator(".head .model").textContent(), NAME);
  return page;
}

const button = (page, number) => page.getByRole("button", { name: `${KEYS[number]} key of the meter` });

/** The middle of a key's button. */
async function middle(page, number) {
  await button(page, number).scrollIntoViewIfNeeded();
  const box = await button(page, number).boundingBox();
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

const span = (held) => (held ? 3060 : 200);

/** Ways to press a key: its number, and whether it is held. */
const HANDS = {
  touch: async (page, number, held) => {
    const session = await (page.touch ??= page.context().newCDPSession(page));
    const point = await middle(page, number);
    await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [point] });
    await pass(page, span(held));
    await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  },
  "space bar on the keys": async (page, number, held) => {
    await button(page, number).focus();
    await page.keyboard.down(" ");
    await pass(page, span(held));
    await page.keyboard.up(" ");
  },
  "single keys": async (page, number, held) => {
    await page.keyboard.press(held ? "3" : ["ArrowLeft", "1", "ArrowRight"][number]);
    await pass(page, span(held) + 50);
  },
  "no-hold buttons": async (page, number, held) => {
    const name = held ? /^Hold \* 3 s/ : [/^<</, /^\*/, /^>>/][number];
    await page.getByRole("button", { name }).click();
    await pass(page, span(held) + 50);
  },
};

/** The dots as they are drawn on the enlarged front. */
const dots = (page) => display(page).locator("[data-part=pixels] path").getAttribute("d");

test("§7.6.6, another Modbus address in nine steps, by each way to press the keys", async (t) => {
  for (const [hand, press] of Object.entries(HANDS)) {
    await t.test(hand, async (t) => {
      const page = await twin(t, { hasTouch: true });
      const left = (page) => press(page, 0, false);
      const star = (page) => press(page, 1, false);
      const right = (page) => press(page, 2, false);
      const hold = (page) => press(page, 1, true);
      const seen = new Set();
      const step = async (act, sentence) => {
        await act(page);
        await pass(page, 300);
        await becomes(page, () => says(page), sentence);
        seen.add(await dots(page));
      };
      assert.match(await says(page), /, (Total|L1) /);
      await step(hold, "Choice, Bluetooth");
      await step(right, "Choice, Settings");
      await step(star, "Enter password, digit 1 of 4 is 0");
      await step(star, "Enter password, digit 2 of 4 is 0");
      // Another digit and back again.
      await step(right, "Enter password, digit 2 of 4 is 1");
      await step(left, "Enter password, digit 2 of 4 is 0");
      await step(star, "Enter password, digit 3 of 4 is 0");
      await step(star, "Enter password, digit 4 of 4 is 0");
      await step(star, "Settings, row 1 of 16, Password");
      for (const row of ["2 of 16, Tariff", "3 of 16, S0 output", "4 of 16, Pulse type", "5 of 16, S0 pulse width"]) {
        await step(right, new RegExp(`^Settings, row ${row}`));
      }
      await step(right, "Settings, row 6 of 16, Modbus ID, 002");
      await step(star, "Modbus ID, digit 1 of 3 is 0, being changed");
      await step(star, "Modbus ID, digit 2 of 3 is 0, being changed");
      await step(right, "Modbus ID, digit 2 of 3 is 1, being changed");
      await step(star, "Modbus ID, digit 3 of 3 is 2, being changed");
      await step(star, "Settings, row 6 of 16, Modbus ID, 012");
      await step(hold, /, (Total|L1) /);
      assert.ok(seen.size >= 17, `the glass showed ${seen.size} pictures`);
      await tab(page, "Read-out");
      await becomes(page, () => value(page, "Modbus address"), "12");
      assert.deepEqual(page.faults, []);
    });
  }
});

/** The menu as the manual has it: a section each, §7.6.1 to §7.6.17 without §7.6.15, which no key leads to. */
const MENU = [
  "Password", "Tariff", "S0 output", "Pulse type", "S0 pulse width", "Modbus ID", "Modbus baud", "Modbus parity", "M-Bus ID",
  "M-Bus baud", "Backlight", "Power-down", "Trip counter", "OBIS codes", "Scroll time", "CT ratio",
];

test("§7.6, every row of the menu in the manual's order, its editor and the way back; what nobody touches closes", async (t) => {
  const page = await twin(t);
  const press = HANDS["single keys"];
  const step = async (number, held, sentence) => {
    await press(page, number, held);
    await becomes(page, () => says(page), sentence);
  };
  const face = /, (Total|L1) /;
  // Held and then left alone: the choice closes by itself.
  await step(1, true, "Choice, Bluetooth");
  await pass(page, 30_500);
  await becomes(page, () => says(page), face);
  await step(1, true, "Choice, Bluetooth");
  await step(2, false, "Choice, Settings");
  await step(1, false, "Enter password, digit 1 of 4 is 0");
  for (const digit of [2, 3, 4]) await step(1, false, `Enter password, digit ${digit} of 4 is 0`);
  await step(1, false, `Settings, row 1 of ${MENU.length}, Password`);
  for (const [n, label] of MENU.entries()) {
    const row = new RegExp(`^Settings, row ${n + 1} of ${MENU.length}, ${label}`);
    if (n > 0) await step(2, false, row);
    await step(1, false, new RegExp(`^${label}, .*(being changed|\\? No)$`));
    await step(1, true, row);
  }
  await step(2, false, new RegExp(`^Settings, row 1 of ${MENU.length}, ${MENU[0]}`));
  await step(0, false, new RegExp(`^Settings, row ${MENU.length} of ${MENU.length}, ${MENU.at(-1)}`));
  await pass(page, 61_000);
  await becomes(page, () => says(page), face);
  assert.deepEqual(page.faults, []);
});

test("the ring says what letting go does; a finger that leaves the key does nothing", async (t) => {
  const page = await twin(t);
  const hold = page.locator(".hold");
  await becomes(page, () => hold.textContent(), /Hold \* 3 s: open the settings\./);
  const { x, y } = await middle(page, 1);
  await page.mouse.move(x, y);
  await page.mouse.down();
  await pass(page, 1200);
  await becomes(page, () => hold.textContent(), /Let go: the next reading\.From 3 s: open the settings\./);
  assert.equal(await page.locator(".key .ring").isVisible(), true);
  const before = await says(page);
  await button(page, 1).evaluate((node) => node.dispatchEvent(new PointerEvent("pointercancel", { bubbles: true })));
  await pass(page, 300);
  await page.mouse.up();
  assert.equal((await says(page)).split(",")[0], before.split(",")[0]);
});

test("the dots of the glass stand on whole pixels, the same on the whole meter and on its card", async (t) => {
  const page = await twin(t);
  await pass(page, 500);
  const glass = await display(page).locator(".lcd").boundingBox();
  // The layout knows 64ths of a pixel.
  assert.ok(Math.abs(glass.width - 256) < 0.04 && Math.abs(glass.height - 320) < 0.04, `${glass.width} × ${glass.height}`);
  const all = await page.locator("[data-part=pixels] path").evaluateAll((paths) => paths.map((path) => path.getAttribute("d")));
  assert.equal(all.length, 3);
  assert.ok(all[0].length > 1000 && all.every((d) => d === all[0]));
  await HANDS["single keys"](page, 2, false);
  assert.equal(await display(page).locator(".lcd").evaluate((node) => getComputedStyle(node).fill), "rgb(185, 211, 247)");
  await page.getByLabel("Supply is on").uncheck();
  await becomes(page, () => says(page), "dark, the meter has no supply");
  await becomes(page, () => dots(page), "");
});

test("three phases: alike, apart, and as they are wired", async (t) => {
  const page = await twin(t);
  const panel = page.getByRole("tabpanel", { name: "Load" });
  const vectors = panel.getByRole("img", { name: /^Vector diagram/ });
  const told = () => vectors.getAttribute("aria-label");
  await panel.getByRole("button", { name: "Half load" }).click();
  await becomes(page, told, /L1 voltage 230\.0 V at 0 degrees, current 2\.50 A at 18\.\d degrees.*L2 voltage 230\.0 V at 120 degrees, current 2\.50 A at 138/);
  await panel.getByLabel("The same on all phases").uncheck();
  const field = panel.getByLabel("Current of L2", { exact: true });
  await field.fill("1.25");
  await field.blur();
  await becomes(page, told, /L1 .*current 2\.50 A.*L2 .*current 1\.25 A.*L3 .*current 2\.50 A/);
  await field.fill("7");
  await field.blur();
  await panel.getByText(/“7” is not possible: 0\.00 to 5\.00 A\./).waitFor();
  await becomes(page, told, /L2 .*current 1\.25 A/);
  await panel.getByRole("button", { name: "L3 lost" }).click();
  await becomes(page, told, /L3 voltage 0\.0 V at 240 degrees, no current$/);
  assert.equal(await page.locator(".plan .l3.on").count(), 0);
  assert.equal(await page.locator(".plan .l1.on").count(), 2);
  await panel.getByRole("button", { name: "Half load" }).click();
  await panel.getByLabel("Wiring").selectOption({ index: 1 });
  await becomes(page, told, /L1-L2 voltage 398\.4 V at 330 degrees, current 2\.50 A at 18\.\d degrees.*L3-L2 voltage 398\.4 V at 270 degrees, current 2\.50 A at 258/);
  await becomes(page, () => panel.locator(".phasor .tip").allTextContents().then((tips) => tips.filter((tip) => tip.length > 1).join(" ")), "U12 I1 U32 I3");
  await panel.getByRole("button", { name: "L3 lost" }).click();
  await panel.getByLabel("Wiring").selectOption({ label: "L1 and neutral only" });
  await becomes(page, told, /L2 voltage 0\.0 V at 120 degrees, no current/);
  assert.deepEqual(page.faults, []);
});

test("what cannot be undone is written once the last digits of the serial number were typed", async (t) => {
  const page = await twin(t, { clock: false });
  await tab(page, "Read-out");
  await until(page, "a serial number", async () => /\d{4}$/.test((await value(page, "Serial number")) ?? ""), 60_000);
  const last = (await value(page, "Serial number")).slice(-4);
  await tab(page, "Settings");
  await change(page, "CT ratio", "200/5");
  await write(page);
  const dialog = page.getByRole("dialog", { name: "This cannot be undone" });
  await dialog.getByText(/it uses up one of 7 changes in the life of the meter/).waitFor();
  const digits = dialog.getByLabel(/^Type the last 4 digits/);
  await digits.fill(last === "0000" ? "0001" : "0000");
  await dialog.getByRole("button", { name: "Write all the same" }).click();
  await dialog.getByText(/^Nothing was sent: these are not the last 4 digits/).waitFor();
  await dialog.getByRole("button", { name: "Not yet" }).click();
  // Nothing has gone out, and the change still waits.
  await write(page);
  await digits.fill(last);
  await dialog.getByRole("button", { name: "Write all the same" }).click();
  const told = await report(page, 60_000);
  assert.deepEqual(told.steps, { "CT ratio": "confirmed" });
  assert.deepEqual(page.faults, []);
});

test("two pulse outputs, each with its count", async (t) => {
  const page = await twin(t);
  await page.getByRole("button", { name: "Full load" }).click();
  await tab(page, "Pulses");
  const panel = page.getByRole("tabpanel", { name: "Pulses" });
  await panel.getByText("24 V", { exact: true }).click();
  await becomes(page, () => panel.innerText(), /S0, output 2, /);
  await until(page, "pulses at both outputs", async () => {
    const [first, second] = await panel.locator("dl").first().locator("dd").allTextContents();
    return Number(first) > 0 && Number(second) > 0;
  });
});

test("nothing about it is hard to reach, light and dark, on a desk and on a phone", async (t) => {
  for (const [width, colorScheme] of [[1440, "light"], [1440, "dark"], [390, "light"], [390, "dark"]]) {
    const page = await twin(t, { viewport: { width, height: 900 }, colorScheme });
    await pass(page, 500);
    assert.deepEqual(await axeFaults(page), []);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= width, `${wide} px on ${width}`);
    const corner = await page.locator(".stage > .front").evaluate((front) => parseFloat(getComputedStyle(front).borderTopLeftRadius));
    assert.ok(corner < 12, `the corners of the front have a radius of ${corner} px`);
    if (process.env.METERTWIN_SHOTS) {
      await page.screenshot({ path: `${process.env.METERTWIN_SHOTS}/matrix-${width}-${colorScheme}.png`, fullPage: true });
    }
  }
});

test("a phone that is turned to a wide page draws the whole meter beside its front", async (t) => {
  const page = await twin(t, { viewport: { width: 390, height: 900 } });
  await page.setViewportSize({ width: 1440, height: 900 });
  const whole = page.locator(".stage .module > svg");
  await becomes(page, async () => {
    const [, , wide, high] = (await whole.getAttribute("viewBox")).split(" ").map(Number);
    return wide > 30 && high > 80 ? "a meter" : `${wide} by ${high}`;
  }, "a meter");
  assert.ok(await whole.isVisible());
});
