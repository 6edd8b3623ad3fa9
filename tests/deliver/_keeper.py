#!/usr/bin/env python3
"""_keeper.py LEDGER [ADDRESS PORT]...: a mail host, SMTP or LMTP as it is spoken to, that keeps books.

It has these addresses, or a free port of 127.0.0.1; prints a port when it listens. Before it says that
it has a message it appends a line for each recipient to LEDGER: the message's Subject, the recipient,
"whole" or "torn" (whole messages end in a line "hello", and if they have a field Sum it is the SHA-256 of
their body, with LF for line ends), and the address that it came to. Local parts have meanings: nobody is
refused for good, later for now, and at a name that begins with full the mailbox is: LMTP says so after
the message.
"""
import hashlib
import re
import socket
import socketserver
import sys
import threading

LOCK = threading.Lock()
LATER = {"nobody": "550 5.1.1 nobody here", "later": "451 4.2.1 not now"}


def is_whole(message):
    header, _, body = message.partition(b"\r\n\r\n")
    total = re.search(rb"^Sum: (\w+)\r?$", header, re.M)
    of_body = hashlib.sha256(body.replace(b"\r\n", b"\n")).hexdigest().encode()
    return message.endswith(b"\r\nhello\r\n") and (not total or total[1] == of_body)


class Session(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def say(self, *lines):
        for line in lines[:-1]:
            self.wfile.write(f"{line[:3]}-{line[4:]}\r\n".encode())
        self.wfile.write(f"{lines[-1]}\r\n".encode())

    def offers(self):
        return ["250 keeper.example", "250 PIPELINING", "250 8BITMIME", "250 DSN"]

    def do_ehlo(self, _):
        self.say(*self.offers())

    def do_lhlo(self, words):
        self.is_lmtp = True
        self.do_ehlo(words)

    def do_mail(self, _):
        self.recipients = []
        self.say("250 2.1.0 ok")

    def do_rcpt(self, words):
        address = re.search("<(.*?)>", words)[1]
        refusal = LATER.get(address.split("@")[0])
        if not refusal:
            self.recipients.append(address)
        self.say(refusal or "250 2.1.5 ok")

    def do_data(self, _):
        if not self.recipients:
            self.say("554 5.5.1 no recipients")
            return
        self.say("354 go on")
        message = b""
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return
            message += line.removeprefix(b".")
        taken = [r for r in self.recipients if not (self.is_lmtp and r.startswith("full"))]
        self.note(message, taken)
        for recipient in self.recipients if self.is_lmtp else [None]:
            self.say("250 2.0.0 kept" if recipient in taken + [None] else "452 4.2.2 full")

    def note(self, message, recipients):
        subject = re.search(rb"^Subject: (.*)\r$", message, re.M)
        name = subject[1].decode() if subject else "-"
        state = "whole" if is_whole(message) else "torn"
        address = self.request.getsockname()[0]
        with LOCK, open(sys.argv[1], "a", encoding="utf-8") as ledger:
            ledger.write("".join(f"{name} {recipient} {state} {address}\n" for recipient in recipients))

    def do_rset(self, _):
        self.recipients = []
        self.say("250 2.0.0 ok")

    def handle(self):
        self.is_lmtp, self.recipients = False, []
        try:
            self.say("220 keeper.example")
            while line := self.rfile.readline().decode("utf-8", "replace").strip():
                verb, _, words = line.partition(" ")
                if verb.upper() == "QUIT":
                    self.say("221 2.0.0 bye")
                    return
                getattr(self, "do_" + verb.lower(), lambda _: self.say("500 5.5.1 what"))(words)
        except OSError:
            pass  # who came has gone


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads, request_queue_size = True, True, 100

    def __init__(self, address, port):
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        super().__init__((address, port), Session)


def main():
    addresses = list(zip(sys.argv[2::2], map(int, sys.argv[3::2]))) or [("127.0.0.1", 0)]
    servers = [Server(*address) for address in addresses]
    threads = [threading.Thread(target=server.serve_forever) for server in servers]
    for thread in threads:
        thread.start()
    print(servers[0].server_address[1], flush=True)


if __name__ == "__main__":
    main()
