#!/usr/bin/env python3
"""_faults.py SCENARIO: system calls that fail, one at a time, in a chain at work.

Whatever fails: what was told 250 is delivered, whole; what was not told is whole or not there; who
was not let in is told so for now, not for good; and a session beside it goes on.
"""

import collections
import os
import pathlib
import re
import select
import signal
import subprocess

from _chain import (CHAIN, PATIENCE, QUEUE, Bystander, Client, check, check_clean, children,
                    files_of, main, on_the_wire, received, wait_until)

# Calls that a signal may interrupt, and others that may fail in the way of a message. Those that
# start and await processes are not here.
INTERRUPTED = set("open openat read readv pread64 write writev pwrite64 pwritev fsync linkat "
                  "rename renameat renameat2 sendto sendmsg recvfrom recvmsg poll close".split())
FAILING = INTERRUPTED | set("unlink unlinkat fstat newfstatat stat lstat fcntl memfd_create "
                            "getdents64 getrandom mkdir mkdirat ftruncate".split())
FAULTS = {"EIO": FAILING, "EINTR": INTERRUPTED}
ACCEPTANCE_FAULTS = dict(FAULTS)
if os.environ.get("CHECK_CRASH"):
    ACCEPTANCE_FAULTS |= {
        "ENOSPC": set("open openat write writev pwrite64 pwritev fsync linkat rename renameat "
                      "renameat2 mkdir mkdirat ftruncate".split()),
        "EMFILE": set("open openat socket socketpair pipe pipe2 memfd_create".split()),
        "ENOMEM": set("open openat mmap fork vfork clone read pread64 poll sendmsg recvmsg".split()),
        "EAGAIN": set("fork vfork clone".split()),
    }


def options_file(name):
    return CHAIN / f"{name}.strace"


def list_faults(trace, start, faults):
    """call:error=E:when=N for each call of the trace behind the first that has start in it."""
    counts, begun = collections.Counter(), False
    for line in trace.read_text(errors="replace").splitlines():
        found = re.match(r"(\w+)\(", line)
        if not found:
            continue
        counts[found[1]] += 1
        for error, calls in faults.items():
            if begun and found[1] in calls:
                yield f"{found[1]}:error={error}:when={counts[found[1]]}"
        begun = begun or start in line


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
        interrupted = "EINTR" in self.fault and "open" not in self.fault
        check(self.accepted or not interrupted, self.fault, self.replies)


def accept_with_faults(name, start):
    """A message for each fault of one program, in a session of its own."""
    options = options_file(name)
    options.write_text("-e trace=all")
    check(Outcome("no fault", name).accepted, "without a fault")
    trace = CHAIN / f"{name}.trace"
    wait_until(lambda: "exit_group" in trace.read_text(errors="replace"), "the end of the trace")
    faults = list(list_faults(trace, start, ACCEPTANCE_FAULTS))
    check(len(faults) > 20, "faults:", faults)
    outcomes = []
    with Bystander(port=int(os.environ["OTHER_PORT"])):
        for number, fault in enumerate(faults):
            options.write_text(f"-e inject={fault}")
            outcomes.append(Outcome(fault, f"{name} {number}"))
    options.unlink()
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
    check(0 < accepted < len(outcomes), accepted, "accepted of", len(outcomes))


def front():
    accept_with_faults("front", "execve(")


def inject():
    accept_with_faults("inject", "SIGPIPE")


# ---- delivery ----------------------------------------------------------------------------------

class Scheduler:
    """queue-send, one life after the other."""

    def __init__(self, *command):
        self.command, self.process, self.log = command, None, CHAIN / "send.log"
        self.troubled = False
        self.log.touch()

    def start(self, *command, wait=True):
        """Returns when it is ready, or has ended; or at once."""
        self.begun = self.log.stat().st_size
        ready, tell = os.pipe()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*(command or self.command), "-n", str(tell)],
                                            stderr=log, stdin=subprocess.DEVNULL, pass_fds=[tell])
        os.close(tell)
        if wait:
            check(select.select([ready], [], [], PATIENCE)[0], "queue-send is not ready")
        os.close(ready)

    def has_logged(self, pattern):
        with open(self.log, "rb") as file:
            file.seek(self.begun)
            return re.search(pattern, file.read())

    def pid(self):
        """Its own, where strace is its parent."""
        below = [pid for pid, _ in children(self.process.pid) if command_of(pid) == "queue-send"]
        return below[0] if below else self.process.pid

    def signal(self, number):
        try:
            os.kill(self.pid(), number)
        except ProcessLookupError:
            pass

    def stop(self):
        self.signal(signal.SIGTERM)
        self.process.wait(PATIENCE)

    def tend(self):
        """What a supervisor, and an impatient administrator, do: true when the queue is empty."""
        if self.process.poll() is not None or self.has_logged(rb"event=worker-(lost|failed)"):
            self.stop()
            self.start("queue-send")
            self.troubled = True
        self.troubled |= bool(self.has_logged(rb"event=(waiting|\S+-failed|\S+-lost)"))
        if self.troubled:
            self.signal(signal.SIGALRM)
        check(not os.listdir(QUEUE / "bad"), "set aside:", os.listdir(QUEUE / "bad"))
        return not os.listdir(QUEUE / "new") and not os.listdir(QUEUE / "state")


def command_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return None


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


def deliver_once(name, options, late):
    """One life of queue-send with a fault, and what it takes to come to an end."""
    trace, scheduler = CHAIN / f"{name}.trace", Scheduler(*COMMANDS[name])
    trace.unlink(missing_ok=True)
    options_file(name).write_text(options)
    if not late:
        send_two("m")
    scheduler.start(wait=late)
    try:
        if late:
            send_two("m")
        wait_until(lambda: scheduler.tend() or trace.exists(), "a trace")
        options_file(name).unlink()
        wait_until(scheduler.tend, options, "an empty queue")
    finally:
        scheduler.stop()
    check_delivered(options, "m")
    return trace


HERE = pathlib.Path(__file__).resolve().parent
TRACED = str(HERE / "_traced")
COMMANDS = {
    "send": [TRACED, "send", "queue-send", "-w", "maildir=1"],
    "deliver": ["queue-send", "-w", "maildir=1", "-w", f"maildir={TRACED} deliver deliver-maildir"],
}


def deliver_with_faults(name, start, late=False):
    deliver_once(name, "-e trace=all", late)  # makes the Maildirs
    trace = deliver_once(name, "-e trace=all", late)
    faults = list(list_faults(trace, start, ACCEPTANCE_FAULTS))
    check(len(faults) > 20, "faults:", faults)
    happened = 0
    for fault in faults:
        trace = deliver_once(name, f"-e inject={fault}", late)
        happened += "(INJECTED)" in trace.read_text(errors="replace")
    check(happened > len(faults) * 0.8, happened, "of", len(faults), "happened")


def send_after_a_start():
    deliver_with_faults("send", '"lock"')


def send_while_running():
    deliver_with_faults("send", "poll(", late=True)


def deliver():
    deliver_with_faults("deliver", "recvmsg(")


main(globals())
