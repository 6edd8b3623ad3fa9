"""What was promised of messages before the power failed, and what is there of them afterwards."""

import copy
import email
import re
from collections import Counter
from dataclasses import dataclass

from _chain import FOOTER, check
from _crash_scenarios import FORWARDED, GONE, SENDER
from _recording import Name, Told, Write

REPLY = re.compile(rb"250 2\.0\.0 queued as (\w+)")
JOB = re.compile(rb"j\0(\d+)\0[^\0]*\0[^\0]*\0([^\0]*)\0(\w+)\0")  # number, argument, id
DONE = re.compile(rb"r\0(\d+)\0K")
FIELDS = re.compile(rb"\A(?:(?:Return-Path|Delivered-To|Received): [^\n]*\n(?:[ \t][^\n]*\n)*)*")
RECIPIENTS = re.compile(rb"\0T(\w+)@")
ARRIVED, FORWARD = "arrived", "forwarded"
NEVER = 1 << 60

# What administrators order. As logs have it, the last one that is whole; as queue-send confirms it,
# and the tools.
ORDER = re.compile(rb"^\d+ ([hlkf]) 0 - \d+ .*\n", re.M)
DONE_ORDER = re.compile(rb"\+done\n")
TOLD_ORDER = re.compile(rb"^(\w+) from \S+: (?:held|released|removed|returned to its sender)$",
                        re.M)
TOLD = "told"  # (subject, mailbox, TOLD): the sender has heard that this did not arrive
ID_SIZE = 16   # of the name of an entry


def mailbox_of(recipient):
    return FORWARDED.get(recipient, recipient)


@dataclass
class Order:
    """When it may have taken effect, and when it was confirmed, by lines of the trace."""
    subject: str
    letter: str
    begun: int
    confirmed: int = NEVER


# Whether it is in force, by what the log of the entry has, None if there is no entry, and by how
# often the sender was told.
OBEYED = {
    "h": lambda letter, told: letter == "h",
    "l": lambda letter, told: letter != "h",
    "k": lambda letter, told: letter in (None, "k"),
    "f": lambda letter, told: letter == "f" or told,
}


class Ledger:
    """accepted: when, by lines of the trace, the client was told that a message is accepted.
    reported: when a deliverer said that it was delivered to a mailbox, or put into the queue again
    for one. Such a pair, (subject, mailbox), of one who is gone is a notice to the sender.
    orders: what was ordered of messages."""

    def __init__(self, recording, messages):
        self.messages = {message.subject: message for message in messages}
        self.by_id = {message.queue_id.encode(): message for message in messages}
        self.by_text = {message.text(): message for message in messages}
        self.accepted, self.reported, self.orders = {}, {}, []
        self.read(recording)
        check(len(self.accepted) == len(messages), "the trace has no replies")
        check(not self.jobs or self.expected_reports() <= set(self.reported), "nor results")

    def later(self, recording, cut):
        """That of what came after a cut: what was promised before it holds from the beginning."""
        ledger = copy.copy(self)
        ledger.accepted = dict.fromkeys(promised(self.accepted, cut), -1)
        ledger.reported = dict.fromkeys(promised(self.reported, cut), -1)
        ledger.read(recording)
        return ledger

    def read(self, recording):
        self.jobs = {}
        names = {node: name for event in recording.events if isinstance(event, Name)
                 for _, name, node in event.entries if node is not None}
        for event in recording.events:
            if isinstance(event, Told):
                self.read_words(event)
                self.confirm(event)
            elif isinstance(event, Write):
                self.read_order(event, names.get(event.node, "")[:ID_SIZE].encode())

    def read_order(self, event, queue_id):
        order = ORDER.search(event.data)
        if order and queue_id in self.by_id:
            subject = self.by_id[queue_id].subject
            self.orders.append(Order(subject, order[1].decode(), event.start))

    def confirm(self, event):
        """queue-send has one order at a time."""
        told = {self.by_id[queue_id].subject for queue_id in TOLD_ORDER.findall(event.data)}
        told |= {order.subject for order in self.orders[-1:] if DONE_ORDER.match(event.data)}
        for order in self.orders:
            if order.subject in told and order.confirmed == NEVER:
                order.confirmed = event.start

    def orders_in_force(self, cut):
        """The last one of each message, if it was confirmed."""
        last = {order.subject: order for order in self.orders if order.begun < cut}
        return [order for order in last.values() if order.confirmed < cut]

    def given_up(self, cut):
        """Messages that nobody is to get any more, nor hear of."""
        return {order.subject for order in self.orders if order.letter == "k" and order.begun < cut}

    def read_words(self, event):
        for queue_id in REPLY.findall(event.data):
            self.accepted[self.by_id[queue_id].subject] = event.start
        for number, argument, queue_id in JOB.findall(event.data):
            self.jobs[number] = (self.by_id.get(queue_id), argument.decode())
        for number in DONE.findall(event.data):
            message, argument = self.jobs[number]
            if message:
                kind = FORWARD if "@" in argument else ARRIVED
                box = argument.rpartition("/")[2].partition("@")[0]
                self.reported[message.subject, box, kind] = event.start

    def expected_reports(self):
        ended = {order.subject for order in self.orders if order.letter in "kf"}
        return {(message.subject, mailbox_of(name), FORWARD if name in FORWARDED else ARRIVED)
                for message in self.messages.values() for name in message.boxes
                if name != GONE and message.subject not in ended}

    def pairs(self):
        for message in self.messages.values():
            for name in message.boxes:
                yield message.subject, mailbox_of(name)

    def find(self, data):
        """The message that this is, below what was put on top of it, or None."""
        return self.by_text.get(FIELDS.sub(b"", data, 1))


def promised(times, cut):
    return {what for what, time_told in times.items() if time_told < cut}


# ---- mailboxes ---------------------------------------------------------------------------------

def read_notice(data):
    """The (subject, recipient) pairs that a whole notice tells of, and that it does."""
    notice = email.message_from_bytes(data)
    end = f"--{notice.get_boundary()}--\n".encode()
    if notice.get_content_type() != "multipart/report" or not data.endswith(end):
        return []
    _, report, original = notice.get_payload()
    names = re.findall(r"Final-Recipient: rfc822; *(\w+)@", report.as_string())
    subject = re.search(r"^Subject: (\w+)$", original.as_string(), re.M)
    return [pair for name in names for pair in pairs_of_notice(subject[1], name)]


def pairs_of_notice(subject, name):
    return [(subject, name), (subject, name, TOLD)]


def read_mail(ledger, box, data):
    """The pairs that a file of a mailbox is; none if it is torn, or should not be there."""
    message = ledger.find(data)
    if message:
        return [pair for pair in [(message.subject, box)] if pair in ledger.pairs()]
    return read_notice(data) if box == SENDER else []


def count_mail(ledger, files):
    """How often each pair is there, of (mailbox, content); and the beginnings of strange files."""
    counts, strange = Counter(), []
    for box, data in files:
        pairs = read_mail(ledger, box, data)
        counts.update(pairs)
        if not pairs:
            strange.append((box, data[:100]))
    return counts, strange


# ---- a disk before queue-send is started -------------------------------------------------------

class Before:
    """What a state has: in mailboxes, in entries that will bring it, and in those that will when
    they are let go; and what administrators have ordered, by subject ("": nothing)."""

    def __init__(self, ledger, state):
        self.arrived, self.strange = count_mail(ledger, mailbox_files(state.tree))
        entries = names_in(state.tree, "queue/new/")
        self.torn = {name for name in entries if f"queue/new/{name}" not in state.whole}
        self.bad = names_in(state.tree, "queue/bad/")
        self.queued, self.held, self.held_names = Counter(), Counter(), set()
        self.orders = {}
        for name in entries - self.torn:
            self.read(Entry(ledger, state.tree, name))

    def read(self, entry):
        held = entry.order == "h"
        (self.held if held else self.queued).update(entry.pairs())
        self.held_names |= {entry.name} if held else set()
        if entry.message:
            self.orders[entry.message.subject] = entry.order

    def told(self, subject):
        return sum(count for there in (self.arrived, self.queued)
                   for pair, count in there.items() if pair[0] == subject and pair[-1] == TOLD)


def names_in(tree, folder):
    return {path[len(folder):] for path in tree if path.startswith(folder)}


def mailbox_files(tree):
    for path, content in tree.items():
        found = re.fullmatch(r"mail/(\w+)/new/[^/]+", path)
        if found:
            yield found[1], content


class Entry:
    """A whole one, with its log."""

    def __init__(self, ledger, tree, name):
        data, self.log = tree[f"queue/new/{name}"], tree.get(f"queue/state/{name}", b"")
        size = int(FOOTER.search(data[-62:])[1])
        self.name, self.text, self.trailer = name, data[:size], data[size:]
        self.message = ledger.find(self.text)
        self.order = ([b""] + ORDER.findall(self.log))[-1].decode()

    def pairs(self):
        """What it will bring, once it is not held: one mail for each recipient, or a notice in its
        place, unless the log says that this has been done."""
        if self.order == "k":
            return []
        if not self.message:
            return read_notice(self.text)
        done = {int(index) for index in re.findall(rb"^\d+ [dsb] (\d+) .*\n", self.log, re.M)}
        names = [name.decode() for name in RECIPIENTS.findall(self.trailer)]
        return [pair for index, name in enumerate(names) if index not in done
                for pair in self.pairs_of(name)]

    def pairs_of(self, name):
        if name == GONE or self.order == "f":
            return pairs_of_notice(self.message.subject, name)
        return [(self.message.subject, mailbox_of(name))]
