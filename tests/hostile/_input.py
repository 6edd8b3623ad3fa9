#!/usr/bin/env python3
"""_input.py SCENARIO: clients that send too much, or what no one should send.

Each time the reply is the right one, memory stays what it was, the session goes on if it may, and
one who sends mail beside them does not notice.
"""

import os
import threading
import time

from _chain import (CHAIN, QUEUE, SANITIZED, Brief, Bystander, Client, check, check_clean, clear_queue,
                    descriptors, entries, main, messages_of, peak, read_entry, wait_gone)

MEGABYTE = b"A" * (1 << 20)
MORE = 384  # KB that a session may have touched beyond an idle one's: its input buffer, and some


class Watch(threading.Thread):
    """A session's process, looked at again and again until it ends."""

    def __init__(self, client):
        super().__init__(daemon=True)
        idle = Client().greet()
        self.usual = peak(idle.pid())
        idle.quit()
        self.pid, self.peak = client.pid(), 0
        self.start()

    def run(self):
        try:
            while True:
                self.peak = max(self.peak, peak(self.pid))
                time.sleep(0.001)
        except (OSError, TypeError):
            pass  # it has ended

    def check(self):
        """Memory is bounded, and nothing of the queue is open."""
        try:
            self.peak = max(self.peak, peak(self.pid))
            kept = [name for name in descriptors(self.pid).values() if str(QUEUE) in name]
            check(not kept, "still open:", kept)
        except (OSError, TypeError):
            pass
        check(SANITIZED or self.peak <= self.usual + MORE,
              "memory:", self.peak, "KB, an idle session has", self.usual)


# ---- too much ----------------------------------------------------------------------------------

def endless_command():
    with Bystander():
        client = Client().greet()
        watch = Watch(client)
        sent = 0
        while sent < 100 and client.send_some(MEGABYTE):
            sent += 1
        check(sent < 100, "a line of 100 MB was read")
        client.expect_end(b"421 4.7.0 mx.example.test line without an end\r\n")
        watch.check()
        wait_gone(watch.pid)
    check_clean()


def long_command():
    """Not endless: it is skipped, and the session goes on."""
    client = Client().greet()
    client.say(b"NOOP " + b"A" * 5000, b"500 5.5.2 ")
    client.say(b"A" * 60000, b"500 5.5.2 ")
    client.deliver("long-command", b"Subject: x\n\nstill here\n")
    client.quit()
    messages_of("long-command", 1)


def refuse_body(command, pieces, end):
    """A message that is too big, in pieces; then one that is not."""
    with Bystander():
        client = Client().greet()
        watch = Watch(client)
        client.begin("nobody")
        client.send(command)
        if command.startswith(b"DATA"):
            client.expect(b"354 ")
        for number, piece in enumerate(pieces):
            client.send(piece)
            if number == len(pieces) // 2:
                watch.check()  # the limit is long past
        client.send(end)
        client.expect(b"552 5.3.4 ")
        watch.check()
        box = f"after-{os.getpid()}"
        client.deliver(box, b"Subject: x\n\nsmall\n")
        client.quit()
        check(messages_of(box, 1) == [b"Subject: x\n\nsmall\n"])
    check_clean()


def gigabytes():
    line = b"0123456789" * 7 + b"\r\n"
    block = line * 20000
    refuse_body(b"DATA\r\n", [block] * ((1 << 30) // len(block)), b"\r\n.\r\n")


def gigabytes_in_a_chunk():
    refuse_body(b"BDAT %d LAST\r\n" % (1 << 30), [MEGABYTE] * 1024, b"")


def endless_line_of_data():
    refuse_body(b"DATA\r\n", [MEGABYTE] * 100, b"\r\n.\r\n")


def endless_header():
    refuse_body(b"DATA\r\nReceived:", [b" by a\r\n" * 100000] * 100, b"\r\n.\r\n")


def large_line():
    """What is within the limit is nobody's harm: one line of 900 KB, byte by byte."""
    client = Client().greet()
    message = b"Subject: x\n\n" + b"\xff\0." * 300000 + b"\n"
    client.deliver("large-line", message)
    client.quit()
    check(messages_of("large-line", 1) == [message], "it is not what was sent")


# ---- recipients --------------------------------------------------------------------------------

def envelope(count, parameter=b""):
    """MAIL and so many RCPTs, in pieces."""
    yield b"MAIL FROM:<me@client.example>\r\n"
    for start in range(0, count, 1000):
        yield b"".join(b"RCPT TO:<box%d@example.test>%s\r\n" % (i, parameter)
                       for i in range(start, start + 1000))


def recipients(limit, parameter, verdict):
    """100,000 of them; the limit allows so many."""
    limit = int(limit)
    wanted = [b"box%d@example.test" % i for i in range(limit)]
    client = Client().greet()
    watch = Watch(client)
    codes = client.converse(envelope(100000, parameter.encode()), 100001)
    refused = {b"452": 100000 - limit} if limit < 100000 else {}
    check(codes == {b"250": limit + 1, **refused}, codes)
    client.say(b"DATA", b"354 ")
    client.send(b"Subject: many\r\n\r\ntext\r\n.\r\n")
    client.expect(verdict.encode())
    watch.check()
    client.quit()
    check(len(entries()) == verdict.startswith("250"), "entries:", entries())
    for entry in entries():
        check(read_entry(entry)[1] == wanted, "other recipients")
    clear_queue()
    check_clean()


# ---- bytes that do not belong there ------------------------------------------------------------

LINES = (b"EHLO cli%sent.example", b"MAIL FROM:<m%se@client.example>", b"NO%sOP",
         b"RCPT TO:<bo%sx@example.test>", b"RSET%s")


def every_byte():
    """Each byte in each command: one reply to each, and for control bytes always the same."""
    with Bystander():
        for line in LINES:
            client = Client().greet()
            for byte in sorted(set(range(256)) - set(b"\r\n")):
                client.send(line % bytes([byte]) + b"\r\nRSET\r\n")
                reply = client.reply()
                is_control = (byte < 32 and byte != 9) or byte == 127
                wanted = b"500 5.5.2" if is_control else (b"250", b"50", b"553", b"555")
                check(reply.startswith(wanted), line, "with", byte, "got", reply)
                client.expect(b"250 2.0.0 Reset")
            client.quit()
    check_clean()


def rubbish():
    """Ten bad commands are enough."""
    client = Client()
    client.expect(b"220 ")
    client.send(bytes(range(256)).replace(b"\n", b"") * 15 + b"\r\n")
    client.send(b"\0\0\0\r\n\xff\xfe\xfd\r\n" * 10)
    replies = [client.reply()[:9] for _ in range(11)]
    check(replies == [b"500 5.5.2"] * 10 + [b"421 4.7.0"], replies)
    client.expect_end()


def every_byte_of_a_message():
    """What is no command may have any byte, NULs too, if its lines end as they must."""
    text = bytes(byte for byte in range(256) if byte not in b"\r\n")
    message = b"Subject: " + text + b"\n\n" + text * 100 + b"\n"
    client = Client().greet()
    client.deliver("every-byte", message)
    client.begin("every-byte")
    wire = message.replace(b"\n", b"\r\n")
    client.send(b"BDAT %d LAST\r\n" % len(wire) + wire)
    client.expect(b"250 ")
    client.quit()
    check(messages_of("every-byte", 2) == [message] * 2, "it is not what was sent")


# ---- chunks of sizes that are none --------------------------------------------------------------

NO_SIZES = (b"18446744073709551616", b"18446744073709551615", b"9223372036854775808",
            b"340282366920938463463374607431768211456", b"-1", b"+5", b"0x10", b"5,5", b"1e3",
            b"", b"LAST", b"5 LAST LAST", b"5 FIRST", b"\xd9\xa1", b"5\0", b"9" * 4000)
INNER = (b"MAIL FROM:<inner@client.example>\r\nRCPT TO:<victim@example.test>\r\nDATA\r\n"
         b"Subject: smuggled\r\n\r\ntext\r\n.\r\n")


def chunk_sizes():
    with Bystander():
        for size in NO_SIZES:
            for end in (b"\r\n", b" LAST\r\n"):
                client = Client().greet()
                client.begin("outer")
                client.send_some(b"BDAT " + size + end + INNER)
                client.expect_end(b"501 5.5.4 Bad chunk size, closing connection\r\n")
                check(client.received.count(b"\r\n") == 1, size, end, "got", client.received)
                client.close()
    check_clean()
    check(not (CHAIN / "mail/victim").exists(), "a message was smuggled")


def chunk_of_the_largest_size():
    """2^63-1 octets are announced, and everything behind is the chunk's."""
    client = Client().greet()
    watch = Watch(client)
    client.begin("outer")
    client.send(b"BDAT 9223372036854775807 LAST\r\n" + INNER * 1000)
    client.shut()
    client.expect_end()
    wait_gone(watch.pid)
    watch.check()
    check_clean()
    check(not (CHAIN / "mail/victim").exists(), "a message was smuggled")


def chunks_of_one_octet():
    """A message of five thousand chunks, whatever comes together in one read: it arrives, and costs
    the session no memory."""
    wire = b"Subject: x\r\n\r\n" + b"0123456789ABCDE\r\n" * 300
    chunks = b"".join(b"BDAT 1\r\n%c" % byte for byte in wire) + b"BDAT 0 LAST\r\n"
    client = Client().greet()
    watch = Watch(client)
    client.begin("bytes")
    codes = client.converse([chunks[at:at + 1000] for at in range(0, len(chunks), 1000)], len(wire) + 1)
    check(codes == {b"250": len(wire) + 1}, codes)
    watch.check()
    client.quit()
    check(messages_of("bytes", 1) == [wire.replace(b"\r\n", b"\n")])


def commands_without_end():
    """A session has so many commands as it may have, then it is ended."""
    client = Client().greet()
    watch = Watch(client)
    client.send(b"NOOP\r\n" * 1000)
    for _ in range(999):
        client.expect(b"250 2.0.0 ")
    client.expect(b"421 4.7.0 ")
    watch.check()
    client.expect_end()


# ---- one who does not listen -------------------------------------------------------------------

def deaf():
    """Commands without an end, whose replies no one reads: both sides' buffers fill, then time is
    up."""
    with Brief():
        client = Client(small=True).greet()
        watch = Watch(client)
        client.socket.settimeout(1)
        sent = 0
        while client.send_some(b"HELP\r\n" * 10000):
            sent += 1
        check(sent < 1000, "it goes on reading")
        wait_gone(watch.pid)
        watch.check()
        client.close()
    check_clean()


def deaf_to_many_replies():
    """100,000 refusals at once."""
    client = Client(small=True).greet()
    pid = client.pid()
    client.socket.settimeout(1)
    for piece in envelope(100000):
        if not client.send_some(piece):
            break
    wait_gone(pid)
    client.close()
    check_clean()


main(globals())
