// Figures of the page in headless Chromium: time to the mounted page, to the first picture on the glass, and CPU when
// nothing changes. Run by `cargo xtask bench page`.
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
  const drawn = [];
  for (let run = 0; run < RUNS; run += 1) {
    // The heading stands in the document once the page is mounted, a segment is lit once the glass is drawn, and the frame
    // after that puts it on the screen; the page notes when, on its own clock, which starts with the visit.
    const page = await openPage(browser, site.url, {
      init: () => {
        new MutationObserver((_, observer) => {
          if (globalThis.mountedAt === undefined && document.querySelector("h1")) globalThis.mountedAt = performance.now();
          if (document.querySelector("[role=img] [data-seg].on")) {
            observer.disconnect();
            requestAnimationFrame(() => requestAnimationFrame(() => { globalThis.drawnAt = performance.now(); }));
          }
        }).observe(document, { childList: true, subtree: true, attributeFilter: ["class"] });
      },
    });
    await page.waitForFunction(() => globalThis.drawnAt !== undefined);
    const [mountedAt, drawnAt] = await page.evaluate(() => [globalThis.mountedAt, globalThis.drawnAt]);
    mounted.push(mountedAt);
    drawn.push(drawnAt);
    await page.context().close();
  }
  const figure = (all) => `${median(all).toFixed(0)} ms (median of ${RUNS} visits, ${Math.min(...all).toFixed(0)} to `
    + `${Math.max(...all).toFixed(0)} ms`;
  console.log(`mounted after ${figure(mounted)}; target 150 ms, a bare Leptos page 80 ms)`);
  console.log(`first picture on the glass after ${figure(drawn)}; target 1000 ms)`);

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
  const until = await page.evaluate((seconds) => performance.now() + seconds * 1000, IDLE_SECONDS);
  await page.waitForFunction((until) => performance.now() > until, until, { polling: 1000 });
  const seconds = (performance.now() - started) / 1000;
  const share = ((await busy()) - before) / seconds;
  console.log(`${(share * 100).toFixed(2)} % of the main thread in ${seconds.toFixed(1)} s without input, the twin running (target 2 %)`);
});
