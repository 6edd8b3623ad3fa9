#!/usr/bin/env python3
"""_exhaustion.py SCENARIO [ARGUMENT...]: descriptors, memory and processes run out, in sessions and
where mail is delivered. The link `limited` takes its limit from CHAIN/limit each time that it is
started, so the next session has the next one."""

import os
import pathlib
import re

from _chain import (CHAIN, Bystander, Client, Log, check, check_clean, entries, main, messages_of,
                    on_the_wire, wait_until)

GROUP = pathlib.Path(os.environ.get("GROUP", "/nonexistent"))  # a cgroup that counts processes


def limit(kind, value):
    new = CHAIN / "limit.new"  # whoever reads it reads all of it
    new.write_text(f"-{kind} {value}")
    new.rename(CHAIN / "limit")


def message(number):
    return b"Subject: %d\n\n" % number + b"0123456789\n" * 3000


# ---- sessions ----------------------------------------------------------------------------------

def dialogue(number, box):
    """What a client says, and how the reply begins that it wants to hear."""
    return ((b"", b"220 "), (b"EHLO client.example\r\n", b"250"),
            (b"MAIL FROM:<me@client.example>\r\n", b"250 "),
            (b"RCPT TO:<%s@example.test>\r\n" % box.encode(), b"250 "),
            (b"DATA\r\n", b"354 "), (on_the_wire(message(number)), b"250 2.0.0 queued as "))


def offer(number, box):
    """True if a session's one message was accepted. If not, the client is told to try again, or there
    never was a session."""
    client = Client()
    for said, wanted in dialogue(number, box):
        client.send_some(said)
        try:
            reply = client.reply()
        except AssertionError:
            reply = b""
        if not reply.startswith(wanted):
            client.close()
            check(reply.startswith(b"4") or (not reply and not said), said[:20], "got", reply)
            return False
    client.close()
    return True


def arrive(numbers, box):
    """What was accepted arrives, and nothing else."""
    arrived = messages_of(box, len(numbers))
    check(sorted(arrived) == sorted(map(message, numbers)), len(arrived), "arrived of", len(numbers))
    check_clean()


def sessions(kind, first, last, step, box):
    """A session under each limit, from one that is far too low to one that is enough, beside somebody
    who has what he needs."""
    limit(kind, "1000" if kind == "n" else "unlimited")
    with Bystander():
        accepted = []
        for number, value in enumerate(range(int(first), int(last), int(step))):
            limit(kind, value)
            if offer(number, box):
                accepted.append(number)
            else:
                check(not accepted, "not under", value, "but under less")
        check(0 < len(accepted) <= number, "one limit was not too low, and one was")
    arrive(accepted, box)


# ---- processes ---------------------------------------------------------------------------------

def may_have(processes):
    """Where sessions are counted, the acceptor and queue-send are two of them."""
    (GROUP / "pids.max").write_text(str(processes))


def lines(log, event):
    return re.findall(rb"(?m)^\S+ (?:session=\S+ )?event=%s .*" % event, log.read())


def no_process_for_a_session():
    """No process more: the client is told to come back, one line says why, and a session that has
    begun goes on. When there may be one more, it is served."""
    log = Log("smtp.log")
    client = Client().greet()
    client.deliver("processes", message(0))
    arrive_and_stay("processes", 1)
    log.read()
    may_have(3)
    for _ in range(5):
        Client().expect_end(b"421 4.3.0 ")
    refusals = []
    while len(refusals) < 5:  # the last line may come behind the client's end
        refusals += wait_until(lambda: lines(log, b"refuse"), "5 lines, there are only", refusals)
    check(len(refusals) == 5 and all(b"reason=spawn" in line for line in refusals), refusals)
    client.say(b"NOOP", b"250 ")
    may_have("max")
    client.deliver("processes", message(1))
    client.quit()
    check(offer(2, "processes"))
    arrive([0, 1, 2], "processes")


def arrive_and_stay(box, count):
    """Then the deliverer runs, and is one process more."""
    messages_of(box, count)
    wait_until(lambda: not entries(), "an empty queue")


def no_process_for_a_message():
    """A session that cannot start the message's chain says so for this message, and takes the next
    one when it can."""
    client = Client().greet()
    may_have(3)
    for number in (0, 1):
        client.begin("chains")
        client.say(b"DATA", b"354 ")
        client.send(on_the_wire(message(number)))
        client.expect(b"451 4.3.0 " if number == 0 else b"250 ")
        may_have("max")
    client.quit()
    arrive([1], "chains")


def no_process_for_a_deliverer():
    """Mail is accepted and waits, without counting as tried; a line now and then says for what; and it
    is delivered, by itself, when there is a process again."""
    log = Log("send.log")
    log.read()
    client = Client().greet()
    may_have(1)  # queue-send
    for number in range(5):
        client.deliver("waiting", message(number))
    client.quit()
    told = wait_until(log.read, "a word of it")
    check(len(entries()) == 5, len(entries()))
    may_have("max")
    arrive(range(5), "waiting")
    told += log.read()
    check(b"event=worker-failed" in told and b"event=deferred" not in told
          and b"event=waiting" not in told, told)
    check(told.count(b"event=worker-failed") < 10, told)


main(globals())
