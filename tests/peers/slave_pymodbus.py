#!/usr/bin/env python3
"""A Modbus slave made of pymodbus that serves a register image; functions 03, 06 and 16.

usage: slave_pymodbus.py tcp|rtutcp PORT IMAGE [--unit N]      PORT 0 takes any free one
       slave_pymodbus.py pty DEVICE IMAGE [--unit N] [--baud BD]

IMAGE is JSON, {"0x4000": [6402, 582], "0x5000": [17254, 0]}: lists of words by the address of the first; or CSV with a line
"address,word" for each register. Words and addresses are decimal, or hexadecimal with 0x.
Prints "ready WHERE" when it answers. Ends when it is told to.
"""
import argparse
import asyncio
import csv
import json
import sys

from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


def read_image(path):
    """The words by address."""
    words = {}
    with open(path, encoding="utf-8") as file:
        if path.endswith(".csv"):
            for row in csv.reader(file):
                if row and not row[0].startswith(("#", "address")):
                    words[int(row[0], 0)] = int(row[1], 0)
        else:
            for first, run in json.load(file).items():
                for offset, word in enumerate(run):
                    words[int(first, 0) + offset] = int(str(word), 0)
    if not words:
        sys.exit(f"{path} holds no register")
    for address, word in words.items():
        if not (0 <= address <= 0xFFFF and 0 <= word <= 0xFFFF):
            sys.exit(f"{path}: register {address:#x} = {word:#x} does not fit 16 bits")
    return words


def blocks(words):
    """Runs of neighbouring registers, as pymodbus wants them."""
    runs = []
    for address in sorted(words):
        if runs and address == runs[-1][0] + len(runs[-1][1]):
            runs[-1][1].append(words[address])
        else:
            runs.append((address, [words[address]]))
    return [SimData(first, values=run, datatype=DataType.REGISTERS) for first, run in runs]


async def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("kind", choices=["tcp", "rtutcp", "pty"])
    words.add_argument("where")
    words.add_argument("image")
    words.add_argument("--unit", type=int, default=1)
    words.add_argument("--baud", type=int, default=9600)
    asked = words.parse_args()
    device = SimDevice(id=asked.unit, simdata=blocks(read_image(asked.image)))
    # By default pymodbus answers for units that are not its own.
    manners = {"ignore_missing_devices": True, "broadcast_enable": True}
    if asked.kind == "pty":
        # A pseudo-terminal carries no parity and newer C libraries refuse to set it.
        server = ModbusSerialServer(device, framer=FramerType.RTU, port=asked.where, baudrate=asked.baud, parity="N", **manners)
    else:
        framer = FramerType.SOCKET if asked.kind == "tcp" else FramerType.RTU
        server = ModbusTcpServer(device, framer=framer, address=("127.0.0.1", int(asked.where)), **manners)
    await server.serve_forever(background=True)
    where = asked.where
    if asked.kind != "pty":
        where = "127.0.0.1:%d" % server.transport.sockets[0].getsockname()[1]
    print("ready", where, flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
