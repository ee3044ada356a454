// Each view of the cabinet with something in it: it fits, it can be reached by everybody, and it can be looked at.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axeFaults, launchChromium, startServer } from "./harness.mjs";
import { cabinet, idle, look, openCabinet, openView, press, untilFound } from "./cabinet_ui.mjs";
import { freshPage, until, wholeFile } from "./ui.mjs";

const site = await startServer(wholeFile);
const browser = await launchChromium(wholeFile);

const LOG = "01 03 50 02 00 02 74 CB\n01 03 04 43 67 66 66 F5 E2\n02 03 50 02 00 02 74 F8\n";

/** What is done in each view before it is looked at; each leaves the line idle. */
const SCENES = {
  Find: async (page) => {
    await look(page, { speed: "9600 Bd", format: "8E1", ids: "1-2" });
    await press(page, "Find my meter");
    await untilFound(page, 1);
    await idle(page);
  },
  "Set up": async (page) => {
    await cabinet(page).getByRole("button", { name: /^Set up/ }).first().click();
    await cabinet(page).locator("li.change").filter({ hasText: /^Scroll time/ }).locator("input").fill("25");
    await page.keyboard.press("Tab");
    await idle(page);
  },
  Batch: async (page) => {
    await cabinet(page).getByRole("textbox", { name: "The list, as comma-separated values" })
      .fill("id,label,scroll-time\n11,Flat 1,15\n12,Flat 2,15\n");
    await press(page, "Take this list");
    await press(page, "Begin");
    await cabinet(page).locator(".label").getByText("Flat 1").waitFor({ timeout: 60_000 });
    await press(page, "Stop");
    await idle(page);
  },
  Listen: async (page) => {
    await cabinet(page).getByText("From a log that another program kept").click();
    await cabinet(page).getByRole("textbox", { name: "A log in hexadecimal" }).fill(LOG);
    await press(page, "Read the log");
    await until(page, "rows", async () => (await cabinet(page).locator("ol.entries li").count()) > 2);
  },
  App: () => {},
  Timing: () => {},
};

for (const [width, colorScheme] of [[1440, "light"], [1440, "dark"], [390, "light"], [390, "dark"]]) {
  test(`the views, ${width} wide, ${colorScheme}`, async (t) => {
    const page = await freshPage(t, browser, site, { clock: false, viewport: { width, height: 900 }, colorScheme });
    await openCabinet(page);
    for (const [name, act] of Object.entries(SCENES)) {
      if (name !== "Set up") await openView(page, name);
      await act(page);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${name}: ${wide} px on ${width}`);
      assert.deepEqual(await axeFaults(page, "#panel-cabinet"), [], name);
      if (process.env.METERTWIN_SHOTS) {
        const file = `${name.toLowerCase().replace(" ", "")}-${width}-${colorScheme}`;
        await cabinet(page).screenshot({ path: `${process.env.METERTWIN_SHOTS}/${file}.png` });
      }
    }
    assert.deepEqual(page.faults, []);
  });
}
