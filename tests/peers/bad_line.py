#!/usr/bin/env python3
"""A pseudo-terminal that is a server over TCP (the bytes of its bus terminals) seen through a bad serial adapter.

usage: bad_line.py LINK HOST:PORT FAULT

LINK is made as a link to the pseudo-terminal. Prints "ready LINK FAULT". Ends when the server hangs up.
"""
import os
import pty
import select
import socket
import sys
import time
import tty


def in_pieces(size, pause):
    """Answers in pieces, as an adapter hands over its buffer."""
    def deliver(answer, out):
        for start in range(0, len(answer), size):
            out(answer[start:start + size])
            time.sleep(pause)
    return deliver


def hole(answer, out):
    """40 ms of silence inside the answer."""
    out(answer[:4])
    time.sleep(0.04)
    out(answer[4:])


def late(answer, out):
    """0.4 s late."""
    time.sleep(0.4)
    out(answer)


def lost(answer, out):
    """The last byte is lost."""
    out(answer[:-1])


def spoilt(answer, out):
    """One bit in the middle is turned."""
    middle = len(answer) // 2
    out(answer[:middle] + bytes([answer[middle] ^ 0x10]) + answer[middle + 1:])


FAULTS = {
    "clean": lambda answer, out: out(answer),
    "chunk": in_pieces(5, 0.016),
    "gap40": hole,
    "echo": lambda answer, out: out(answer),  # what is sent comes back too, see below
    "noise": lambda answer, out: out(b"\x00" + answer),
    "tail": lambda answer, out: out(answer + b"\xff"),
    "late": late,
    "lost": lost,
    "spoilt": spoilt,
}


def main():
    if len(sys.argv) != 4 or sys.argv[3] not in FAULTS:
        sys.exit(f"{__doc__}\nFAULT is one of {', '.join(FAULTS)}")
    link, where, fault = sys.argv[1:]
    host, port = where.rsplit(":", 1)
    server = socket.create_connection((host, int(port)), 3)
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    if os.path.islink(link):
        os.unlink(link)
    os.symlink(os.ttyname(theirs), link)
    # `theirs` stays open here, so that a client may come and go.
    print("ready", link, fault, flush=True)
    out = lambda data: os.write(ours, data)
    while True:
        readable, _, _ = select.select([ours, server], [], [])
        if ours in readable:
            request = os.read(ours, 4096)
            if fault == "echo":
                out(request)
            server.sendall(request)
        if server in readable:
            answer = server.recv(4096)
            if not answer:
                return
            FAULTS[fault](answer, out)


main()
