"""A service that stays, tcp-accept or tls-keyd, with a fault in it: its lives, one after the other, and
what a supervisor does for it."""

import os
import re
import select
import signal
import subprocess

from _chain import CHAIN, PATIENCE, check, children, descriptors, wait_until
from _scheduler import TRACED

GRACE = 0.2  # seconds for the way to a process's end


class Service:
    """Its command is in a chain's words; READY stands for the descriptor that it tells on that it is."""

    def __init__(self, name, *command):
        self.command, self.process, self.log = [TRACED, name, *command], None, CHAIN / f"{name}.log"
        self.log.touch()

    def start(self):
        """Returns when it is ready; or has closed that descriptor without a word, since it has ended,
        or could not write."""
        self.begun = self.log.stat().st_size
        ready, tell = os.pipe()
        command = [str(tell) if word == "READY" else word for word in self.command]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                            stderr=log, pass_fds=[tell])
        os.close(tell)
        check(select.select([ready], [], [], PATIENCE)[0], "it is neither ready nor at its end")
        if not os.read(ready, 1):
            self.settle()
        os.close(ready)

    def await_end(self, seconds=PATIENCE):
        """Its exit code, or None if it goes on."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def settle(self):
        """Awaits its end, if it is on its way there: without descriptors, or with a child yet to be buried."""
        if self.await_end(GRACE) is None:
            wait_until(lambda: self.process.poll() is not None or self.goes_on(), "it ends, or goes on")

    def goes_on(self):
        pid = self.process.pid
        try:
            held = descriptors(pid)
        except PermissionError:
            held = True  # they are not ours to see
        return held and all(state != "Z" for _, state in children(pid))

    def said(self):
        with open(self.log, "rb") as file:
            file.seek(self.begun)
            return file.read()

    def signal(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)

    def tend(self):
        """What a supervisor does. One that has ended has said why."""
        code = self.process.poll()
        if code is None:
            return
        check(code > 0 and re.search(rb"fatal: |event=died", self.said()), "ended with", code, self.said())
        wait_until(self.starts_again, "its next life")

    def starts_again(self):
        """Not at once, perhaps: what belonged to the life before may still be on its way out."""
        self.start()
        return self.process.poll() is None

    def stop(self):
        self.signal(signal.SIGTERM)
        if self.await_end() is None:
            self.process.kill()
            raise AssertionError(f"does not end: {self.said()}")
