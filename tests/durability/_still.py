"""What is as soon done when a process stands still for a moment, before or after one of its system calls,
but for the time that it stood. Who misses what happens meanwhile, and sleeps until a timer goes off that is
for other things, comes much too late: those timers are for minutes, or for what a scene would not wait for.

    explore(Disturbed("front"), play)     # each call of front's, by turns, in what play(fault) does
"""

import os
import time

from _chain import check
from _disturb import PausedAtRandom, paused
from _inject import LONG

STILL = 50  # milliseconds
FAIR = 5  # seconds that a busy machine may take besides,
TRIES = 4  # but for some of so many times
SEEDS, AT_RANDOM = (6, 12) if LONG else (1, 30)  # one in so many calls, at random
EVERY = int(os.environ.get("PAUSES_EVERY", 1))  # of all calls, in make check-crash


class InTime:
    """A program, and how it is played. It takes as long as it has taken undisturbed, and stood still."""

    def __init__(self, program, play, still):
        self.program, self.play, self.still, self.usual = program, play, still, 0

    def measure(self, recording):
        self.usual = max(self.usual, self.time(recording))

    def time(self, fault):
        begun = time.monotonic()
        self.play(fault)
        return time.monotonic() - begun

    def late(self, fault):
        """By how many seconds more than it stood still."""
        took = self.time(fault)
        return took - self.usual - len(self.program.read_trace().splitlines()) * self.still / 1000

    def __call__(self, fault):
        """Who misses something does so each time; a machine that stands still itself does not, and is seen
        to be slow without a fault, too."""
        late = [self.late(fault)]
        while late[-1] > FAIR and len(late) < TRIES:
            self.program.release()
            self.measure("no fault")
            with self.program.under(fault):
                late.append(self.late(fault))
        check(late[-1] <= FAIR, f"{' and '.join(f'{some:.1f}' for some in late)} seconds late, "
              f"usually {self.usual:.1f} in all")


def everything(calls):
    return calls


def nothing(_):
    return ()


def explore(program, play, choose=everything, sample=nothing, still=STILL, seeds=SEEDS):
    """Each of the calls that choose takes, in make check-crash; else before those that sample takes. And some
    at random."""
    program.clock, program.may_miss = True, 0.4
    scene = InTime(program, play, still)
    for _ in range(1 + LONG):
        recorded = program.record(scene.measure)
    calls = list(choose(recorded))
    single = paused(calls, still) if LONG else paused(sample(calls), still, ["before"])
    at_random = [PausedAtRandom(seed, AT_RANDOM, still, program.follow) for seed in range(seeds)]
    program.disturb(scene, [*list(single)[os.getpid() % EVERY::EVERY], *at_random])
