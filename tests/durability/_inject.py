"""Programs of a chain at work whose system calls are disturbed, one at a time.

A chain runs `_traced NAME PROGRAM...` where PROGRAM may be disturbed; Program(NAME) is its handle:

    program = Program("front")
    for fault in program.faults(play, start="execve("):     # plays once, and reads what was called
        with program.under(fault):                          # what is started now has the fault
            play(fault)

A fault is anything with words(trace), what comes before the program on its command line, and
happened(trace), whether its trace, a text, says that it came to pass. Error is strace's.
"""

import collections
import contextlib
import os
import re

from _chain import CHAIN, check, wait_until

LONG = bool(os.environ.get("CHECK_CRASH"))

# ---- what can fail ------------------------------------------------------------------------------

READS = set("read readv pread64 preadv recvfrom recvmsg getdents64".split())
WRITES = set("write writev pwrite64 pwritev sendto sendmsg sendfile splice copy_file_range".split())
OPENS = set("open openat".split())
NAMES = set("linkat link rename renameat renameat2 unlink unlinkat mkdir mkdirat".split())
LOOKS = set("fstat newfstatat stat lstat statx".split())
WAITS = set("poll ppoll epoll_wait epoll_pwait".split())
MAKES = set("socket socketpair pipe pipe2 memfd_create accept accept4 dup eventfd2 signalfd4 "
            "epoll_create1 inotify_init1".split())
SPAWNS = set("fork vfork clone clone3".split())

# The kinds of what a call's first argument describes; NAMED: it is no descriptor.
FILE, SOCKET, PIPE, OTHER, NAMED = "file socket pipe other named".split()
ANY = {FILE, SOCKET, PIPE, OTHER, NAMED}

# Which calls fail with which error, on what. Calls that await processes are not here, nor what
# cannot fail.
ERRORS = {
    "EIO": [(ANY, READS | WRITES | OPENS | NAMES | LOOKS | WAITS
             | {"fsync", "fdatasync", "ftruncate", "close", "memfd_create"})],
    "EINTR": [(ANY, READS - {"getdents64"} | WRITES | OPENS | WAITS
               | {"linkat", "link", "rename", "renameat", "renameat2", "fsync", "fdatasync", "close",
                  "connect", "accept", "accept4"})],
    "ENOSPC": [({FILE, OTHER}, WRITES | {"fsync", "fdatasync", "ftruncate"}),
               (ANY, OPENS | NAMES - {"unlink", "unlinkat"})],
    "EMFILE": [(ANY, OPENS | MAKES)],
    "ENFILE": [(ANY, OPENS | MAKES - {"dup"})],
    "ENOMEM": [(ANY, READS | OPENS | NAMES | WAITS | MAKES | SPAWNS
                | {"sendmsg", "connect", "mmap", "mremap"})],
    "EAGAIN": [(ANY, SPAWNS)],
}
COMMON = ("EIO", "EINTR")


class Call(collections.namedtuple("Call", "name number kind line")):
    """One of a trace: the number-th of its name in its process."""


def kind_of(line):
    found = re.match(r"(?:\d+ +)?\w+\(\d+<([^>]*)", line)
    if not found:
        return NAMED
    for beginning, kind in (("socket:", SOCKET), ("UNIX", SOCKET), ("TCP", SOCKET), ("UDP", SOCKET),
                            ("pipe:", PIPE), ("/", FILE)):
        if found[1].startswith(beginning):
            return kind
    return OTHER


def read_calls(trace, start=""):
    """Those behind the first that has start in it; of any process of a trace by strace -f, then
    without those that another has made at the same number."""
    counts, begun, found = collections.Counter(), False, {}
    for line in trace.splitlines():
        parts = re.match(r"(?:(\d+) +)?(\w+)\(", line)
        if not parts:
            continue
        counts[parts.groups()] += 1
        if begun:
            call = Call(parts[2], counts[parts.groups()], kind_of(line), line)
            found.setdefault((call.name, call.number), call)
        begun = begun or start in line
    return list(found.values())


class Tracing:
    """By strace, with these options; nothing fails."""

    def __init__(self, options):
        self.options = options

    def __str__(self):
        return "no fault"

    def words(self, trace):
        return f"strace -qq -A -o {trace} {self.options}"

    @staticmethod
    def happened(trace):
        return bool(trace)


class Error(Tracing):
    """A call fails once."""

    def __init__(self, call, error, options=""):
        self.call, self.error = call, error
        super().__init__(f"{options} -e inject={self}")

    def __str__(self):
        return f"{self.call.name}:error={self.error}:when={self.call.number}"

    @staticmethod
    def happened(trace):
        return "(INJECTED)" in trace


def errors_at(calls, errors=None, options=""):
    """Each error (all of them in make check-crash, else the common ones) at each of the calls."""
    for call in calls:
        for error in errors or (ERRORS if LONG else COMMON):
            if any(call.kind in kinds and call.name in names for kinds, names in ERRORS[error]):
                yield Error(call, error, options)


def sample(faults, every):
    """All in make check-crash; otherwise one of so many with the same call and error."""
    if LONG:
        return list(faults)
    groups = collections.defaultdict(list)
    for fault in faults:
        groups[fault.call.name, getattr(fault, "error", "")].append(fault)
    return [fault for group in groups.values() for fault in group[len(group) // 2 % every::every]]


# ---- a program that has them --------------------------------------------------------------------

class Program:
    """What a chain starts by `_traced NAME PROGRAM...`. options are strace's: -f for its children,
    too."""

    may_miss = 0.2  # of the faults: what is called depends on when things happen

    def __init__(self, name, options=""):
        self.options = options
        self.trace, self.tracer = CHAIN / f"{name}.trace", CHAIN / f"{name}.tracer"

    def read_trace(self):
        return self.trace.read_text(errors="replace") if self.trace.exists() else ""

    def await_end(self):
        wait_until(lambda: "exit_group" in self.read_trace(), "the end of the trace")

    @contextlib.contextmanager
    def under(self, fault):
        """Programs that start in here have it, until release."""
        self.trace.unlink(missing_ok=True)
        self.tracer.write_text(fault.words(self.trace))
        try:
            yield
        finally:
            self.release()

    def release(self):
        """Those that start from now on have nothing."""
        self.tracer.unlink(missing_ok=True)

    def record(self, play, start=""):
        """Plays once, without a fault: the calls behind the first that has start in it."""
        recording = Tracing(f"-y -e trace=all {self.options}")
        with self.under(recording):
            play(recording)
        calls = read_calls(self.read_trace(), start)
        check(calls, "nothing was called behind", start)
        return calls

    def faults(self, play, start="", every=1, errors=None):
        """The errors of what it calls; a sample of them, in make check."""
        calls = self.record(play, start)
        found = sample(errors_at(calls, errors, self.options), every)
        check(found, "nothing can fail behind", start)
        return found

    def disturb(self, play, faults):
        """Plays each of them; what goes wrong is told in the end. Nearly all must have come to pass."""
        missed, problems = [], []
        for fault in faults:
            try:
                with self.under(fault):
                    play(fault)
            except AssertionError as error:
                problems.append(f"{fault}: {error}")
            if not fault.happened(self.read_trace()):
                missed.append(str(fault))
        check(not problems, len(problems), "problems:", "\n".join(problems))
        check(len(missed) <= len(faults) * self.may_miss, len(missed), "of", len(faults), "never happened:",
              *missed)
        print(len(faults) - len(missed), "faults of", self.trace.stem)
