"""Faults by disturb.c: system calls that move fewer bytes than they were asked to, or fail, in one
process of several. Disturbed(NAME) is a Program of _inject.py whose faults are these.

    program = Disturbed("wrap", follow=True)              # its children are traced, too
    calls = program.record(play)                          # all that are called, in any process
    program.disturb(play, shortened(calls))               # each moves less, in turn
    program.disturb(play, failing(calls))                 # each fails, by the table of _inject.py
    program.disturb(play, paused(calls, 50))              # before and after each a process stands still
"""

import collections

import _inject
from _chain import CHAIN, check
from _inject import ANY, FILE, OTHER, PIPE, SOCKET

KINDS = {"file": FILE, "pipe": PIPE, "stream": SOCKET, "records": SOCKET}


class Call(collections.namedtuple("Call", "process name number kind asked result")):
    """A line of disturb.c's trace."""

    def describes(self):
        return KINDS.get(self.kind, OTHER)


def read_calls(trace):
    calls = []
    for line in trace.splitlines():
        process, name, number, kind, asked, result = line.split()
        calls.append(Call(int(process), name, int(number), kind, int(asked), int(result)))
    return calls


def until_it_becomes(calls, process=0):
    """Those before its program executes the next one."""
    for call in calls:
        if call.process == process and call.name == "execve":
            return
        if call.process == process:
            yield call


class Recording:
    """Nothing is disturbed. clock: to read it is a call, too."""

    def __init__(self, follow=False, clock=False):
        self.options = " ".join(["-f"] * follow + ["-c"] * clock)

    def __str__(self):
        return "no fault"

    def words(self, trace):
        return f"{CHAIN}/disturb {self.options} -o {trace}"

    @staticmethod
    def happened(trace):
        return bool(trace)


class Disturbance(Recording):
    """One call is disturbed: error is the error's name, how many bytes it may move, or how long its
    process stands still."""

    def __init__(self, call, error, **options):
        super().__init__(call.process > 0, **options)
        self.call, self.error = call, error

    def __str__(self):
        return f"{self.call.process}/{self.call.name}:{self.call.number}:{self.error}"

    def words(self, trace):
        return f"{super().words(trace)} {self}"


def shortened(calls):
    """Each call that moved bytes moves one; in make check-crash also half of them, and all but one.
    Reads of files are left alone: there the kernel gives what there is."""
    for call in calls:
        if not call.asked or call.result < 2 or (call.kind == "file" and "read" in call.name):
            continue
        yield Disturbance(call, 1)
        if _inject.LONG:
            for count in sorted({call.result // 2, call.result - 1} - {1}):
                yield Disturbance(call, count)


def paused(calls, ms, sides=("before", "after")):
    """Before and after each call its process stands still for so many milliseconds; what does not
    return has no after, and what disturb.c has no name for is left out."""
    for call in calls:
        for side in sides:
            if not call.name.startswith("call_") and not (side == "after" and call.name.startswith("exit")):
                yield Disturbance(call, f"{side}+{ms}", clock=True)


class PausedAtRandom(Recording):
    """Each process stands still for so many milliseconds after one in so many calls."""

    def __init__(self, seed, every, ms, follow=False):
        super().__init__(follow, clock=True)
        self.fault = f"random:{seed}:{every}+{ms}"

    def __str__(self):
        return self.fault

    def words(self, trace):
        return f"{super().words(trace)} {self.fault}"

    @staticmethod
    def happened(_):
        return True  # it may be that there are few calls, and none is chosen


# What a process gives up, and may fail to.
PRIVILEGES = set("setgroups setresgid setresuid setgid setuid prctl setrlimit prlimit64 seccomp "
                 "landlock_create_ruleset landlock_add_rule landlock_restrict_self".split())
ACCEPTS = {"accept", "accept4"}
OTHERS = set("bind connect dup dup2 epoll_create1 epoll_ctl flock getpeername getsockname getsockopt ioctl "
             "listen lseek mmap pipe pipe2 readlink setsockopt shutdown signalfd4 socket socketpair".split())

# Besides _inject.py's.
MORE_ERRORS = {
    "EAGAIN": [({SOCKET, PIPE}, _inject.READS | _inject.WRITES), (ANY, ACCEPTS | {"setresuid"})],
    "ECONNABORTED": [(ANY, ACCEPTS)],
    "EIO": [(ANY, OTHERS)],
    "ENOMEM": [(ANY, {"epoll_ctl"})],
    "EPERM": [(ANY, PRIVILEGES)],
}


def can_fail(call, error):
    return any(call.describes() in kinds and call.name in names
               for table in (_inject.ERRORS, MORE_ERRORS) for kinds, names in table.get(error, ()))


def failing(calls, errors=None):
    """Each error, by these tables, at each of the calls."""
    everything = sorted({*_inject.ERRORS, *MORE_ERRORS}) if _inject.LONG else _inject.COMMON
    for call in calls:
        for error in errors or everything:
            if can_fail(call, error):
                yield Disturbance(call, error)


class Disturbed(_inject.Program):
    def __init__(self, name, follow=False, clock=False):
        super().__init__(name)
        self.follow, self.clock = follow, clock

    def record(self, play, start=""):
        """Plays once: all calls, from the first of one that has start in its name."""
        recording = Recording(self.follow, self.clock)
        with self.under(recording):
            play(recording)
        calls = read_calls(self.read_trace())
        first = next((i for i, call in enumerate(calls) if start in call.name), len(calls))
        check(calls[first:], "nothing was called behind", start)
        return calls[first:]


class Shortened(Disturbed):
    """Whose faults are that less is moved."""

    def faults(self, play, start="", every=1, errors=None):
        return _inject.sample(shortened(self.record(play)), every)
