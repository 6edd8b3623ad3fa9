"""queue-send in several lives, with a program in it that has a fault; what a supervisor does for it, and
an impatient administrator."""

import os
import pathlib
import re
import select
import signal
import subprocess

from _chain import CHAIN, PATIENCE, QUEUE, check, children

TRACED = str(pathlib.Path(__file__).resolve().parent / "_traced")


class Scheduler:
    """queue-send: its lives, one after the other."""

    def __init__(self, *command):
        self.command, self.process, self.log = command, None, CHAIN / "send.log"
        self.troubled = False
        self.log.touch()

    def start(self, *command, wait=True):
        """Returns when it is ready, or has ended; or at once."""
        self.begun = self.log.stat().st_size
        ready, tell = os.pipe()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*(command or self.command), "-n", str(tell)],
                                            stderr=log, stdin=subprocess.DEVNULL, pass_fds=[tell])
        os.close(tell)
        if wait:
            check(select.select([ready], [], [], PATIENCE)[0], "queue-send is not ready")
        os.close(ready)

    def has_logged(self, pattern):
        with open(self.log, "rb") as file:
            file.seek(self.begun)
            return re.search(pattern, file.read())

    def pid(self):
        """Its own, where strace is its parent."""
        below = [pid for pid, _ in children(self.process.pid) if command_of(pid) == "queue-send"]
        return below[0] if below else self.process.pid

    def signal(self, number):
        try:
            os.kill(self.pid(), number)
        except ProcessLookupError:
            pass

    def stop(self):
        self.signal(signal.SIGTERM)
        self.process.wait(PATIENCE)

    def tend(self):
        """What a supervisor, and an impatient administrator, do: true when the queue is empty."""
        if self.process.poll() is not None or self.has_logged(rb"event=worker-(lost|failed)"):
            self.stop()
            self.start("queue-send")
            self.troubled = True
        self.troubled |= bool(self.has_logged(rb"event=(waiting|\S+-failed|\S+-lost)"))
        if self.troubled:
            self.signal(signal.SIGALRM)
        check(not os.listdir(QUEUE / "bad"), "set aside:", os.listdir(QUEUE / "bad"))
        return not os.listdir(QUEUE / "new") and not os.listdir(QUEUE / "state")


def command_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return None
