#!/usr/bin/env python3
"""_server.py [-l LOG] ZONES...: a name server for tests, on a free port of 127.0.0.1, UDP and TCP.

Prints "PORT PID" when it listens, and serves until it is killed. It answers as a resolver would:
CNAMEs are followed, what is not in the zones is NXDOMAIN. ZONES are files of lines, "-" is
standard input; fields are separated by tabs and may hold %XX (what tests/spf/_suite.py writes),
or, in lines without a tab, by blanks:

  owner    NAME                        the name is there
  record   NAME TYPE DATA [PREFERENCE] DATA of TXT goes to the end of the line; strings of more
                                       than 255 octets are split. Unknown types: DATA is hex.
  timeout  NAME                        types without a record at NAME get no answer
  quirk    NAME KIND [VALUE]           see below; NAME may be * for all names
  scenario, test                       ignored

Quirks:
  silent [COUNT]      the first COUNT questions (default: all) get no answer
  slow MS             answers come late
  together COUNT      answers come when so many names that have this quirk were asked for
  servfail, refused   that is the answer
  servfail-first      the first question gets SERVFAIL
  truncate            answers by UDP are cut, with TC
  garbage             answers are noise
  short               answers are cut in the middle, without TC
  authentic           the AD bit is set, for who asks with AD or DO
  no-edns             FORMERR for who uses EDNS0
  spoof               a wrong answer with another id, and one to another question, come first
  big COUNT           COUNT A records

LOG gets a line for each question: "udp NAME TYPE edns=SIZE ad=BIT".
"""

import argparse
import ipaddress
import os
import re
import socket
import socketserver
import struct
import sys
import threading
import time

TYPES = {"A": 1, "CNAME": 5, "MX": 15, "TXT": 16, "PTR": 12, "AAAA": 28, "TLSA": 52, "SPF": 99,
         "SOA": 6, "OPT": 41}
NAMES = {number: name for name, number in TYPES.items()}
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, REFUSED = 0, 1, 2, 3, 5


def unescape(text):
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m.group(1), 16)]), text)


def canonical(name):
    name = name.lower()
    return name[:-1] if name.endswith(b".") else name


def split_line(line):
    line = line.rstrip(b"\r\n")
    if b"\t" in line:
        return [unescape(field) for field in line.split(b"\t")]
    fields = line.split(None, 3)
    if fields[:1] == [b"record"] and fields[2] in (b"MX", b"TLSA"):
        return fields[:3] + fields[3].split(None, 1)
    return fields


class Zones:
    def __init__(self, files):
        self.records = {}
        self.timeouts = set()
        self.quirks = {}
        self.counts = {}
        self.asked, self.was_asked = set(), threading.Condition()
        for file in files:
            for line in file:
                self.add(split_line(line))

    def add(self, fields):
        if not fields or fields[0].startswith(b"#"):
            return
        word = fields[0].decode()
        if word in ("scenario", "test"):
            return
        name = canonical(fields[1])
        if word == "quirk":
            value = int(fields[3]) if len(fields) > 3 else None
            self.quirks.setdefault(name, {})[fields[2].decode()] = value
            return
        owner = self.records.setdefault(name, {})
        if word == "timeout":
            self.timeouts.add(name)
        elif word == "record":
            type_, data = self.encode(fields)
            owner.setdefault(type_, []).append(data)

    def encode(self, fields):
        name = fields[2].decode()
        type_ = TYPES.get(name) or int(name.removeprefix("TYPE"))
        data = fields[3] if len(fields) > 3 else b""
        if name == "A":
            return type_, ipaddress.IPv4Address(data.decode()).packed
        if name == "AAAA":
            return type_, ipaddress.IPv6Address(data.decode()).packed
        if name == "MX":
            preference = int(fields[4]) if len(fields) > 4 else 0
            return type_, struct.pack("!H", preference) + encode_name(data)
        if name in ("CNAME", "PTR"):
            return type_, encode_name(data)
        if name in ("TXT", "SPF"):
            pieces = [data[i:i + 255] for i in range(0, len(data), 255)] or [b""]
            return type_, b"".join(bytes([len(piece)]) + piece for piece in pieces)
        return type_, bytes.fromhex(b"".join(fields[3:]).decode())

    def quirk(self, name, kind):
        for at in (name, b"*"):
            if kind in self.quirks.get(at, {}):
                return True, self.quirks[at][kind]
        return False, None

    def answer(self, name, type_):
        """(rcode, [(owner, type, data)]), or None for silence."""
        found = []
        for _ in range(17):
            owner = self.records.get(name)
            if owner is None:
                return NXDOMAIN, found
            if type_ in owner:
                return NOERROR, found + [(name, type_, data) for data in owner[type_]]
            if TYPES["CNAME"] not in owner:
                return None if name in self.timeouts else (NOERROR, found)
            data = owner[TYPES["CNAME"]][0]
            found.append((name, TYPES["CNAME"], data))
            name = canonical(decode_name(data, 0)[0])
        return NOERROR, found


def encode_name(name):
    name = name.removesuffix(b".")
    labels = name.split(b".") if name else []
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def decode_name(data, at):
    labels = []
    while data[at]:
        labels.append(data[at + 1:at + 1 + data[at]])
        at += 1 + data[at]
    return b".".join(labels), at + 1


class Question:
    def __init__(self, data):
        self.id, self.flags, _, _, _, additional = struct.unpack_from("!6H", data)
        self.name, at = decode_name(data, 12)
        self.type, self.class_ = struct.unpack_from("!HH", data, at)
        self.wire = data[12:at + 4]
        self.edns = struct.unpack_from("!xHH", data, at + 4)[1] if additional else 0
        self.do = bool(additional) and bool(struct.unpack_from("!H", data, at + 11)[0] & 0x8000)
        self.ad = bool(self.flags & 0x20)


def encode_record(owner, type_, data):
    return encode_name(owner) + struct.pack("!HHIH", type_, 1, 300, len(data)) + data


def message(question, rcode, records=(), flags=0, id_=None):
    head = struct.pack("!6H", question.id if id_ is None else id_, 0x8180 | flags | rcode, 1,
                       len(records), 0, 1 if question.edns else 0)
    opt = b"\0" + struct.pack("!HHIH", 41, 1232, 0, 0) if question.edns else b""
    return head + question.wire + b"".join(encode_record(*r) for r in records) + opt


def first_time(zones, name, kind):
    key = (name, kind)
    zones.counts[key] = zones.counts.get(key, 0) + 1
    return zones.counts[key]


def wait_for_others(zones, name, count):
    with zones.was_asked:
        zones.asked.add(name)
        zones.was_asked.notify_all()
        zones.was_asked.wait_for(lambda: len(zones.asked) >= count)


def replies(zones, question, is_udp):
    """The messages that answer a question."""
    name = canonical(question.name)
    has = lambda kind: zones.quirk(name, kind)[0]
    value = lambda kind: zones.quirk(name, kind)[1]
    if has("silent") and (value("silent") is None
                          or first_time(zones, name, "silent") <= value("silent")):
        return
    if has("slow"):
        time.sleep(value("slow") / 1000)
    if has("together"):
        wait_for_others(zones, name, value("together"))
    if has("no-edns") and question.edns:
        question.edns = 0
        yield message(question, FORMERR)
        return
    if has("servfail") or (has("servfail-first") and first_time(zones, name, "fail") == 1):
        yield message(question, SERVFAIL)
        return
    if has("refused"):
        yield message(question, REFUSED)
        return
    if has("garbage"):
        yield struct.pack("!6H", question.id, 0x8180, 1, 200, 0, 0) + question.wire + b"\xc0\xff" * 9
        return
    answer = zones.answer(name, question.type)
    if answer is None:
        return
    rcode, records = answer
    if has("big") and question.type == 1:
        records = [(name, 1, struct.pack("!I", 0x0a000000 + i)) for i in range(value("big"))]
        rcode = NOERROR
    flags = 0x20 if has("authentic") and (question.ad or question.do) else 0
    if has("spoof"):
        yield message(question, rcode, [(name, 1, bytes([6, 6, 6, 6]))], id_=question.id ^ 1)
        other = Question(message(question, 0))
        other.wire = encode_name(b"other.example") + struct.pack("!HH", 1, 1)
        yield message(other, rcode, [(name, 1, bytes([6, 6, 6, 6]))])
    reply = message(question, rcode, records, flags)
    if has("short"):
        reply = reply[:len(reply) - 15]
    if is_udp and (has("truncate") or len(reply) > (question.edns or 512)):
        reply = message(question, rcode, (), flags | 0x0200)
    yield reply


def log(server, question, protocol):
    if server.log:
        name = canonical(question.name).decode("latin-1").encode("unicode_escape").decode()
        server.log.write(f"{protocol} {name} {NAMES.get(question.type, question.type)}"
                         f" edns={question.edns} ad={int(question.ad)}\n")
        server.log.flush()


class UDP(socketserver.BaseRequestHandler):
    def handle(self):
        data, sock = self.request
        question = Question(data)
        log(self.server, question, "udp")
        for reply in replies(self.server.zones, question, True):
            sock.sendto(reply, self.client_address)


class TCP(socketserver.StreamRequestHandler):
    def handle(self):
        while len(head := self.rfile.read(2)) == 2:
            question = Question(self.rfile.read(struct.unpack("!H", head)[0]))
            log(self.server, question, "tcp")
            for reply in replies(self.server.zones, question, False):
                self.wfile.write(struct.pack("!H", len(reply)) + reply)


class UDPServer(socketserver.ThreadingUDPServer):
    daemon_threads = True


class TCPServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 100


def listen():
    """A UDP and a TCP server on one port that was free for both."""
    for _ in range(100):
        udp = UDPServer(("127.0.0.1", 0), UDP)
        try:
            return udp, TCPServer(udp.server_address, TCP)
        except OSError:
            udp.server_close()
    sys.exit("no port is free for both UDP and TCP")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-l", dest="log")
    parser.add_argument("zones", nargs="+")
    options = parser.parse_args()
    files = [sys.stdin.buffer if path == "-" else open(path, "rb") for path in options.zones]
    servers = listen()
    zones = Zones(files)
    log_file = open(options.log, "a", encoding="utf-8") if options.log else None
    for server in servers:
        server.zones = zones
        server.log = log_file
    threading.Thread(target=servers[1].serve_forever, daemon=True).start()
    servers[0].socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    print(servers[0].server_address[1], os.getpid(), flush=True)
    servers[0].serve_forever()


if __name__ == "__main__":
    main()
