// The page as it is served: it mounts, under the policy, with nothing to complain about.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { axeFaults, launchChromium, launchFirefox, openPage, root, startServer } from "./harness.mjs";

test("the page mounts in Chromium under the content security policy and keeps to its origin", async (t) => {
  const site = await startServer(t);
  const browser = await launchChromium(t);
  const page = await openPage(browser, site.url);
  await page.getByRole("heading", { name: "Metertwin" }).waitFor();
  const answer = await page.request.get(site.url);
  assert.match(answer.headers()["content-security-policy"], /default-src 'none'; script-src 'self' 'wasm-unsafe-eval'/);
  assert.deepEqual(await axeFaults(page), []);
  assert.deepEqual(page.faults, []);
});

test("the policy is in force: an inline script is refused", async (t) => {
  const site = await startServer(t);
  const browser = await launchChromium(t);
  const page = await openPage(browser, site.url);
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "globalThis.inlineRan = true";
    document.body.append(script);
  });
  assert.equal(await page.evaluate(() => globalThis.inlineRan), undefined);
  assert.ok(page.faults.some((fault) => fault.includes("policy refused script-src")), page.faults.join("\n"));
});

test("every link of the document is relative, so that the page runs from any folder", () => {
  const html = readFileSync(join(root, "dist", "index.html"), "utf8");
  const links = [...html.matchAll(/(?:src|href|data-glue|data-module)="([^"]*)"/g)].map((match) => match[1]);
  assert.ok(links.length > 3);
  for (const link of links) assert.doesNotMatch(link, /^(\/|https?:)/);
});

test("the page mounts in Firefox", async (t) => {
  const site = await startServer(t);
  const firefox = await launchFirefox(t);
  const page = await firefox.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  await page.goto(site.url);
  await page.waitForSelector("h1");
  assert.equal(await page.$eval("h1", (heading) => heading.textContent), "Metertwin");
  assert.deepEqual(faults, []);
});
