#!/usr/bin/env python3
"""_backlog.py SCENARIO [ARGUMENT...]: a queue with much in it, deliverers that are no good, and logs that
nobody reads. Mail for slow.example goes to a deliverer of this suite's own, CHAIN/deliverer."""

import os
import pathlib
import re
import signal
import subprocess
import time

from _chain import (CHAIN, PATIENCE, QUEUE, SANITIZED, Bystander, check, children, entries, main, peak,
                    wait_until)

SEND = int(os.environ.get("SEND_PID") or 0)
DONE = CHAIN / "done"  # a line per job that the deliverer has accepted


def inject(*recipients):
    """Puts a message into the queue."""
    message, envelope = CHAIN / "message", CHAIN / "envelope"
    message.write_bytes(b"Subject: x\n\nx\n")
    envelope.write_bytes(b"Fme@example.org\0" + b"".join(b"T%s\0" % to.encode() for to in recipients)
                         + b"\0")
    with open(message, "rb") as first, open(envelope, "rb") as second:
        subprocess.run(["queue-inject"], stdin=first, stdout=second, check=True)


def logged(event):
    return len(re.findall(rb"event=%s " % event, (CHAIN / "send.log").read_bytes()))


def done():
    return DONE.read_text().split() if DONE.exists() else []


def deliverers():
    """Those of ours that are there; not what is about to become a deliverer of another kind."""
    return [pid for pid, _ in children(SEND) if command_line(pid)[-1:] == [os.fsencode(CHAIN / "deliverer")]]


def command_line(pid):
    """Nothing, of one that has ended."""
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return []


def behave(how):
    (CHAIN / "behaviour.new").write_text(how)
    (CHAIN / "behaviour.new").rename(CHAIN / "behaviour")


def is_empty():
    with os.scandir(QUEUE / "new") as found:
        return not any(found)


def deliver_all():
    """Has queue-send try all there is, now and then; what it tries already may have failed before."""
    before, end = None, 0
    while not is_empty():
        left = len(entries()), len(done())
        if left != before:
            before, end = left, time.monotonic() + PATIENCE
        check(time.monotonic() < end, left[0], "entries stay")
        os.kill(SEND, signal.SIGALRM)
        for _ in range(20):
            if not is_empty():
                time.sleep(0.1)


# ---- deliverers --------------------------------------------------------------------------------

LIES = ("noise", "closes", "unknown", "length")


def lies(count):
    """Whatever a deliverer says that is no answer, it is cut off for it. It does not end by that; its
    successors do not become a crowd, other mail goes on, and what it had is tried again."""
    chosen = LIES[:int(count)]
    with Bystander():
        for number, lie in enumerate(chosen, 1):
            behave(lie)
            inject(f"{lie}@slow.example")
            wait_until(lambda n=number: logged(b"worker-lost") >= n, lie, "to be found out")
            wait_until(lambda: len(deliverers()) <= 1, "no crowd of deliverers")
    wait_until(lambda: len(entries()) == len(chosen), "no entry but theirs")
    check(not done(), done())
    behave("good")
    deliver_all()
    check(sorted(done()) == sorted(f"{lie}@slow.example" for lie in chosen), done())
    wait_until(lambda: len(deliverers()) == 1, "one deliverer, and no other")
    DONE.unlink()


def hang(recipients):
    """A message for thousands, whose deliverer answers nothing: what it had is tried again when it is
    gone, other mail goes on meanwhile, and none of it takes much memory."""
    before = peak(SEND)
    behave("hang")
    inject(*(f"{number}@slow.example" for number in range(int(recipients))))
    wait_until((CHAIN / "hangs").exists, "the deliverer")
    with Bystander():
        check(not done())
    used = peak(SEND) - before
    check(SANITIZED or used <= 1024 + int(recipients) // 50, "queue-send has grown by", used, "KB")
    lost = logged(b"worker-lost")
    behave("good")
    os.kill(deliverers()[0], signal.SIGKILL)
    wait_until(lambda: logged(b"worker-lost") > lost, "that the deliverer is missed")
    deliver_all()
    check(set(done()) == {f"{number}@slow.example" for number in range(int(recipients))})
    DONE.unlink()


# ---- entries -----------------------------------------------------------------------------------

def copies(count):
    """Entries that queue-send hears nothing of: one, and others that are called otherwise."""
    inject("crowd@slow.example")
    first, = entries()
    data = first.read_bytes()
    for number in range(count - 1):
        name = f"{first.name.partition('.')[0]}.{number:016x}"
        (QUEUE / "tmp/copy").write_bytes(data)
        (QUEUE / "tmp/copy").rename(QUEUE / "new" / name)


def found():
    """How many entries the scans have found so far."""
    log = (CHAIN / "send.log").read_bytes()
    return sum(map(int, re.findall(rb"event=found folder=new count=(\d+)", log)))


def crowd(count):
    """So many entries for a place that is down, and mail for others beside them: it is delivered, and
    each takes a few bytes. A thousand of them are kept, and delivered when the place is up again; what
    was tried just when it was taken away may be, too."""
    count, before, known = int(count), peak(SEND), found()
    behave("down")
    copies(count)
    os.kill(SEND, signal.SIGALRM)
    with Bystander():
        wait_until(lambda: found() >= known + count - 1, "that all are found")
    used = peak(SEND) - before
    check(SANITIZED or used <= 1024 + count // 4, "queue-send has grown by", used, "KB")
    for entry in entries()[1000:]:
        entry.unlink(missing_ok=True)
    behave("good")
    deliver_all()
    check(min(count, 1000) <= len(done()) <= count, len(done()))
    DONE.unlink()


main(globals())
