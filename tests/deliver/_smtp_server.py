#!/usr/bin/env python3
"""_smtp_server.py [-o EXTENSION]... [-s FOLDER] [-c CERTIFICATE] [[CONNECTION:]EVENT=ACTION]...

A mail host on a free port of 127.0.0.1 that misbehaves as it is told; prints the port when it
listens. FOLDER gets the file commands, "CONNECTION COMMAND" a line, and each message as its bytes
came (message1...; with BDAT without the commands).

EVENT is connect, a command's verb, end (of a message), or a verb and which one of a connection it
is: rcpt2, mail2. CONNECTION counts from 1; without it the action is for all. After LHLO the end is
answered for each recipient, and an address is an event in its place. ACTION:

  250 text     this reply; | in it begins a line
  close        nothing is said, and the connection closed; text,close says text before
  reset        the same with a reset
  silent       nothing is said
  half         nothing more is said, and what comes is read
  flood        reply lines without an end
  long         a reply line without an end
  garbage      bytes that are no reply
  slow         the usual reply, a byte at a time
  drip         the usual reply, 0.7 seconds later
  until FILE   the usual reply, when there is such a file
  before       the usual reply, and replies to commands that were not said
  tls          of starttls: the handshake; of connect: TLS from the first byte
  tls-garbage  220, and then no TLS;  tls-close  220, and then nothing more
  tls-inject   220 and a plain command's reply behind it, and then the handshake
"""
import argparse
import os
import socket
import ssl
import struct
import sys
import threading
import time

USUAL = {"connect": "220 server.example ready", "end": "250 2.0.0 kept", "data": "354 go on",
         "quit": "221 2.0.0 bye", "starttls": "454 4.7.0 no TLS", "helo": "250 server.example"}


class Gone(Exception):
    pass


class Session:
    def __init__(self, server, sock, number):
        self.server, self.sock, self.number = server, sock, number
        self.counts = {}
        self.buffer = b""
        self.chunks = b""
        self.is_lmtp = False
        self.recipients = []

    def action(self, event):
        self.counts[event] = self.counts.get(event, 0) + 1
        for name in (f"{self.number}:{event}{self.counts[event]}", f"{self.number}:{event}",
                     f"{event}{self.counts[event]}", event):
            if name in self.server.rules:
                return self.server.rules[name]
        return ""

    def usual(self, event):
        if event in ("ehlo", "lhlo"):
            return "250 " + "|".join(["server.example"] + self.server.options.o)
        return USUAL.get(event, "250 2.1.0 ok")

    @staticmethod
    def lines(text):
        code, rest = text[:3], text[4:].split("|")
        return "".join(f"{code}-{line}\r\n" for line in rest[:-1]) + f"{code} {rest[-1]}\r\n"

    def say(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else self.lines(data).encode())

    def act(self, event):
        """Answers; false: the answer was no success."""
        action = self.action(event)
        usual = self.usual(event)
        if action[:1].isdigit():
            text, _, close = action.partition(",close")
            self.say(text)
            if action.endswith(",close"):
                raise Gone
            return text[0] in "23"
        if action:
            name, _, word = action.partition(" ")
            getattr(self, "do_" + name.replace("-", "_"))(usual, *word.split())
        else:
            self.say(usual)
        return usual[0] in "23"

    def do_close(self, _):
        raise Gone

    def do_reset(self, _):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Gone

    def do_silent(self, _):
        while self.sock.recv(65536):
            pass
        raise Gone

    def do_half(self, _):
        self.sock.shutdown(socket.SHUT_WR)
        self.do_silent(_)

    def do_flood(self, _):
        while True:
            self.say(b"250-more and more\r\n" * 100)

    def do_long(self, _):
        self.say(b"250 ")
        while True:
            self.say(b"x" * 1000)

    def do_garbage(self, _):
        self.say(b"\x00\xff hello\r\n")

    def do_slow(self, usual):
        for byte in self.lines(usual).encode():
            self.say(bytes([byte]))
            time.sleep(0.005)

    def do_drip(self, usual):
        time.sleep(0.7)
        self.say(usual)

    def do_until(self, usual, path):
        while not os.path.exists(path):
            time.sleep(0.02)
        self.say(usual)

    def do_before(self, usual):
        self.say(self.lines(usual).encode() + b"250 2.0.0 queued\r\n" * 9)

    def secure(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server.options.c)
        self.sock = context.wrap_socket(self.sock, server_side=True)
        self.log("TLS " + self.sock.version())

    def do_tls(self, usual):
        if usual.startswith("454"):
            self.say("220 2.0.0 go on")
            self.secure()
            self.buffer = b""
        else:
            self.secure()
            self.say(usual)

    def do_tls_garbage(self, _):
        self.say("220 2.0.0 go on")
        self.say(b"this is no TLS at all\r\n" * 9)
        raise Gone

    def do_tls_close(self, _):
        self.say("220 2.0.0 go on")
        raise Gone

    def do_tls_inject(self, _):
        self.say(b"220 2.0.0 go on\r\n250 2.0.0 injected\r\n")
        self.secure()
        self.buffer = b""

    def read(self):
        data = self.sock.recv(65536)
        if not data:
            raise Gone
        self.buffer += data

    def line(self):
        while b"\n" not in self.buffer:
            self.read()
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.rstrip(b"\r").decode("utf-8", "replace")

    def log(self, text):
        if not self.server.options.s:
            return
        with open(os.path.join(self.server.options.s, "commands"), "a", encoding="utf-8") as file:
            file.write(f"{self.number} {text}\n")

    def save(self, data):
        if not self.server.options.s:
            return
        with self.server.lock:
            self.server.messages += 1
            name = f"message{self.server.messages}"
        with open(os.path.join(self.server.options.s, name), "wb") as file:
            file.write(data)

    def hear(self, verb, line):
        """What a command that was accepted changes."""
        if verb == "lhlo":
            self.is_lmtp = True
        elif verb == "mail":
            self.recipients = []
        elif verb == "rcpt":
            self.recipients.append(line.partition("<")[2].partition(">")[0])

    def end(self):
        for recipient in self.recipients if self.is_lmtp else [""]:
            self.act(recipient if recipient in self.server.rules else "end")

    def data(self):
        while b"\r\n.\r\n" not in b"\r\n" + self.buffer:
            self.read()
        data, _, self.buffer = (b"\r\n" + self.buffer).partition(b"\r\n.\r\n")
        self.save(data[2:] + b"\r\n" if data else b"")
        self.end()

    def bdat(self, words):
        size = int(words[1])
        while len(self.buffer) < size:
            self.read()
        self.chunks += self.buffer[:size]
        self.buffer = self.buffer[size:]
        if words[-1].upper() != "LAST":
            self.act("bdat")
            return
        self.save(self.chunks)
        self.chunks = b""
        self.end()

    def serve(self):
        self.act("connect")
        while True:
            line = self.line()
            self.log(line)
            words = line.split() or [""]
            verb = words[0].lower()
            if verb == "bdat":
                self.bdat(words)
            elif self.act(verb):
                self.hear(verb, line)
                if verb == "data":
                    self.data()
            if verb == "quit":
                raise Gone

    def run(self):
        self.log("connect")
        try:
            self.serve()
        except (Gone, OSError):
            pass
        self.sock.close()


class Server:
    def __init__(self, options):
        self.options = options
        self.rules = dict(rule.split("=", 1) for rule in options.rules)
        self.messages = 0
        self.lock = threading.Lock()

    def run(self):
        listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        print(listener.getsockname()[1], flush=True)
        number = 0
        while True:
            sock, _ = listener.accept()
            number += 1
            threading.Thread(target=Session(self, sock, number).run, daemon=True).start()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-o", action="append", default=[])
    parser.add_argument("-s")
    parser.add_argument("-c")
    parser.add_argument("rules", nargs="*")
    Server(parser.parse_args()).run()


if __name__ == "__main__":
    sys.exit(main())
