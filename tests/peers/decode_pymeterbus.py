#!/usr/bin/env python3
"""Decodes telegrams with pyMeterBus.

usage: decode_pymeterbus.py FILE        how many records each telegram has, -1 where it is refused
       decode_pymeterbus.py FILE values   the value of each record of the first telegram, one a line
       decode_pymeterbus.py FILE time   nanoseconds of processor time of a telegram it reads, values and units, median of seven runs

FILE is as for decode_libmbus.c.
"""
import contextlib
import io
import statistics
import sys
import time

import meterbus


def telegrams(path):
    with open(path) as file:
        for line in file:
            if not line.startswith("#"):
                name, _, frame = line.split()
                yield name, bytes.fromhex(frame)


def decode(frame):
    telegram = meterbus.load(frame)
    return [(record.parsed_value, record.unit) for record in telegram.records]


def main():
    if sys.argv[2:] == ["values"]:
        for value, _ in decode(next(telegrams(sys.argv[1]))[1]):
            print(value)
        return
    readable = []
    for name, frame in telegrams(sys.argv[1]):
        try:
            # It prints what it does not know.
            with contextlib.redirect_stdout(io.StringIO()):
                records = len(decode(frame))
            readable.append(frame)
        except Exception:  # Whatever it stumbles over.
            records = -1
        if len(sys.argv) == 2:
            print(f"telegram {name} {records}")
    if len(sys.argv) > 2:
        runs = []
        for _ in range(7):
            start, done = time.process_time(), 0
            while time.process_time() - start < 0.3:
                for frame in readable:
                    decode(frame)
                done += len(readable)
            runs.append((time.process_time() - start) * 1e9 / done)
        print(f"readable {len(readable)}\nns values {statistics.median(runs):.0f}")


main()
