// Figures of the page in headless Chromium: time to the mounted page and CPU when nothing changes. Run by `cargo xtask bench page`.
// Each figure is the median of RUNS visits with an empty cache.
import { launchChromium, openPage, startServer } from "./harness.mjs";
import { session } from "./session.mjs";

const RUNS = 7;
const IDLE_SECONDS = 10;

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

await session(async (t) => {
  const site = await startServer(t);
  const browser = await launchChromium(t);
  const mounted = [];
  for (let run = 0; run < RUNS; run += 1) {
    // The heading stands in the document once the page is mounted; the page notes when, on its own clock.
    const page = await openPage(browser, site.url, {
      init: () => {
        new MutationObserver((_, observer) => {
          if (document.querySelector("h1")) {
            globalThis.mountedAt = performance.now();
            observer.disconnect();
          }
        }).observe(document, { childList: true, subtree: true });
      },
    });
    await page.waitForFunction(() => globalThis.mountedAt !== undefined);
    mounted.push(await page.evaluate(() => globalThis.mountedAt));
    await page.context().close();
  }
  console.log(`mounted after ${median(mounted).toFixed(0)} ms (median of ${RUNS} visits, ${Math.min(...mounted).toFixed(0)} `
    + `to ${Math.max(...mounted).toFixed(0)} ms; target 150 ms, a bare Leptos page 80 ms)`);

  const page = await openPage(browser, site.url);
  await page.locator("h1").first().waitFor();
  const debug = await page.context().newCDPSession(page);
  await debug.send("Performance.enable");
  const busy = async () => {
    const { metrics } = await debug.send("Performance.getMetrics");
    return metrics.find((metric) => metric.name === "TaskDuration").value;
  };
  const before = await busy();
  const started = performance.now();
  await page.waitForFunction((seconds) => performance.now() > seconds * 1000, IDLE_SECONDS, { polling: 1000 });
  const seconds = (performance.now() - started) / 1000;
  const share = ((await busy()) - before) / seconds;
  console.log(`${(share * 100).toFixed(2)} % of the main thread in ${seconds.toFixed(1)} s without input (target 2 %)`);
});
