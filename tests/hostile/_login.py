#!/usr/bin/env python3
"""_login.py SCENARIO: logins that fail, and what is left of secrets."""

import base64
import os
import pathlib
import resource
import signal
import socket
import subprocess
import tempfile
import time

from _chain import CHAIN, PATIENCE, Client, check, main, wait_until

PASSWORD = os.environ["PASSWORD"]
DELAY = 1 + 2  # seconds: the setting, and twice as much
FAILURE = b"535 5.7.8 "
FAREWELL = b"421 4.7.0 "


def encoded(password):
    return base64.b64encode(b"\0alice\0" + password.encode())


def auth(password):
    return b"AUTH PLAIN " + encoded(password)


class Stopwatch:
    """Clocks that are read by two processes may differ by a tick."""

    def __init__(self, least=DELAY):
        self.least = least

    def __enter__(self):
        self.begin = time.monotonic()

    def __exit__(self, *_):
        seconds = time.monotonic() - self.begin
        check(seconds > self.least - 0.05, "it took only", seconds)


def failures_wait():
    client = Client().greet()
    with Stopwatch():
        client.say(auth("wrong"), FAILURE)
        client.say(auth("wrong"), FAILURE)
        client.expect_end(FAREWELL)


def throttled_waits():
    """Who comes back although it may not has to wait for each refusal."""
    client = Client().greet()
    with Stopwatch(1):
        client.send(auth("throttled") + b"\r\n")
        client.expect_end(FAREWELL)


def failures_wait_in_a_batch():
    """What comes behind, waits: no answer tells earlier which guess was right."""
    client = Client().greet()
    with Stopwatch():
        client.send(b"\r\n".join([auth("wrong"), b"NOOP", auth("wrong"), auth(PASSWORD), b""]))
        client.expect(FAILURE, b"250 ", FAILURE)
        client.expect_end(FAREWELL)


def failures_wait_half_closed():
    client = Client().greet()
    with Stopwatch():
        client.send(b"\r\n".join([auth("wrong"), auth("wrong"), b""]))
        client.shut()
        client.expect(FAILURE, FAILURE)
        client.expect_end(FAREWELL)


def others_do_not_wait():
    """One who waits is no burden for others, and is gone with its client."""
    slow = Client().greet()
    pid = slow.pid()
    slow.send(auth("wrong") + b"\r\n")
    other = Client().greet()
    other.say(auth(PASSWORD), b"235 ")
    check(slow.is_silent(), "it did not wait")
    slow.reset()
    wait_until(lambda: not pathlib.Path(f"/proc/{pid}").exists(), "the end of a session whose client is gone")


def memory(pid):
    """Everything that the process can write to."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as mem:
        for line in maps:
            span, rights = line.split()[:2]
            if "w" in rights:
                low, high = (int(end, 16) for end in span.split("-"))
                mem.seek(low)
                yield mem.read(high - low)


def pieces(secret):
    """What a copy that was cut or shifted would still show."""
    return [secret[at:at + 8] for at in range(0, len(secret) - 8)]


def check_forgotten(pid, secrets):
    blocks = list(memory(pid))
    for secret in secrets:
        for piece in pieces(secret):
            check(not any(piece in block for block in blocks), "in memory:", piece)
    environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes()
    files = [path.read_bytes() for path in CHAIN.rglob("*") if path.is_file()]
    for secret in secrets:
        check(secret not in environment, "in the environment:", secret)
        check(not any(secret in file for file in files), "in a file:", secret)


def say_in_pieces(client, line, first, expected):
    """Behind a command, so that its first bytes have to be moved, the others bit by bit."""
    client.send(b"NOOP " + b"x" * 500 + b"\r\n" + line[:first])
    client.expect(b"250 ")
    for at in range(first, len(line), 7):
        client.send(line[at:at + 7])
        client.say_nothing()
    client.send(b"\r\n")
    client.expect(expected)


class SlowClient(Client):
    def say_nothing(self):
        """Lets the server read what was sent: its queue is empty then."""
        wait_until(lambda: unread(self) == 0, "the server's reading")


def unread(client):
    """Bytes that the server has not read, by the kernel's table of connections."""
    local, remote = client.socket.getsockname(), client.socket.getpeername()
    for line in open("/proc/net/tcp"):
        words = line.split()
        if words[1].endswith(":%04X" % remote[1]) and words[2].endswith(":%04X" % local[1]):
            return int(words[4].split(":")[1], 16)
    raise AssertionError("no such connection")


def secrets_do_not_stay():
    guesses = [f"guess-{n}-{os.urandom(12).hex()}" for n in range(4)]
    client = SlowClient().greet()
    pid = client.pid()
    client.say(auth(guesses[0]), FAILURE)
    for first in (20, 40, len(auth(guesses[1]))):
        say_in_pieces(client, auth(guesses[1]), first, FAILURE)
    client.send(b"NOOP\r\n" + auth(guesses[2]) + b"\r\nNOOP\r\nAUTH LOGIN\r\n")
    client.expect(b"250 ", FAILURE, b"250 ", FAILURE)
    # a mechanism that is not there, whose client does not wait for us to say so
    client.send(b"AUTH DIGEST-MD5\r\n" + encoded(guesses[3]) + b"\r\n")
    client.expect(b"504 ", b"500 ")
    client.say(b"AUTH PLAIN " + encoded(guesses[3]) + b" x", b"501 ")
    client.say(auth(PASSWORD), b"235 ")
    raw = [guess.encode() for guess in guesses] + [PASSWORD.encode()]
    check_forgotten(pid, [base64.b64encode(b"\0alice\0" + secret)[8:] for secret in raw] + raw)
    client.say(b"MAIL FROM:<box@example.test>", b"250 ")
    client.quit()


def dumps_core(*lines):
    """Says lines to a front of our own, then ends it by a signal that asks for a core."""
    ours, theirs = socket.socketpair()
    with tempfile.TemporaryDirectory() as folder:
        front = subprocess.Popen(["smtp-front", "-S"], stdin=theirs, stdout=theirs, cwd=folder,
                                 stderr=subprocess.DEVNULL, preexec_fn=allow_cores)
        theirs.close()
        ours.settimeout(PATIENCE)
        for line in (b"", *lines):
            ours.sendall(line + b"\r\n" if line else b"")
            ours.recv(65536)
        front.send_signal(signal.SIGQUIT)
        _, status = os.waitpid(front.pid, 0)
        ours.close()
    return os.WCOREDUMP(status)


def allow_cores():
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def no_core_is_left():
    if not dumps_core(b"EHLO client.example"):
        print("skip - nobody leaves a core here")
    check(not dumps_core(b"EHLO client.example", auth("wrong")), "a core was left")


if __name__ == "__main__":
    main(globals())
