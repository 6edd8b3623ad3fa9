"""What perf, strace and callgrind tell of a server, by program: readers of their output.

A program is named as the kernel names a process: by the first 15 bytes of what it executed last.
What a process does between its fork and its exec is its parent's program's.
"""

import collections
import pathlib
import re
import shutil

NAME_MAX = 15  # TASK_COMM_LEN, without its NUL


# ---- perf -----------------------------------------------------------------------------------

PERIOD_NS = 100_000  # of the CPU's clock, between two samples
PERF = ["perf", "record", "-q", "-a", "-m", "16M",
        "-e", f"cpu-clock/period={PERIOD_NS},call-graph=fp/",
        "-e", "context-switches/period=1,call-graph=no/",
        "-e", "page-faults/period=1,call-graph=no/"]
PERF_SCRIPT = ["perf", "script", "-F", "comm,pid,event,ip,sym", "--show-task-events",
               "--show-lost-events", "-i"]

EVENT = re.compile(r"^\s*(.{1,16}?)\s+(-?\d+)\s+(cpu-clock|context-switches|page-faults)\b.*?/:")
FORK = re.compile(r"PERF_RECORD_FORK\((\d+):\d+\):\((\d+):\d+\)")
LOST = re.compile(r"PERF_RECORD_LOST\w* lost:? *(\d+)")
FRAME = re.compile(r"^\s+([0-9a-f]+) (.+)$")
KERNEL = 1 << 63

# The kernel's functions by which a call begins, and what else it may be doing.
CALL = re.compile(r"(?:__(?:x64|arm64|ia32)_sys_|__do_sys_|__sys_|ksys_|kernel_|do_)"
                  r"(?:new)?(\w+?)(?:_pgoff)?$")
DISPATCHERS = ("do_syscall_64", "x64_sys_call")
OTHERS = (("exc_page_fault", "page fault"), ("ret_from_fork", "start of a process"),
          ("do_syscall_64", "entry and exit of calls"),
          ("entry_SYSCALL", "entry and exit of calls"), ("interrupt", "interrupt"))


def step_of(frames):
    """What a sample's process was doing. frames: (address, symbol), the innermost first."""
    kernel = [symbol for address, symbol in reversed(frames) if address & KERNEL]
    asked = kernel[kernel.index(DISPATCHERS[0]) + 1:] if DISPATCHERS[0] in kernel else []
    found = next((CALL.match(symbol) for symbol in asked if symbol not in DISPATCHERS), None)
    if found:
        return found.group(1)
    for part, name in OTHERS:
        if any(part in symbol for symbol in kernel):
            return name
    return "kernel, other" if kernel else "user"


class Perf:
    """Of the processes with the given ids, and those that they start: cpu (seconds by program and
    step), switches and faults (by program); lost: how many samples perf could not keep, of all
    processes."""

    def __init__(self, lines, pids):
        self.pids = set(pids)
        self.cpu = collections.Counter()
        self.switches = collections.Counter()
        self.faults = collections.Counter()
        self.lost = 0
        sample, frames = None, []
        for line in lines:
            frame = FRAME.match(line) if sample else None
            if frame:
                frames.append((int(frame.group(1), 16), frame.group(2).strip()))
                continue
            self.take(sample, frames)
            sample, frames = EVENT.match(line), []
            if not sample:
                self.take_note(line)
        self.take(sample, frames)

    def take_note(self, line):
        fork = FORK.search(line)
        if fork and int(fork.group(2)) in self.pids:
            self.pids.add(int(fork.group(1)))
        lost = LOST.search(line)
        self.lost += int(lost.group(1)) if lost else 0

    def take(self, sample, frames):
        if not sample or int(sample.group(2)) not in self.pids:
            return
        program, event = sample.group(1), sample.group(3)
        if event == "cpu-clock":
            self.cpu[program, step_of(frames)] += PERIOD_NS / 1e9
        else:
            (self.switches if event == "context-switches" else self.faults)[program] += 1


# ---- strace ---------------------------------------------------------------------------------

STRACE = ["strace", "-f", "-qq", "-s", "0", "-e", "signal=none", "-o"]
LINE = re.compile(r"^(\d+) +(?:(\w+)\(|<\.\.\. (\w+) resumed>)(.*)$")
EXECUTED = re.compile(r'"([^"]*)"')
FORKS = ("clone", "clone3", "fork", "vfork")


def count_calls(lines):
    """A Counter of (program, call)."""
    program, parent, seen = {}, {}, []
    for line in lines:
        found = LINE.match(line)
        if not found:
            continue
        pid, begun, resumed, rest = found.groups()
        if begun:
            seen.append((pid, program.get(pid), begun))
        if begun == "execve" and (path := EXECUTED.search(rest)):
            program[pid] = pathlib.Path(path.group(1)).name[:NAME_MAX]
        child = re.search(r"= (\d+)$", rest)
        if (begun or resumed) in FORKS and child:
            parent[child.group(1)] = (pid, program.get(pid))
    calls = collections.Counter()
    for pid, name, call in seen:
        while name is None and pid in parent:
            pid, name = parent[pid]
        calls[name or "?", call] += 1
    return calls


# ---- callgrind ------------------------------------------------------------------------------

FUNCTION = re.compile(r"^(c?)fn=\((\d+)\)(?: (.*))?$")
COST = re.compile(r"^[+\-*\d]\S* (\d+)$")
# The file is made before: a program may become another user until it writes it.
SHIM = """#!/bin/sh
out={out}/{name}.$$
: >$out && chmod 666 $out
exec {unconfined} valgrind --tool=callgrind -q --vgdb=no --callgrind-out-file=$out {program} "$@"
"""


def shim_programs(programs, place, unconfined):
    """Fills the folder place/bin with stand-ins for the programs, each of which executes the
    program under callgrind, whatever user it is; place/out takes what that tells."""
    for name, access in (("bin", 0o755), ("out", 0o777)):
        (place / name).mkdir()
        (place / name).chmod(access)
    shutil.copy(unconfined, place)
    for program in programs.iterdir():
        if program.is_file():
            stand_in = place / "bin" / program.name
            stand_in.write_text(SHIM.format(out=place / "out", name=program.name, program=program,
                                            unconfined=place / unconfined.name))
            stand_in.chmod(0o755)


def functions_of(lines):
    """Instructions by function, of one of callgrind's files."""
    names, counts = {}, collections.Counter()
    function, is_callee = None, False
    for line in lines:
        if found := FUNCTION.match(line):
            callee, number, name = found.groups()
            names.setdefault(number, name)
            if not callee:
                function = names[number]
        elif line.startswith("calls="):
            is_callee = True  # the next line's cost is another function's
        elif found := COST.match(line):
            if not is_callee:
                counts[function] += int(found.group(1))
            is_callee = False
    return counts


def count_instructions(out):
    """A Counter of (program, function); what a process did before an exec is lost."""
    counts = collections.Counter()
    for path in out.iterdir():
        with path.open() as lines:
            for function, count in functions_of(lines).items():
                counts[path.stem[:NAME_MAX], function] += count
    return counts
