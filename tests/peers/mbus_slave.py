#!/usr/bin/env python3
"""An M-Bus line with slaves that know nothing of Metertwin. Python alone.

usage: mbus_slave.py tcp PORT METER... [--log]      PORT 0 takes a free one
       mbus_slave.py pty LINK METER... [--log]

METER is NUMBER[:ADDRESS[:MEDIUM[:VERSION[:MAKER]]]], such as 19020246:1 or 19020246:0:2:1:INM; `count=N` makes N meters
from 19020246 on, 37 apart, at the addresses 1, 2, ... The line `ready PLACE` says where it is served.

Each meter answers SND_NKE, REQ_UD2, SND_UD with CI 51 (a new primary address, VIF 7A, and a new number, VIF 79), selection
by CI 52, application reset by CI 50 and another speed by CI B8 to BD, which is only noted. Where several answer, their bytes
are joined by AND, as currents add up on a wire, and two E5 are heard skewed: E1 E5. SAME_E5=1 lets them fall on each other.
On a line of a speed the meters do not have nothing is heard: with `--baud BD` on a pty another speed of the terminal is silence.
`--stubborn` repeats the last telegram for the same frame count bit, whatever the time, as strict meters do.
`--log` tells each frame on the standard error.
"""
import argparse
import functools
import os
import pty
import select
import socket
import sys
import termios
import tty

SPEEDS = {0xB8: 300, 0xB9: 600, 0xBA: 1200, 0xBB: 2400, 0xBC: 4800, 0xBD: 9600}
ACK = b"\xe5"

# Energies by tariff, a voltage, a current with its phase, powers, a frequency, and a tariff in plain text.
RECORDS = bytes.fromhex(
    "04 03 15CD5B07  84 10 03 D2040000  84 20 03 43C95B07  04 83 3C 2A000000"
    "02 FD C7 FC 01 E459  03 FD D9 FC 01 1B8701  03 2B 87D612  03 AB FC 03 7929ED  03 FB 2C 37C700  09 7C 01 54 01"
)


class Meter:
    def __init__(self, words, stubborn):
        parts = words.split(":")
        number, address, medium, version, maker = parts + ["", "0", "2", "1", "INM"][len(parts):]
        letters = functools.reduce(lambda code, letter: code << 5 | (ord(letter) - 64), maker, 0)
        self.number = bytes.fromhex(f"{int(number):08d}")[::-1]
        self.rest = letters.to_bytes(2, "little") + bytes([int(version), int(medium)])
        self.address, self.stubborn = int(address), stubborn
        self.access, self.selected, self.bit, self.last = 0, False, None, b""
        self.baud = None

    def matches(self, mask):
        if len(mask) != 8:
            return False
        digits = all(
            mask[i] >> shift & 15 in (15, self.number[i] >> shift & 15) for i in range(4) for shift in (0, 4)
        )
        return digits and all(wanted in (0xFF, own) for wanted, own in zip(mask[4:], self.rest))

    def telegram(self):
        body = bytes([0x08, self.address, 0x72]) + self.number + self.rest + bytes([self.access, 0, 0, 0]) + RECORDS
        self.access = (self.access + 1) & 255
        return bytes([0x68, len(body), len(body), 0x68]) + body + bytes([sum(body) & 255, 0x16])

    def answer(self, control, address, ci, data):
        if address == 0xFD and ci == 0x52 and control & ~0x20 == 0x53:
            self.selected = self.matches(data)
            return ACK if self.selected else b""
        if address not in (self.address, 0xFE, 0xFF) and not (address == 0xFD and self.selected):
            return b""
        said = self.obey(control, ci, data)
        return b"" if address == 0xFF else said

    def obey(self, control, ci, data):
        kind = control & ~0x20
        if control == 0x40:
            self.selected, self.bit = False, None
            return ACK
        if kind == 0x5B:
            bit = control & 0x20
            if not (self.stubborn and self.bit == bit and self.last):
                self.last = self.telegram()
            self.bit = bit
            return self.last
        if kind != 0x53:
            return b""
        if ci == 0x51:
            if data[:2] == b"\x01\x7a" and len(data) == 3 and data[2] <= 250:
                self.address = data[2]
            elif data[:2] == b"\x0c\x79" and len(data) == 6:
                self.number = data[2:]
            return ACK
        if ci in SPEEDS:
            self.baud = SPEEDS[ci]
            return ACK
        return ACK if ci == 0x50 else b""


class Line:
    def __init__(self, meters, log):
        self.meters, self.log, self.heard = meters, log, b""

    def hear(self, data):
        """Takes bytes in; the bytes of all answers."""
        self.heard += data
        said = b""
        while frame := self.frame():
            said += self.ask(*frame)
        return said

    def frame(self):
        """The next whole frame as control, address, CI and data."""
        while self.heard:
            first = self.heard[0]
            if first == 0x10 and len(self.heard) < 5 or first == 0x68 and len(self.heard) < 4:
                return None
            if first == 0x10:
                taken, self.heard = self.heard[:5], self.heard[5:]
                if taken[4] == 0x16 and sum(taken[1:3]) & 255 == taken[3]:
                    return taken[1], taken[2], None, b""
            elif first == 0x68 and self.heard[1] == self.heard[2] >= 3 and self.heard[3] == 0x68:
                length = self.heard[1] + 6
                if len(self.heard) < length:
                    return None
                taken, self.heard = self.heard[:length], self.heard[length:]
                if taken[-1] == 0x16 and sum(taken[4:-2]) & 255 == taken[-2]:
                    return taken[4], taken[5], taken[6], taken[7:-2]
            else:
                self.heard = self.heard[1:]
        return None

    def ask(self, control, address, ci, data):
        answers = [said for said in (meter.answer(control, address, ci, data) for meter in self.meters) if said]
        if self.log:
            kind = "--" if ci is None else f"{ci:02X}"
            print(f"C {control:02X} A {address:02X} CI {kind} {data.hex()}: {len(answers)} answer", file=sys.stderr, flush=True)
        if len(answers) > 1 and all(said == ACK for said in answers) and not os.environ.get("SAME_E5"):
            return b"\xe1\xe5"
        longest = max(map(len, answers), default=0)
        return bytes(functools.reduce(lambda a, b: a & b, (said[i] for said in answers if i < len(said))) for i in range(longest))


def serve_pty(link, line, baud):
    ours, theirs = pty.openpty()
    tty.setraw(ours)
    tty.setraw(theirs)
    if baud:
        speed = getattr(termios, f"B{baud}")
        settings = termios.tcgetattr(theirs)
        settings[4] = settings[5] = speed
        termios.tcsetattr(theirs, termios.TCSANOW, settings)
    if os.path.islink(link):
        os.unlink(link)
    os.symlink(os.ttyname(theirs), link)
    print(f"ready {link}", flush=True)
    while data := os.read(ours, 4096):
        if baud and termios.tcgetattr(ours)[5] != speed:
            continue  # Another speed: nothing that makes sense to a meter.
        os.write(ours, line.hear(data))
        new = next((meter.baud for meter in line.meters if meter.baud), None)
        if baud and new:
            speed = getattr(termios, f"B{new}")


def serve_tcp(port, line):
    with socket.create_server(("127.0.0.1", port)) as server:
        print(f"ready 127.0.0.1:{server.getsockname()[1]}", flush=True)
        masters = []
        while True:
            readable, _, _ = select.select([server, *masters], [], [])
            for one in readable:
                if one is server:
                    masters.append(server.accept()[0])
                    masters[-1].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    continue
                try:
                    data = one.recv(4096)
                    if data:
                        one.sendall(line.hear(data))
                        continue
                except OSError:
                    pass  # The master has gone.
                one.close()
                masters.remove(one)


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("kind", choices=["tcp", "pty"])
    words.add_argument("where")
    words.add_argument("meters", nargs="+", metavar="METER")
    words.add_argument("--log", action="store_true")
    words.add_argument("--stubborn", action="store_true")
    words.add_argument("--baud", type=int)
    asked = words.parse_intermixed_args()
    meters = []
    for meter in asked.meters:
        count = int(meter[6:]) if meter.startswith("count=") else 0
        many = [f"{19020246 + 37 * i}:{i + 1}" for i in range(count)] if count else [meter]
        meters += [Meter(one, asked.stubborn) for one in many]
    line = Line(meters, asked.log)
    if asked.kind == "pty":
        serve_pty(asked.where, line, asked.baud)
    else:
        serve_tcp(int(asked.where), line)


main()
