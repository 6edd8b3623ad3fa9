#!/usr/bin/env python3
"""_deliverer.py FOLDER: a deliverer that does what FOLDER/answers says, a line each:

  ARGUMENT VERDICT   the verdict of jobs with this argument, "K", "Z4.4.1 no answer"...
  ARGUMENT wait      no answer before FOLDER/go is there
  RECIPIENT VERDICT  the same for one recipient

All else is accepted. FOLDER/jobs gets a line per job: the number of the batch (what was at hand
together), id, sender, recipient, argument.
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


def verdict_of(recipient, argument):
    answers = FOLDER / "answers"
    for line in answers.read_text().splitlines() if answers.exists() else []:
        key, verdict = line.split(" ", 1)
        if key in (recipient, argument):
            return verdict
    return "K"


def answer(number, verdict):
    body = f"r\0{number}\0{verdict}\0".encode()
    SOCKET.sendall(b"%08x" % len(body) + body)


def main():
    data, held, batch, alive = b"", [], 0, True
    while alive:
        jobs = []
        if at_hand(0.05):
            data, alive = read_some(data)
            while alive and at_hand(0.02):
                data, alive = read_some(data)
            jobs, data = frames(data)
            batch += 1
        with open(FOLDER / "jobs", "a") as log:
            for _, _, sender, recipient, argument, name, _, _ in jobs:
                print(f"{os.getpid()}.{batch}", name, sender or "<>", recipient, argument, file=log)
        for _, number, _, recipient, argument, *_ in jobs:
            verdict = verdict_of(recipient, argument)
            if verdict == "wait":
                held.append(number)
            else:
                answer(number, verdict)
        if held and (FOLDER / "go").exists():
            for number in held:
                answer(number, "K")
            held = []


main()
