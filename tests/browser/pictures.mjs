// Takes docs/pictures/*.png: the page on a desk and on a phone, light and dark, and a search on an M-Bus. Run by
// `cargo xtask pictures`.
// The page rests: reduced motion, and a clock of its own that is wound by hand, so that two runs give the same picture.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launchChromium, openPage, root, startServer } from "./harness.mjs";
import { panel, press as act, told } from "./lines_ui.mjs";
import { session } from "./session.mjs";
import { frames, ready, tab, until } from "./ui.mjs";

const folder = join(root, "docs", "pictures");
const SIZES = [{ name: "desktop", width: 1440, height: 900 }, { name: "phone", width: 390, height: 844 }];

await session(async (t) => {
  mkdirSync(folder, { recursive: true });
  const site = await startServer(t);
  const browser = await launchChromium(t);
  for (const { name, ...viewport } of SIZES) {
    for (const colorScheme of ["light", "dark"]) {
      const page = await openPage(browser, site.url, {
        viewport, colorScheme, reducedMotion: "reduce", deviceScaleFactor: 2, clock: true,
      });
      await page.locator("h1").first().waitFor();
      // Some hours of load in the page's own time, the same in every run, then the meter's second page at its value.
      await page.clock.runFor(2000);
      const press = (name) => page.getByRole("button", { name }).first().click();
      await page.getByText("3600 ×").click();
      for (const load of ["Fridge 120 W", "Kettle 2 kW", "Motor 3 kW", "Roof −3 kW", "Car 7 kW", "Kettle 2 kW"]) {
        await press(load);
        await page.clock.runFor(3000);
      }
      await page.getByText("1 ×", { exact: true }).click();
      // A master reads it once, so that there is something to see on the bus.
      page.wound = true;
      await tab(page, "Read-out");
      await until(page, "the read-out", async () => (await frames(page)).length >= 6);
      await tab(page, "Load");
      await press(/^Press/);
      await page.clock.runFor(500);
      await press(/^Press/);
      await page.clock.runFor(2200);
      const path = join(folder, `page-${name}-${colorScheme}.png`);
      await page.screenshot({ path, fullPage: true });
      console.log(path);
      await page.context().close();
    }
  }
  await mbus(await openPage(browser, site.url, {
    viewport: { width: 1440, height: 900 }, reducedMotion: "reduce", deviceScaleFactor: 1.5, clock: true,
  }));
});

/** Five meters on the M-Bus of the rail, found by their numbers; one of them is read out. */
async function mbus(page) {
  await ready(page, { clock: true });
  const list = page.getByLabel("Add a meter", { exact: true });
  for (let number = 0; number < 5; number += 1) {
    await list.selectOption({ label: "PRO1-Mb" });
    await until(page, "a meter more", async () => (await list.inputValue()) === "");
  }
  await page.getByRole("button", { name: "Kettle 2 kW" }).click();
  await page.getByRole("button", { name: "+1 day" }).click();
  await tab(page, "M-Bus");
  await act(page, "Search");
  await told(page, /^5 meters were found/);
  await panel(page).getByRole("button", { name: /^Read / }).last().click();
  await panel(page).getByRole("table", { name: "Records of the meter" }).waitFor({ state: "attached" });
  await until(page, "the end of reading", () => panel(page).locator(".progress").isHidden());
  // The form below is not of this picture.
  const form = panel(page).getByRole("region", { name: "Change settings" });
  await page.evaluate(() => globalThis.scrollTo(0, 0));
  const box = await page.locator(".work").boundingBox();
  const height = Math.round((await form.boundingBox()).y - box.y);
  const path = join(folder, "mbus-search.png");
  await page.screenshot({ path, fullPage: true, clip: { ...box, height } });
  console.log(path);
}
