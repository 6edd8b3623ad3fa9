#!/usr/bin/env python3
"""_power.py [-n STATES] [-s SEED] [-m MUTATION] SCENARIO...: the power fails while mail is accepted,
delivered, retried or returned.

Each scenario is recorded once (_crash_scenarios.py, _recording.py). Then, for states that the disk
may be in after a power cut at any time (_crash_model.py), queue-send is started on a disk in that
state, and it is asked what became of the mail:

  what was told 250 is in its mailboxes, or its sender was told why not;
  what a deliverer reported as delivered is in the mailbox before queue-send is started;
  nothing is in a mailbox that was not sent to it, and nothing is torn, before or after;
  it arrives a second time only if its entry had survived, and no log of the entry says that it had
  arrived; and never a third time;
  torn entries, and no others, are in bad/; the queue is empty.

A mutation (_crash_mutations.py) is a fault in the recorded programs: the check must find it.
"""

import argparse
import concurrent.futures
import email
import multiprocessing.util
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter

from _chain import FOOTER, PATIENCE, TRACE, check
from _crash_model import MODELS, Disk, states
from _crash_mutations import MUTATIONS
from _crash_scenarios import SCENARIOS, SENDER, send_command
from _recording import Told


# ---- what was promised -------------------------------------------------------------------------

REPLY = re.compile(rb"250 2\.0\.0 queued as (\w+)")
JOB = re.compile(rb"j\0(\d+)\0[^\0]*\0[^\0]*\0([^\0]*)\0(\w+)\0")
RESULT = re.compile(rb"r\0(\d+)\0K")
RECEIVED = re.compile(rb"\AReceived: [^\n]*\n([ \t][^\n]*\n)*")


class Ledger:
    """When, by lines of the trace, somebody was told that a message is accepted, or delivered."""

    def __init__(self, recording, messages):
        self.messages = {message.subject: message for message in messages}
        self.by_id = {message.queue_id: message for message in messages}
        self.by_text = {message.text(): message for message in messages}
        self.accepted, self.delivered, jobs = {}, {}, {}
        for event in recording.events:
            if isinstance(event, Told):
                self.read(event, jobs)

    def read(self, event, jobs):
        for queue_id in REPLY.findall(event.data):
            self.accepted[self.by_id[queue_id.decode()].subject] = event.start
        for number, argument, queue_id in JOB.findall(event.data):
            jobs[number] = (queue_id.decode(), argument.decode().rpartition("/")[2])
        for number in RESULT.findall(event.data):
            queue_id, box = jobs[number]
            if queue_id in self.by_id:
                self.delivered[self.by_id[queue_id].subject, box] = event.start

    def pairs(self):
        for message in self.messages.values():
            for box in message.boxes:
                yield message.subject, box


# ---- what is there -----------------------------------------------------------------------------

def find_subject(ledger, data):
    """The message that a file of a mailbox is; a notice is (subject, box) of what it tells of."""
    found = TRACE.match(data)
    message = ledger.by_text.get(data[found.end():]) if found else None
    return message.subject if message else None


def read_notice(data):
    """The (subject, box) pairs that a whole notice tells of."""
    notice = email.message_from_bytes(data)
    if notice.get_content_type() != "multipart/report":
        return []
    end = f"--{notice.get_boundary()}--\n".encode()
    parts = notice.get_payload()
    if not data.endswith(end) or len(parts) != 3:
        return []
    boxes = re.findall(r"Final-Recipient: rfc822; *(\w+)@", parts[1].as_string())
    subject = re.search(r"^Subject: (m\d+)$", parts[2].as_string(), re.M)
    return [(subject[1], box) for box in boxes] if subject else []


def count_mail(ledger, files):
    """How often each (subject, box) is there, of (box, content) of mailboxes; and what is neither a
    message to that mailbox nor a notice."""
    counts, strange = Counter(), []
    for box, data in files:
        subject = find_subject(ledger, data)
        notices = read_notice(data) if not subject and box == SENDER else []
        if subject and box in ledger.messages[subject].boxes:
            counts[subject, box] += 1
        elif notices:
            counts.update(notices)
        else:
            strange.append((box, data[:400]))
    return counts, strange


def mailbox_files(tree):
    for path, content in tree.items():
        found = re.fullmatch(r"mail/(\w+)/new/[^/]+", path)
        if found and content is not None:
            yield found[1], content


class Before:
    """A state, as the ledger sees it: what is in mailboxes, what is still to come."""

    def __init__(self, ledger, state):
        self.arrived, self.strange = count_mail(ledger, mailbox_files(state.tree))
        entries = [path.rpartition("/")[2] for path in state.tree if path.startswith("queue/new/")]
        self.torn = {name for name in entries if f"queue/new/{name}" not in state.whole}
        self.queued = Counter()
        for name in set(entries) - self.torn:
            self.queued.update(read_entry(ledger, state.tree, name))


def read_entry(ledger, tree, name):
    """What a whole entry will bring: one mail for each recipient, or a notice in its place, unless
    the log of the entry says that this has been done."""
    data, log = tree[f"queue/new/{name}"], tree.get(f"queue/state/{name}", b"")
    text = data[:int(FOOTER.search(data[-62:])[1])]
    message = ledger.by_text.get(RECEIVED.sub(b"", text))
    if not message:
        return read_notice(text)
    done = {int(index) for index in re.findall(rb"^\d+ [dsb] (\d+) .*\n", log, re.M)}
    return [(message.subject, box) for index, box in enumerate(message.boxes) if index not in done]


# ---- a machine that comes up again -------------------------------------------------------------

ALARM = 0.03  # seconds between signals to queue-send


class Machine:
    """A disk of its own, in memory, and the queue-send that is started on it."""

    def __init__(self):
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="crash.", dir=memory))
        self.disk, self.log = self.top / "disk", self.top / "log"
        self.process = None
        self.environment = dict(os.environ, CHAINMAIL_QUEUE=str(self.disk / "queue"))

    def write(self, tree):
        shutil.rmtree(self.disk, ignore_errors=True)
        self.disk.mkdir()
        for path in sorted(tree):
            if tree[path] is None:
                os.mkdir(self.disk / path)
            else:
                (self.disk / path).write_bytes(tree[path])

    def names(self, folder):
        return set(os.listdir(self.disk / folder))

    def is_done(self):
        return not self.names("queue/new") and not self.names("queue/state")

    def check(self, condition, words):
        if not condition:
            raise AssertionError(f"{words}: {self.log.read_text()}")

    def start(self):
        """Returns when queue-send is ready."""
        ready, tell = os.pipe()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen((*send_command(self.disk / "mail"), "-n", str(tell)),
                                            stdin=subprocess.DEVNULL, stderr=log, pass_fds=[tell],
                                            env=self.environment)
        os.close(tell)
        self.check(os.read(ready, 1), "queue-send is not ready")
        os.close(ready)

    def empty(self):
        """What waits for a retry is told not to."""
        begun = time.monotonic()
        alarm = begun + ALARM
        while not self.is_done():
            now = time.monotonic()
            self.check(self.process.poll() is None, "queue-send has ended")
            self.check(now < begun + PATIENCE, "the queue is never empty")
            if now > alarm:
                self.process.send_signal(signal.SIGALRM)
                alarm = now + ALARM
            time.sleep(0.0005)

    def run(self):
        """Until the queue is empty."""
        try:
            self.start()
            self.empty()
            self.process.terminate()
            self.check(self.process.wait(PATIENCE) == 0, "queue-send did not end well")
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()

    def remove(self):
        shutil.rmtree(self.top, ignore_errors=True)

    def mail(self):
        for box in self.names("mail"):
            new = self.disk / "mail" / box / "new"
            for name in os.listdir(new) if new.is_dir() else ():
                yield box, (new / name).read_bytes()


# ---- the verdict -------------------------------------------------------------------------------

def promised(times, cut):
    return {what for what, time_told in times.items() if time_told < cut}


def check_before(ledger, before, cut):
    check(not before.strange, "torn or strange in a mailbox:", before.strange)
    for pair in promised(ledger.delivered, cut):
        check(before.arrived[pair], "reported as delivered and lost:", pair)


def check_after(ledger, before, after, cut):
    accepted = promised(ledger.accepted, cut)
    for pair in ledger.pairs():
        check(after[pair] or pair[0] not in accepted, "accepted and lost:", pair)
        due = before.arrived[pair] + before.queued[pair]
        check(after[pair] == due, pair, "is there", after[pair], "times, not", due)


def replay(machine, disk, ledger, recipe):
    """What became of a state, in numbers."""
    state, cut = disk.make(recipe), recipe[0]
    before = Before(ledger, state)
    check_before(ledger, before, cut)
    machine.write(state.tree)
    machine.run()
    after, strange = count_mail(ledger, machine.mail())
    check(not strange, "torn or strange in a mailbox:", strange)
    bad = machine.names("queue/bad")
    check(bad == before.torn, "set aside:", bad, "torn:", before.torn)
    check_after(ledger, before, after, cut)
    accepted = promised(ledger.accepted, cut)
    times = Counter(after[pair] for pair in ledger.pairs() if pair[0] in accepted)
    return Counter({"states": 1, "acknowledged": times.total(), "once": times[1],
                    "twice": times[2], "more": times.total() - times[1] - times[2] - times[0],
                    "lost": times[0], "set aside": len(bad)})


# ---- many of them ------------------------------------------------------------------------------

class Play:
    """A scenario, recorded, and its replays."""

    def __init__(self, name, recording, messages, mutation=None):
        self.name = f"{name} ({mutation})" if mutation else name
        if mutation:
            MUTATIONS[mutation](recording)
        self.ledger = Ledger(recording, messages)
        self.disks = {model: Disk(recording, model) for model in MODELS}

    def choose(self, count, dice):
        """(model, recipe) of so many states, or of all."""
        found = []
        for model, disk in self.disks.items():
            few = count and min(count, len(disk.cuts))
            cuts = dice.sample(disk.cuts, few) if count else disk.cuts
            found += [(model, recipe) for recipe in states(disk, cuts, dice)]
        return dice.sample(found, min(count or len(found), len(found)))

    def replay(self, choice):
        model, recipe = choice
        try:
            return replay(machine, self.disks[model], self.ledger, recipe), None
        except AssertionError as error:  # told with the state that it happened to
            return Counter(states=1, faults=1), f"{self.name}, {model}, {recipe}: {error}"


# The processes that replay are forks of the one that has recorded.
play = None
machine = None


def set_up():
    global machine
    machine = Machine()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    multiprocessing.util.Finalize(machine, machine.remove, exitpriority=10)


def replay_one(choice):
    return play.replay(choice)


def replay_all(choices):
    """(numbers, faults)"""
    total, faults = Counter(), []
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count(), context, set_up) as pool:
        for counts, fault in pool.map(replay_one, choices, chunksize=10):
            total.update(counts)
            faults += [fault] if fault else []
    return total, faults


def run(name, count, seed, mutation=None):
    global play
    dice = random.Random(f"{seed} {name}")
    play = Play(name, *SCENARIOS[name](), mutation)
    choices = play.choose(count, dice)
    total, faults = replay_all(choices)
    print(f"{play.name}:", ", ".join(f"{total[key]} {key}" for key in NUMBERS), flush=True)
    return total, faults


NUMBERS = "states acknowledged once twice more lost faults".split() + ["set aside"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", type=int, default=0, help="states of each scenario; all")
    parser.add_argument("-s", default=random.SystemRandom().randrange(1 << 32), help="seed")
    parser.add_argument("-m", choices=MUTATIONS, help="a fault that must be found")
    parser.add_argument("scenario", nargs="*", choices=[[], *SCENARIOS])
    options = parser.parse_args()
    print("seed", options.s)
    total, faults = Counter(), []
    for name in options.scenario or SCENARIOS:
        counts, found = run(name, options.n, options.s, options.m)
        total.update(counts)
        faults += found
    print("all:", ", ".join(f"{total[key]} {key}" for key in NUMBERS))
    if options.m:
        check(faults, "not found:", options.m)
    else:
        check(not faults, "\n".join(faults[:20]))


if __name__ == "__main__":
    main()
