#!/usr/bin/env python3
"""_deliverer.py FOLDER: a deliverer that does what FOLDER/answers says, a line each:

  ARGUMENT VERDICT   the verdict of jobs with this argument, "K", "Z4.4.1 no answer"...
  ARGUMENT wait      no answer before FOLDER/go is there
  RECIPIENT VERDICT  the same for one recipient

All else is accepted. FOLDER/jobs gets a line per job: our pid, id, sender, recipient, argument. When it
is there, what will be said of the job is settled, whatever FOLDER/answers says from then on.
"""
import array
import os
import pathlib
import select
import socket
import sys

FOLDER = pathlib.Path(sys.argv[1])
SOCKET = socket.socket(fileno=0)


def frames(data):
    """Whole frames at the beginning of data, and what is left."""
    found = []
    while len(data) >= 8 and len(data) >= 8 + int(data[:8], 16):
        end = 8 + int(data[:8], 16)
        found.append(data[8:end].decode().split("\0")[:-1])
        data = data[end:]
    return found, data


def read_some(data):
    part, control, _, _ = SOCKET.recvmsg(65536, socket.CMSG_SPACE(64 * 4))
    for _, _, fds in control:
        numbers = array.array("i")
        numbers.frombytes(fds)
        for fd in numbers:
            os.close(fd)
    return data + part, bool(part)


def at_hand(seconds):
    return bool(select.select([SOCKET], [], [], seconds)[0])


def read_answers():
    try:
        return [line.split(" ", 1) for line in (FOLDER / "answers").read_text().splitlines()]
    except FileNotFoundError:
        return []


def verdict_of(recipient, argument):
    found = (verdict for key, verdict in read_answers() if key in (recipient, argument))
    return next(found, "K")


def note(jobs):
    """Written at once: another deliverer may write there, too."""
    if not jobs:
        return
    lines = [f"{os.getpid()} {name} {sender or '<>'} {recipient} {argument}\n"
             for _, _, sender, recipient, argument, name, _, _ in jobs]
    with open(FOLDER / "jobs", "ab", buffering=0) as log:
        log.write("".join(lines).encode())


def answer(number, verdict):
    body = f"r\0{number}\0{verdict}\0".encode()
    SOCKET.sendall(b"%08x" % len(body) + body)


def main():
    data, held, alive = b"", [], True
    while alive:
        jobs = []
        if at_hand(0.05):
            data, alive = read_some(data)
            while alive and at_hand(0.02):
                data, alive = read_some(data)
            jobs, data = frames(data)
        verdicts = [verdict_of(recipient, argument) for _, _, _, recipient, argument, *_ in jobs]
        note(jobs)
        for (_, number, *_), verdict in zip(jobs, verdicts):
            if verdict == "wait":
                held.append(number)
            else:
                answer(number, verdict)
        if held and (FOLDER / "go").exists():
            for number in held:
                answer(number, "K")
            held = []


main()
