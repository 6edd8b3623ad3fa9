#!/usr/bin/env python3
"""_costs.py WHAT: does WHAT with one smtp-front over a socket pair, and prints what it cost.

  calls FILE [OPTION...]   strace's record of a session: EHLO, one message, QUIT
  hello [OPTION...]        private KB of a session that said EHLO
  message SIZE private KB of one that sent a message of SIZE bytes, too
  flood        peak KB of one that was sent 200 MB over the limit, and the reply
  recipients   peak KB of one that was sent 100,000 RCPTs, and how many it took
  pipelined FILE   strace's record of the writes for 50 NOOPs in one piece
"""

import re
import socket
import subprocess
import sys

PATIENCE = 60


class Client:
    def __init__(self, before=(), options=()):
        self.stream, theirs = socket.socketpair()
        self.process = subprocess.Popen(
            [*before, "smtp-front", "-o", "databytes=1000000", "-o", "commands=200000",
             *options, "record"],
            stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL)
        theirs.close()
        self.stream.settimeout(PATIENCE)
        self.lines = self.stream.makefile("rb")
        self.reply()

    def reply(self):
        while (line := self.lines.readline())[3:4] == b"-":
            pass
        return line.decode().strip()

    def say(self, *lines):
        for line in lines:
            self.stream.sendall(line.encode() + b"\r\n")
            reply = self.reply()
        return reply

    def status(self, file, key):
        with open(f"/proc/{self.process.pid}/{file}") as status:
            return sum(int(n) for n in re.findall(rf"^{key}\s*(\d+) kB", status.read(), re.M))

    def end(self):
        self.say("QUIT")
        self.process.wait(PATIENCE)


def calls(path, *options):
    client = Client(["strace", "-o", path], options)
    client.say("EHLO client.example", "MAIL FROM:<a@example.net>", "RCPT TO:<b@example.org>",
               "DATA", "Subject: small\r\n\r\ntext\r\n.")
    client.end()


def hello(*options):
    client = Client(options=options)
    client.say("EHLO client.example")
    print(client.status("smaps_rollup", "Private_Dirty:"))
    client.end()


def message(size):
    client = Client()
    client.say("EHLO client.example", "MAIL FROM:<a@example.net>", "RCPT TO:<b@example.org>",
               "DATA", "a line of thirty octets in all\r\n" * (int(size) // 32) + ".")
    print(client.status("smaps_rollup", "Private_Dirty:"))
    client.end()


def flood():
    client = Client()
    client.say("EHLO client.example", "MAIL FROM:<a@example.net>", "RCPT TO:<b@example.org>", "DATA")
    block = b"0123456789abcdef" * 4096 + b"\r\n"
    for _ in range(200_000_000 // len(block)):
        client.stream.sendall(block)
    reply = client.say(".")
    print(client.status("status", "VmHWM:"), reply)
    client.end()


def recipients():
    client = Client()
    client.say("EHLO client.example", "MAIL FROM:<a@example.net>")
    accepted = 0
    for first in range(0, 100_000, 50):
        group = (f"RCPT TO:<user{n}@example.org> NOTIFY=NEVER\r\n" for n in range(first, first + 50))
        client.stream.sendall("".join(group).encode())
        accepted += sum(client.reply().startswith("250") for _ in range(50))
    print(client.status("status", "VmHWM:"), accepted)
    client.end()


def pipelined(path):
    client = Client(["strace", "-o", path, "-e", "trace=sendto"])
    client.stream.sendall(b"NOOP\r\n" * 50)
    for _ in range(50):
        client.reply()
    client.end()


{"calls": calls, "hello": hello, "message": message, "flood": flood, "recipients": recipients,
 "pipelined": pipelined}[sys.argv[1]](*sys.argv[2:])
