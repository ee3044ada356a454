// What the browser tests stand on. A test file is `NAME.spec.mjs` beside this one and uses node:test:
//
//   import { test } from "node:test";
//   import assert from "node:assert/strict";
//   import { startServer, launchChromium, openPage } from "./harness.mjs";
//
//   test("…", async (t) => {
//     const site = await startServer(t);                  // the built page under its content security policy
//     const browser = await launchChromium(t);            // a Playwright browser
//     const page = await openPage(browser, site.url);     // a Playwright page that collects its faults
//     …
//     assert.deepEqual(page.faults, []);
//   });
//
// Every helper that starts something takes the test context `t` first and ends what it started when the test ends,
// pass or fail. `cargo xtask browser NAME` runs one file against the page in dist/ (`cargo xtask serve --once` builds it);
// `cargo xtask test --only browser` runs all.
//
// Chromium with a real serial port (its own Web Serial, no mock):
//
//   const place = folder(t);
//   await startProgram(t, metertwin(), ["serve", …, "--port", `pty:${place}/bus`], { ready: /…/ });
//   const browser = await launchChromium(t, { serial: { origin: site.origin, pty: `${place}/bus` } });
//
// or, for a program that opens a serial device instead of making a pty, both ends of a wire:
//
//   const { browser, line } = await withVirtualSerial(t, site);
//   await startSlave(t, line.far, { "0x5000": [17254, 0] });   // a foreign slave with a register image
//
// navigator.serial.getPorts() in the page then gives one granted FTDI adapter. A pty carries bytes and the baud rate;
// line.cut() loses the device while it is open. It carries neither parity nor line errors, and no device comes or goes in
// getPorts(): those are for an injected navigator.serial (the `init` of openPage).
//
// Firefox with the mock ports it brings (each echoes what is written to it):
//
//   const firefox = await launchFirefox(t);               // a Puppeteer browser; its pages have goto, evaluate, $ …
//   const page = await firefox.newPage();
//   await page.goto(site.url);
//   await connectMockPort(page);                          // requestPort() now gives this port without a dialogue

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
/** The repository's root. */
export const root = join(here, "..", "..");

const SEVERAL_SECONDS = 15_000;

/** `require`, as it finds the packages of the lock file beside this file, wherever the workshop has installed them. */
function packages() {
  const modules = process.env.METERTWIN_NODE_MODULES;
  if (!modules) {
    throw new Error("METERTWIN_NODE_MODULES is not set: these tests run by `cargo xtask browser`");
  }
  return createRequire(join(modules, "..", "package.json"));
}

/** The folder of built programs. */
function builtPrograms() {
  const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
  return process.env.METERTWIN_XTASK ? dirname(process.env.METERTWIN_XTASK) : join(target, "debug");
}

/** The path of the terminal program `metertwin`, which `cargo build` makes. */
export function metertwin() {
  return join(builtPrograms(), "metertwin");
}

/** The Python with the foreign Modbus programs of tests/peers/requirements.txt. */
export function python() {
  return process.env.METERTWIN_PYTHON ?? "python3";
}

const endings = new WeakMap();

/** Has `end` run when the test ends, last come first: a browser is closed before its profile folder goes. */
export function atEnd(t, end) {
  const started = endings.get(t) ?? [];
  if (started.length === 0) {
    endings.set(t, started);
    t.after(async () => {
      const faults = [];
      for (const each of started.reverse()) {
        try { await each(); } catch (fault) { faults.push(fault); }
      }
      if (faults.length > 0) throw new AggregateError(faults, faults.join("; "));
    });
  }
  started.push(end);
}

/** A folder that lives as long as the test. */
export function folder(t) {
  const made = mkdtempSync(join(tmpdir(), "metertwin-"));
  atEnd(t, () => rmSync(made, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }));
  return made;
}

/**
 * Starts a program and waits until a line of its output matches `ready`.
 * Gives `{ child, match, output }`; `match` is the match of `ready`, `output()` everything printed so far.
 */
export function startProgram(t, command, words, { ready, env = {}, within = SEVERAL_SECONDS } = {}) {
  const child = spawn(command, words, {
    cwd: root, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"],
  });
  const gone = new Promise((resolve) => child.once("close", resolve));
  atEnd(t, async () => {
    child.kill();
    await gone;
  });
  return new Promise((resolve, reject) => {
    let said = "";
    const name = [command, ...words].join(" ");
    const late = setTimeout(() => reject(new Error(`${name} printed no ${ready} in time, but:\n${said}`)), within);
    const settle = (action) => { clearTimeout(late); action(); };
    const started = { child, match: null, output: () => said };
    const listen = (text) => {
      said += text;
      const match = ready?.exec(said);
      if (match && !started.match) {
        started.match = match;
        settle(() => resolve(started));
      }
    };
    child.stdout.setEncoding("utf8").on("data", listen);
    child.stderr.setEncoding("utf8").on("data", listen);
    child.once("error", (fault) => settle(() => reject(fault)));
    child.once("close", (code) => settle(() => reject(new Error(`${name} ended with ${code}:\n${said}`))));
    if (!ready) settle(() => resolve(started));
  });
}

/** Serves a folder, the built page unless told otherwise, with the headers of `cargo xtask serve`. */
export async function startServer(t, dist = join(root, "dist")) {
  const xtask = process.env.METERTWIN_XTASK ?? join(builtPrograms(), "xtask");
  const words = ["serve", "--no-build", "--port", "0", "--dist", dist];
  const { match } = await startProgram(t, xtask, words, { ready: /is at (http:\/\/\S+)/ });
  const url = match[1];
  return { url, origin: new URL(url).origin };
}

/**
 * Two pseudo-terminals wired to each other; `near` and `far` are device paths, raw and without echo. `cut()` takes the wire
 * away: whoever has an end open meets an input/output error, a page with an open port the loss of its device.
 */
export async function ptyPair(t) {
  const place = folder(t);
  const [near, far] = [join(place, "near"), join(place, "far")];
  const end = (link) => `pty,raw,echo=0,link=${link}`;
  const socat = await startProgram(t, "socat", ["-d", "-d", end(near), end(far)], {
    ready: /starting data transfer loop/,
  });
  return { near: readlinkSync(near), far: readlinkSync(far), cut: () => socat.child.kill() };
}

/** A foreign Modbus slave (pymodbus) on a device, unit 1 unless told: serves `image`, lists of words by the first address. */
export async function startSlave(t, device, image, { unit = 1, baud = 9600 } = {}) {
  const file = join(folder(t), "image.json");
  writeFileSync(file, JSON.stringify(image));
  const words = ["tests/peers/slave_pymodbus.py", "pty", device, file, "--unit", `${unit}`, "--baud", `${baud}`];
  return startProgram(t, python(), words, { ready: /^ready/m });
}

/**
 * A headless Chromium (Playwright's Browser) with an empty profile.
 * With `serial: { origin, pty }`, pages of that origin see one granted FTDI adapter wired to the pty.
 */
export async function launchChromium(t, { serial } = {}) {
  const { chromium } = packages()("playwright-core");
  const options = {
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic"],
    timeout: SEVERAL_SECONDS,
  };
  if (serial) {
    options.executablePath = join(here, "virtual-serial", "chromium.sh");
    options.env = {
      ...process.env,
      METERTWIN_PTY: serial.pty,
      METERTWIN_ORIGIN: serial.origin,
      METERTWIN_WORK: folder(t),
      METERTWIN_CHROMIUM: "/usr/bin/chromium",
    };
  }
  const browser = await chromium.launch(options);
  atEnd(t, () => browser.close());
  return browser;
}

/** A Chromium whose pages of `site` see one adapter, and the far end of its wire: `{ browser, line }`. */
export async function withVirtualSerial(t, site) {
  const line = await ptyPair(t);
  const browser = await launchChromium(t, { serial: { origin: site.origin, pty: line.near } });
  return { browser, line };
}

/**
 * Opens a page in a context of its own. `page.faults` collects console errors and warnings, uncaught errors, refusals
 * by the content security policy, failed requests, and requests that leave the page's origin.
 * `options` are those of Playwright's newContext: viewport, colorScheme, reducedMotion, hasTouch …
 * With `init`, that function runs in the page before anything of its own (an injected navigator.serial, say).
 * With `clock`, the page's time begins at a fixed date; `page.clock.runFor(milliseconds)` winds it on, beside what passes.
 */
export async function openPage(browser, url, { init, clock, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const faults = [];
  page.faults = faults;
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`uncaught: ${error.message}`));
  page.on("requestfailed", (request) => faults.push(`failed: ${request.url()}`));
  page.on("request", (request) => {
    const target = new URL(request.url());
    if (target.protocol !== "data:" && target.origin !== new URL(url).origin) faults.push(`leaves: ${request.url()}`);
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`policy refused ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  if (clock) await page.clock.install({ time: new Date("2026-01-01T12:00:00Z") });
  if (init) await page.addInitScript(init);
  await page.goto(url);
  return page;
}

/** What axe finds wrong with the page as it is now, or with what stands inside `inside` (a CSS selector), one sentence each. */
export async function axeFaults(page, inside) {
  const source = readFileSync(packages().resolve("axe-core/axe.min.js"), "utf8");
  // By the debugger, not by a script element: the policy of the page refuses foreign scripts, and is to.
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(source);
  const result = await page.evaluate((inside) => globalThis.axe.run(inside ?? document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    // Only what is wrong is of interest; the rest is a third of the time.
    resultTypes: ["violations"],
  }), inside);
  return result.violations.flatMap((rule) =>
    rule.nodes.map((node) => `${rule.id}: ${rule.help} at ${node.target.join(" ")}`));
}

/** A headless Firefox (Puppeteer's Browser, over WebDriver BiDi) whose Web Serial is on and uses mock ports. */
export async function launchFirefox(t) {
  const puppeteer = packages()("puppeteer-core");
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: "/usr/bin/firefox-esr",
    headless: true,
    userDataDir: folder(t),
    extraPrefsFirefox: {
      "dom.webserial.enabled": true,
      // Mock ports instead of the machine's, and no dialogue to choose one.
      "dom.webserial.testing.enabled": true,
      // Without this, a site needs an add-on's permission.
      "dom.webserial.gated": false,
    },
  });
  atEnd(t, () => browser.close());
  return browser;
}

/** Plugs one mock FTDI adapter into a Firefox page and has requestPort() choose it. */
export async function connectMockPort(page, id = "adapter") {
  await page.evaluate(async (id) => {
    const { serial } = navigator;
    serial.autoselectPorts = true;
    await serial.removeAllMockDevices();
    await serial.simulateDeviceConnection(id, `/dev/${id}`, 0x0403, 0x6001);
  }, id);
}

/** Unplugs it. */
export async function disconnectMockPort(page, id = "adapter") {
  await page.evaluate((id) => navigator.serial.simulateDeviceDisconnection(id), id);
}

/** Whether the terminal program has been built. */
export function hasMetertwin() {
  return existsSync(metertwin());
}
