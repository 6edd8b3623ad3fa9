#!/usr/bin/env python3
"""_front.py WISH: a program behind tls-wrap, which says in $REPORT, a line of JSON each, what it was
given and what became of it.

  plain   speaks on fd 0 and 1, and never wants TLS    off   the same; it was not offered any
  y, Y    takes up the offer of TLS at once, as the first thing
  tls     has TLS on fd 0 and 1 already

It answers a line that begins with `end` by ending, `sleep` by not reading any more, `last` by a word
after the end of its input; every other line comes back as it is."""

import json
import os
import signal
import sys
import time

signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def report(**facts):
    with open(os.environ["REPORT"], "a") as file:
        file.write(json.dumps(facts) + "\n")


def offered():
    return [int(os.environ[name]) for name in ("SSLCTLFD", "SSLREADFD", "SSLWRITEFD")]


def read_all(fd, until=None):
    data = b""
    while not (until and data.endswith(until)):
        more = os.read(fd, 65536)
        if not more:
            break
        data += more
    return data


def take_up(wish):
    control, from_client, to_client = offered()
    os.write(control, wish.encode())
    report(wish=wish)
    answer = read_all(control, b"\0\0" if wish == "Y" else None)
    report(answer=answer.decode("latin-1"))
    os.close(control)
    return from_client, to_client


def converse(from_client, to_client):
    count, last = 0, False
    with os.fdopen(from_client, "rb") as lines:
        for line in lines:
            count += len(line)
            last = last or line.startswith(b"last")
            if line.startswith(b"end"):
                break
            if line.startswith(b"sleep"):
                report(sleeps=True)
                time.sleep(60)
            while line:
                line = line[os.write(to_client, line):]
        else:
            report(end_of_file=True, bytes=count)
            if last:
                os.write(to_client, b"last words\n")


def main():
    wish = sys.argv[1]
    names = ("UCSPITLS", "SSLCTLFD", "SSLREADFD", "SSLWRITEFD")
    report(pid=os.getpid(), environment={name: value for name, value in os.environ.items()
                                         if name in names or name.startswith("SSL_")})
    ends = take_up(wish) if wish in "yY" else (0, 1)
    converse(*ends)


main()
