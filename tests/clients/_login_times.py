#!/usr/bin/env python3
"""_login_times.py MECHANISM ROUNDS: does the time of a failed login tell whether there is such a user?

Logins with a wrong password as the user ALICE and as ones who do not exist are taken in turns, each in a
session of its own to the service at SMTP_PORT (MODE, TRUSTED). What is measured is the time until the
refusal comes, which a stranger could measure too. Prints both medians, and says if they are not within
five percent of each other. A machine that is busy with other things gets more tries: a difference that is
there is there in each of them.
"""

import base64
import os
import statistics
import sys
import time

from _chain import check
from _login import Scram, connect

ALICE = os.environ["ALICE"]
LIMIT = 0.05
TRIES = 10


def refuse_plain(client, name):
    secret = base64.b64encode(f"\0{name}\0wrong".encode()).decode()
    begin = time.perf_counter()
    code, text = client.docmd("AUTH PLAIN " + secret)
    check(code == 535, text)
    return time.perf_counter() - begin


def refuse_scram(client, name):
    """The client's own work is not counted."""
    scram = Scram(name, "wrong")
    begin = time.perf_counter()
    code, challenge = client.docmd("AUTH SCRAM-SHA-256 " + base64.b64encode(scram().encode()).decode())
    seconds = time.perf_counter() - begin
    check(code == 334, challenge)
    final = base64.b64encode(scram(base64.b64decode(challenge)).encode()).decode()
    begin = time.perf_counter()
    code, text = client.docmd(final)
    check(code == 535, text)
    return seconds + time.perf_counter() - begin


REFUSE = {"PLAIN": refuse_plain, "SCRAM-SHA-256": refuse_scram}


def measure(refuse, names):
    client = connect(int(os.environ["SMTP_PORT"]), os.environ["MODE"], os.environ["TRUSTED"])
    client.ehlo()
    seconds = [refuse(client, name) for name in names]
    client.quit()
    return seconds


def batch(mechanism, rounds):
    known, unknown = [], []
    for number in range(rounds):
        stranger = f"user{number % 7}@example.test"
        if number % 2:
            one, other = measure(REFUSE[mechanism], (ALICE, stranger))
        else:
            other, one = measure(REFUSE[mechanism], (stranger, ALICE))
        known.append(one)
        unknown.append(other)
    return statistics.median(known), statistics.median(unknown)


def main(mechanism, rounds):
    for _ in range(TRIES):
        known, unknown = batch(mechanism, int(rounds))
        difference = max(known, unknown) / min(known, unknown) - 1
        print(f"{mechanism}: alice {known * 1e6:.0f}, strangers {unknown * 1e6:.0f} microseconds, {rounds} of each")
        if difference < LIMIT:
            return
    check(False, mechanism, difference)


main(*sys.argv[1:])
