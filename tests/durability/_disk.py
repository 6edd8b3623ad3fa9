#!/usr/bin/env python3
"""_disk.py SCENARIO: a queue on a file system that is soon full."""

import os
import re
import signal

from _chain import (CHAIN, QUEUE, Client, check, check_clean, clear_queue, entries, files_of, main,
                    messages_of, on_the_wire, read_entry, received, wait_until)


def body(number, lines=2000):
    return b"Subject: %d\n\n" % number + b"0123456789\n" * lines


def offer(client, number, lines=2000):
    """The reply to a message."""
    client.begin("disk")
    client.send(b"DATA\r\n")
    reply = client.reply()
    if not reply.startswith(b"354 "):
        return reply
    client.send(on_the_wire(body(number, lines)))
    return client.reply()


def offer_chunks(client, number):
    wire = body(number).replace(b"\n", b"\r\n")
    client.begin("disk")
    half = len(wire) // 2
    client.send(b"BDAT %d\r\n" % half + wire[:half])
    first = client.reply()
    client.send(b"BDAT %d LAST\r\n" % (len(wire) - half) + wire[half:])
    return client.reply() if first.startswith(b"250 ") else (client.reply(), first)[1]


def fill():
    """Takes all the space there is, to the last byte."""
    with open(QUEUE / "ballast", "ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                pass


def until_full():
    """One message after the other, in one session: those for which there is room are accepted, the
    others told to come back; then there is room again. Nobody delivers."""
    client = Client().greet()
    accepted, refused = [], 0
    number = 0
    while refused < 20:
        reply = offer(client, number) if number % 2 else offer_chunks(client, number)
        if reply.startswith(b"250 "):
            accepted.append(number)
        else:
            check(reply.startswith(b"452 4.3.1 "), reply)
            refused += 1
        check(len(entries()) == len(accepted), "only what was accepted is visible")
        number += 1
    check(len(accepted) > 5, accepted, "accepted")
    entries()[0].unlink()
    check(offer(client, number).startswith(b"250 "), "room again, in the same session")
    client.quit()
    wanted = {body(number) for number in accepted + [number]}
    for entry in entries():
        check(read_entry(entry)[0] in wanted, entry, "is not whole")
    clear_queue()
    check_clean()


def full_at_every_block():
    """A block more of space for each try: refused, refused, and the first that fits is accepted."""
    client = Client().greet()
    fill()
    ballast = QUEUE / "ballast"
    for tries in range(100):
        os.truncate(ballast, max(0, os.path.getsize(ballast) - 4096))
        reply = offer(client, tries, 3000)
        if reply.startswith(b"250 "):
            break
        check(reply.startswith(b"452 4.3.1 "), reply)
        check(not entries(), "refused and visible:", entries())
    client.quit()
    check(5 < tries < 99 and len(entries()) == 1, tries, "refusals for", len(entries()), "entries")
    check(offer(Client().greet(), 0, 3000).startswith(b"452 4.3.1 "), "full again")
    clear_queue()
    os.unlink(ballast)
    check_clean()


# ---- delivery ----------------------------------------------------------------------------------

def tell(signal_number=signal.SIGALRM):
    os.kill(int(os.environ["SEND_PID"]), signal_number)


def count_logged(pattern):
    return len(re.findall(pattern, (CHAIN / "send.log").read_bytes()))


def logged(pattern):
    wait_until(lambda: count_logged(pattern), pattern)


def accept_for_delivery():
    """More than there is room for in the mailboxes: what does not fit waits."""
    client = Client().greet()
    for number in range(6):
        check(offer(client, number, 8000).startswith(b"250 "))
    client.quit()
    wait_until(lambda: count_logged(rb"event=waiting") + len(files_of("disk")) == 6, "the end of six attempts")
    for file in files_of("disk"):
        check(received(file.read_bytes()) in {body(number, 8000) for number in range(6)}, "torn")
    check(entries(), "something waits")
    check(not list((CHAIN / "mail/disk/tmp").iterdir()), "left in tmp")


def deliver_when_there_is_room():
    wait_until(lambda: tell() or not entries(), "an empty queue")
    check(sorted(messages_of("disk", 6)) == sorted(body(number, 8000) for number in range(6)))
    check_clean()


def no_room_for_the_log():
    """The queue is full to the last byte, and a mailbox is not one: what happened cannot be
    written down, and the mail is delivered all the same when it can be."""
    box = CHAIN / "mail/broken"
    box.write_text("not a Maildir")
    client = Client().greet()
    client.deliver("broken", body(1))
    logged(rb"event=waiting .*attempts=1")
    fill()
    check(offer(client, 2).startswith(b"452 4.3.1 "), "it is full")
    client.quit()
    for _ in range(3):
        tell()
    box.unlink()
    wait_until(lambda: tell() or not entries(), "an empty queue")
    check(messages_of("broken", 1) == [body(1)])
    os.unlink(QUEUE / "ballast")
    check_clean()


main(globals())
