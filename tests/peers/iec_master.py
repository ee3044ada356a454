#!/usr/bin/env python3
"""A reading head made of iec62056-21: does the steps given and prints one JSON object for each (see README.md).

usage: iec_master.py tcp HOST:PORT STEP...
       iec_master.py pty DEVICE STEP...
"""
import json
import sys

import serial
from iec62056_21 import messages
from iec62056_21.client import Iec6205621Client
from iec62056_21.transports import SerialTransport, TcpTransport

ACK = "\x06"


class Pseudo(SerialTransport):
    """The package's serial transport on a pseudo-terminal, which has neither parity nor seven data bits."""

    def connect(self):
        self.port = serial.Serial(self.port_name, 300, timeout=self.timeout)

    def switch_baudrate(self, baud):
        self.port.baudrate = baud


def do(client, step):
    action, *words = step.split(":")
    if action == "readout":
        read = client.standard_readout()
        return {
            "identification": client.identification,
            "maker": client.manufacturer_id,
            "speed": client.switchover_baudrate,
            "lines": {line.address: line.value + ("*" + line.unit if line.unit else "") for line in read.data},
        }
    if action == "programming":
        challenge = client.access_programming_mode()
        # The package's own send_password gives its data set no address, which that asks for.
        password = messages.DataSet(address="", value=words[0])
        client.transport.send(messages.CommandMessage("P", 1, password).to_bytes())
        return {"challenge": f"{challenge.command}{challenge.command_type}", "opened": client.transport.recv(1) == ACK.encode()}
    if action == "get":
        return {"value": client.read_single_value(words[0], additional_data="").value}
    if action == "set":
        command = messages.CommandMessage.for_single_write(words[0], words[1])
        client.transport.send(command.to_bytes())
        if client.transport.recv(1) == ACK.encode():
            return {"taken": True}
        # Refusals come as a message: what is behind its first character is read and left.
        rest = b""
        while not rest.endswith(b"\x03"):
            rest += client.transport.recv(1)
        client.transport.recv(1)
        return {"refused": rest[:-1].decode()}
    if action == "break":
        client.send_break()
        return {"sent": True}
    sys.exit(f"`{action}` is none of readout, programming, get, set, break")


def main():
    kind, where, *steps = sys.argv[1:]
    if kind == "tcp":
        host, port = where.rsplit(":", 1)
        client = Iec6205621Client(TcpTransport((host, int(port))))
    else:
        client = Iec6205621Client(Pseudo(where, timeout=20))
    client.connect()
    for step in steps:
        print(json.dumps({"step": step, **do(client, step)}), flush=True)
    client.disconnect()


main()
