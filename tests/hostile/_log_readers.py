#!/usr/bin/env python3
"""_log_readers.py SCENARIO: who should read the logs does not, or is gone. The chain runs with its log in
a pipe of this script's."""

import fcntl
import os
import re
import select
import subprocess
import threading

import _chain
from _chain import Client, check, entries, messages_of, wait_until

MESSAGES = 40
LINE = re.compile(rb"[a-z-]+: (warning: |session=|event=).*")


class Host:
    """tcp-accept with smtp-front, and queue-send; their logs go into one pipe, which is soon full."""

    def __init__(self):
        self.reader, writer = os.pipe()
        self.read, self.writer = b"", writer
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        self.accept = subprocess.Popen(["tcp-accept", "127.0.0.1", "0", "smtp-front", "queue-inject"],
                                       stderr=writer)
        self.send = subprocess.Popen(["queue-send", "-w", "maildir=deliver-maildir"], stderr=writer)
        port = self.read_until(rb"event=listen .*port=(\d+)\n")[1]
        self.port = int(port)

    def read_more(self):
        more = os.read(self.reader, 65536)
        self.read += more
        return more

    def read_until(self, pattern):
        while not (found := re.search(pattern, self.read)):
            self.read_more()
        return found

    def is_full(self):
        return not select.select([], [self.writer], [], 0)[1]

    def end(self):
        """All that they say until they are gone is read."""
        os.close(self.writer)
        for program in (self.accept, self.send):
            program.terminate()
        while self.read_more():
            pass
        for program in (self.accept, self.send):
            check(program.wait() == 0, program.args, program.returncode)


class Sender(threading.Thread):
    """Sends messages, each in a session of its own."""

    def __init__(self, port, box):
        super().__init__(daemon=True)
        self.port, self.box, self.failure, self.accepted = port, box, None, 0
        self.start()

    def run(self):
        try:
            for number in range(MESSAGES):
                client = Client(self.port).greet()
                client.deliver(self.box, b"Subject: %d\n\nx\n" % number)
                client.quit()
                self.accepted += 1
        except Exception as error:  # told by whoever waits for it
            self.failure = error

    def check(self):
        while self.is_alive():
            before = self.accepted
            self.join(_chain.PATIENCE)
            check(not self.is_alive() or self.accepted > before, "no progress after", before)
        check(not self.failure and self.accepted == MESSAGES, repr(self.failure), self.accepted)
        arrived = messages_of(self.box, MESSAGES)
        check(sorted(arrived) == sorted(b"Subject: %d\n\nx\n" % number for number in range(MESSAGES)))


def asleep():
    """Nobody reads: what cannot be logged is not done. When somebody reads again it is, and not one
    line is missing."""
    host = Host()
    sender = Sender(host.port, "asleep")
    wait_until(host.is_full, "a full pipe")
    check(sender.accepted < MESSAGES, "the pipe is too large")
    while sender.is_alive() or entries():
        if select.select([host.reader], [], [], 0.05)[0]:
            host.read_more()
    sender.check()
    host.end()
    lines = host.read.splitlines()
    check(all(map(LINE.fullmatch, lines)), [line for line in lines if not LINE.fullmatch(line)][:3])
    for event in (b"smtp-front: session=\\S+ event=message ", b"queue-send: session=\\S+ event=delivered ",
                  b"tcp-accept: session=\\S+ event=accept ", b"tcp-accept: session=\\S+ event=end "):
        found = len(re.findall(event, host.read))
        check(found == MESSAGES, found, event)


def gone():
    """The reader is gone for good: mail goes on, unseen."""
    host = Host()
    os.close(host.reader)
    os.close(host.writer)
    sender = Sender(host.port, "gone")
    sender.check()
    wait_until(lambda: not entries(), "an empty queue")
    for program in (host.accept, host.send):
        program.terminate()
        check(program.wait() == 0, program.args, program.returncode)


_chain.main(globals())
