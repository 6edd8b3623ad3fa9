#!/usr/bin/env python3
"""_server.py SCRIPT LOG [CERTIFICATE KEY]: a mail server that says what its script says.

Prints its port on 127.0.0.1, then plays the script to each connection, one after the other; a
script may begin with lines "connection N" that give each its own part (the last for all others).
What the client says is appended to LOG, a line each, with "-- closed" where a connection ends.

  S text      says text and CRLF; "S\\ " text without an end; \\r, \\n, \\0 in it are what they say
  HELLO word;offer;...
              greets, reads a line that begins so, and offers these
  C word      reads a line that begins so; anything else is logged as "!! " and ends the connection
  BODY        reads lines up to a single dot
  BYTES       reads as many bytes as the BDAT line read before says
  QUIET       the client must have said nothing more by now
  REPEAT n x  says x and CRLF n times
  TLS         becomes a TLS server
  SHUT        says no more, reads on to the end
  WAIT        reads to the end
"""
import re
import select
import socket
import ssl
import sys


class Wrong(Exception):
    pass


class Session:
    def __init__(self, sock, log):
        self.sock, self.log, self.buffer, self.last = sock, log, b"", b""

    def note(self, data):
        self.log.write(data + b"\n")
        self.log.flush()

    def fill(self):
        data = self.sock.recv(65536)
        if not data:
            raise Wrong("end")
        self.buffer += data

    def line(self):
        while b"\n" not in self.buffer:
            self.fill()
        line, self.buffer = self.buffer.split(b"\n", 1)
        if not line.endswith(b"\r") or b"\r" in line[:-1]:
            self.note(b"!! bare CR or LF")
        self.last = line[:-1]
        self.note(self.last)
        return self.last

    def do_s(self, text):
        end = b"\r\n"
        if text.startswith("\\ "):
            text, end = text[2:], b""
        data = text.encode("latin-1")
        for escape, byte in ((b"\\r", b"\r"), (b"\\n", b"\n"), (b"\\0", b"\0")):
            data = data.replace(escape, byte)
        self.sock.sendall(data + end)

    def do_c(self, word):
        line = self.line()
        if not line.startswith(word.encode()):
            self.note(b"!! not " + word.encode())
            raise Wrong(word)

    def do_hello(self, words):
        verb, *offers = words.split(";")
        self.do_s("220 mx")
        self.do_c(verb)
        for text in ["mx", *offers][:-1]:
            self.do_s("250-" + text)
        self.do_s("250 " + ["mx", *offers][-1])

    def do_body(self, _):
        while self.line() != b".":
            pass

    def do_bytes(self, _):
        count = int(re.match(rb"BDAT (\d+)", self.last).group(1))
        while len(self.buffer) < count:
            self.fill()
        self.note(self.buffer[:count])
        self.buffer = self.buffer[count:]

    def do_quiet(self, _):
        if self.buffer or select.select([self.sock], [], [], 0.05)[0]:
            self.note(b"!! too soon")

    def do_repeat(self, words):
        count, text = words.split(" ", 1)
        data = text.encode() + b"\r\n"
        for _ in range(int(count)):
            self.sock.sendall(data)

    def do_tls(self, _):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[3], sys.argv[4])
        self.sock = context.wrap_socket(self.sock, server_side=True)

    def do_shut(self, _):
        self.sock.shutdown(socket.SHUT_WR)
        self.do_wait(_)

    def do_wait(self, _):
        while True:
            self.line()


def parts(path):
    found = [[]]
    for line in open(path):
        if line.startswith("connection "):
            if line != "connection 1\n":
                found.append([])
        elif line.strip():
            found[-1].append(line.rstrip("\n"))
    return found


def main():
    script = parts(sys.argv[1])
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(20)
    print(listener.getsockname()[1], flush=True)
    count = 0
    with open(sys.argv[2], "ab") as log:
        while True:
            sock, _ = listener.accept()
            sock.settimeout(60)
            session = Session(sock, log)
            try:
                for step in script[min(count, len(script) - 1)]:
                    verb, _, rest = step.partition(" ")
                    getattr(session, "do_" + verb.lower())(rest)
            except (Wrong, OSError):
                pass
            count += 1
            session.note(b"-- closed")
            session.sock.close()


main()
