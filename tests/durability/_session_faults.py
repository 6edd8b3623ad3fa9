#!/usr/bin/env python3
"""_session_faults.py SCENARIO MODE: the programs of a connection, with TLS and a login, have their
system calls disturbed, one at a time: each fails, and each moves fewer bytes than it could.

Whatever happens: no wrong password is let in and no right one refused for good, no word is said in
the clear where TLS was wanted, what was told 250 is delivered once and whole, nobody waits in vain,
and those beside are served.
"""

import collections
import os
import signal

from _chain import check, check_clean, children, files_of, main, wait_until
from _disturb import Disturbed, failing, shortened, until_it_becomes
from _inject import sample
from _secure import ALICE, Attempt, Bystander, Neighbour


def body(number):
    head = b"From: <%s>\nSubject: %d of %d\n\n" % (ALICE.encode(), number, os.getpid())
    return head + b"0123456789\n" * 9000


def written(file):
    """A delivered message as it was sent, without all that was put before it."""
    return b"From: " + file.read_bytes().partition(b"\nFrom: ")[2]


def is_harmless(fault):
    """What must be made good where it happens: the message is accepted as ever. (Files are opened,
    read and written without being interrupted.)"""
    call = fault.call
    may_wait = call.kind != "file" and "open" not in call.name
    return isinstance(fault.error, int) or fault.error == "EINTR" and may_wait


class Sessions:
    """What became of each."""

    def __init__(self, mode):
        self.mode, self.attempts, self.faults = mode, [], []

    def play(self, fault):
        self.attempts.append(Attempt(fault, self.mode, body(len(self.attempts))))
        self.faults.append(fault)

    def play_undisturbed(self, fault):
        self.play(fault)
        check(self.attempts[-1].accepted, "without a fault:", self.attempts[-1].words)
        wait_until(lambda: not children(int(os.environ["SMTP_PID"])), "the end of a session")

    def check(self):
        os.kill(int(os.environ["SEND_PID"]), signal.SIGALRM)  # a word to it may have been lost
        check_clean()
        arrived = collections.Counter(map(written, files_of("faults")))
        for attempt, fault in zip(self.attempts, self.faults):
            count = arrived.pop(attempt.message, 0)
            check(count or not attempt.accepted, "lost:", fault)
            check(count <= 1, "twice:", fault)
        ours = b" of %d\n" % os.getpid()
        check(not [message for message in arrived if ours in message[:200]], "torn")
        harmed = [f"{fault}: {attempt.words}" for attempt, fault in zip(self.attempts, self.faults)
                  if not attempt.accepted and hasattr(fault, "error") and is_harmless(fault)]
        check(not harmed, len(harmed), "not made good:", "\n".join(harmed))
        check(any(attempt.accepted for attempt in self.attempts), "nobody was let in")


def find_faults(program, sessions, choose, every):
    sessions.play_undisturbed("first")  # makes files that are there later on
    calls = list(choose(program.record(sessions.play_undisturbed)))
    return sample([*shortened(calls), *failing(calls)], every)


def disturb(program, mode, choose, every):
    """Others go on at the same time."""
    sessions = Sessions(mode)
    faults = find_faults(program, sessions, choose, every)
    with Bystander(int(os.environ["OTHER_PORT"]), mode):
        program.disturb(sessions.play, faults)
    sessions.check()


def disturb_shared(program, mode, choose, every):
    """What others use at the same time would have the fault for them: their turn is after it."""
    sessions, neighbour = Sessions(mode), Neighbour(int(os.environ["OTHER_PORT"]), mode)

    def play(fault):
        sessions.play(fault)
        program.release()
        neighbour.send_one()

    program.disturb(play, find_faults(program, sessions, choose, every))
    sessions.check()
    neighbour.send_one()
    neighbour.check_all()


def wrap(mode):
    disturb(Disturbed("wrap", follow=True), mode, until_it_becomes, 8)


def helper(mode):
    """tls-wrap's child, which speaks TLS."""
    disturb(Disturbed("wrap", follow=True), mode, lambda calls: until_it_becomes(calls, 1), 24)


def front(mode):
    disturb(Disturbed("front"), mode, until_it_becomes, 40)


def auth(mode):
    disturb_shared(Disturbed("auth"), mode, until_it_becomes, 20)


def checker(mode):
    """checkpassword-file, and sasl-ok in its process."""
    disturb_shared(Disturbed("checker"), mode, lambda calls: calls, 12)


if __name__ == "__main__":
    main(globals())
