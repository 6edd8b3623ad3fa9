#!/usr/bin/env python3
"""_secure_pauses.py SCENARIO [MODE]: the programs of a session with TLS and a login, and services, whose
processes stand still for a moment, as in _pauses.py."""

import os
import signal

from _chain import CHAIN, check, children, main, wait_until
from _disturb import Disturbed, until_it_becomes
from _service import Service
from _service_faults import Plain, Secure, live
from _session_faults import Sessions
from _still import everything, explore

# ---- sessions with TLS and a login --------------------------------------------------------------------

def _session(mode, name, choose, follow=False):
    sessions = Sessions(mode)

    def play(fault):
        sessions.play(fault)
        check(sessions.attempts[-1].accepted, fault, sessions.attempts[-1].words)
        wait_until(lambda: not children(int(os.environ["SMTP_PID"])), "the end of a session")

    explore(Disturbed(name, follow), play, choose)
    sessions.check()


def secure_wrap(mode):
    _session(mode, "wrap", until_it_becomes, follow=True)


def secure_helper(mode):
    _session(mode, "wrap", lambda calls: until_it_becomes(calls, 1), follow=True)


def secure_front(mode):
    _session(mode, "front", until_it_becomes)


def auth(mode):
    _session(mode, "auth", until_it_becomes)


def checker(mode):
    _session(mode, "checker", everything)


# ---- services ----------------------------------------------------------------------------------------

def _service(program, service, connect, processes=(0,)):
    def play(fault):
        live(program, service, connect, fault)
        check(b"event=died" not in service.said(), service.said())

    explore(program, play, lambda calls: [call for call in calls if call.process in processes])


def acceptor():
    path, port = f"{CHAIN}/socket", int(os.environ["FREE_PORT"])
    service = Service("acceptor", "tcp-accept", "-n", "READY", "-t", "0", "-x", f"{CHAIN}/rules.cdb",
                      f"127.0.0.1,unix:{path}", str(port), "smtp-front", "queue-inject")
    _service(Disturbed("acceptor"), service,
             lambda turn: Plain(path if turn % 2 else ("127.0.0.1", port)))


def keyd():
    run = os.environ["CHAINMAIL_RUN"]
    service = Service("keyd", "tls-keyd", "-n", "READY", "-w", "1", f"unix:{run}/tls/keyd", f"{CHAIN}/tls")
    _service(Disturbed("keyd", follow=True), service, lambda turn: Secure().open("implicit"), (0, 1))


def killed_keyd():
    """A process of tls-keyd's that does not end is killed when its time is over, even if that is while the
    first process stands still."""
    program, run = Disturbed("keyd"), os.environ["CHAINMAIL_RUN"]
    service = Service("keyd", "tls-keyd", "-n", "READY", "-w", "1", f"unix:{run}/tls/keyd", f"{CHAIN}/tls")

    def play(_):
        service.start()
        for pid, _ in children(service.process.pid):
            os.kill(pid, signal.SIGSTOP)
        service.stop()

    def behind_the_word(calls):
        told = next(i for i, call in enumerate(calls) if call.name == "read" and call.result > 1)
        return [call for call in calls[told:] if call.name == "clock_gettime"]

    explore(program, play, behind_the_word, still=6000, seeds=0)


if __name__ == "__main__":
    main(globals())
