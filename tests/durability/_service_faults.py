#!/usr/bin/env python3
"""_service_faults.py SCENARIO: services that are there for all connections have their system calls
disturbed, one at a time, in lives from their start to their end.

Whatever happens: one connection fails at most; those that are there go on; a service lives on, or
ends and has said why, and then starts anew where the one before has left things; it ends when it is told to.
"""

import os
import re
import select
import signal
import socket
import subprocess

from _chain import CHAIN, PATIENCE, check, main
from _disturb import Disturbed, failing, shortened
from _inject import sample
from _scheduler import TRACED
from _secure import SecureClient


GRACE = 0.2  # seconds for the way from the last descriptor's end to a process's


class Service:
    """tcp-accept or tls-keyd: its lives, one after the other; -n stands for its option."""

    def __init__(self, name, *command):
        self.command, self.process, self.log = [TRACED, name, *command], None, CHAIN / f"{name}.log"
        self.log.touch()

    def start(self):
        """Returns when it is ready; or has closed that descriptor without a word, since it has ended,
        or could not write."""
        self.begun = self.log.stat().st_size
        ready, tell = os.pipe()
        command = [str(tell) if word == "READY" else word for word in self.command]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                            stderr=log, pass_fds=[tell])
        os.close(tell)
        check(select.select([ready], [], [], PATIENCE)[0], "it is neither ready nor at its end")
        if not os.read(ready, 1):
            self.await_end(GRACE)
        os.close(ready)

    def await_end(self, seconds=PATIENCE):
        """Its exit code, or None if it goes on."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def said(self):
        with open(self.log, "rb") as file:
            file.seek(self.begun)
            return file.read()

    def signal(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)

    def tend(self):
        """What a supervisor does. One that has ended has said why."""
        code = self.process.poll()
        if code is None:
            return
        check(code > 0 and re.search(rb"fatal: |event=died", self.said()), "ended with", code, self.said())
        self.start()
        check(self.process.poll() is None, "does not start again:", self.said())

    def stop(self):
        self.signal(signal.SIGTERM)
        if self.await_end() is None:
            self.process.kill()
            raise AssertionError(f"does not end: {self.said()}")


def live(program, service, connect, fault):
    """Four connections, one of them with a reload before it."""
    kept, failures = [], []
    service.start()
    program.release()
    try:
        for turn in range(4):
            service.tend()
            if turn == 2:
                service.signal(signal.SIGHUP)
            try:
                kept.append(connect(turn))
            except TimeoutError:
                raise AssertionError(f"{fault}: nobody answers") from None
            except (AssertionError, OSError) as error:
                failures.append(f"{turn}: {error!r}")
                service.await_end(GRACE)
        check(len(failures) <= 1, len(failures), "connections failed:", *failures)
        for client in kept:
            client.go_on()
    finally:
        service.stop()


def disturb(program, service, connect, every, processes=(0,)):
    def play(fault):
        live(program, service, connect, fault)

    calls = [call for call in program.record(play) if call.process in processes]
    program.disturb(play, sample([*shortened(calls), *failing(calls)], every))


# ---- tcp-accept ----------------------------------------------------------------------------------

class Plain:
    """A session in the clear, by an address of the socket module's."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        self.socket.settimeout(10)
        self.socket.connect(address)
        self.file = self.socket.makefile("rb")
        self.expect(b"220 ")

    def expect(self, beginning):
        line = self.file.readline()
        check(line.startswith(beginning), "wanted", beginning, "got", line)

    def go_on(self):
        self.socket.sendall(b"NOOP\r\nQUIT\r\n")
        self.expect(b"250 ")
        self.expect(b"221 ")
        check(not self.file.read(), "more was said")
        self.socket.close()


def acceptor():
    """On TCP and a unix socket, with rules; sessions are programs that go on when it has ended."""
    program, path, port = Disturbed("acceptor"), f"{CHAIN}/socket", int(os.environ["FREE_PORT"])
    service = Service("acceptor", "tcp-accept", "-n", "READY", "-t", "0", "-x", f"{CHAIN}/rules.cdb",
                      f"127.0.0.1,unix:{path}", str(port), "smtp-front", "queue-inject")
    disturb(program, service, lambda turn: Plain(path if turn % 2 else ("127.0.0.1", port)), 10)


# ---- tls-keyd ------------------------------------------------------------------------------------

class Secure(SecureClient):
    def go_on(self):
        self.quit()


def keyd():
    """It has one process that serves, beside the first one."""
    program, run = Disturbed("keyd", follow=True), os.environ["CHAINMAIL_RUN"]
    service = Service("keyd", "tls-keyd", "-n", "READY", "-w", "1", f"unix:{run}/tls/keyd", f"{CHAIN}/tls")
    disturb(program, service, lambda turn: Secure().open("implicit"), 25, (0, 1))


main(globals())
