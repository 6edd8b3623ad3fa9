#!/usr/bin/env python3
"""_service_faults.py SCENARIO: services that are there for all connections have their system calls
disturbed, one at a time, in lives from their start to their end.

Whatever happens: one connection fails at most; those that are there go on; a service lives on, or
ends and has said why, and then starts anew where the one before has left things; it ends when it is told to.
"""

import os
import signal
import socket

from _chain import CHAIN, check, main
from _disturb import Disturbed, failing, shortened
from _inject import sample
from _secure import SecureClient
from _service import Service


def is_of_one(fault):
    """A call for one connection alone: its failure is nobody else's, and no reason to end."""
    return hasattr(fault, "call") and fault.call.name == "epoll_ctl" and fault.call.number > 2


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
                service.settle()
        check(len(failures) <= 1, len(failures), "connections failed:", *failures)
        check(not is_of_one(fault) or b"event=died" not in service.said(), service.said())
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
        self.socket.settimeout(20)
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


if __name__ == "__main__":
    main(globals())
