#!/usr/bin/env python3
"""_full.py SCENARIO: a file system has space, and no file more."""

import os
import signal

from _chain import (CHAIN, Client, check, check_clean, entries, files_of, main, messages_of,
                    on_the_wire, read_entry, wait_until)


def message(number):
    return b"Subject: %d\n\nx\n" % number


def offer(client, number):
    """The reply to a message."""
    client.begin("box")
    client.send(b"DATA\r\n")
    reply = client.reply()
    if reply.startswith(b"354 "):
        client.send(on_the_wire(message(number)))
        reply = client.reply()
    return reply


def queue():
    """One message after the other: those for which there is a file are accepted, the others told to come
    back; one goes, and one more is accepted."""
    client, number = Client().greet(), 0
    while (reply := offer(client, number)).startswith(b"250 "):
        number += 1
    check(10 < number < 40, number, "accepted")
    for _ in range(3):
        check(reply.startswith(b"452 4.3.1 "), reply)
        reply = offer(client, number)
    check(len(entries()) == number, "only what was accepted is there")
    entries()[0].unlink()
    check(offer(client, number).startswith(b"250 "), "room again, in the same session")
    client.quit()
    kept = sorted(read_entry(entry)[0] for entry in entries())
    check(kept == sorted(map(message, range(1, number + 1))), len(kept))


COUNT = 30


def mailbox():
    """What finds no file waits in the queue, and nothing is left of its tries."""
    client = Client().greet()
    for number in range(COUNT):
        check(offer(client, number).startswith(b"250 "))
    client.quit()
    log = CHAIN / "send.log"
    wait_until(lambda: b"event=waiting" in log.read_bytes(), "that some must wait")
    wait_until(lambda: len(entries()) + len(files_of("box")) == COUNT and not os.listdir(CHAIN / "mail/box/tmp"),
               "each in one place, and nothing in tmp")
    check(entries() and files_of("box"))


def mailbox_again():
    send = int(os.environ["SEND_PID"])
    wait_until(lambda: os.kill(send, signal.SIGALRM) or not entries(), "an empty queue")
    check(sorted(messages_of("box", COUNT)) == sorted(map(message, range(COUNT))))
    check_clean()


main(globals())
