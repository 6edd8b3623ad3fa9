#!/usr/bin/env python3
"""_worker.py [-b|-o|-w] ENTRY SENDER RECIPIENT ARGUMENT [ENTRY ...] -- PROGRAM [ARG...]

Plays queue-send for one deliverer: gives it the jobs (with -b in one message, else one after the
other, each after the answer to the last), and prints the answers in the order of the jobs; with -o
as with -b, but each answer when it comes, behind its recipient; with -w as with -o, and what is
answered makes room for more of the jobs, 1,024 of which are in hand at most. Behind RECIPIENT and a
tab the one of the envelope may stand that led to it, and "1" if to others, too. Jobs behind the word
"next" are given when all before it are answered.
"""
import array
import os
import socket
import subprocess
import sys


def job(number, sender, recipients, argument):
    recipient, original, expanded, *_ = (*recipients.split("\t"), "", "")
    strings = ["j", str(number), sender, recipient, argument, "0123456789abcdef", original or recipient, expanded]
    body = b"".join(os.fsencode(s) + b"\0" for s in strings)
    return b"%08x" % len(body) + body


def send(sock, jobs):
    fds = [os.open(entry, os.O_RDONLY) for _, entry, *_ in jobs]
    data = b"".join(job(number, *words) for number, _, *words in jobs)
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
    sent = sock.sendmsg([data], rights)
    sock.sendall(data[sent:])
    for fd in fds:
        os.close(fd)


def answer(stream):
    prefix = stream.read(8)
    if len(prefix) < 8:
        return None
    kind, number, verdict, _ = stream.read(int(prefix, 16)).split(b"\0")
    assert kind == b"r", kind
    return int(number), os.fsdecode(verdict)


WINDOW, BATCH = 1024, 64  # as queue-send has them
AT_ONCE = {"-b": BATCH, "-o": BATCH, "-w": WINDOW}  # jobs in hand at most; without an option one


def deliver(sock, stream, jobs, most, at_once):
    """Gives the jobs, most of them at a time, and yields the answers; an answered one is replaced at
    once, or when all are answered."""
    given = answered = 0
    while answered < len(jobs):
        room = min(BATCH, most - (given - answered), len(jobs) - given)
        if room and (at_once or given == answered):
            send(sock, jobs[given:given + room])
            given += room
        else:
            yield answer(stream)
            answered += 1


def parts_of(words):
    """The jobs, each with its number, that are given together."""
    parts, number = [[]], 0
    while words:
        if words[0] == "next":
            parts.append([])
            words = words[1:]
            continue
        parts[-1].append((number, *words[:4]))
        words, number = words[4:], number + 1
    return parts


def main():
    words, program = sys.argv[1:], []
    if "--" in words:
        split = words.index("--")
        words, program = words[:split], words[split + 1:]
    option = words.pop(0) if words[0] in AT_ONCE else ""
    as_they_come = option in ("-o", "-w")
    parts = parts_of(words)
    jobs = sum(parts, [])
    ours, theirs = socket.socketpair()
    with subprocess.Popen(program, stdin=theirs) as process:
        theirs.close()
        answers, stream = {}, ours.makefile("rb")
        for part in parts:
            for got in deliver(ours, stream, part, AT_ONCE.get(option, 1), option == "-w"):
                if got:
                    answers[got[0]] = got[1]
                if got and as_they_come:
                    print(jobs[got[0]][3], got[1], flush=True)
        ours.shutdown(socket.SHUT_WR)
        status = process.wait(60)
    for number, *_ in [] if as_they_come else jobs:
        print(answers.get(number, "no answer"))
    sys.exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
