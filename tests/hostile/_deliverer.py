#!/usr/bin/env python3
"""_deliverer.py: a deliverer that does what CHAIN/behaviour says when it gets jobs. Once it has lied,
or hangs, it ignores TERM and the end of its input."""

import os
import pathlib
import signal
import socket

CHAIN = pathlib.Path(os.environ["CHAIN"])
QUEUE_SEND = socket.socket(fileno=0)


def frame(*strings):
    body = b"".join(string + b"\0" for string in strings)
    return b"%08x" % len(body) + body


LIES = {
    "noise": os.urandom(65536),
    "unknown": frame(b"r", b"18446744073709551615", b"K"),
    "length": b"ffffffff" + b"x" * 65536,
}


ANSWERS = {"good": b"K", "down": b"Z4.4.1 no answer"}


def answer(data, verdict):
    """Answers whole frames; what is left of them."""
    done, answers = b"", b""
    while len(data) >= 8 and len(data) >= 8 + int(data[:8], 16):
        end = 8 + int(data[:8], 16)
        job = data[8:end].split(b"\0")
        done += job[3] + b"\n"
        answers += frame(b"r", job[1], verdict)
        data = data[end:]
    if verdict == b"K":
        with open(CHAIN / "done", "ab") as file:
            file.write(done)
    QUEUE_SEND.sendall(answers)
    return data


def stay():
    while True:
        signal.pause()


def main():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    data = b""
    while True:
        part, fds, _, _ = socket.recv_fds(QUEUE_SEND, 65536, 64)
        for fd in fds:
            os.close(fd)
        if not part:
            return
        behaviour = (CHAIN / "behaviour").read_text()
        if behaviour in ANSWERS:
            data = answer(data + part, ANSWERS[behaviour])
            continue
        if behaviour in LIES:
            try:
                QUEUE_SEND.sendall(LIES[behaviour])
            except OSError:
                pass
        if behaviour == "closes":
            os.close(QUEUE_SEND.detach())
        if behaviour == "hang":
            (CHAIN / "hangs").touch()
        stay()


main()
