#!/usr/bin/env python3
"""A Modbus master made of pymodbus: does the steps given and prints one JSON object for each (see README.md).

usage: master_pymodbus.py tcp|rtutcp HOST:PORT [--unit N] STEP...
       master_pymodbus.py pty DEVICE [--unit N] [--baud BD] STEP...
"""
import argparse
import json
import sys

from pymodbus import FramerType, ModbusException
from pymodbus.client import ModbusSerialClient, ModbusTcpClient


def connect(asked):
    if asked.kind == "pty":
        return ModbusSerialClient(asked.where, framer=FramerType.RTU, baudrate=asked.baud, parity="N", timeout=2, retries=0)
    host, port = asked.where.rsplit(":", 1)
    framer = FramerType.SOCKET if asked.kind == "tcp" else FramerType.RTU
    return ModbusTcpClient(host, port=int(port), framer=framer, timeout=2, retries=0)


def do(master, unit, step):
    action, address, argument = step.split(":")
    address = int(address, 0)
    try:
        if action == "read":
            answer = master.read_holding_registers(address, count=int(argument, 0), device_id=unit)
        elif action == "write":
            answer = master.write_register(address, int(argument, 0), device_id=unit)
        elif action == "write-many":
            answer = master.write_registers(address, [int(word, 0) for word in argument.split(",")], device_id=unit)
        else:
            sys.exit(f"`{action}` is none of read, write, write-many")
    except ModbusException as fault:
        return {"step": step, "error": str(fault)}
    if answer.isError():
        return {"step": step, "exception": answer.exception_code}
    if action == "read":
        return {"step": step, "registers": answer.registers}
    return {"step": step, "written": 1 if action == "write" else answer.count}


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("kind", choices=["tcp", "rtutcp", "pty"])
    words.add_argument("where")
    words.add_argument("steps", nargs="+", metavar="STEP")
    words.add_argument("--unit", type=int, default=1)
    words.add_argument("--baud", type=int, default=9600)
    asked = words.parse_intermixed_args()
    master = connect(asked)
    if not master.connect():
        sys.exit(f"{asked.where} cannot be opened")
    failed = False
    for step in asked.steps:
        result = do(master, asked.unit, step)
        failed |= "error" in result
        print(json.dumps(result), flush=True)
    master.close()
    sys.exit(1 if failed else 0)


main()
