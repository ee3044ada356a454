// The registers of meters as another program serves them: a PRO1-Mod with numbers of its own, and a real PRO380-Mod.
import { readFileSync } from "node:fs";

const float = (bits) => [bits >>> 16, bits & 0xffff];

function words(count, floats, singles = {}) {
  const all = new Array(count).fill(0);
  for (const [at, bits] of Object.entries(floats)) all.splice(Number(at), 2, ...float(bits));
  for (const [at, word] of Object.entries(singles)) all[Number(at)] = word;
  return all;
}

/** Serial number 18420815, 233.0 V, 49.98 Hz, 10.50 A, 2.386 kW, 1234.60 kWh, 2000 imp/kWh. */
export const IMAGE = {
  "0x4000": [
    0x1842, 0x0815, 0x0101, 1, 9600, ...float(0x404ccccd), ...float(0x400b851f), ...float(0x3fa8f5c3), 45, 0,
    ...float(0x44fa0000), 1, 0x0010, 1, 0x3146, 0, 0, 0, 7, 1, 0, 0, 0, 0x0d01, 0x2d35, 0x0011, 0x0100, 0,
  ],
  "0x5000": words(50, { 0: 0x43690000, 2: 0x43690000, 8: 0x4247eb85, 10: 0x41280000, 12: 0x41280000, 18: 0x4018b439 }),
  "0x6000": words(75, { 0: 0x449a5333, 12: 0x449a5333 }, { 72: 1 }),
};

/** Every register that was recorded of a PRO380-Mod in use, one by one; the file says where they come from. */
export const RECORDED = Object.fromEntries(
  readFileSync(new URL("../peers/pro380_image.csv", import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("0x"))
    .map((line) => line.split(","))
    .map(([at, word]) => [at, [Number(word)]]),
);
