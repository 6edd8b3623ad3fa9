#!/usr/bin/env python3
"""_chaos.py [SEED]: a whole host at work, whose processes are killed, stopped, ended and told to begin anew
by chance; in three parts:

  everything   of all programs that the host has;
  the short    of those alone that live as long as a session, a message or a delivery: those that live on
               need no more memory and no more descriptors for it;
  in peace     of none: nobody has any trouble.

After each part all is up again, and the queue empty. Each trouble that a client had, and each message
that came twice, must have its reason in what was done meanwhile. In the end it is seen that all this would
be found out.
"""

import collections
import dataclasses
import datetime
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time

from _books import ACCEPTED, CRIMES, Books, check_left
from _chain import CHAIN, PATIENCE, SANITIZED, check, wait_until
from _host import (CONF, HELD, SERVICES, Host, Process, check_logs, children_of, environment_of, identity_of,
                   program_of, read, service_of)
from _senders import Chunked, Pipelined, Plain, Sender, StartTls, Submission, Submissions, make_dice

SECONDS = float(os.environ.get("SECONDS") or (90 if os.environ.get("CHECK_CRASH") else 6))
KINDS = [("smtp", Plain), ("smtp", StartTls), ("smtp", Pipelined), ("smtp", Chunked),
         ("submission", Submission), ("submissions", Submissions), ("inject", Pipelined)]
WATCHED = [("smtp", Chunked), ("submission", Submission)]  # of whose own processes none is disturbed

# Programs by the first 15 bytes of their names. Those that live for a moment are found as children of
# others.
LONG = ("tcp-accept", "queue-send", "tls-keyd", "s6-log")
SESSION = ("smtp-front", "tls-wrap")
FLEETING = {"queue-inject": "smtp-front", "submission": "smtp-front", "checkpassword-f": "sasl-auth",
            "sasl-ok": "sasl-auth", "sh": "deliver-pipe"}
SHORT = (*SESSION, *FLEETING, "sasl-auth", "worker-spawn", "deliver-maildir", "deliver-pipe",
         "deliver-smtp", "deliver-lmtp")

SIGNALS = [signal.SIGKILL] * 6 + [signal.SIGSTOP] * 2 + [signal.SIGTERM, signal.SIGHUP]
ENDING = (signal.SIGKILL, signal.SIGTERM)
SPARE = 2  # descriptors that are open for a moment
REST = 2.5  # seconds between two hits on one service's main program: s6 starts it once a second
DOWN = PATIENCE  # seconds until a service that was hit surely serves again

UNKNOWN = "unknown"  # whom a process serves that we may not look into

AUTH = ("sasl-auth", "checkpassword-f", "sasl-ok", "sh")
PATHS = {"maildir": ("deliver-maildir", "worker-spawn"), "pipe": ("deliver-pipe", "worker-spawn", "sh"),
         "remote": ("deliver-smtp",), "lmtp": ("deliver-lmtp",)}
DELIVERERS = {"maildir": "deliver-maildir", "pipe": "deliver-pipe", "remote": "deliver-smtp",
              "lmtp": "deliver-lmtp"}


# ---- what was done -----------------------------------------------------------------------------

@dataclasses.dataclass
class Hit:
    """service: whose main program it was, if it was one; key: the client's end, if it served one; it was
    hit after time, and before done: between them others have gone on."""
    program: str
    signal: int
    service: str
    key: tuple
    process: tuple  # as identity_of has it
    time: float
    done: float = float("inf")

    @property
    def pid(self):
        return self.process[0]


class Hits:
    """All of them; and in a file, for who looks into what became of them."""

    def __init__(self):
        self.all = []

    def add(self, hit):
        self.all.append(hit)
        with open(CHAIN / "hits", "a", encoding="utf-8") as file:
            file.write(f"{datetime.datetime.now()} {hit}\n")

    def since(self, begin, end=None):
        return (hit for hit in self.all if hit.done >= begin and (end is None or hit.time <= end)
                and hit.signal != signal.SIGSTOP)

    def has_hit(self, session, end=None):
        """One of the processes that serve it. Whom those of unix sockets serve cannot be seen."""
        return any(hit.key == session.key and hit.program in (*SESSION, *FLEETING)
                   for hit in self.since(session.since, end))

    def has_ended(self, service, begin, end):
        return any(hit.program == "tcp-accept" and hit.service == service and hit.signal in ENDING
                   for hit in self.since(begin, end))

    def was_told_to_end(self, service, begin, end):
        return any(hit.program == "tcp-accept" and hit.service == service
                   and hit.signal == signal.SIGTERM for hit in self.since(begin, end))

    def ended_services(self):
        """The main processes that were."""
        return {hit.process for hit in self.all if hit.service and hit.signal in ENDING}

    def has_any(self, programs, begin, end):
        return any(hit.program in programs for hit in self.since(begin, end))

    def may_double(self, channel, begin):
        """A delivery is repeated if who did it, or who was to note it, was ended."""
        return any(hit.program in PATHS[channel] + ("queue-send",)
                   or (hit.program == "tcp-accept" and hit.service == DELIVERERS[channel])
                   for hit in self.since(begin))

    def explain(self, trouble):
        """Why a client had it; None if there is no reason."""
        begin, end = trouble.since - DOWN, trouble.time
        if trouble.is_late or trouble.code >= 500 or (trouble.step == "connect" and HELD.exists()):
            return None
        if self.has_hit(trouble, end):
            return "its own processes were hit"
        if trouble.step in ("connect", "greeting") or not trouble.code and trouble.step == "handshake":
            if self.has_ended(trouble.service, begin, end):
                return "its acceptor was ended"
        if trouble.code in (0, 421) and self.was_told_to_end(trouble.service, begin, end):
            return "its acceptor was told to end"
        if trouble.step == "handshake" and self.has_any(("tls-keyd",), begin, end):
            return "tls-keyd was hit"
        if trouble.code == 454 and trouble.step == "login":
            if self.has_any(AUTH, begin, end) or self.has_ended("auth", begin, end):
                return "the auth service was hit"
        return None


# ---- doing it ----------------------------------------------------------------------------------

class Chaos:
    def __init__(self, host, dice, hits, protected):
        self.host, self.dice, self.hits, self.protected = host, dice, hits, protected
        self.stopped, self.rested = [], collections.Counter()  # (until, pidfd); service: when it may be hit

    # -- finding --

    def find(self, program):
        processes = list(self.host.processes())
        found = [process for process in processes if process.program == program]
        if found or program not in FLEETING:
            return found
        return self.watch([process.pid for process in processes if process.program == FLEETING[program]],
                          program)

    @staticmethod
    def watch(parents, program):
        """Until one of them starts it, for a while."""
        for _ in range(100):
            for parent in parents:
                for child in children_of(parent):
                    if program_of(child) == program:
                        return [Process(child, program, parent)]
        return []

    @staticmethod
    def client_of(victim):
        """None: there is none, or it is at a unix socket. Helpers are not looked into but by root."""
        facts = environment_of(victim.pid)
        if not facts and program_of(victim.parent) == "smtp-front":
            facts = environment_of(victim.parent)
        if "TCPREMOTEPORT" in facts:
            return facts["TCPREMOTEIP"], int(facts["TCPREMOTEPORT"])
        return None if facts else UNKNOWN

    # -- hitting --

    def choose_signal(self, service):
        """Whoever has a session with an acceptor that is told to end loses it; watched ones do not."""
        number = self.dice.choice(SIGNALS)
        is_watched = service in [watched for watched, _ in WATCHED]
        return signal.SIGKILL if number == signal.SIGTERM and is_watched else number

    def hit_one(self, program):
        found = self.find(program)
        if not found:
            return
        victim = self.dice.choice(found)
        service, key = service_of(victim.parent), self.client_of(victim)
        if program == "tcp-accept" and not service:
            return  # a child that will be another program in a moment, and serves we do not know whom
        if self.is_protected(program, key) or time.monotonic() < self.rested[service]:
            return
        if service:
            self.rested[service] = time.monotonic() + REST
        self.send(victim, self.choose_signal(service), service, key)

    def is_protected(self, program, key):
        return key in self.protected or (key == UNKNOWN and program in (*SESSION, *FLEETING))

    def send(self, victim, number, service, key):
        """The process is held, so that no other one can have its number by now."""
        try:
            held = os.pidfd_open(victim.pid)
        except ProcessLookupError:
            return
        if program_of(victim.pid) != victim.program or victim.pid not in children_of(victim.parent):
            os.close(held)
            return
        hit = Hit(victim.program, number, service, key, identity_of(victim.pid), time.monotonic())
        self.hits.add(hit)
        self.signal(held, number)
        hit.done = time.monotonic()
        if number == signal.SIGSTOP:
            self.stopped.append((time.monotonic() + self.dice.uniform(0, 0.2), held))
        else:
            os.close(held)

    @staticmethod
    def signal(held, number):
        try:
            signal.pidfd_send_signal(held, number)
        except ProcessLookupError:
            pass

    def wake(self, until):
        for when, held in list(self.stopped):
            if when <= until:
                self.signal(held, signal.SIGCONT)
                os.close(held)
                self.stopped.remove((when, held))


class Administrator:
    """Has tables made anew and looks into the queue; a third of what it does is killed half way."""

    COMMANDS = [("route-compile",), ("user-compile",), ("tcp-rules-compile", CONF / "rules"),
                ("queue-check", "-n"), ("queue-list",), ("queue-stat",)]

    def __init__(self, host, dice):
        self.host, self.dice, self.due = host, dice, 0
        self.running, self.end, self.done = None, 0, collections.Counter()

    def go_on(self, now):
        if self.running:
            if self.running.poll() is not None or now > self.end:
                self.finish()
        elif now > self.due:
            command = self.dice.choice(self.COMMANDS)
            self.running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.host.beside.add(self.running.pid)
            self.end = now + (self.dice.uniform(0, 0.02) if self.dice.random() < 0.3 else PATIENCE)

    def finish(self):
        self.running.kill()
        words = self.running.communicate()[0].decode()
        name, status = self.running.args[0], self.running.returncode
        check(status in (0, -signal.SIGKILL) or self.is_passing(name, words), name, status, words)
        self.done[f"{name} {'KILL' if status else 'done'}"] += 1
        self.host.beside.discard(self.running.pid)
        self.running, self.due = None, time.monotonic() + self.dice.uniform(0, 1)

    @staticmethod
    def is_passing(name, words):
        """What a delivery leaves for a moment."""
        strange = [line for line in words.splitlines()[:-1] if "a log without its message" not in line]
        return name == "queue-check" and not strange


# ---- parts -------------------------------------------------------------------------------------

class Watched(Sender):
    """One session, from the beginning of a part to its end, that never has any trouble."""

    def __init__(self, *arguments, protected):
        super().__init__(*arguments, most=2)
        self.protected, self.open = protected, threading.Event()

    def converse(self, session):
        session.open()
        self.protected.add(session.key)
        self.open.set()
        while not self.over.is_set() or self.waiting:
            self.fill()
            if self.waiting:
                self.send_some(session)
            time.sleep(0.05)
        session.quit()


class Part:
    def __init__(self, host, books, hits, seed, number):
        self.host, self.hits, self.dice = host, hits, make_dice(seed, "chaos", number)
        first, protected = 100 * number, set()
        self.watched = [Watched(first + 50 + i, service, kind, books, seed, protected=protected)
                        for i, (service, kind) in enumerate(WATCHED)]
        self.senders = [Sender(first + i, service, kind, books, seed)
                        for i, (service, kind) in enumerate(KINDS)]
        self.chaos = Chaos(host, self.dice, hits, protected)
        self.administrator = Administrator(host, self.dice)
        self.is_secret = False

    def play(self, programs, seconds):
        for sender in self.watched:
            sender.start()
            check(sender.open.wait(PATIENCE), "no session:", *sender.troubles)
        for sender in self.senders:
            sender.start()
        self.disturb(programs, seconds)
        for sender in self.senders + self.watched:
            sender.finish()
        self.host.wait_idle()
        self.host.wait_ready(self.chaos.hits.ended_services())
        return self.check_troubles()

    def disturb(self, programs, seconds):
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end or (not self.is_enough() and now < end + PATIENCE):
            if programs:
                self.chaos.hit_one(self.dice.choice(programs))
            self.chaos.wake(now)
            self.administrator.go_on(now)
            self.host.reap()
            time.sleep(self.dice.uniform(0, 0.03))
        self.chaos.wake(float("inf"))
        if self.administrator.running:
            self.administrator.finish()

    def is_enough(self):
        return not self.is_secret or any(sender.troubles for sender in self.senders)

    def disturb_secretly(self):
        """Nobody is told of what is done, and it is done until somebody has trouble."""
        self.is_secret, self.hits, self.chaos.hits = True, Hits(), Hits()

    def check_troubles(self):
        for sender in self.watched:
            check(not sender.troubles, "a session that nobody touched:", *sender.troubles)
        reasons = collections.Counter()
        for trouble in (trouble for sender in self.senders for trouble in sender.troubles):
            reason = self.hits.explain(trouble)
            check(reason, "a trouble without a reason:", trouble)
            reasons[reason] += 1
        return reasons


def descriptors_of(pid):
    """0 where they are not ours to see, or there is no such process."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def usage_of(pid):
    """(pid, descriptors, memory in KB); None: it is not there."""
    memory = re.search(rb"VmRSS:\s+(\d+)", read(f"/proc/{pid}/status"))
    return memory and (pid, descriptors_of(pid), int(memory[1]))


def usage(host):
    """Of the programs that live on, by service."""
    return {service: wait_until(lambda name=service: usage_of(host.main_process(name)), service, "up")
            for service in SERVICES}


def check_usage(before, host, hits):
    """But of those that were told to end before, and did when their last session had. What had to do with
    a session may be let go a moment after its end."""
    ending = {hit.pid for hit in hits.all if hit.service and hit.signal == signal.SIGTERM}
    for service, (pid, descriptors, memory) in before.items():
        if pid in ending:
            continue
        check(host.main_process(service) == pid, service, "did not live on:", pid)
        wait_until(lambda held=descriptors, by=pid: descriptors_of(by) <= held + SPARE, service, "has",
                   descriptors, "descriptors, and no more than", SPARE, "besides")
        after = usage_of(pid)
        check(SANITIZED or after[2] <= memory * 1.25 + 200, service, "has", memory, "and then", after[2], "KB")


def play(host, seed, books, hits):
    shares = [(LONG + SHORT, 0.6), ((), 0.05), (SHORT, 0.25), ((), 0.1)]
    before = {}
    for number, (programs, share) in enumerate(shares):
        part = Part(host, books, hits, seed, number)
        reasons = part.play(programs, SECONDS * share)
        print("troubles", dict(reasons), "orders", dict(part.administrator.done))
        check(programs or not reasons, "troubles in peace:", reasons)
        if number == 1:
            before = usage(host)
        if number == 2:
            check_usage(before, host, hits)
            print("usage", before, usage(host))


# ---- the check is checked ----------------------------------------------------------------------

def must_fail(words, action):
    try:
        action()
    except AssertionError as error:
        check(words in str(error), "wanted", words, "got", error)
        return
    raise AssertionError(f"not found out: {words}")


def check_checks(host, seed, books, hits):
    for words, commit in CRIMES.items():
        with commit(books):
            must_fail(words, lambda: books.check_delivered(hits))
    part = Part(host, books, hits, seed, 9)
    part.disturb_secretly()
    must_fail("a trouble without a reason", lambda: part.play(SESSION, 0.5))


def tell(hits, books):
    print("hits", dict(sorted(collections.Counter(
        f"{hit.program} {signal.Signals(hit.signal).name[3:]}" for hit in hits.all).items())))
    print("sent", len(books.attempts), "acknowledged", books.count(ACCEPTED), books.check_delivered(hits))
    print("left in tmp of Maildirs", check_left({hit.pid for hit in hits.all}))


def main():
    seed = sys.argv[1] if sys.argv[1:] else str(random.SystemRandom().randrange(1 << 32))
    print("seed", seed)
    with Host() as host:
        books, hits = Books(), Hits()
        play(host, seed, books, hits)
        tell(hits, books)
        check_checks(host, seed, books, hits)
    check_logs()


main()
