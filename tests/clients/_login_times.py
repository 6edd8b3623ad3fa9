#!/usr/bin/env python3
"""_login_times.py MECHANISM ROUNDS: does the time of a failed login tell whether there is such a user?

Logins with a wrong password as the user ALICE and as ones who do not exist are taken in pairs, each pair in
a session of its own to the service at SMTP_PORT (MODE, TRUSTED), who is first in turns. What is measured is
the time until the refusal comes, which a stranger could measure too. Prints both medians, and in how many
pairs alice took longer. They tell something if the medians are not within five percent of each other and
the same one takes longer in more pairs than chance explains: on a machine that is busy with other things
medians differ, but now one is longer, now the other.
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
CHANCE = 4.5  # standard deviations: once in 150,000 times


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


def take_pairs(mechanism, rounds):
    """Seconds of alice's login and of a stranger's."""
    for number in range(rounds):
        stranger = f"user{number % 7}@example.test"
        if number % 2:
            yield measure(REFUSE[mechanism], (ALICE, stranger))
        else:
            yield measure(REFUSE[mechanism], (stranger, ALICE))[::-1]


def main(mechanism, rounds):
    pairs = list(take_pairs(mechanism, int(rounds)))
    known, unknown = (statistics.median(seconds) for seconds in zip(*pairs))
    longer = sum(alice > stranger for alice, stranger in pairs)
    words = (f"{mechanism}: alice {known * 1e6:.0f}, strangers {unknown * 1e6:.0f} microseconds,"
             f" alice longer in {longer} of {len(pairs)}")
    print(words)
    differs = max(known, unknown) / min(known, unknown) - 1 > LIMIT
    is_chance = abs(longer - len(pairs) / 2) < CHANCE * len(pairs) ** 0.5 / 2
    check(is_chance or not differs, words)


main(*sys.argv[1:])
