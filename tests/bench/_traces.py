"""_traces.py CASE: what traces.py makes of lines as the tools write them."""

import sys

sys.dont_write_bytecode = True
import traces  # noqa: E402

SAMPLES = """\
smtp-front   100 cpu-clock/period=100000,call-graph=fp/:
\tffffffff81a00001 ext4_sync_file
\tffffffff81a00002 __x64_sys_fsync
\tffffffff81a00003 do_syscall_64
\tffffffff81a00004 entry_SYSCALL_64_after_hwframe
\t          401000 [unknown]

smtp-front   100 cpu-clock/period=100000,call-graph=fp/:
\t          401000 [unknown]

smtp-front   100 cpu-clock/period=100000,call-graph=fp/:
\tffffffff81a00005 vfs_write
\tffffffff81a00006 ksys_write
\tffffffff81a00003 do_syscall_64

smtp-front   100 cpu-clock/period=100000,call-graph=fp/:
\tffffffff81a00007 handle_mm_fault
\tffffffff81a00008 asm_exc_page_fault

smtp-front   100 context-switches/period=1,call-graph=no/:  ffffffff81a00009 schedule
a stranger   999 cpu-clock/period=100000,call-graph=fp/:
\t          401000 [unknown]

perf   1 PERF_RECORD_LOST lost 3
"""

CHILDREN = """\
smtp-front   100 PERF_RECORD_FORK(101:101):(100:100)
other   900 PERF_RECORD_FORK(901:901):(900:900)
queue-inject   101 cpu-clock/period=100000,call-graph=fp/:
\t          401000 [unknown]

other   901 cpu-clock/period=100000,call-graph=fp/:
\t          401000 [unknown]
"""

# 7 is seen before its parent's vfork returns; what it does before its exec is its parent's.
CALLS = """\
5     execve("/bin/smtp-front", ["smtp-front"], 0x1 /* 3 vars */) = 0
5     vfork( <unfinished ...>
7     setpgid(0, 0)                     = 0
7     execve("/bin/queue-inject", [""...], 0x1 /* 3 vars */ <unfinished ...>
5     <... vfork resumed>)              = 7
7     <... execve resumed>)             = 0
7     fsync(0)                          = 0
7     +++ exited with 0 +++
5     wait4(7, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 7
"""

FUNCTIONS = """\
version: 1
positions: line
events: Ir
fl=(1) a.c
fn=(1) parse
10 5
+2 7
cfn=(2) strlen
calls=3 20
+1 100
11 1
fn=(2)
20 100
totals: 113
"""


def perf():
    seen = traces.Perf(SAMPLES.splitlines(), [100])
    one = traces.PERIOD_NS / 1e9
    steps = ("fsync", "user", "write", "page fault")
    assert seen.cpu == {("smtp-front", step): one for step in steps}, seen.cpu
    assert seen.switches == {"smtp-front": 1}, seen.switches
    assert seen.lost == 3, seen.lost


def children():
    seen = traces.Perf(CHILDREN.splitlines(), [100])
    assert list(seen.cpu) == [("queue-inject", "user")], seen.cpu


def strace():
    calls = traces.count_calls(CALLS.splitlines())
    calls.pop(("?", "execve"), None)  # by what started the first
    assert calls == {("smtp-front", "vfork"): 1, ("smtp-front", "setpgid"): 1,
                     ("smtp-front", "execve"): 1, ("queue-inject", "fsync"): 1,
                     ("smtp-front", "wait4"): 1}, calls


def callgrind():
    counts = traces.functions_of(FUNCTIONS.splitlines())
    assert counts == {"parse": 13, "strlen": 100}, counts


CASES = {"perf": perf, "children": children, "strace": strace, "callgrind": callgrind}
CASES[sys.argv[1]]()
