#!/usr/bin/env python3
"""_power.py [-t] [-n STATES] [-s SEED] [-m MUTATION] SCENARIO...

The power fails while mail is accepted, delivered, forwarded, retried or returned, and while
administrators give orders.

Each scenario is recorded once (_crash_scenarios.py, _recording.py). Then, for states that the disk
may be in after a power cut at any time (_crash_model.py), queue-send is started on a disk in that
state, and it is asked what became of the mail:

  what was told 250 is in its mailboxes, or its sender was told why not;
  what a deliverer reported as delivered is in the mailbox before queue-send is started;
  nothing is in a mailbox that was not sent to it, and nothing is torn, before or after;
  it arrives as often as it had arrived, and once more for each entry that has it and no log that
  says that it was delivered: mostly once in all, twice where the removal of the entry was lost;
  an order that was confirmed is in force: what is held stays so until it is released, what was
  dropped does not arrive, and the sender of what was returned is told; a torn one is none;
  torn entries, and no others, are in bad/; the queue is empty.

With -t some of these starts are recorded, too, and the power fails again.

A mutation (_crash_mutations.py) is a fault in the recorded programs: the check must find it.
"""

import argparse
import concurrent.futures
import multiprocessing.util
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter

from _chain import PATIENCE, check
from _crash_ledger import FORWARD, OBEYED, TOLD, Before, Ledger, count_mail, promised
from _crash_model import MODELS, Disk, states
from _crash_mutations import MUTATIONS
from _crash_scenarios import SCENARIOS, recover, send_command, write_tree


# ---- a machine that comes up again -------------------------------------------------------------

ALARM = 0.03  # seconds between signals to queue-send


class Machine:
    """A disk of its own, in memory, and the queue-send that is started on it."""

    def __init__(self):
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="crash.", dir=memory))
        self.disk, self.log = self.top / "disk", self.top / "log"
        self.process = None
        self.environment = dict(os.environ, CHAINMAIL_QUEUE=str(self.disk / "queue"),
                                CHAINMAIL_MAIL=str(self.disk / "mail"))

    def names(self, folder):
        return set(os.listdir(self.disk / folder))

    def is_done(self, held):
        return self.names("queue/new") == held and self.names("queue/state") == held

    def check(self, condition, words):
        if not condition:
            raise AssertionError(f"{words}: {self.log.read_text()[-1000:]}")

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

    def order(self, words):
        """queue-send's answer."""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(PATIENCE)
            control.connect(str(self.disk / "queue/control"))
            control.sendall(words.encode() + b"\n")
            with control.makefile() as lines:
                answer = lines.readline()
                return answer + lines.readline() if answer.startswith("=") else answer

    def find_held(self, names):
        """Until queue-send has looked at each of them."""
        end = time.monotonic() + PATIENCE
        for name in names:
            while "\theld\t" not in (answer := self.order(f"list {name}")):
                self.check(time.monotonic() < end, f"not held: {answer}")

    def empty(self, held=frozenset()):
        """But for what is held. What waits for a retry is told not to."""
        begun = time.monotonic()
        alarm = begun + ALARM
        while not self.is_done(held):
            now = time.monotonic()
            self.check(self.process.poll() is None, "queue-send has ended")
            self.check(now < begun + PATIENCE, "the queue is never empty")
            if now > alarm:
                self.process.send_signal(signal.SIGALRM)
                alarm = now + ALARM
            time.sleep(0.0005)

    def run(self, held, look):
        """Until the queue is empty but for what is held: then there is a look at it. That is then
        let go."""
        try:
            self.start()
            self.find_held(held)
            self.empty(held)
            look()
            for name in held:
                self.check(self.order(f"release {name}") == "+done\n", "not released")
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

def check_before(ledger, before, cut):
    check(not before.strange, "torn or strange in a mailbox:", before.strange)
    for subject, box, kind in promised(ledger.reported, cut):
        there = before.arrived[subject, box]
        there += before.queued[subject, box] if kind == FORWARD else 0
        check(there, "reported and lost:", subject, box, kind)
    for order in ledger.orders_in_force(cut):
        letter = before.orders.get(order.subject)
        check(OBEYED[order.letter](letter, before.told(order.subject)),
              "confirmed and lost:", order, "the log has", letter)


def check_mail(ledger, mail, due):
    """So many times, and no more."""
    there, strange = count_mail(ledger, mail)
    check(not strange, "torn or strange in a mailbox:", strange)
    for pair in ledger.pairs():
        for what in (pair, (*pair, TOLD)):
            check(there[what] == due[what], what, "is there", there[what], "times, not", due[what])
    return there


def check_accepted(ledger, after, cut):
    wanted = promised(ledger.accepted, cut) - ledger.given_up(cut)
    for pair in ledger.pairs():
        check(after[pair] or pair[0] not in wanted, "accepted and lost:", pair)


def replay(machine, disk, ledger, recipe):
    """What became of a state, in numbers."""
    state, cut = disk.make(recipe), recipe[0]
    before = Before(ledger, state)
    check_before(ledger, before, cut)
    write_tree(machine.disk, state.tree)
    due = before.arrived + before.queued
    machine.run(before.held_names, lambda: check_mail(ledger, machine.mail(), due))
    after = check_mail(ledger, machine.mail(), due + before.held)
    bad = machine.names("queue/bad")
    check(bad == before.torn | before.bad, "set aside:", bad, "torn:", before.torn)
    check_accepted(ledger, after, cut)
    accepted = promised(ledger.accepted, cut) - ledger.given_up(cut)
    times = Counter(after[pair] for pair in ledger.pairs() if pair[0] in accepted)
    return Counter({"states": 1, "acknowledged": times.total(), "once": times[1],
                    "twice": times[2], "more": times.total() - times[1] - times[2] - times[0],
                    "lost": times[0], "set aside": len(bad),
                    "orders": len(ledger.orders_in_force(cut))})


# ---- many of them ------------------------------------------------------------------------------

class Play:
    """A scenario, recorded, and its replays."""

    def __init__(self, name, recording, ledger):
        self.name, self.ledger = name, ledger
        self.disks = {model: Disk(recording, model) for model in MODELS}

    def choose(self, count, dice):
        """(model, recipe) of so many states, or of all there are."""
        found = []
        for model, disk in self.disks.items():
            cuts = dice.sample(disk.cuts, min(count, len(disk.cuts)))
            found += [(model, recipe) for recipe in states(disk, cuts, dice)]
        return dice.sample(found, min(count, len(found)))

    def replay(self, choice):
        model, recipe = choice
        try:
            return replay(machine, self.disks[model], self.ledger, recipe), None
        except AssertionError as error:  # told with the state that it happened to
            where = self.disks[model].describe(recipe)
            return Counter(states=1, faults=1), f"{self.name}: {error}\n  {model}: {where}"


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


def replay_states(what, count, dice):
    """(numbers, faults) of so many states."""
    global play
    play = what
    total, faults = Counter(), []
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count(), context, set_up) as pool:
        for counts, fault in pool.map(replay_one, play.choose(count, dice), chunksize=10):
            total.update(counts)
            faults += [fault] if fault else []
            if len(faults) == FAULTS_SHOWN:
                pool.shutdown(cancel_futures=True)
                break
    return total, faults


def record(name, mutation):
    recording, messages = SCENARIOS[name]()
    if mutation:
        MUTATIONS[mutation](recording)
    return Play(f"{name} ({mutation})" if mutation else name, recording,
                Ledger(recording, messages))


def replay_twice(first, count, dice):
    """The power fails again, while queue-send deals with what it left the first time."""
    total, faults = Counter(), []
    for model, recipe in first.choose(max(2, count // STATES_OF_SECOND), dice):
        recording = recover(first.disks[model].make(recipe))
        second = Play(f"{first.name} twice", recording, first.ledger.later(recording, recipe[0]))
        counts, found = replay_states(second, min(count // 2, STATES_OF_SECOND), dice)
        total.update(counts)
        faults += found
    return total, faults


def run(name, options):
    dice = random.Random(f"{options.s} {name}")
    what = record(name, options.m)
    total, faults = (replay_twice if options.t else replay_states)(what, options.n, dice)
    print(f"{what.name}{' twice' if options.t else ''}:", numbers(total), flush=True)
    return total, faults


STATES_OF_SECOND = 100  # for each of the first
FAULTS_SHOWN = 20       # then it is enough
NUMBERS = "states acknowledged once twice more lost faults orders".split() + ["set aside"]


def numbers(total):
    return ", ".join(f"{total[key]} {key}" for key in NUMBERS)


def parse_options():
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", type=int, default=40, help="states of each scenario")
    parser.add_argument("-s", default=random.SystemRandom().randrange(1 << 32), help="seed")
    parser.add_argument("-m", choices=MUTATIONS, help="a fault that must be found")
    parser.add_argument("-t", action="store_true", help="the power fails twice")
    parser.add_argument("scenario", nargs="+", choices=SCENARIOS)
    return parser.parse_args()


def main():
    options = parse_options()
    print("seed", options.s)
    total, faults = Counter(), []
    for name in options.scenario:
        counts, found = run(name, options)
        total.update(counts)
        faults += found
    print("all:", numbers(total))
    if options.m:
        check(faults, "not found:", options.m)
    else:
        check(not faults, "\n".join(faults))


if __name__ == "__main__":
    main()
