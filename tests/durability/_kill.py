#!/usr/bin/env python3
"""_kill.py [SEED]: clients send numbered messages in several sessions, while every program of the
chain is killed again and again, whatever it is doing. A ledger keeps what they were told.

In the end each message that was accepted is in each of its mailboxes, and no mailbox has one that
is not, byte by byte, a message that some client sent to it.
"""

import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import threading
import time

from _chain import (CHAIN, QUEUE, Client, check, files_of, on_the_wire, received,
                    wait_queue_empty)
from _scheduler import listens

CLIENTS = 4
LONG = bool(os.environ.get("CHECK_CRASH"))
KILLS = 150 if LONG else 15      # of each program,
SECONDS = 900 if LONG else 300   # in this time at most
BOXES = [f"box{i}" for i in range(6)]
PROGRAMS = ("tcp-accept", "smtp-front", "queue-inject", "queue-send", "deliver-maildir")


# ---- the chain, supervised ---------------------------------------------------------------------

class Service(threading.Thread):
    """A program that is started again whenever it has ended."""

    def __init__(self, *command, fds=()):
        super().__init__(daemon=True)
        self.command, self.fds, self.over = command, fds, False
        self.lock = threading.Lock()
        self.run_once()
        self.start()

    def run_once(self):
        with open(CHAIN / f"{self.command[0]}.log", "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stderr=log,
                                            pass_fds=self.fds)

    def run(self):
        while True:
            self.process.wait()
            with self.lock:
                if self.over:
                    return
                self.run_once()

    def hurry(self):
        """A message may wait for a retry when a deliverer was killed: the signal shortens that. Who has not got
        so far that it listens would die of it."""
        if listens(self.process.pid, signal.SIGALRM):
            self.process.send_signal(signal.SIGALRM)

    def end(self):
        with self.lock:
            self.over = True
            self.process.send_signal(signal.SIGTERM)
        self.join()


def read(path):
    try:
        return pathlib.Path(path).read_text()
    except OSError:
        return ""


def children_of(pid):
    return list(map(int, read(f"/proc/{pid}/task/{pid}/children").split()))


def descendants(pid):
    yield pid
    for child in children_of(pid):
        yield from descendants(child)


def processes(services, program):
    """Those of the chain that run this program."""
    roots = [service.process.pid for service in services]
    return [pid for root in roots for pid in descendants(root)
            if read(f"/proc/{pid}/comm").strip() == program]


# ---- killing -----------------------------------------------------------------------------------

class Killer:
    def __init__(self, services, dice):
        self.services, self.dice = services, dice
        self.kills = dict.fromkeys(PROGRAMS, 0)

    def kill(self, pid, program):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.kills[program] += 1

    def kill_one(self, program):
        found = processes(self.services, program)
        if found:
            self.kill(self.dice.choice(found), program)

    def kill_injector(self):
        """It lives for a millisecond: sessions are watched until one has a child."""
        sessions = processes(self.services, "smtp-front")
        for _ in range(500):
            for pid in sessions:
                for child in children_of(pid):
                    return self.kill(child, "queue-inject")

    def run(self):
        end = time.monotonic() + SECONDS
        while min(self.kills.values()) < KILLS and time.monotonic() < end:
            program = self.dice.choice([name for name in PROGRAMS if self.kills[name] < KILLS])
            (self.kill_injector() if program == "queue-inject" else self.kill_one(program))
            time.sleep(self.dice.uniform(0, 0.05))
        check(min(self.kills.values()) >= KILLS, "not killed as often as it should be:", self.kills)


# ---- sending -----------------------------------------------------------------------------------

class Sender(threading.Thread):
    """A client that goes on, whatever happens to its sessions."""

    def __init__(self, number, port, seed):
        super().__init__(daemon=True)
        self.number, self.port, self.dice = number, port, random.Random(f"{seed} {number}")
        self.sent, self.accepted, self.over = {}, set(), threading.Event()

    def make(self):
        name = b"%d.%d" % (self.number, len(self.sent))
        line = bytes(self.dice.randrange(32, 256) for _ in range(70)) + b"\n"
        lines = self.dice.choice((1, 20, 20, 20, 500, 500, 4000))
        message = b"Subject: %s\n\n" % name + b"".join(b"%d %s" % (i, line) for i in range(lines))
        boxes = tuple(self.dice.sample(BOXES, self.dice.randrange(1, 4)))
        self.sent[name] = (message, boxes)
        return name

    def send_by_data(self, client, message, envelope):
        client.send(envelope + b"DATA\r\n")
        client.expect(*[b"250 "] * envelope.count(b"\r\n"), b"354 ")
        client.send(on_the_wire(message))
        client.expect(b"250 2.0.0 ")

    def send_by_chunks(self, client, message, envelope):
        wire = message.replace(b"\n", b"\r\n")
        half = len(wire) // 2
        client.send(envelope + b"BDAT %d\r\n" % half + wire[:half] +
                    b"BDAT %d LAST\r\n" % (len(wire) - half) + wire[half:])
        client.expect(*[b"250 "] * envelope.count(b"\r\n"), b"250 ", b"250 2.0.0 ")

    def send_one(self, client):
        name = self.make()
        message, boxes = self.sent[name]
        envelope = b"MAIL FROM:<me@client.example>\r\n" + b"".join(
            b"RCPT TO:<%s@example.test>\r\n" % box.encode() for box in boxes)
        self.dice.choice((self.send_by_data, self.send_by_chunks))(client, message, envelope)
        self.accepted.add(name)

    def session(self):
        client = Client(self.port)
        try:
            client.greet()
            for _ in range(self.dice.randrange(1, 10)):
                self.send_one(client)
                if self.over.is_set():
                    break
            client.quit()
        finally:
            client.close()

    def run(self):
        while not self.over.is_set():
            try:
                self.session()
            except (AssertionError, OSError):
                pass  # killed, or refused because something else was


# ---- the reckoning -----------------------------------------------------------------------------

def check_mailboxes(senders):
    sent = {name: what for sender in senders for name, what in sender.sent.items()}
    arrived = {}
    for box in BOXES:
        for file in files_of(box):
            message = received(file.read_bytes())
            name = message.split(b"\n", 1)[0][len(b"Subject: "):]
            check(name in sent and sent[name][0] == message, "torn or strange:", file)
            check(box in sent[name][1], file, "is not for", box)
            arrived[name, box] = arrived.get((name, box), 0) + 1
    accepted = [name for sender in senders for name in sender.accepted]
    for name in accepted:
        for box in sent[name][1]:
            check((name, box) in arrived, "accepted and lost:", name, "for", box)
    return len(sent), len(accepted), len(arrived), sum(arrived.values())


def disturb_and_settle(services, port, seed):
    """Returns those who sent meanwhile, and one more for whom all is well again."""
    senders = [Sender(number, port, seed) for number in range(CLIENTS)]
    for sender in senders:
        sender.start()
    killer = Killer(services, random.Random(seed))
    try:
        killer.run()
    finally:
        for sender in senders:
            sender.over.set()
        for sender in senders:
            sender.join()
    print("killed", killer.kills)
    last = Sender(CLIENTS, port, seed)
    last.session()
    wait_queue_empty(services[1].hurry)
    return senders + [last]


def main():
    seed = sys.argv[1] if sys.argv[1:] else str(random.SystemRandom().randrange(1 << 32))
    print("seed", seed)
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)
    port = listener.getsockname()[1]
    services = [Service("tcp-accept", f"fd:{listener.fileno()}", "smtp-front", "queue-inject",
                        fds=[listener.fileno()]),
                Service("queue-send", "-w", "maildir=2")]
    try:
        senders = disturb_and_settle(services, port, seed)
    finally:
        for service in services:
            service.end()
    check(not os.listdir(QUEUE / "bad"), "set aside:", os.listdir(QUEUE / "bad"))
    check(not os.listdir(QUEUE / "tmp"), "left:", os.listdir(QUEUE / "tmp"))
    print("sent %d, accepted %d, arrived in mailboxes %d, copies %d" % check_mailboxes(senders))


main()
