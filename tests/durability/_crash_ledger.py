"""What was promised of messages before the power failed, and what is there of them afterwards."""

import copy
import email
import re
from collections import Counter

from _chain import FOOTER, check
from _crash_scenarios import FORWARDED, GONE, SENDER
from _recording import Told

REPLY = re.compile(rb"250 2\.0\.0 queued as (\w+)")
JOB = re.compile(rb"j\0(\d+)\0[^\0]*\0[^\0]*\0([^\0]*)\0(\w+)\0")  # number, argument, id
DONE = re.compile(rb"r\0(\d+)\0K")
FIELDS = re.compile(rb"\A(?:(?:Return-Path|Delivered-To|Received): [^\n]*\n(?:[ \t][^\n]*\n)*)*")
RECIPIENTS = re.compile(rb"\0T(\w+)@")
ARRIVED, FORWARD = "arrived", "forwarded"


def mailbox_of(recipient):
    return FORWARDED.get(recipient, recipient)


class Ledger:
    """accepted: when, by lines of the trace, the client was told that a message is accepted.
    reported: when a deliverer said that it was delivered to a mailbox, or put into the queue again
    for one. Such a pair, (subject, mailbox), of one who is gone is a notice to the sender."""

    def __init__(self, recording, messages):
        self.messages = {message.subject: message for message in messages}
        self.by_id = {message.queue_id.encode(): message for message in messages}
        self.by_text = {message.text(): message for message in messages}
        self.accepted, self.reported = {}, {}
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
        for event in recording.events:
            if isinstance(event, Told):
                self.read_words(event)

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
        return {(message.subject, mailbox_of(name), FORWARD if name in FORWARDED else ARRIVED)
                for message in self.messages.values() for name in message.boxes if name != GONE}

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
    """The (subject, recipient) pairs that a whole notice tells of."""
    notice = email.message_from_bytes(data)
    end = f"--{notice.get_boundary()}--\n".encode()
    if notice.get_content_type() != "multipart/report" or not data.endswith(end):
        return []
    _, report, original = notice.get_payload()
    names = re.findall(r"Final-Recipient: rfc822; *(\w+)@", report.as_string())
    subject = re.search(r"^Subject: (\w+)$", original.as_string(), re.M)
    return [(subject[1], name) for name in names]


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
    """What a state has: in mailboxes, and in entries that will bring it."""

    def __init__(self, ledger, state):
        self.arrived, self.strange = count_mail(ledger, mailbox_files(state.tree))
        entries = names_in(state.tree, "queue/new/")
        self.torn = {name for name in entries if f"queue/new/{name}" not in state.whole}
        self.bad = names_in(state.tree, "queue/bad/")
        self.queued = Counter()
        for name in entries - self.torn:
            self.queued.update(read_entry(ledger, state.tree, name))


def names_in(tree, folder):
    return {path[len(folder):] for path in tree if path.startswith(folder)}


def mailbox_files(tree):
    for path, content in tree.items():
        found = re.fullmatch(r"mail/(\w+)/new/[^/]+", path)
        if found:
            yield found[1], content


def read_entry(ledger, tree, name):
    """What a whole entry will bring: one mail for each recipient, or a notice in its place, unless
    the log of the entry says that this has been done."""
    data, log = tree[f"queue/new/{name}"], tree.get(f"queue/state/{name}", b"")
    size = int(FOOTER.search(data[-62:])[1])
    message = ledger.find(data[:size])
    if not message:
        return read_notice(data[:size])
    done = {int(index) for index in re.findall(rb"^\d+ [dsb] (\d+) .*\n", log, re.M)}
    names = [name.decode() for name in RECIPIENTS.findall(data[size:])]
    return [(message.subject, mailbox_of(name))
            for index, name in enumerate(names) if index not in done]
