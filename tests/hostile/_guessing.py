#!/usr/bin/env python3
"""_guessing.py SCENARIO: crowds at the auth service: sasl-auth with two checkers at a time and five
failures for a network, and a checker that notes each time that it is asked."""

import base64
import os

from _chain import CHAIN, Bystander, Client, check, children, main, wait_until

PASSWORD = os.environ["PASSWORD"]
SERVICE = int(os.environ["AUTH_PID"])
CROWD = 60
FAILURES, CHECKERS = 5, 2
ASKED = CHAIN / "asked"
LIMIT = CHAIN / "limit"


def auth(password):
    return b"AUTH PLAIN " + base64.b64encode(b"\0alice\0" + password.encode())


def asked():
    """How often the checker was, since the last time."""
    count = len(ASKED.read_text()) if ASKED.exists() else 0
    ASKED.unlink(missing_ok=True)
    return count


def log_in(source, password=PASSWORD):
    client = Client(source=source).greet()
    client.send(auth(password) + b"\r\n")
    return client


def many_at_once():
    """Sixty sessions of one address guess at the same time. No more of it is checked than one after
    the other would be, beside those whose turn it is; and others log in meanwhile."""
    with Bystander(source="127.0.0.9"):
        crowd = [Client(source="127.0.0.2").greet() for _ in range(CROWD)]
        for number, client in enumerate(crowd):
            client.send(auth(f"guess {number}") + b"\r\n")
        log_in("127.0.0.3").expect(b"235 ")
        codes = [client.reply()[:3] for client in crowd]
    check(set(codes) == {b"535", b"421"}, set(codes))
    check(codes.count(b"535") <= FAILURES + CHECKERS, codes.count(b"535"), "guesses were checked")
    check(asked() <= FAILURES + CHECKERS + 1)
    right = log_in("127.0.0.2")
    right.expect(b"421 4.7.0 ")
    check(not asked(), "who has failed too often costs nothing")


def memory():
    """A checker that has not the memory for a hash knows nothing of the password: the client may try
    again, and nobody guessed."""
    ends = set()
    for kilobytes in (1000, 2000, 6000, 12000, 16000):
        LIMIT.write_text(f"-v {kilobytes}")
        for password in (PASSWORD, "wrong"):
            reply = log_in("127.0.0.4", password).reply()
            check(reply.startswith(b"454 4.7.0 "), kilobytes, password == PASSWORD, reply)
            ends.add(reply)
    LIMIT.write_text("-v unlimited")
    log_in("127.0.0.4").expect(b"235 ")


def half_a_question():
    """An address has as many connections as it may, and in each it has begun to log in and says no
    more. Others log in, until their time is up, and after that nothing of theirs is left."""
    silent = [Client(source="127.0.0.5").greet() for _ in range(CROWD)]
    for number, client in enumerate(silent):
        if number % 2:
            client.say(b"AUTH PLAIN", b"334 ")
        else:
            client.send(b"AUTH PLA")
    Client(source="127.0.0.5").expect_end(b"421 4.7.0 too many connections")
    log_in("127.0.0.6").expect(b"235 ")
    for client in silent:
        client.expect_end(b"421 4.4.2 ")
        client.close()
    wait_until(lambda: not children(SERVICE), "no process of the auth service left")


main(globals())
