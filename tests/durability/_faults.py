#!/usr/bin/env python3
"""_faults.py SCENARIO HOW: system calls that fail, or are short and move fewer bytes than they could, one
at a time, in a chain at work.

Whatever fails: what was told 250 is delivered, whole; what was not told is whole or not there; who
was not let in is told so for now, not for good; and a session beside it goes on.
"""

import collections
import os
import signal
import subprocess

from _chain import (PATIENCE, Bystander, Client, check, check_clean, files_of, main, on_the_wire, received,
                    wait_until)
from _disturb import Shortened
from _inject import Program
from _scheduler import TRACED, Scheduler

HOW = {"failing": Program, "short": Shortened}


def is_made_good(fault):
    """Whether nobody but the program itself may notice."""
    error = getattr(fault, "error", None)
    return isinstance(error, int) or error == "EINTR" and "open" not in fault.call.name


# ---- acceptance --------------------------------------------------------------------------------

def body(name):
    return b"Subject: %s\n\n" % name.encode() + b"0123456789\n" * 9000


class Outcome:
    """What one client was told of one message."""

    def __init__(self, fault, name):
        self.fault, self.message, self.replies = fault, body(name), []
        self.accepted = False
        try:
            self.attempt()
        except AssertionError as error:  # refused, or left alone
            self.replies.append(str(error))

    def attempt(self):
        client = Client()
        try:
            client.greet()
            client.begin("faults")
            client.say(b"DATA", b"354 ")
            client.send_some(on_the_wire(self.message))
            client.expect(b"250 2.0.0 ")
            self.accepted = True
            client.send_some(b"QUIT\r\n")
            while client.read_more():
                pass
        finally:
            client.close()

    def check(self):
        for words in self.replies:
            check("got b'5" not in words, self.fault, "refused for good:", words)
        check(self.accepted or not is_made_good(self.fault), self.fault, self.replies)


def accept_with_faults(name, how, start):
    """A message for each fault of one program, in a session of its own."""
    program, outcomes = HOW[how](name), []

    def send_one(fault):
        outcomes.append(Outcome(fault, f"{name} {len(outcomes)}"))

    def send_undisturbed(fault):
        check(Outcome(fault, name).accepted, "without a fault")
        program.await_end()

    faults = program.faults(send_undisturbed, start)
    with Bystander(port=int(os.environ["OTHER_PORT"])):
        program.disturb(send_one, faults)
    check_outcomes(outcomes)


def check_outcomes(outcomes):
    os.kill(int(os.environ["SEND_PID"]), signal.SIGALRM)  # a word to queue-send may have been lost
    check_clean()
    arrived = collections.Counter(received(file.read_bytes()) for file in files_of("faults"))
    for outcome in outcomes:
        outcome.check()
        count = arrived[outcome.message]
        check(count or not outcome.accepted, "lost:", outcome.fault)
        check(count <= 1, "twice:", outcome.fault)
    known = {outcome.message for outcome in outcomes}
    others = [message for message in arrived if message not in known and b"no fault" in message]
    check(not others, "torn:", others)
    accepted = sum(outcome.accepted for outcome in outcomes)
    harmless = all(is_made_good(outcome.fault) for outcome in outcomes)
    check(accepted and (harmless or accepted < len(outcomes)), accepted, "accepted of", len(outcomes))


def front(how):
    accept_with_faults("front", how, "execve(")


def inject(how):
    accept_with_faults("inject", how, "SIGPIPE")


def call_with_pipes(message, envelope):
    """As qmail-queue is called; its exit code."""
    inputs = [os.pipe(), os.pipe()]
    process = subprocess.Popen([TRACED, "inject", "queue-inject"], stdin=inputs[0][0],
                               stdout=inputs[1][0])
    for (theirs, ours), data in zip(inputs, (message, envelope)):
        os.close(theirs)
        with open(ours, "wb") as file:
            file.write(data)
    return process.wait(PATIENCE)


def inject_pipes(how):
    """A message and its envelope that come in pieces are copied whole."""
    program, sent = HOW[how]("inject"), []

    def send(fault):
        sent.append(body(f"pipes {len(sent)}"))
        code = call_with_pipes(sent[-1], b"Fme@client.example\0Tpipes@example.test\0\0")
        check(code == 0, fault, "queue-inject ends with", code)

    program.disturb(send, program.faults(send))
    wait_until(lambda: len(files_of("pipes")) >= len(sent), "all of them")
    arrived = sorted(file.read_bytes().partition(b"Subject: ")[2] for file in files_of("pipes"))
    check(arrived == sorted(message.partition(b"Subject: ")[2] for message in sent), "not what was sent")


# ---- delivery ----------------------------------------------------------------------------------

def send_two(name):
    """One message to two, one to one."""
    client = Client(int(os.environ["OTHER_PORT"])).greet()
    client.say(b"MAIL FROM:<me@client.example>", b"250 ")
    client.say(b"RCPT TO:<one@example.test>", b"250 ")
    client.say(b"RCPT TO:<two@example.test>", b"250 ")
    client.say(b"DATA", b"354 ")
    client.send(on_the_wire(body(name + " two")))
    client.expect(b"250 ")
    client.deliver("one", body(name + " one"))
    client.quit()


def check_delivered(fault, name):
    """Each at least once, and nothing else."""
    two, one = body(name + " two"), body(name + " one")
    for box, wanted in (("one", {one, two}), ("two", {two})):
        found = [received(file.read_bytes()) for file in files_of(box)]
        check(set(found) == wanted, fault, box, "has", len(found), "messages, not what was sent")
        for file in files_of(box):
            file.unlink()


COMMANDS = {
    "send": [TRACED, "send", "queue-send", "-w", "maildir=1"],
    "deliver": ["queue-send", "-w", "maildir=1", "-w", f"maildir={TRACED} deliver deliver-maildir"],
}


def deliver_with_faults(name, how, start, late=False):
    program = HOW[how](name)

    def deliver_once(fault):
        """One life of queue-send, and what it takes to come to an end."""
        scheduler = Scheduler(COMMANDS[name])
        if not late:
            send_two("m")
        scheduler.start(wait=late)
        try:
            if late:
                send_two("m")
            wait_until(lambda: scheduler.tend() or program.trace.exists(), "a trace")
            program.release()
            wait_until(scheduler.tend, fault, "an empty queue")
        finally:
            scheduler.stop()
        check_delivered(fault, "m")

    deliver_once("no fault")  # makes the Maildirs
    program.disturb(deliver_once, program.faults(deliver_once, start))


def send_after_a_start(how):
    deliver_with_faults("send", how, '"lock"')


def send_while_running(how):
    deliver_with_faults("send", how, "poll(", late=True)


def deliver(how):
    deliver_with_faults("deliver", how, "recvmsg(")


if __name__ == "__main__":
    main(globals())
