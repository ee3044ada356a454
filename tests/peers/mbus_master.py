#!/usr/bin/env python3
"""An M-Bus master made of pyMeterBus: does the steps given and prints one JSON object for each (see README.md).

usage: mbus_master.py tcp HOST:PORT STEP...
       mbus_master.py pty DEVICE:BAUD STEP...
"""
import json
import os
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
    values = [value if isinstance(value, str) or value is None else float(value) for value in (r.parsed_value for r in read.records)]
    return {
        "from": read.header.aField.parts[0],
        "secondary": read.secondary_address,
        "access": head["access_no"],
        "status": int(str(head["status"]), 0),
        "values": values,
    }


def search(line, mask, place, found):
    """Finds who answers to a mask of 16 digits: one digit more wherever several do."""
    meterbus.send_select_frame(line, mask)
    frame = heard(line, 1)
    if frame is None:
        return
    if frame == ACK:
        meterbus.send_request_frame(line, 253)
        frame = heard(line, meterbus.FRAME_DATA_LENGTH)
        if frame:
            found.append(meterbus.load(frame).secondary_address)
            return
    # Nobody else may be speaking when the next mask goes out.
    while line.read(256):
        pass
    while place < 8 and mask[place] != "F":
        place += 1
    if place == 8:
        found.append(f"collision at {mask}")
        return
    for digit in "0123456789":
        search(line, mask[:place] + digit + mask[place + 1:], place + 1, found)


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
    if action == "search":
        found = []
        search(line, words[0] if words else "F" * 16, 0, found)
        return {"found": found}
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
    sys.exit(f"`{action}` is none of ping, read, read-fcb, scan, select, search, address, baud, send")


def main():
    kind, where, *steps = sys.argv[1:]
    patience = float(os.environ.get("PATIENCE", "0.3"))
    place, last = where.rsplit(":", 1)
    if kind == "tcp":
        line = serial.serial_for_url(f"socket://{place}:{last}", timeout=patience)
    else:
        # A pseudo-terminal carries no parity, see README.md.
        line = serial.Serial(place, int(last), timeout=patience)
    failed = False
    for step in steps:
        result = do(line, step)
        failed |= "error" in result
        print(json.dumps({"step": step, **result}), flush=True)
    line.close()
    sys.exit(1 if failed else 0)


main()
