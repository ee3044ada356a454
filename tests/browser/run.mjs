// Runs the browser tests: every *.spec.mjs beside this file, or those whose names are given, one after another (the
// machine's two cores are the browser's). The output is node's own.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2).map((name) => name.replace(/\.spec\.mjs$/, ""));
const there = readdirSync(here).filter((file) => file.endsWith(".spec.mjs")).sort();
const unknown = wanted.filter((name) => !there.includes(`${name}.spec.mjs`));
if (unknown.length > 0) {
  console.error(`there is no ${unknown.join(", ")} among ${there.join(", ")}`);
  process.exit(2);
}
const files = there.filter((file) => wanted.length === 0 || wanted.includes(file.replace(/\.spec\.mjs$/, "")));
const words = ["--test", "--test-concurrency=1", "--test-timeout=300000", "--test-reporter=spec"];
const node = spawn(process.execPath, [...words, ...files.map((file) => join(here, file))], { stdio: "inherit" });
node.on("close", (code) => process.exit(code ?? 1));
