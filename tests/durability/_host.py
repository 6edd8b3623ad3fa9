"""A mail host under s6-svscan, as tests/durability/chaos.sh has set it up in CHAIN: its services, and its
processes, all of which descend from the one that starts it, whatever becomes of those between.
"""

import collections
import ctypes
import os
import pathlib
import pwd
import re
import signal
import socket
import subprocess

from _chain import CHAIN, PATIENCE, check, wait_queue_empty, wait_until

TREE = CHAIN / "s6"
LOGS = CHAIN / "logs"
CONF, RUN = pathlib.Path(os.environ["CHAINMAIL_CONF"]), pathlib.Path(os.environ["CHAINMAIL_RUN"])
SERVICES = sorted(path.parent.name for path in TREE.glob("*/run"))
SET_CHILD_SUBREAPER = 36
HELD = CHAIN / "sockets"  # those that we hold for the services, where there are any

Process = collections.namedtuple("Process", "pid program parent")


def read(path):
    try:
        return pathlib.Path(path).read_bytes()
    except OSError:
        return b""


def program_of(pid):
    """The first 15 bytes of its name; empty if there is no such process."""
    return read(f"/proc/{pid}/comm").decode().strip()


def is_dead(pid):
    return read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[:1] in ([b"Z"], [])


def identity_of(pid):
    """Which no other process has, not even one that has its number later."""
    return pid, *read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[19:20]


def children_of(pid):
    """Of its first thread: none of ours starts processes in others."""
    return [int(child) for child in read(f"/proc/{pid}/task/{pid}/children").split()]


def descendants(pid):
    for child in children_of(pid):
        yield Process(child, program_of(child), pid)
        yield from descendants(child)


def environment_of(pid):
    """That it was started with; empty where that may not be seen."""
    words = read(f"/proc/{pid}/environ").decode(errors="replace").split("\0")
    return dict(word.split("=", 1) for word in words if "=" in word)


def service_of(supervisor):
    """What an s6-supervise has to look after: `smtp', `smtp/log'."""
    words = read(f"/proc/{supervisor}/cmdline").decode().split("\0")
    return words[1] if words[0] == "s6-supervise" else ""


class Told:
    """What a command says at the time that its words are asked for."""

    def __init__(self, *command):
        self.command = command

    def __str__(self):
        return "\n" + subprocess.run(self.command, capture_output=True, check=False, text=True).stdout


def hold(number, service, where, mode="", owner=""):
    """A listening socket on this descriptor. tls-keyd's keeps records."""
    if where.isdigit():
        listener = socket.create_server(("127.0.0.1", int(where)), backlog=1000)
    else:
        kind = socket.SOCK_SEQPACKET if service == "tls-keyd" else socket.SOCK_STREAM
        listener = socket.socket(socket.AF_UNIX, kind)
        listener.bind(where)
        os.chmod(where, int(mode, 8))
        if owner:
            os.chown(where, pwd.getpwnam(owner).pw_uid, -1)
        listener.listen(1000)
    os.dup2(listener.detach(), int(number))
    return int(number)


class Host:
    def __enter__(self):
        ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        ledger = CHAIN / "keeper.ledger"
        ledger.touch()
        self.keeper = self.start("keeper", "python3", "-IS", "tests/deliver/_keeper.py", ledger,
                                 "127.0.0.1", os.environ["KEEPER_PORT"])
        held = [hold(*line.split()) for line in read(HELD).decode().splitlines()]
        self.supervisor = self.start("svscan", "s6-svscan", TREE, pass_fds=held)
        self.beside = {self.keeper.pid}  # our children that are not of the host
        self.wait_ready()
        return self

    @staticmethod
    def start(name, *command, pass_fds=()):
        with open(CHAIN / f"{name}.log", "ab") as log:
            return subprocess.Popen(command, cwd=os.environ["TOP"], stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=log, pass_fds=pass_fds)

    # -- services --

    def state(self, service, fields):
        return subprocess.run(["s6-svstat", "-o", fields, TREE / service], capture_output=True,
                              check=False, text=True).stdout.split()

    def main_process(self, service):
        return int(self.state(service, "pid")[0])

    def is_ready(self, ended):
        """Units of systemd tell it, not s6, when they are ready; who connects may come before. Of those that
        were ended s6 may not know it yet; deliverers go on as long as queue-send holds their connections."""
        ready = "false" if HELD.exists() else "true"
        return all(self.state(service, "up,ready") == ["true", ready]
                   and (service.startswith("deliver-") or identity_of(self.main_process(service)) not in ended)
                   for service in SERVICES)

    def wait_ready(self, ended=()):
        wait_until(lambda: self.is_ready(ended), "all services ready")

    def hurry(self):
        """What waits for a retry is tried at once."""
        subprocess.run(["s6-svc", "-a", TREE / "queue-send"], check=True)

    # -- processes --

    def processes(self):
        """Of all that is served here; not the keeper."""
        roots = [child for child in children_of(os.getpid()) if child not in self.beside]
        for root in roots:
            yield Process(root, program_of(root), os.getpid())
            yield from descendants(root)

    def reap(self):
        """Processes whose parent was killed are ours to bury."""
        for pid in children_of(os.getpid()):
            if pid not in {self.supervisor.pid} | self.beside and is_dead(pid):
                os.waitpid(pid, os.WNOHANG)

    # -- rest --

    def sessions(self):
        """What serves a client, or is left of that."""
        return [process for process in self.processes()
                if process.program in ("smtp-front", "tls-wrap", "queue-inject", "sasl-auth")]

    def wait_idle(self):
        wait_queue_empty(self.hurry, Told("queue-list"), Told("queue-stat"))
        wait_until(lambda: not (self.reap() or self.sessions()), "the end of all sessions")

    # -- the end --

    def __exit__(self, kind, *_):
        try:
            if not kind:
                self.stop()
        finally:
            self.keeper.kill()
            self.keeper.wait()
            for process in self.processes():  # none, if all is well
                os.kill(process.pid, signal.SIGKILL)

    def stop(self):
        subprocess.run(["s6-svscanctl", "-t", TREE], check=True)
        self.supervisor.wait(3 * PATIENCE)
        wait_until(lambda: not (self.reap() or list(self.processes())), "the end of all processes")


# ---- what the logs tell ------------------------------------------------------------------------

def log_lines():
    for file in sorted(LOGS.glob("*/*")):
        if file.name == "current" or file.suffix in (".s", ".u"):
            for line in file.read_text(errors="replace").splitlines():
                yield file.parent.name, line


def check_logs():
    """Nothing ended of a signal that it was not sent: a crash, or a call that confine forbids."""
    for service, line in log_lines():
        found = re.search(r"\bsignal[= ](\d+)", line)
        check(not found or int(found[1]) in (signal.SIGHUP, signal.SIGKILL, signal.SIGTERM), service, line)
        check("AddressSanitizer" not in line and "runtime error" not in line, service, line)
