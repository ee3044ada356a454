#!/usr/bin/env python3
"""Sends exact Modbus frames to a server and holds each answer against the specification.

Cites: Modbus application protocol V1.1b3 (functions and exceptions), Modbus over serial line V1.02 (silence,
broadcast, framing). Prints one row a case and a last line with the sums; exit code 1 if a row differs, 2 on bad use.
"""
import argparse
import os
import select
import socket
import struct
import sys
import termios
import time
import tty

ANSWER_WITHIN = 0.9  # seconds until the first byte
QUIET = 0.08  # seconds of silence that end an answer
CLOSED = "connection closed"


def crc16(data):
    """CRC-16/MODBUS, low byte first (Modbus over serial line §6.2.2)."""
    register = 0xFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (0xA001 if register & 1 else 0)
    return struct.pack("<H", register)


class Closed(Exception):
    """The server ended the connection."""


class Rtu:
    """Frames of a serial line: unit, PDU, CRC."""

    serial = True

    def frame(self, unit, pdu):
        body = bytes([unit]) + pdu
        return body + crc16(body)

    def split(self, data):
        frames = []
        while data:
            ends = [end for end in range(len(data), 3, -1) if crc16(data[:end - 2]) == data[end - 2:end]]
            if not ends:
                frames.append((None, data))
                break
            frames.append((data[0], data[1:ends[0] - 2]))
            data = data[ends[0]:]
        return frames


class Mbap:
    """Frames of Modbus TCP: transaction, protocol 0, length, unit, PDU."""

    serial = False

    def __init__(self):
        self.transaction = 0

    def frame(self, unit, pdu):
        self.transaction = self.transaction % 0xFFFF + 1
        return struct.pack(">HHHB", self.transaction, 0, len(pdu) + 1, unit) + pdu

    def split(self, data):
        frames = []
        while len(data) >= 8:
            length = struct.unpack(">H", data[4:6])[0]
            frames.append((data[6], data[7:6 + length]))
            data = data[6 + length:]
        return frames + ([(None, data)] if data else [])


class Link:
    """A byte stream to the server."""

    def __init__(self, kind, where):
        self.kind, self.where = kind, where
        self.stream, self.handle = None, -1
        self.open()

    def open(self):
        if self.kind == "pty":
            self.handle = os.open(self.where, os.O_RDWR | os.O_NOCTTY)
            tty.setraw(self.handle)
            termios.tcflush(self.handle, termios.TCIFLUSH)
            return
        host, port = self.where.rsplit(":", 1)
        self.stream = socket.create_connection((host, int(port)), 3)
        self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.handle = self.stream.fileno()

    def close(self):
        if self.stream:
            self.stream.close()
        else:
            os.close(self.handle)

    def reopen(self):
        try:
            self.close()
        except OSError:
            pass
        time.sleep(0.3)
        self.open()

    def send(self, data):
        while data:
            data = data[os.write(self.handle, data):]

    def receive(self, within=ANSWER_WITHIN, quiet=QUIET):
        data, wait = b"", within
        while select.select([self.handle], [], [], wait)[0]:
            piece = os.read(self.handle, 4096)
            if not piece:
                raise Closed
            data, wait = data + piece, quiet
        return data


def in_words(frames):
    """What came, in the words that the expectations use."""
    said = []
    for unit, pdu in frames:
        if unit is None:
            said.append("raw " + pdu.hex(" "))
        elif pdu[:1] and pdu[0] & 0x80 and len(pdu) == 2:
            said.append(f"exception {pdu[1]} of function {pdu[0] & 0x7F:02x}")
        else:
            said.append(f"unit {unit} function {pdu[:1].hex()} with {len(pdu)} bytes")
    return ", ".join(said) or "silence"


class Probe:
    """Runs cases and counts."""

    def __init__(self, link, framing):
        self.link, self.framing = link, framing
        self.sums = {"as expected": 0, "differs": 0, "for information": 0}

    def row(self, name, expected, got, note=""):
        if expected is None:
            verdict = "for information"
        else:
            verdict = "as expected" if any(got.startswith(each) for each in expected) else "differs"
        self.sums[verdict] += 1
        wanted = "anything" if expected is None else " or ".join(expected)
        print(f"{verdict:16}{name:46} wanted: {wanted}; came: {got}{note and f' ({note})'}", flush=True)

    def exchange(self, *parts):
        """Sends byte strings, waits for numbers of seconds; gives the frames that came back."""
        try:
            while self.link.receive(0.05, 0.05):
                pass  # a late answer to the case before
            for part in parts:
                if isinstance(part, bytes):
                    self.link.send(part)
                else:
                    time.sleep(part)
            return self.framing.split(self.link.receive())
        except (Closed, OSError):
            self.link.reopen()
            return None

    def case(self, name, parts, *expected, note=""):
        frames = self.exchange(*parts)
        self.row(name, expected or None, CLOSED if frames is None else in_words(frames), note)


def exception(code, function):
    return f"exception {code} of function {function:02x}"


def functions(probe, at):
    """Cases of the application protocol, the same on every line."""
    to_us = lambda pdu: [probe.framing.frame(at.unit, pdu)]
    read = lambda address, count, function=3: struct.pack(">BHH", function, address, count)
    ok = f"unit {at.unit} function 03 with"
    case = probe.case

    case("read 2 registers", to_us(read(at.ok, 2)), f"{ok} 6 bytes")
    case(f"read {at.n} registers", to_us(read(at.ok, at.n)), f"{ok} {2 + 2 * at.n} bytes")
    case("read 0 registers", to_us(read(at.ok, 0)), exception(3, 3))
    case("read 126 registers", to_us(read(at.ok, 126)), exception(3, 3))
    case("read 0 registers at an unmapped address", to_us(read(at.bad, 0)), exception(3, 3), note="the count is judged first")
    case("read an unmapped address", to_us(read(at.bad, 2)), exception(2, 3))
    case("read past address ffff", to_us(read(0xFFFF, 2)), exception(2, 3))
    case("read by function 04", to_us(read(at.ok, 2, 4)), note="the manuals name 03 only")

    write = lambda address, value: struct.pack(">BHH", 6, address, value)
    case("write one register by 06", to_us(write(at.wr, 0x12)), f"unit {at.unit} function 06 with 5 bytes")
    case("write an unmapped address by 06", to_us(write(at.bad, 0x12)), exception(2, 6))

    many = lambda count, size, data: struct.pack(">BHHB", 16, at.wr, count, size) + data
    case("write 1 register by 16", to_us(many(1, 2, b"\0\x13")), f"unit {at.unit} function 10 with 5 bytes")
    case("write 0 registers by 16", to_us(many(0, 0, b"")), exception(3, 16))
    case("write 2 registers with 2 bytes by 16", to_us(many(2, 2, b"\0\x13")), exception(3, 16))
    case("write 124 registers by 16", to_us(many(124, 248, bytes(248))), exception(3, 16), "silence",
         note="longer than a frame may be, so silence is right too")

    for name, pdu, expected in [
        ("function 41, which nobody has", b"\x41\0\0\0\0", [exception(1, 0x41)]),
        ("diagnostics, echo (08/0000)", struct.pack(">BHH", 8, 0, 0xA537),
         [f"unit {at.unit} function 08 with 5 bytes", exception(1, 8)]),
        ("diagnostics, unknown (08/00ff)", struct.pack(">BHH", 8, 0xFF, 0), [exception(1, 8), exception(3, 8)]),
        ("report server id (11)", b"\x11", [f"unit {at.unit} function 11", exception(1, 0x11)]),
        ("write and read (17)", struct.pack(">BHHHHBH", 0x17, at.ok, 2, at.wr, 1, 2, 0x14),
         [f"unit {at.unit} function 17 with 6 bytes", exception(1, 0x17)]),
        ("device identification (2b/0e)", b"\x2b\x0e\x01\0", [f"unit {at.unit} function 2b", exception(1, 0x2B)]),
        ("device identification, read code 9", b"\x2b\x0e\x09\0", [exception(3, 0x2B), exception(1, 0x2B)]),
    ]:
        case(name, to_us(pdu), *expected)


def units(probe, at):
    """Other units and broadcast."""
    frame = probe.framing.frame
    read = struct.pack(">BHH", 3, at.ok, 2)
    other = at.unit % 247 + 1
    on_line = probe.framing.serial
    zero = f"unit {at.unit} function 03" if at.unit0_answers else "silence"
    probe.case("read another unit", [frame(other, read)], *(["silence"] if on_line else []))
    probe.case("read unit 0", [frame(0, read)], *([zero] if on_line else []))
    probe.case("write to unit 0", [frame(0, struct.pack(">BHH", 6, at.wr, 0x17))], *(["silence"] if on_line else []))
    read_back = [frame(at.unit, struct.pack(">BHH", 3, at.wr, 1))]
    if not on_line:
        probe.case("  read back", read_back)
        return
    frames = probe.exchange(*read_back) or []
    right = [(at.unit, b"\x03\x02\x00\x17")]
    probe.row("  it took effect", ["0017"], "0017" if frames == right else in_words(frames))


def serial_line(probe, at):
    """Framing faults of a serial line: never an answer to them, always one to the next good frame."""
    frame = probe.framing.frame
    good = frame(at.unit, struct.pack(">BHH", 3, at.ok, 2))
    spoilt = lambda data: data[:-1] + bytes([data[-1] ^ 1])
    ok = f"unit {at.unit} function 03"
    other = at.unit % 247 + 1
    unknown = frame(at.unit, b"\x41\0\0\0\0")
    for name, parts, expected, note in [
        ("a bad CRC", [spoilt(good)], ["silence"], ""),
        ("  a good frame 0.1 s later", [0.1, good], [ok], ""),
        ("an unknown function with a bad CRC", [spoilt(unknown)], ["silence"], ""),
        ("  a good frame 0.1 s later", [0.1, good], [ok], ""),
        ("5 bytes of a frame", [good[:5]], ["silence"], ""),
        ("  a good frame 0.5 s later", [0.5, good], [ok], ""),
        ("a stray byte, 50 ms, a good frame", [b"\xff", 0.05, good], [ok], ""),
        ("a stray byte glued to a good frame", [b"\xff" + good], ["silence"], "one run of bytes whose CRC fails"),
        ("  a good frame 0.5 s later", [0.5, good], [ok], ""),
        ("a hole of 50 ms in a frame", [good[:4], 0.05, good[4:]], [], "by the letter: silence"),
        ("  a good frame 0.5 s later", [0.5, good], [ok], ""),
        ("two requests without a gap", [good + good], [], "by the letter: silence"),
        ("one byte too many, CRC good", [frame(at.unit, good[1:-2] + b"\0")], ["silence", exception(3, 3)], ""),
        ("  a good frame 0.5 s later", [0.5, good], [ok], ""),
        ("a neighbour's answer", [frame(other, b"\x03\x04\x00\x01\x00\x02")], ["silence"], ""),
        ("  a request right behind it", [0.05, good], [ok], ""),
    ]:
        probe.case(name, parts, *expected, note=note)


def tcp(probe, at):
    """Framing of Modbus TCP."""
    read = struct.pack(">BHH", 3, at.ok, 2)
    good = lambda: probe.framing.frame(at.unit, read)
    ok = f"unit {at.unit} function 03"
    foreign = good()
    probe.case("a header with protocol 1", [foreign[:2] + b"\0\1" + foreign[4:]], "silence", CLOSED)
    probe.case("  a good frame after it", [good()], ok)
    split = good()
    probe.case("a frame in 3 pieces, 20 ms apart", [split[:3], 0.02, split[3:8], 0.02, split[8:]], ok)
    probe.case("two requests in one piece", [good() + good()], f"{ok} with 6 bytes, {ok} with 6 bytes")
    probe.case("a header with length 300", [struct.pack(">HHHB", 9, 0, 300, at.unit) + read], "silence", CLOSED)
    probe.link.reopen()
    probe.case("  a good frame on a new connection", [good()], ok)


def main():
    number = lambda text: int(text, 0)
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("kind", choices=["tcp", "rtutcp", "pty"])
    words.add_argument("where", help="HOST:PORT, or the path of a device")
    words.add_argument("--unit", type=number, default=1)
    words.add_argument("--ok", type=number, default=0x5000, help="where --n registers can be read")
    words.add_argument("--n", type=number, default=50)
    words.add_argument("--bad", type=number, default=0x0100, help="an unmapped address")
    words.add_argument("--wr", type=number, default=0x4010, help="a register that can be written")
    words.add_argument("--unit0-answers", action="store_true",
                       help="the device answers reads of unit 0 with its own id, as the PRO1 does on its serial line")
    at = words.parse_args()
    probe = Probe(Link(at.kind, at.where), Mbap() if at.kind == "tcp" else Rtu())
    functions(probe, at)
    units(probe, at)
    (serial_line if probe.framing.serial else tcp)(probe, at)
    print("; ".join(f"{count} {verdict}" for verdict, count in probe.sums.items()))
    sys.exit(1 if probe.sums["differs"] else 0)


if __name__ == "__main__":
    main()
