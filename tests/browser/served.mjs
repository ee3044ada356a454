// A meter that another program serves over TCP, seen through an adapter that may have a fault or be pulled out; and what the
// meter itself has, asked past the adapter.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { folder, launchChromium, metertwin, openPage, python, startProgram } from "./harness.mjs";
import { ready } from "./ui.mjs";

/** Serves a meter; gives the address of its terminals. */
export async function serve(t, meter) {
  const words = ["serve", "--meter", meter, "--port", "tcp://127.0.0.1:0"];
  const { match } = await startProgram(t, metertwin(), words, { ready: /listening on tcp:\/\/(\S+)/ });
  return match[1];
}

/**
 * A page whose adapter leads to these terminals with a fault of tests/peers/bad_line.py. `unplug()` takes the adapter away
 * and leaves the meter to others. `options` are those of openPage.
 */
export async function plugged(t, site, where, fault, options) {
  const bus = `${folder(t)}/bus`;
  const line = await startProgram(t, python(), ["tests/peers/bad_line.py", bus, where, fault], { ready: /^ready/m });
  const browser = await launchChromium(t, { serial: { origin: site.origin, pty: bus } });
  const page = await ready(await openPage(browser, site.url, options));
  return { page, unplug: () => line.child.kill() };
}

/** What a meter reports over its own terminals, by key. */
export async function held(where, id) {
  const words = ["read", "--link", `tcp://${where}?id=${id}`, "--format", "csv"];
  const { stdout } = await promisify(execFile)(metertwin(), words);
  return Object.fromEntries(stdout.trim().split("\n").map((line) => line.split(",")).map(([key, , value]) => [key, value]));
}
