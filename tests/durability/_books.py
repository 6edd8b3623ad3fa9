"""What clients sent in tests/durability/chaos.sh, what they were told of it, and what has come of it.

A message has a number; each time that it is sent it has another name, number.attempt, so that what was
sent twice is known from what was delivered twice.
"""

import collections
import contextlib
import hashlib
import os
import re
import subprocess
import threading
import time

from _chain import CHAIN, QUEUE, check, received

SENDER = "alice@example.test"
BOXES = {"box1@example.test": "box1", "box2@example.test": "box2", "ann@example.test": "ann/Maildir",
         "bob@example.test": "bob/Maildir"}
PIPED = ["box@pipe.test", "ann@pipe.test"]
KEPT = ["a@smtp.test", "b@smtp.test", "a@lmtp.test", "b@lmtp.test"]
CHANNELS = {"example.test": "maildir", "pipe.test": "pipe", "smtp.test": "remote", "lmtp.test": "lmtp"}

UNTOLD, REFUSED, ACCEPTED = "untold", "refused", "accepted"


def make_message(name, dice):
    """With all the fields that the link submission asks for or would add."""
    lines = dice.choice((1, 20, 20, 500, 2000))
    body = b"".join(b"." * (i % 3) + b"%d %s\n" % (i, b"x" * dice.randrange(70)) for i in range(lines))
    body += b"hello\n"
    return (f"Subject: {name}\nFrom: {SENDER}\nDate: Sat, 21 Nov 2026 05:00:00 +0000\n"
            f"Message-ID: <{name}@client.test>\nSum: {hashlib.sha256(body).hexdigest()}\n\n").encode() + body


class Attempt:
    """A message, once; key: the client's end of the session, as Hit has it."""

    def __init__(self, name, recipients, message, session):
        self.name, self.recipients, self.session = name, recipients, session
        self.digest = hashlib.sha256(message).digest()
        self.state, self.since = UNTOLD, time.monotonic()


class Books:
    def __init__(self):
        self.attempts, self.lock = {}, threading.Lock()

    def enter(self, attempt):
        with self.lock:
            self.attempts[attempt.name] = attempt

    def count(self, state):
        return sum(attempt.state == state for attempt in self.attempts.values())

    # -- what arrived --

    def arrived(self):
        """How many copies of each (name, recipient)."""
        found = collections.Counter()
        for recipient, folder in BOXES.items():
            self.look_into(CHAIN / "mail" / folder / "new", lambda _, whom=recipient: whom, found)
        self.look_into(CHAIN / "mail/piped", lambda name: name.partition(".test")[0] + ".test", found)
        self.look_into_ledger(found)
        for name, recipient in found:
            check(recipient in self.attempts[name].recipients, name, "is not for", recipient)
        return found

    def look_into(self, folder, recipient_of, found):
        for file in folder.iterdir() if folder.is_dir() else ():
            if file.name.startswith("."):
                continue  # a command was killed before it was done
            message = received(file.read_bytes())
            name = re.match(rb"Subject: (\S+)", message)[1].decode()
            check(name in self.attempts, "nobody sent", file)
            check(hashlib.sha256(message).digest() == self.attempts[name].digest, "torn:", file)
            found[name, recipient_of(file.name)] += 1

    def look_into_ledger(self, found):
        for line in (CHAIN / "keeper.ledger").read_text().splitlines():
            name, recipient, state = line.split()[:3]
            check(name in self.attempts and state == "whole", "torn or strange:", line)
            found[name, recipient] += 1

    # -- the reckoning --

    def check_delivered(self, hits):
        """What was accepted is there; what is there twice, or though it was refused, has its reason."""
        found = self.arrived()
        wanted = {(name, recipient) for name, attempt in self.attempts.items()
                  if attempt.state == ACCEPTED for recipient in attempt.recipients}
        lost = wanted - set(found)
        check(not lost, len(lost), "acknowledged and lost:", sorted(lost)[:10])
        doubled = [copy for copy, count in found.items() if count > 1]
        for name, recipient in doubled:
            check(hits.may_double(CHANNELS[recipient.partition("@")[2]], self.attempts[name].since),
                  name, "came twice to", recipient, "for no reason")
        queued = {name for name, _ in found if self.attempts[name].state == REFUSED}
        for name in queued:
            check(hits.has_hit(self.attempts[name].session), name, "was refused, and came all the same")
        return {"copies wanted": len(wanted), "arrived": sum(found.values()), "lost": len(lost),
                "doubled": len(doubled), "refused but queued": len(queued)}


def check_left(killed):
    """What processes leave that are killed: files in tmp/ of Maildirs, which are theirs."""
    for folder in ("new", "state", "bad", "tmp"):
        check(not os.listdir(QUEUE / folder), "left in", folder, os.listdir(QUEUE / folder))
    checked = subprocess.run(["queue-check"], capture_output=True, check=False, text=True)
    check(checked.returncode == 0, "queue-check:", checked.stdout, checked.stderr)
    left = [file for folder in BOXES.values() for file in (CHAIN / "mail" / folder / "tmp").glob("*")]
    for file in left:
        check(int(re.search(r"P(\d+)Q", file.name)[1]) in killed, "nobody was killed over", file)
    bounces = list((CHAIN / "mail").glob("alice/new/*"))
    check(not bounces, "a bounce:", bounces)
    return len(left)


# ---- crimes, each of which the reckoning must find ---------------------------------------------

def last_of(books, other="box2@example.test"):
    """The file of a message that was sent when nothing was disturbed any more, and not to the other."""
    for name in reversed([name for name, attempt in books.attempts.items() if other not in attempt.recipients]):
        for file in (CHAIN / "mail/box1/new").iterdir():
            if f"\nSubject: {name}\n".encode() in file.read_bytes()[:1000]:
                return file
    raise AssertionError("nothing came to box1")


@contextlib.contextmanager
def lose(books):
    file = last_of(books)
    aside = file.rename(CHAIN / "aside")
    yield
    aside.rename(file)


@contextlib.contextmanager
def write(file, data):
    before = file.read_bytes() if file.exists() else None
    file.write_bytes(data)
    yield
    file.unlink()
    if before:
        file.write_bytes(before)


def double(books):
    return write(CHAIN / "mail/box1/new/double", last_of(books).read_bytes())


def misdeliver(books):
    return write(CHAIN / "mail/box2/new/misdelivered", last_of(books).read_bytes())


def tear(books):
    file = last_of(books)
    return write(file, file.read_bytes()[:-1])


def invent(books):
    data = last_of(books).read_bytes()
    return write(CHAIN / "mail/box1/new/invented", re.sub(rb"\nSubject: \S+", b"\nSubject: x", data))


CRIMES = {"acknowledged and lost": lose, "for no reason": double, "is not for": misdeliver,
          "torn": tear, "nobody sent": invent}
