// Builds a bench for WebAssembly with a system interface and runs it in Node: node tests/bench/wasi.mjs NAME
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { WASI } from "node:wasi";

const name = process.argv[2];
const target = "wasm32-wasip1";
for (const [program, ...words] of [
  ["rustup", "target", "add", target],
  ["cargo", "build", "--quiet", "--release", "--package", "bench", "--bin", name, "--target", target],
]) {
  const { status } = spawnSync(program, words, { stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) {
    console.error(`${program} ${words.join(" ")} failed`);
    process.exit(1);
  }
}
const wasi = new WASI({ version: "preview1", args: [name], returnOnExit: true });
const module = await WebAssembly.compile(await readFile(`target/${target}/release/${name}.wasm`));
process.exitCode = wasi.start(await WebAssembly.instantiate(module, wasi.getImportObject()));
