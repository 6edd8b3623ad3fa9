#!/usr/bin/env python3
"""_deliveries.py SCENARIO errors|short: system calls that fail, or move fewer bytes than they were asked
to, one at a time, in what takes mail away from here.

Whatever fails: each message arrives, whole, in one copy, or in two if the log says why; nobody is told
that it failed; what goes another way is not held up; the log tells what it was; and it all comes to an
end. What is short, or interrupted, does no harm at all.
"""

import collections
import contextlib
import errno
import email
import os
import pathlib
import re
import shutil
import subprocess

from _chain import CHAIN, QUEUE, check, children, files_of, main, wait_until
from _check import is_listening
from _disturb import Disturbance, Disturbed, failing, shortened
from _inject import sample
from _receiver import Receiver
from _scheduler import TRACED, Scheduler

BOXES = ("sender", "beside")
LEDGER = CHAIN / "ledger"


# ---- what is sent ------------------------------------------------------------------------------

def body(name, lines):
    return b"Subject: %s\n\n" % name.encode() + b"".join(b".%d %s\n" % (i, b"x" * 60)
                                                        for i in range(lines))


MESSAGES = {"one": body("one", 1), "two": body("two", 3000), "beside": body("beside", 1)}


def inject(name, *recipients, parameters=b""):
    """Puts a message into the queue."""
    to = b"".join(b"T%s\0" % recipient.encode() for recipient in recipients)
    envelope = b"Fsender@example.test\0" + to + b"\0" + parameters
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


def is_harmless(fault, but):
    """Who is interrupted, or moves less, goes on; but for calls that are not made again, by name."""
    return isinstance(fault.error, int) or fault.error == "EINTR" and not re.match(but, fault.call.name)


def is_told(fault, words):
    """For malloc all errors are one."""
    errors = [fault.error] + ["ENOMEM"] * (fault.call.name in ("mmap", "mremap"))
    return any(text in words.lower() for error in errors for text in texts_of(getattr(errno, error)))


def texts_of(error):
    """How the C libraries tell of it, in small letters."""
    musl = {errno.EIO: "i/o error", errno.ENOMEM: "out of memory", errno.ENFILE:
            "too many open files in system", errno.EMFILE: "no file descriptors available",
            errno.EAGAIN: "resource temporarily unavailable"}
    return {os.strerror(error).lower(), musl.get(error, os.strerror(error).lower())}


class Family(Disturbed):
    """Whose own calls are disturbed, and its children's, as long as these execute nothing else."""

    may_miss = 0.4  # a server's answers come in pieces of any size

    def __init__(self, kind, name, follow):
        super().__init__(name, follow)
        self.faults_at = {"errors": failing, "short": shortened}[kind]

    def faults(self, play, start="", every=1, errors=None):
        found = self.faults_at(self.own(self.record(play)))
        return sample(filter(self.can_be, found), every)

    @staticmethod
    def can_be(fault):
        """The DNS is asked, and the kernel for our addresses, without sleeping."""
        return fault.error != "EINTR" or fault.call.kind != "records"

    @staticmethod
    def own(calls):
        executed = set()
        for call in calls:
            if call.process not in executed:
                yield call
            if call.name == "execve" and call.process:
                executed.add(call.process)


class Matrix:
    """A program in one life of queue-send after another. domain is what it serves: the routes lead
    there, and who takes the mail is there."""

    follow = False  # its children, too

    def __init__(self, kind, domain, name, channel, program):
        self.domain = domain
        options = ["queue-send", "-w", f"{channel}=1", "-w", "maildir=1", "-w"]
        self.usual = [*options, f"{channel}={program}"]
        self.traced = [*options, f"{channel}={TRACED} {name} {program}"]
        self.program = Family(kind, name, self.follow)
        self.twice = []

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
        self.check_copies(fault, copies, scheduler)
        self.check_log(fault, scheduler)

    @staticmethod
    def check_beside(copies):
        check(copies["beside", MESSAGES["beside"]] == 1, "another delivery was disturbed")

    def check_copies(self, fault, copies, scheduler):
        most = max(copies.values())
        check(most == 1 or most == 2 and scheduler.troubled, "copies:", most)
        self.twice += [str(fault)] * (most == 2)

    @staticmethod
    def check_log(fault, scheduler):
        if not scheduler.troubled:
            return
        words = scheduler.text()
        check(isinstance(fault, Disturbance), "without a fault:", words)
        check(not is_harmless(fault, "open|connect"), "it did harm:", words)
        check(is_told(fault, words), "not logged:", words)

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
        self.program.disturb(self.play_and_clear, self.program.faults(self.play, every=every))
        print(len(self.twice), "times a message came twice:", *self.twice)


class AtReceiver(Matrix):
    def __init__(self, kind, receiver, domain, *arguments):
        super().__init__(kind, domain, *arguments)
        self.receiver = receiver

    def arrived(self):
        return [(who, as_sent(message)) for who, message, _ in self.receiver.take()]


class InSecret(AtReceiver):
    def arrived(self):
        kept = self.receiver.take()
        check(all(secure for _, _, secure in kept), "sent in the clear")
        return [(who, as_sent(message)) for who, message, _ in kept]


class Piped(Matrix):
    follow = True

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


class Spawned(Forwarded):
    """As real users, by a service; there the log is one with queue-send's."""

    follow = True
    options = ("-f", "1")

    def __init__(self, kind, domain):
        super().__init__(kind, domain, "spawn", "maildir", f"unix:{CHAIN}/spawn")
        self.traced = self.usual
        with open(CHAIN / "send.log", "ab") as log:
            self.service = subprocess.Popen(
                ["tcp-accept", f"unix:{CHAIN}/spawn", TRACED, "spawn", "worker-spawn", *self.options, "maildir",
                 "deliver-maildir"], stderr=log, stdin=subprocess.DEVNULL)
        wait_until(lambda: is_listening(CHAIN / "spawn"), "the service")

    def send(self):
        inject("one", f"a@{self.domain}")
        inject("two", f"a@{self.domain}", f"b@{self.domain}")

    def expected(self):
        return {("a", MESSAGES["one"]), ("a", MESSAGES["two"]), ("b", MESSAGES["two"])}

    def check(self, fault, scheduler):
        wait_until(lambda: not children(self.service.pid), "worker-spawn does not end")
        super().check(fault, scheduler)

    @staticmethod
    def check_beside(_):
        """All is the one service's."""


class Bounced(Matrix):
    """queue-send itself, which has to tell of a failure and of a success."""

    def __init__(self, kind):
        super().__init__(kind, "only.example", "bounce", "remote", "deliver-smtp")
        self.traced = [TRACED, "bounce", *self.usual]

    def send(self):
        inject("one", "nobody@only.example")
        inject("beside", "beside@example.test", parameters=b"Pbeside@example.test\0NOTIFY=SUCCESS\0\0")

    def expected(self):
        return {("sender", "failed"), ("sender", "delivered"), ("beside", MESSAGES["beside"])}

    def arrived(self):
        return [(box, self.action_in(data)) for box, data in boxes_of("sender")]

    @staticmethod
    def action_in(report):
        parts = email.message_from_bytes(report).get_payload()
        check(len(parts) == 3 and report.rstrip().endswith(b"--"), "a torn report:", report)
        check(b"Subject: " in parts[2].as_bytes(), "it does not say of what:", report)
        return parts[1].get_payload()[1]["Action"]

    @staticmethod
    def check_beside(_):
        """It is in the same hands."""


class Submitted:
    """mail-inject, whose exit code says whether the message was taken."""

    def __init__(self, kind):
        self.program, self.sent = Family(kind, "inject", follow=False), []

    def play(self, fault):
        box, message = f"box{len(self.sent)}", MESSAGES["two"]
        sender = ["mail-inject", "-f", "sender@example.test", f"{box}@example.test"]
        done = subprocess.run([TRACED, "inject", *sender], input=message, capture_output=True, timeout=60,
                              check=False)
        self.sent.append((fault, box, done.returncode, done.stderr.decode()))

    def check(self, fault, box, code, words):
        copies = [as_sent(data) for _, data in boxes_of(box)]
        check(code in (0, 71, 74, 75), "exit code", code, words)
        check(not code or not is_harmless(fault, "open"), "it did harm:", words)
        check(not code or is_told(fault, words), "not said:", words)
        check(len(copies) == 1 or code and not copies, code, words, "copies:", len(copies))
        check(all(copy.endswith(MESSAGES["two"][20:]) for copy in copies), "torn")

    def run(self, every):
        faults = self.program.faults(self.play, every=every)
        self.program.disturb(self.play, faults)
        scheduler = Scheduler(["queue-send", "-w", "maildir=1"])
        scheduler.start()
        wait_until(scheduler.tend, "an empty queue")
        scheduler.stop()
        problems = []
        for fault, *told in self.sent[1:]:
            try:
                self.check(fault, *told)
            except AssertionError as error:
                problems.append(f"{fault}: {error}")
        check(not problems, len(problems), "problems:", "\n".join(problems))


# ---- scenarios ---------------------------------------------------------------------------------

def add_routes(*lines):
    with open(CHAIN / "conf/routes", "a", encoding="ascii") as file:
        file.writelines(line + "\n" for line in lines)
    subprocess.run(["route-compile", CHAIN / "conf/routes"], check=True)


def smtp(kind):
    receiver = Receiver()
    add_routes(f"@smtp.example smarthost 127.0.0.1:{receiver.port}")
    AtReceiver(kind, receiver, "smtp.example", "smtp", "remote", "deliver-smtp").run(30)


def smtp_by_mx(kind):
    """The domain's host is in the DNS, its certificate is one that an authority vouches for."""
    receiver = Receiver(CHAIN / "certificate")
    (CHAIN / "conf/tls-policies").write_text("tls.example verify mx.tls.example\n")
    with name_server(TLS_ZONES):
        InSecret(kind, receiver, "tls.example", "tls", "remote",
                 f"deliver-smtp -p {receiver.port} -A {CHAIN / 'authority'}").run(40)


TLS_ZONES = "record tls.example MX mx.tls.example 10\nrecord mx.tls.example A 127.0.0.1\n"


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


def lmtp(kind):
    receiver = Receiver()
    add_routes(f"@lmtp.example lmtp 127.0.0.1:{receiver.port}")
    AtReceiver(kind, receiver, "lmtp.example", "lmtp", "lmtp", "deliver-lmtp").run(30)


def make_command():
    """What deliver-pipe runs: it keeps what it is given in LEDGER, and is one process: children of its
    own would be counted among deliver-pipe's, before or behind the next command."""
    LEDGER.mkdir(exist_ok=True)
    command = LEDGER / "command"
    command.write_text(f'#!/bin/sh\nexec cp /dev/stdin "{LEDGER}/$RECIPIENT $$"\n')
    command.chmod(0o755)
    return command


def pipe(kind):
    add_routes(f"@pipe.example pipe {make_command()}")
    Piped(kind, "pipe.example", "pipe", "pipe", "deliver-pipe -r").run(30)


def forward(kind):
    add_routes("a@forward.example forward a@example.test", "b@forward.example forward b@example.test")
    Forwarded(kind, "forward.example", "forward", "forward", "deliver-forward").run(30)


@contextlib.contextmanager
def spawned(matrix, kind):
    """A matrix of two real users' mailboxes, with its service."""
    CHAIN.chmod(0o755)
    for name, user in ("a", "games"), ("b", "nobody"):
        (CHAIN / "mail" / name).mkdir(parents=True)
        shutil.chown(CHAIN / "mail" / name, user)
        add_routes(f"{name}@spawn.example maildir {CHAIN}/mail/{name} user={user}")
    made = matrix(kind, "spawn.example")
    try:
        yield made
    finally:
        made.service.terminate()
        made.service.wait()


def spawn(kind):
    with spawned(Spawned, kind) as matrix:
        matrix.run(30)


def bounce(kind):
    add_routes("known@only.example maildir known")
    Bounced(kind).run(30)


@contextlib.contextmanager
def submission_service():
    socket = CHAIN / "run/inject"
    with subprocess.Popen(["tcp-accept", f"unix:{socket}", "env", "RELAYCLIENT=", "smtp-front", "submission",
                           "queue-inject"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as service:
        wait_until(lambda: is_listening(socket), "the service")
        try:
            yield
        finally:
            service.terminate()


def submit(kind):
    with submission_service():
        Submitted(kind).run(30)


if __name__ == "__main__":
    main(globals())
