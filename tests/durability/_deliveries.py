#!/usr/bin/env python3
"""_deliveries.py SCENARIO: system calls that fail, one at a time, in what takes mail away from here.

Whatever fails: each message arrives, whole, in a copy, or in two if the log says why; nobody is told that
it failed; what goes another way is not held up; the log tells what it was; and it all comes to an end.
"""

import collections
import contextlib
import errno
import os
import pathlib
import subprocess

from _chain import CHAIN, QUEUE, check, files_of, main, wait_until
from _inject import Program
from _receiver import Receiver
from _scheduler import TRACED, Scheduler

BOXES = ("sender", "beside")
LEDGER = CHAIN / "ledger"


# ---- what is sent ------------------------------------------------------------------------------

def body(name, lines):
    return b"Subject: %s\n\n" % name.encode() + b"".join(b".%d %s\n" % (i, b"x" * 60)
                                                        for i in range(lines))


MESSAGES = {"one": body("one", 1), "two": body("two", 3000), "beside": body("beside", 1)}


def inject(name, *recipients):
    """Puts a message into the queue."""
    envelope = b"Fsender@example.test\0" + b"".join(b"T%s\0" % r.encode() for r in recipients) + b"\0"
    with open(CHAIN / "message", "wb+") as message, open(CHAIN / "envelope", "wb+") as terms:
        for file, data in ((message, MESSAGES[name]), (terms, envelope)):
            file.write(data)
            file.seek(0)
        subprocess.run(["queue-inject"], stdin=message, stdout=terms, check=True)


def as_sent(data):
    """Without what was put on top of it."""
    return data[max(data.find(b"Subject: "), 0):]


# ---- what has come -----------------------------------------------------------------------------

def boxes_of(*names):
    """Recipient and message of all that lies in mailboxes, which are then empty."""
    for name in names:
        for file in files_of(name):
            yield name, as_sent(file.read_bytes())
            file.unlink()


def texts_of(error):
    """How the C libraries tell of it, in small letters."""
    musl = {errno.EIO: "i/o error", errno.ENOMEM: "out of memory", errno.ENFILE:
            "too many open files in system", errno.EMFILE: "no file descriptors available",
            errno.EAGAIN: "resource temporarily unavailable"}
    return {os.strerror(error).lower(), musl.get(error, os.strerror(error).lower())}


class Matrix:
    """A program in one life of queue-send after another. domain is what it serves: the routes lead
    there, and who takes the mail is there."""

    start = "execve("  # faults come behind that
    options = ""       # strace's

    def __init__(self, name, channel, domain, program):
        self.domain = domain
        options = ["queue-send", "-w", f"{channel}=1", "-w", "maildir=1", "-w"]
        self.usual = [*options, f"{channel}={program}"]
        self.traced = [*options, f"{channel}={TRACED} {name} {program}"]
        self.program = Program(name, self.options)
        self.twice = 0

    def send(self):
        inject("one", f"a@{self.domain}")
        inject("two", f"a@{self.domain}", f"b@{self.domain}")
        inject("beside", "beside@example.test")

    def expected(self):
        """Recipients and messages."""
        a, b = (self.place_of(f"{name}@{self.domain}") for name in "ab")
        return {(a, MESSAGES["one"]), (a, MESSAGES["two"]), (b, MESSAGES["two"]),
                ("beside", MESSAGES["beside"])}

    @staticmethod
    def place_of(recipient):
        """What arrived calls it."""
        return recipient

    def arrived(self):
        """The same of all that has come, each once."""
        raise NotImplementedError

    def play(self, fault):
        scheduler = Scheduler(self.traced, self.usual)
        self.send()
        scheduler.start(wait=False)
        try:
            wait_until(lambda: scheduler.tend() or self.program.trace.exists(), "a trace")
            self.program.release()
            wait_until(scheduler.tend, fault, "an empty queue", scheduler.text())
        finally:
            scheduler.stop()
        self.check(fault, scheduler)

    def check(self, fault, scheduler):
        copies = collections.Counter([*self.arrived(), *boxes_of("beside")])
        check(set(copies) == self.expected(), "lost or torn:",
              [(who, what[:40], len(what)) for who, what in set(copies) ^ self.expected()])
        check(not list(boxes_of("sender")), "the sender was told of a failure")
        self.check_beside(copies)
        self.check_copies(copies, scheduler)
        self.check_log(fault, scheduler)

    @staticmethod
    def check_beside(copies):
        check(copies["beside", MESSAGES["beside"]] == 1, "another delivery was disturbed")

    def check_copies(self, copies, scheduler):
        most = max(copies.values())
        check(most == 1 or most == 2 and scheduler.troubled, "copies:", most)
        self.twice += most == 2

    @staticmethod
    def check_log(fault, scheduler):
        error = getattr(fault, "error", None)
        if not error or not scheduler.troubled:
            return
        check(error != "EINTR" or "open" in str(fault), "an interruption did harm:", scheduler.text())
        words = scheduler.text().lower()
        check(any(text in words for text in texts_of(getattr(errno, error))), "not logged:", words)

    def clear(self):
        """What a fault left."""
        for folder in "new", "state", "bad", "tmp":
            for file in (QUEUE / folder).iterdir():
                file.unlink()
        collections.deque([*self.arrived(), *boxes_of(*BOXES)], 0)

    def play_and_clear(self, fault):
        try:
            self.play(fault)
        except AssertionError:
            self.clear()
            raise

    def run(self, every):
        self.play("no fault")  # makes the Maildirs
        self.program.disturb(self.play_and_clear, self.program.faults(self.play, self.start, every))
        print(self.twice, "times a message came twice")


class AtReceiver(Matrix):
    def __init__(self, receiver, *arguments):
        super().__init__(*arguments)
        self.receiver = receiver

    def arrived(self):
        return [(who, as_sent(message)) for who, message, _ in self.receiver.take()]


class InSecret(AtReceiver):
    def arrived(self):
        kept = self.receiver.take()
        check(all(secure for _, _, secure in kept), "sent in the clear")
        return [(who, as_sent(message)) for who, message, _ in kept]


class Piped(Matrix):
    options = "-f -b execve"  # its children, as long as they are its own

    def arrived(self):
        for file in sorted(LEDGER.glob("*@*")):
            yield file.name.partition(" ")[0], as_sent(file.read_bytes())
            file.unlink()


class Forwarded(Matrix):
    @staticmethod
    def place_of(recipient):
        return recipient.partition("@")[0]

    def arrived(self):
        return boxes_of("a", "b")


# ---- scenarios ---------------------------------------------------------------------------------

def add_routes(*lines):
    with open(CHAIN / "conf/routes", "a", encoding="ascii") as file:
        file.writelines(line + "\n" for line in lines)
    subprocess.run(["route-compile", CHAIN / "conf/routes"], check=True)


def smtp():
    receiver = Receiver()
    add_routes(f"@smtp.example smarthost 127.0.0.1:{receiver.port}")
    AtReceiver(receiver, "smtp", "remote", "smtp.example", "deliver-smtp").run(30)


def smtp_by_mx():
    """The domain's host is in the DNS, its certificate is one that an authority vouches for."""
    receiver = Receiver(CHAIN / "certificate")
    (CHAIN / "conf/tls-policies").write_text("tls.example verify mx.tls.example\n")
    with name_server("record tls.example MX mx.tls.example 10\nrecord mx.tls.example A 127.0.0.1\n"):
        InSecret(receiver, "tls", "remote", "tls.example",
                 f"deliver-smtp -p {receiver.port} -A {CHAIN / 'authority'}").run(40)


@contextlib.contextmanager
def name_server(zones):
    server = pathlib.Path(__file__).resolve().parent.parent / "dns/_server.py"
    (CHAIN / "zones").write_text(zones)
    with subprocess.Popen([server, CHAIN / "zones"], stdout=subprocess.PIPE) as process:
        os.environ["DNSCACHEIP"] = "127.0.0.1:" + process.stdout.readline().split()[0].decode()
        try:
            yield
        finally:
            process.terminate()


def lmtp():
    receiver = Receiver()
    add_routes(f"@lmtp.example lmtp 127.0.0.1:{receiver.port}")
    AtReceiver(receiver, "lmtp", "lmtp", "lmtp.example", "deliver-lmtp").run(30)


def pipe():
    LEDGER.mkdir()
    command = LEDGER / "command"
    command.write_text(f'#!/bin/sh\ncat >{LEDGER}/$$ && mv {LEDGER}/$$ "{LEDGER}/$RECIPIENT $$"\n')
    command.chmod(0o755)
    add_routes(f"@pipe.example pipe {command}")
    Piped("pipe", "pipe", "pipe.example", "deliver-pipe -r").run(30)


def forward():
    add_routes("a@forward.example forward a@example.test", "b@forward.example forward b@example.test")
    Forwarded("forward", "forward", "forward.example", "deliver-forward").run(30)


main(globals())
