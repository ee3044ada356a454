// An injected navigator.serial with a Modbus slave behind it, for what a pseudo-terminal cannot carry: line errors, adapters
// that come and go, answers that are late or torn.
//
//   const page = await openPage(browser, site.url, { init: fakeSerial({ image: IMAGE }) });
//   await manner(page, { delay: 400 });        // from now on
//   await manner(page, { drop: true, only: "write", times: 1 });
//
// It keeps to the Web Serial specification where the page could tell: an error ends the reader and `readable` is a fresh
// stream, after a loss it is null; write() resolves when the bytes are queued; close() is refused while a reader holds the
// stream; what was plugged in again is another object.

/**
 * What the page meets instead of its browser's own serial ports. `image` are words by their first address; `unit`, `baud`
 * and `parity` are where the slave listens. With `open`, the name of the error that opening fails with; with `chooser`, of
 * the one that choosing fails with; with `granted: false` the port has to be chosen first.
 */
export function fakeSerial(options) {
  const given = { unit: 1, baud: 9600, parity: "even", granted: true, open: null, chooser: null, ...options };
  return { content: `(${install})(${JSON.stringify(given)})` };
}

/**
 * How the next answers come. `delay`: ms until the first byte; `chunk`, `gap`: so many bytes every so many ms; `hole`: ms of
 * rest in the middle; `before`, `after`: bytes of noise; `echo`: the request comes back first; `drop`: no answer, though
 * the slave did it; `ignore`: the slave answers and does not do it; `deaf`: neither; `errors`: names of line errors before
 * the answer; `everyByte`: an error instead of each byte; `unplug`: the adapter goes, "early" before the slave has heard
 * anything, "late" after it did what was asked. `only`: for reads or for writes; `times`: so often, then as before.
 */
export const manner = (page, how) => page.evaluate((how) => { globalThis.fake.manners.unshift({ times: Infinity, ...how }); }, how);

/** Answers come at once and whole again. */
export const plain = (page) => page.evaluate(() => { globalThis.fake.manners.length = 0; });

function install(given) {
  const registers = new Map();
  for (const [first, words] of Object.entries(given.image ?? {})) {
    words.forEach((word, at) => registers.set(Number(first) + at, word));
  }
  const slave = { unit: given.unit, baud: given.baud, parity: given.parity, registers };
  const fake = { slave, manners: [], opened: [], requests: [], port: null };
  globalThis.fake = fake;
  const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const fault = (name, text) => new DOMException(text, name);

  const sum = (bytes) => {
    let crc = 0xffff;
    for (const byte of bytes) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
    }
    return [crc & 0xff, crc >>> 8];
  };
  const framed = (bytes) => [...bytes, ...sum(bytes)];

  /** What the slave answers; nothing where it does not feel asked. */
  const answer = (bytes, how) => {
    const [unit, code] = bytes;
    if (bytes.length < 8 || unit !== slave.unit) return null;
    const [low, high] = sum(bytes.slice(0, -2));
    if (bytes.at(-2) !== low || bytes.at(-1) !== high) return null;
    const at = bytes[2] << 8 | bytes[3];
    const count = bytes[4] << 8 | bytes[5];
    const refuse = (why) => framed([unit, code | 0x80, why]);
    if (code === 3) {
      const words = Array.from({ length: count }, (_, more) => registers.get(at + more));
      if (words.includes(undefined)) return refuse(2);
      return framed([unit, code, count * 2, ...words.flatMap((word) => [word >>> 8, word & 0xff])]);
    }
    if (code !== 6 && code !== 16) return refuse(1);
    const words = code === 6 ? [count] : Array.from({ length: count }, (_, more) => bytes[7 + 2 * more] << 8 | bytes[8 + 2 * more]);
    if (words.some((_, more) => !registers.has(at + more))) return refuse(2);
    if (how.refuse) return refuse(how.refuse);
    if (!how.ignore) words.forEach((word, more) => registers.set(at + more, word));
    return framed(bytes.slice(0, 6));
  };

  const mannerFor = (bytes) => {
    const kind = bytes[1] === 6 || bytes[1] === 16 ? "write" : "read";
    const found = fake.manners.find((one) => one.times > 0 && (one.only ?? kind) === kind);
    if (found) found.times -= 1;
    return found ?? {};
  };

  class Port extends EventTarget {
    #stream = null;
    #feed = null;
    #sink = null;
    #lost = false;
    #options = null;
    connected = true;

    get readable() {
      if (this.#options === null || this.#lost) return null;
      if (this.#stream === null) {
        this.#stream = new ReadableStream({
          start: (feed) => { this.#feed = feed; },
          cancel: () => { this.#stream = null; this.#feed = null; },
        });
      }
      return this.#stream;
    }

    get writable() {
      if (this.#options === null) return null;
      this.#sink ??= new WritableStream({ write: (bytes) => this.#take([...bytes]) });
      return this.#sink;
    }

    getInfo() { return { usbVendorId: 0x0403, usbProductId: 0x6001 }; }
    async setSignals() {}
    async getSignals() { return { dataCarrierDetect: false, clearToSend: false, ringIndicator: false, dataSetReady: false }; }
    async forget() {}

    async open(options) {
      if (this.#options !== null) throw fault("InvalidStateError", "The port is already open.");
      if (given.open) throw fault(given.open, `Failed to open serial port (${given.open}).`);
      await rest(5);
      this.#options = options;
      fake.opened.push(`${options.baudRate} ${options.dataBits} ${options.parity} ${options.stopBits}`);
    }

    async close() {
      if (this.#options === null) throw fault("InvalidStateError", "The port is already closed.");
      if (this.#stream?.locked && !this.#lost) throw new TypeError("Cannot cancel a locked stream");
      await rest(5);
      this.#options = null;
      this.#stream = null;
      this.#sink = null;
    }

    /** A reader ends by this; a fresh one goes on. */
    async #error(name) {
      // What came before is read first, as in the browsers.
      await rest(0);
      const feed = this.#feed;
      this.#feed = null;
      this.#stream = null;
      feed?.error(fault(name, `A ${name} was detected.`));
      await rest(0);
    }

    #bytes(bytes) {
      if (bytes.length > 0 && this.readable !== null) this.#feed.enqueue(Uint8Array.from(bytes));
    }

    /** The adapter is pulled out. */
    unplug() {
      this.connected = false;
      this.#lost = true;
      const feed = this.#feed;
      this.#feed = null;
      this.#stream = null;
      feed?.error(fault("NetworkError", "The device has been lost."));
      fake.port = null;
      serial.dispatchEvent(new Event("disconnect"));
    }

    #take(bytes) {
      if (this.#lost) throw fault("NetworkError", "The device has been lost.");
      fake.requests.push(bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" "));
      this.#serve(bytes);
    }

    async #serve(bytes) {
      const how = mannerFor(bytes);
      if (how.unplug === "early") return this.unplug();
      const same = this.#options.baudRate === slave.baud && this.#options.parity === slave.parity;
      if (how.echo) this.#bytes(bytes);
      const reply = (same || how.everyByte) && !how.deaf ? answer(bytes, how) : null;
      if (reply !== null && how.becomes) Object.assign(slave, how.becomes);
      if (how.unplug === "late") return this.unplug();
      if (reply === null || how.drop) return undefined;
      await rest(how.delay ?? 25);
      for (const name of how.errors ?? []) await this.#error(name);
      if (how.everyByte) {
        for (let at = 0; at < reply.length; at += 1) await this.#error(how.everyByte);
        return undefined;
      }
      const all = [...(how.before ?? []), ...reply, ...(how.after ?? [])];
      const chunk = how.chunk ?? all.length;
      for (let at = 0; at < all.length; at += chunk) {
        if (at > 0) await rest(how.gap ?? 0);
        if (how.hole && at >= all.length / 2 && at - chunk < all.length / 2) await rest(how.hole);
        if (how.errorAt !== undefined && at <= how.errorAt && how.errorAt < at + chunk) await this.#error("FramingError");
        this.#bytes(all.slice(at, at + chunk));
      }
      return undefined;
    }
  }

  class Serial extends EventTarget {
    async getPorts() { return fake.port !== null && given.granted ? [fake.port] : []; }

    async requestPort() {
      if (given.chooser) throw fault(given.chooser, "No port selected by the user.");
      given.granted = true;
      return fake.port;
    }
  }

  const serial = new Serial();
  fake.port = new Port();
  /** Plugs the adapter in again. */
  fake.replug = () => {
    fake.port = new Port();
    serial.dispatchEvent(new Event("connect"));
  };
  Object.defineProperty(Navigator.prototype, "serial", { configurable: true, get: () => serial });
}
