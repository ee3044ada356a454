// A meter that another program serves over TCP, seen through an adapter that may have a fault or be pulled out; and what the
// meter itself has, asked past the adapter.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { folder, launchChromium, metertwin, openPage, python, startProgram } from "./harness.mjs";
import { ready } from "./ui.mjs";

/** Serves a meter, with `bus` "mbus+" on its M-Bus; gives the address of its terminals. Its memory is kept in the file `state`. */
export async function serve(t, meter, { bus = "", state } = {}) {
  const words = ["serve", "--meter", meter, "--port", `${bus}tcp://127.0.0.1:0`, ...(state ? ["--state", state] : [])];
  const { match } = await startProgram(t, metertwin(), words, { ready: /listening on (?:mbus\+)?tcp:\/\/(\S+)/ });
  return match[1];
}

/** What stands in the memory of the one meter of a file, by key: no bus is asked. */
export async function remembered(state) {
  const { stdout } = await promisify(execFile)(metertwin(), ["memory", state]);
  return Object.fromEntries(stdout.trim().split("\n").slice(1).map((line) => line.trim().split(" ")));
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
