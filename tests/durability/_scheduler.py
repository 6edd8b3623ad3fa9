"""queue-send in several lives, and what a supervisor does for it, and an impatient administrator."""

import os
import pathlib
import re
import select
import signal
import subprocess
import threading
import time

from _chain import CHAIN, PATIENCE, QUEUE, check, children

# All begins anew behind a deliverer that is lost, or that leaves a recipient alone for minutes.
ANEW = "event=worker-(lost|failed)|the last delivery there has not come to its end"
TRACED = str(pathlib.Path(__file__).resolve().parent / "_traced")


class Scheduler:
    """One that is started by a command, which may disturb it, and then, if it has to be, by another one
    that does not."""

    def __init__(self, command, usual=("queue-send",)):
        self.command, self.usual = command, usual
        self.process = self.listener = None
        self.log, self.troubled = CHAIN / "send.log", False
        self.log.touch()
        self.first = self.log.stat().st_size

    def start(self, wait=True):
        """Returns when it is ready, or has ended; or at once."""
        self.begun, self.impatient = self.log.stat().st_size, time.monotonic() + 1
        self.woken, self.pause = 0, 0.05
        ready, tell = os.pipe()
        heard, said = os.pipe()
        self.process = subprocess.Popen([*self.command, "-n", str(tell)], stderr=said,
                                        stdin=subprocess.DEVNULL, pass_fds=[tell])
        os.close(tell)
        os.close(said)
        self.listener = threading.Thread(target=self.listen, args=[heard], daemon=True)
        self.listener.start()
        if wait:
            check(select.select([ready], [], [], PATIENCE)[0], "queue-send is not ready")
        os.close(ready)

    def listen(self, heard):
        """Until it and all that it has started have ended."""
        with open(heard, "rb", buffering=0) as source, open(self.log, "ab", buffering=0) as log:
            while data := source.read(65536):
                log.write(data)

    def text(self, since=None):
        """What all lives have logged."""
        with open(self.log, "rb") as file:
            file.seek(self.first if since is None else since)
            return file.read().decode(errors="replace")

    def has_logged(self, pattern):
        return re.search(pattern, self.text(self.begun))

    def pid(self):
        """Its own, where strace is its parent."""
        if command_of(self.process.pid) == "queue-send":
            return self.process.pid  # below it one may yet have its name, and be a deliverer in a moment
        below = [pid for pid, _ in children(self.process.pid) if command_of(pid) == "queue-send"]
        return below[0] if below else self.process.pid

    def signal(self, number):
        try:
            os.kill(self.pid(), number)
        except ProcessLookupError:
            pass

    def wake(self):
        """Ever more rarely. Who has not got so far that it listens would die of it."""
        now = time.monotonic()
        if now >= self.woken + self.pause and listens(self.pid(), signal.SIGALRM):
            self.signal(signal.SIGALRM)
            self.woken, self.pause = now, 2 * self.pause

    def stop(self):
        """Returns when its deliverers have ended, too."""
        self.signal(signal.SIGTERM)
        self.process.wait(PATIENCE)
        self.listener.join(PATIENCE)
        check(not self.listener.is_alive(), "a deliverer does not end")

    def tend(self):
        """What a supervisor, and an impatient administrator, do: true when the queue is empty."""
        if self.process.poll() is not None or self.has_logged(ANEW):
            self.stop()
            self.command = self.usual
            self.start()
            self.troubled = True
        self.troubled |= bool(self.has_logged(r"event=(waiting|\S+-failed|\S+-lost)"))
        if self.troubled or time.monotonic() > self.impatient:
            self.wake()  # a word that there is mail may have been lost, too
        check(not os.listdir(QUEUE / "bad"), "set aside:", os.listdir(QUEUE / "bad"))
        return not os.listdir(QUEUE / "new") and not os.listdir(QUEUE / "state")


def command_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return None


def listens(pid, number):
    """To this signal: it is caught, or kept until it is asked for. Who forks keeps them all for a moment."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    kept, caught = (int(mask, 16) for mask in re.findall(r"^Sig(?:Blk|Cgt):\s+(\w+)", status, re.M))
    return bool(caught & bit(number) or (kept & bit(number) and not kept & bit(signal.SIGQUIT)))


def bit(number):
    return 1 << number - 1
