#!/usr/bin/env python3
"""_smuggling.py SCENARIO: messages with a second one behind something that looks like the end.

What is the end of a message, and what becomes of its bytes, is said here again, by RFC 5321 4.1.1.4
and 4.5.2 alone; nobody delivers, so that the queue shows what was taken for a message.
"""

import itertools
import re

from _chain import Client, check, clear_queue, entries, main, read_entry

TEXT = b"Subject: outer\r\n\r\ntext"
INNER = (b"MAIL FROM:<inner@client.example>\r\nRCPT TO:<victim@example.test>\r\nDATA\r\n"
         b"Subject: smuggled\r\n\r\ntext")
END = b"\r\n.\r\n"

# What is taken for the end by one server or another, beyond the exhaustive ones.
CURIOSITIES = [
    b"\r\n.\0\r\n", b"\r\n\0.\r\n", b"\r\0\n.\r\n", b"\r\n.\r\0\n", b"\0\r\n.\n", b"\n\0.\n",
    b"\x8d\x8a.\x8d\x8a", b"\r\x8a.\r\n", b"\x8d\n.\r\n", b"\r\n.\x8d\x8a", b"\r\n\xae\r\n",
    b"\x0b.\x0b", b"\x0c.\x0c", b"\r\n.\x0b\r\n", b"\r\n.\x0c\r\n", b"\x1c.\x1c", b"\x1e.\x1e",
    b"\x85.\x85", b"\xc2\x85.\xc2\x85", b"\xe2\x80\xa8.\xe2\x80\xa8", b"\xe2\x80\xa9.\xe2\x80\xa9",
    b"\r\n.\xe2\x80\xa8", b"\x15.\x15", b"\x1a", b"\r\n.\x1a\r\n", b"\x04", b"\r\n\x04\r\n",
    b"\r\n. \r\n", b"\r\n.\t\r\n", b"\r\n .\r\n", b"\r\n\t.\r\n", b"\r\n.\x08\r\n", b"\r\n=2E\r\n",
    b"\r\n&#46;\r\n", b"\\r\\n.\\r\\n", b"%0d%0a.%0d%0a", b"\r\n.\r\r\r\n", b"\r\r\n\n..\r\n\r",
    b"\xef\xbc\x8e\r\n", b"\r\n\xef\xbc\x8e\r\n", b"\r\n\xe2\x80\xa4\r\n",
]


def sequences(longest):
    """Each string of CR, LF and dots up to this length that is no true end."""
    for length in range(1, longest + 1):
        for letters in itertools.product(b"\r\n.", repeat=length):
            if END not in bytes(letters):
                yield bytes(letters)


def payload(sequence):
    return TEXT + sequence + INNER


# ---- the model ---------------------------------------------------------------------------------

def is_clean(body):
    return not re.search(rb"\r(?!\n)|(?<!\r)\n", body)


def stored_of_data(body):
    """What is in the file of a message that came by DATA; None: it is refused."""
    if not is_clean(body):
        return None
    return re.sub(rb"(?m)^\.", b"", body.replace(b"\r\n", b"\n"))


def stored_of_chunk(body):
    return body.replace(b"\r\n", b"\n") if is_clean(body) else None


# ---- the queue ---------------------------------------------------------------------------------

def check_entries(wanted, recipients):
    """These messages are there, for these recipients, and no other. They are gone then."""
    found = list(map(read_entry, entries()))
    for _, envelope in found:
        check(envelope == recipients, "a message for", envelope)
    check(sorted(message for message, _ in found) == sorted(wanted), "not what was sent")
    clear_queue()


# ---- the ways in -------------------------------------------------------------------------------

class Session:
    """One session; smuggles sequences by one command."""

    def __init__(self, verb, command, boxes):
        self.client = Client().greet(verb)
        self.command, self.boxes = command, boxes
        self.replies = len(boxes) if verb == b"LHLO" else 1
        self.wanted = []

    def envelope(self):
        return b"MAIL FROM:<outer@client.example>\r\n" + b"".join(
            b"RCPT TO:<%s>\r\n" % box for box in self.boxes)

    def smuggle(self, sequence):
        """All in one piece, as one who smuggles does."""
        body = payload(sequence) + b"\r\n"
        if self.command == b"DATA":
            stored = stored_of_data(body)
            self.client.send(self.envelope() + b"DATA\r\n" + body + b".\r\n")
        else:
            stored = stored_of_chunk(body)
            self.client.send(self.envelope() + b"BDAT %d LAST\r\n" % len(body) + body)
        self.take_replies(sequence, stored)

    def smuggle_in_two(self, sequence, cut):
        """A chunk ends in the middle of the sequence."""
        body = payload(sequence) + b"\r\n"
        at = len(TEXT) + cut
        stored = stored_of_chunk(body)
        self.client.send(self.envelope() + b"BDAT %d\r\n" % at + body[:at] +
                         b"BDAT %d LAST\r\n" % (len(body) - at) + body[at:])
        self.client.expect(*[b"250 "] * (1 + len(self.boxes)))
        first = self.client.reply()
        check(first[:4] in (b"250 ", b"554 "), sequence, "got", first)
        # After a chunk that was refused the rest is taken off the wire, and refused too.
        code = b"503 " if first.startswith(b"554") else b"554 " if stored is None else b"250 "
        self.finish(sequence, stored, code)

    def take_replies(self, sequence, stored):
        self.client.expect(*[b"250 "] * (1 + len(self.boxes)))
        if self.command == b"DATA":
            self.client.expect(b"354 ")
        self.finish(sequence, stored, b"554 5.6.0 " if stored is None else b"250 2.0.0 ")

    def finish(self, sequence, stored, code):
        for _ in range(self.replies):
            reply = self.client.reply()
            check(reply.startswith(code), repr(sequence), "wanted", code, "got", reply)
        if stored is not None:
            self.wanted.append(stored)

    def end(self):
        """The session is where it would be without all this: nothing was left over to be said."""
        self.client.say(b"NOOP", b"250 2.0.0 Ok")
        self.client.quit()
        check(len(self.wanted) > 0, "no sequence without a bare CR or LF?")
        check_entries(self.wanted, self.boxes)


def everything(verb, command, longest):
    verb, command = verb.encode(), command.encode()
    boxes = [b"one@example.test", b"two@example.test"]
    session = Session(verb, command, boxes)
    for sequence in itertools.chain(sequences(int(longest)), CURIOSITIES):
        session.smuggle(sequence)
    session.end()


def chunks_cut(verb, longest):
    """Each sequence, cut at each place by the end of a chunk."""
    session = Session(verb.encode(), b"BDAT", [b"one@example.test"])
    for sequence in sequences(int(longest)):
        for cut in range(len(sequence) + 1):
            session.smuggle_in_two(sequence, cut)
    session.end()


def pieces(command):
    """Each byte of the sequence in a packet of its own, so that no read sees two of them."""
    command = command.encode()
    session = Session(b"EHLO", command, [b"one@example.test"])
    for sequence in sequences(4):
        body = payload(sequence) + b"\r\n"
        stored = stored_of_data(body) if command == b"DATA" else stored_of_chunk(body)
        session.client.send(session.envelope())
        session.client.expect(b"250 ", b"250 ")
        session.client.send(b"DATA\r\n" if command == b"DATA" else b"BDAT %d LAST\r\n" % len(body))
        if command == b"DATA":
            session.client.expect(b"354 ")
        session.client.send(TEXT)
        for byte in sequence:
            session.client.send(bytes([byte]))
        session.client.send(body[len(TEXT + sequence):] + (b".\r\n" if command == b"DATA" else b""))
        session.finish(sequence, stored, b"554 " if stored is None else b"250 ")
    session.end()


def behind_the_end():
    """What is behind a true end is a command again, at once: nothing is lost or taken twice."""
    client = Client().greet()
    whole = (b"MAIL FROM:<me@client.example>\r\nRCPT TO:<one@example.test>\r\nDATA\r\n"
             b"Subject: %d\r\n\r\n..text\r\n.\r\n")
    client.send(b"".join(whole % i for i in range(50)) + b"QUIT\r\n" + INNER + END)
    for _ in range(50):
        client.expect(b"250 ", b"250 ", b"354 ", b"250 ")
    client.expect_end(b"221 ")
    check_entries([b"Subject: %d\n\n.text\n" % i for i in range(50)], [b"one@example.test"])


def data_refused():
    """No 354, so what was sent without waiting for it is commands, each with its reply; those of
    one who did not wait are not what a relay would pass on."""
    client = Client().greet()
    client.send(b"MAIL FROM:<me@client.example>\r\nRCPT TO:<one@elsewhere.example>\r\nDATA\r\n")
    client.expect(b"250 ", b"550 5.7.1", b"503 5.5.1")
    client.send(b"BDAT 100 LAST\r\n" + INNER.ljust(100, b"x")[:100])
    client.expect(b"503 5.5.1")
    client.quit()
    check_entries([], [])


def bdat_never_begun():
    """A chunk that is refused is taken off the wire all the same, in every state."""
    chunk = b"BDAT %d LAST\r\n" % len(INNER + END) + INNER + END
    client = Client()
    client.expect(b"220 ")
    client.send(chunk)
    client.expect(b"503 5.5.1 Send MAIL first")
    client.say(b"EHLO client.example", b"250")
    client.send(chunk)
    client.expect(b"503 5.5.1 Send MAIL first")
    client.say(b"MAIL FROM:<me@client.example>", b"250 ")
    client.send(chunk)
    client.expect(b"503 5.5.1 No valid recipient")
    client.quit()
    check_entries([], [])


main(globals())
