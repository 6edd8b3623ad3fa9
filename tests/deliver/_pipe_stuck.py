#!/usr/bin/env python3
"""_pipe_stuck.py ENTRY PROGRAM [ARG...]: gives deliver-pipe a command that does not end when it is
killed, as it is traced: like one that waits for a device. Then, while it is dead and still there,
another one. Prints the answers to both, the other one's first; says so where nobody may trace.
"""
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time

from _worker import answer, send

PATIENCE = 60
STUCK = """
import ctypes, os, time
SEIZE, SET_PTRACER, ANY = 0x4206, 0x59616d61, -1
libc, command = ctypes.CDLL(None), os.getpid()
libc.prctl(SET_PTRACER, ctypes.c_long(ANY), 0, 0, 0)
if not os.fork():
    os.setsid()
    os.closerange(0, 3)
    failed = libc.ptrace(SEIZE, command, None, None)
    open("traced.new", "w").write("cannot" if failed else f"{command} {os.getpid()}")
    os.rename("traced.new", "traced")
time.sleep(1000)
"""


def wait_until(condition):
    for _ in range(PATIENCE * 20):
        if condition():
            return True
        time.sleep(0.05)
    return False


def is_dead(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        return re.search(r".*\) (.)", stat.read())[1] == "Z"


# On a machine that stands still its time may be up before it is traced: then it is tried again.
def begin_stuck(ours, stream, entry):
    for _ in range(10):
        send(ours, [(0, entry, "s", "first@example.test", "exec python3 stuck.py")])
        wait_until(lambda: os.path.exists("traced") or select.select([ours], [], [], 0)[0])
        if os.path.exists("traced"):
            return True
        answer(stream)
    return False


def converse(ours, entry):
    stream = ours.makefile("rb")
    if not begin_stuck(ours, stream, entry):
        sys.exit("nobody traces the command")
    with open("traced", encoding="utf-8") as file:
        words = file.read().split()
    if words == ["cannot"]:
        sys.exit("cannot trace")
    command, tracer = map(int, words)
    try:
        if not wait_until(lambda: is_dead(command)):
            sys.exit("the command was not killed")
        send(ours, [(1, entry, "s", "second@example.test", "true")])
        print(answer(stream)[1], flush=True)
    finally:
        os.kill(tracer, signal.SIGKILL)
    print(answer(stream)[1], flush=True)


def main():
    entry, *program = sys.argv[1:]
    ours, theirs = socket.socketpair()
    ours.settimeout(PATIENCE)
    with open("stuck.py", "w", encoding="utf-8") as script:
        script.write(STUCK)
    with subprocess.Popen(program, stdin=theirs) as process:
        theirs.close()
        try:
            converse(ours, entry)
            ours.shutdown(socket.SHUT_WR)
            status = process.wait(PATIENCE)
        finally:
            process.kill()
    sys.exit(status)


main()
