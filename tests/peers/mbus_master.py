#!/usr/bin/env python3
"""An M-Bus master made of pyMeterBus: does the steps given and prints one JSON object for each (see README.md).

usage: mbus_master.py tcp HOST:PORT STEP...
       mbus_master.py pty DEVICE:BAUD STEP...
"""
import json
import sys

import meterbus
import serial
from meterbus.telegram_long import TelegramLong

ACK = b"\xe5"


def heard(line, length):
    """A whole frame, `None` for silence, `False` for bytes that are none."""
    return meterbus.recv_frame(line, length)


def acknowledged(line):
    return 1 if heard(line, 1) == ACK else 0


def long_frame(address, ci, data):
    """SND_UD, which pyMeterBus has for a selection only."""
    body = bytes([0x53, address, ci]) + data
    return bytes([0x68, len(body), len(body), 0x68]) + body + bytes([sum(body) & 255, 0x16])


def telegram(line, address, multi=False):
    (meterbus.send_request_frame_multi if multi else meterbus.send_request_frame)(line, address)
    frame = heard(line, meterbus.FRAME_DATA_LENGTH)
    if frame is None:
        return {"silence": True}
    if frame is False:
        return {"garbled": True}
    read = meterbus.load(frame)
    if not isinstance(read, TelegramLong):
        return {"error": f"a {type(read).__name__}"}
    head = read.body.interpreted["header"] if isinstance(read.body.interpreted, dict) else json.loads(read.to_JSON())["body"]["header"]
    first = read.records[0].parsed_value if read.records else None
    return {
        "from": read.header.aField.parts[0],
        "secondary": read.secondary_address,
        "access": head["access_no"],
        "records": len(read.records),
        "first": str(first) if isinstance(first, str) or first is None else float(first),
    }


def do(line, step):
    action, *words = step.split(":")
    line.reset_input_buffer()
    if action == "ping":
        meterbus.send_ping_frame(line, int(words[0]))
        return {"acknowledged": acknowledged(line)}
    if action == "read":
        return telegram(line, int(words[0]))
    if action == "read-fcb":
        return telegram(line, int(words[0]), multi=True)
    if action == "scan":
        answered = []
        for address in range(int(words[0]), int(words[1]) + 1):
            line.reset_input_buffer()
            meterbus.send_ping_frame(line, address)
            if acknowledged(line):
                answered.append(address)
        return {"answered": answered}
    if action == "select":
        meterbus.send_select_frame(line, words[0])
        frame = heard(line, 1)
        return {"selected": {ACK: "single", None: "nothing"}.get(frame, "collision")}
    if action == "address":
        line.write(long_frame(int(words[0]), 0x51, bytes([0x01, 0x7A, int(words[1])])))
        return {"acknowledged": acknowledged(line)}
    if action == "baud":
        speeds = [300, 600, 1200, 2400, 4800, 9600]
        line.write(long_frame(int(words[0]), 0xB8 + speeds.index(int(words[1])), b""))
        good = acknowledged(line)
        if good and "://" not in line.portstr:
            line.baudrate = int(words[1])
        return {"acknowledged": good}
    if action == "send":
        line.write(long_frame(int(words[0]), int(words[1], 16), bytes.fromhex(words[2])))
        return {"acknowledged": acknowledged(line)}
    sys.exit(f"`{action}` is none of ping, read, read-fcb, scan, select, address, baud, send")


def main():
    kind, where, *steps = sys.argv[1:]
    place, last = where.rsplit(":", 1)
    if kind == "tcp":
        line = serial.serial_for_url(f"socket://{place}:{last}", timeout=0.3)
    else:
        # A pseudo-terminal carries no parity, see README.md.
        line = serial.Serial(place, int(last), timeout=0.5)
    failed = False
    for step in steps:
        result = do(line, step)
        failed |= "error" in result
        print(json.dumps({"step": step, **result}), flush=True)
    line.close()
    sys.exit(1 if failed else 0)


main()
