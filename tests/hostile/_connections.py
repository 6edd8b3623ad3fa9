#!/usr/bin/env python3
"""_connections.py SCENARIO: clients that are slow, say they are done, vanish, or come in crowds."""

import pathlib
import re
import select
import time

from _chain import (ACCEPTOR, CHAIN, SANITIZED, Brief, Bystander, Client, check, check_clean, children,
                    descriptors, files_of, main, messages_of, on_the_wire, peak, wait_gone,
                    wait_until)

MESSAGE = b"Subject: x\n\ntext\n"
ENVELOPE = b"MAIL FROM:<me@client.example>\r\nRCPT TO:<%s@example.test>\r\n"

# What has been said when something happens, and how many replies it gets beside the greeting.
HELLO = b"EHLO client.example\r\n"
RCPT = HELLO + ENVELOPE % b"nobody"
DATA = RCPT + b"DATA\r\n"
STATES = {
    "connected": (b"", 0),
    "half a command": (b"EHL", 0),
    "hello": (HELLO, 1),
    "mail": (HELLO + b"MAIL FROM:<me@client.example>\r\n", 2),
    "half a rcpt": (RCPT[:-10], 2),
    "rcpt": (RCPT, 3),
    "data": (DATA, 4),
    "half a message": (DATA + b"Subject: x\r\n\r\ntext\r\n", 4),
    "almost a message": (DATA + b"Subject: x\r\n\r\ntext\r\n.\r", 4),
    "a large part": (DATA + b"0123456789ABCD\r\n" * 20000, 4),
    "too large a part": (DATA + b"0123456789ABCD\r\n" * 99999, 4),
    "a bare line end": (DATA + b"Subject: x\n\ntext\r\n", 4),
    "chunk": (RCPT + b"BDAT 100 LAST\r\n", 3),
    "half a chunk": (RCPT + b"BDAT 100 LAST\r\nSubject: x\r\n\r\ntext", 3),
    "one chunk of two": (RCPT + b"BDAT 14\r\nSubject: x\r\n\r\n", 4),
    "refused chunk": (HELLO + b"BDAT 100 LAST\r\nSubject: x\r\n", 1),
}


# ---- half-closed -------------------------------------------------------------------------------

def half_closed():
    """All that was said is answered, then the connection ends; what was not finished is gone."""
    with Bystander():
        for name, (said, count) in STATES.items():
            client = Client()
            client.send(said)
            client.shut()
            while client.read_more():
                pass
            replies = re.findall(rb"(?m)^\d{3} [^\r\n]*\r$", client.received)
            check(len(replies) == 1 + count, name, "got", client.received[-500:])
            client.close()
    check_clean()


def half_closed_with_a_message():
    """The reply to a message comes to one who will send no more, by DATA and by BDAT."""
    client = Client()
    client.send(HELLO + ENVELOPE % b"half-closed" + b"DATA\r\n" + on_the_wire(MESSAGE))
    client.shut()
    client.expect(b"220 ", b"250-", b"250 ", b"250 ", b"354 ", b"250 2.0.0 queued as ")
    client.expect_end()
    client = Client()
    wire = MESSAGE.replace(b"\n", b"\r\n")
    client.send(HELLO + ENVELOPE % b"half-closed" + b"BDAT %d LAST\r\n" % len(wire) + wire)
    client.shut()
    client.expect(b"220 ", b"250-", b"250 ", b"250 ", b"250 2.0.0 queued as ")
    client.expect_end()
    check(messages_of("half-closed", 2) == [MESSAGE] * 2)
    check_clean()


# ---- resets ------------------------------------------------------------------------------------

def resets():
    """Nothing is left: no process, no descriptor, no file."""
    before = descriptors(ACCEPTOR)
    with Bystander():
        for said, _ in STATES.values():
            for _ in range(5):
                client = Client()
                client.send(said)
                client.reset()
            client = Client()  # and once the server has read it all
            client.expect(b"220 ")
            client.send(said)
            pid = client.pid()
            wait_until(lambda c=client: not unread(c), "that all was read")
            client.reset()
            wait_gone(pid)
    check_clean()
    wait_until(lambda: descriptors(ACCEPTOR) == before, "the descriptors of before")
    check(not files_of("nobody"), "a message that was not finished")


def unread(client):
    """Bytes on their way to the server that it has not read."""
    port, count = client.socket.getsockname()[1], 0
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        local, remote = (int(fields[i].partition(":")[2], 16) for i in (1, 2))
        to_send, to_read = (int(n, 16) for n in fields[4].split(":"))
        count += to_send * (local == port) + to_read * (remote == port)
    return count


def reset_during_the_chain():
    """The client goes while the message chain runs, here a link that waits for us. Its word comes
    too late, so what it accepted may be sent again: the message is there, whole."""
    gate = CHAIN / "gate"
    for number in (1, 2):
        client = Client().greet()
        client.begin("gone")
        client.say(b"DATA", b"354 ")
        pid = client.pid()
        client.send(on_the_wire(MESSAGE))
        with open(gate, "wb"):  # opens when the link has opened the other end
            (client.reset if number == 1 else client.close)()
        wait_gone(pid)
    check(messages_of("gone", 2) == [MESSAGE] * 2)
    check_clean()


# ---- slow --------------------------------------------------------------------------------------

LATE = b"421 4.4.2 mx.example.test timed out waiting for you\r\n"
OVERTIME = b"421 4.4.2 mx.example.test session took too long\r\n"


def silent():
    """Two seconds for a command, two for more of a message: then 421, and the process is gone."""
    with Brief():
        began = time.monotonic()
        clients = {name: Client() for name in STATES if "large" not in name}
        for name, client in clients.items():
            client.send(STATES[name][0])
        pids = [client.pid() for client in clients.values()]
        for name, client in clients.items():
            while client.read_more():
                pass
            check(client.received.endswith(LATE), name, "got", client.received[-200:])
            client.close()
        check(1.9 <= time.monotonic() - began, "too early")
        for pid in pids:
            wait_gone(pid)
    check_clean()


# What has been said before the dribble, the farewell, and when it comes.
DRIBBLES = {"command": (b"", LATE, 1.5), "message": (DATA, OVERTIME, 4.5)}


def dribble(what):
    """A byte now and then. A command must be there in time, whatever trickles in; in a message each
    block has its time, and the session as a whole: there, nobody is late who did not pause."""
    said, farewell, least = DRIBBLES[what]
    began = before = time.monotonic()
    client, pause = Client(), 0
    client.send(said)
    pid = client.pid()
    while not select.select([client.socket], [], [], 0.5)[0] or client.read_more():
        client.send_some(b"N")
        before, pause = time.monotonic(), max(pause, time.monotonic() - before)
    seconds = time.monotonic() - began
    if what == "command" or pause < 2:
        check(client.received.endswith(farewell) and seconds >= least, client.received, seconds)
    wait_gone(pid)
    check_clean()


def slow_but_welcome():
    """Pieces of a message, each in time: it arrives."""
    client = Client().greet()
    client.begin("slow")
    client.say(b"DATA", b"354 ")
    for byte in on_the_wire(MESSAGE):
        client.send(bytes([byte]))
        select.select([client.socket], [], [], 0.05)
    client.expect(b"250 ")
    client.quit()
    check(messages_of("slow", 1) == [MESSAGE])


# ---- crowds ------------------------------------------------------------------------------------

BUSY = b"421 4.7.0 too many connections, try again later\r\n"


def crowd(source, count):
    """Connections from an address: those that were let in, and how many were not."""
    clients = [Client(source=source) for _ in range(count)]
    served = []
    for client in clients:
        if client.reply() == BUSY:
            client.expect_end()
            client.close()
        else:
            served.append(client)
    return served, count - len(served)


def flood():
    """Ten in all, four from an address: those over it are told so, and the others served."""
    with Bystander(source="127.0.0.9"):
        one, refused = crowd("127.0.0.1", 50)
        check((len(one), refused) == (4, 46), len(one), refused)
        two, refused = crowd("127.0.0.2", 50)
        check((len(two), refused) == (4, 46), len(two), refused)
        three, refused = crowd("127.0.0.3", 50)
        check((len(three), refused) == (1, 49), len(three), refused)
        for client in one + two + three:
            client.say(b"EHLO client.example", b"250")
        pid = one[0].pid()
        one.pop(0).quit()
        wait_gone(pid)
        four, refused = crowd("127.0.0.4", 5)
        check((len(four), refused) == (1, 4), len(four), refused)
        for client in one + two + three + four:
            client.reset()
    check_clean()


def waves():
    """Three thousand connections that come and go as fast as they can."""
    before = descriptors(ACCEPTOR)
    usual = peak(ACCEPTOR)
    with Bystander(source="127.0.0.9"):
        for _ in range(30):
            clients = [Client(source="127.0.0.2") for _ in range(100)]
            for number, client in enumerate(clients):
                (client.reset if number % 2 else client.close)()
    check_clean()
    wait_until(lambda: descriptors(ACCEPTOR) == before, "the descriptors of before")
    check(SANITIZED or peak(ACCEPTOR) <= usual + 64, "tcp-accept has grown from", usual, "KB to",
          peak(ACCEPTOR))


def private(pid):
    """Memory that is a process's alone, in KB."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return sum(int(n) for n in re.findall(r"Private_\w+:\s+(\d+)", file.read()))


def slow_loris(count):
    """As many as are let in, each with half a command. A well-behaved session goes on beside them,
    one more is refused, and when they have gone there is room again."""
    count = int(count)
    with Bystander(source="127.0.0.9"):
        crowded = []
        for _ in range(count - 1):  # the bystander is one, too
            client = Client(source="127.0.0.2")
            client.send(b"EHL")
            crowded.append(client)
        Client(source="127.0.0.3").expect_end(BUSY)
        pids = [pid for pid, _ in children(ACCEPTOR)]
        check(len(pids) == count, len(pids), "sessions")
        each = sorted(map(private, pids))
        check(SANITIZED or sum(each) <= 64 * len(each), "memory in KB: median",
              each[len(each) // 2], "most", each[-1])
        check(SANITIZED or peak(ACCEPTOR) < 4096, "tcp-accept has", peak(ACCEPTOR), "KB")
        for client in crowded:
            client.close()
    check_clean()
    Client(source="127.0.0.3").greet().quit()


main(globals())
