#!/usr/bin/env python3
"""_privilege_faults.py SCENARIO: programs that stop being root have their system calls fail, one at a
time. They end, or are not root any more: what fails is never left out."""

import os
import re
import socket
import subprocess

from _chain import CHAIN, PATIENCE, check, children, main
from _disturb import PRIVILEGES, Disturbed, failing, until_it_becomes
from _inject import sample
from _scheduler import TRACED
from _service import Service

NOBODY = 65534
os.environ.update(UID=str(NOBODY), GID=str(NOBODY), GIDLIST=str(NOBODY))


def disturb(name, play, follow=False):
    """play gives the ids of what runs in the end, none if nothing does; those calls by which something
    is given up fail in make check, too."""
    program = Disturbed(name, follow)

    def check_ids(fault):
        ids = play(program)
        check(ids <= {NOBODY}, fault, "ids:", ids)
        check(ids or hasattr(fault, "error"), "without a fault nothing ran")

    calls = program.record(check_ids)
    calls = [*until_it_becomes(calls), *(call for call in calls if call.process)]
    given_up = [call for call in calls if call.name in PRIVILEGES]
    check({"setgroups", "setresuid"} <= {call.name for call in given_up}, "what is given up:", given_up)
    program.disturb(check_ids, [*failing(given_up, ["EPERM"]), *sample(failing(calls), 12)])


def ids_in(words):
    """Those of id's output."""
    return set(map(int, re.findall(r"=(\d+)", words)))


# ---- what runs behind them -----------------------------------------------------------------------

def run_checker(_):
    given, put = os.pipe()
    os.write(put, b"alice\0secret\0\0")
    os.close(put)
    command = f"exec {TRACED} checker checkpassword-file -U -u {NOBODY} -g {NOBODY} id 3<&0 </dev/null"
    process = subprocess.run(["sh", "-c", command], stdin=given, capture_output=True, check=False, timeout=PATIENCE)
    os.close(given)
    check(process.stdout or process.returncode > 0 and process.stderr, "it ended without a word")
    return ids_in(process.stdout.decode())


def checker():
    disturb("checker", run_checker)


def ask(port):
    with socket.socket() as client:
        client.settimeout(PATIENCE)
        try:
            client.connect(("127.0.0.1", port))
            return client.makefile().read()
        except ConnectionError:
            return ""


def acceptor():
    port = int(os.environ["FREE_PORT"])
    service = Service("acceptor", "tcp-accept", "-U", "-n", "READY", "127.0.0.1", str(port), "id")

    def play(program):
        service.start()
        program.release()
        try:
            return ids_in(ask(port))
        finally:
            service.stop()

    disturb("acceptor", play)


def ids_of(pid):
    """None, if it has ended meanwhile: a fault may have done that."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as status:
            return {int(word) for line in status if re.match("(Uid|Gid|Groups):", line) for word in line.split()[1:]}
    except (FileNotFoundError, ProcessLookupError):
        return set()


def keyd():
    service = Service("keyd", "tls-keyd", "-U", "-n", "READY", "-w", "1", f"unix:{CHAIN}/keyd", f"{CHAIN}/keys")

    def play(program):
        service.start()
        program.release()
        try:
            pid = service.process.pid
            alive = [pid, *(child for child, _ in children(pid))] if service.process.poll() is None else []
            return set().union(*map(ids_of, alive))
        finally:
            service.stop()

    disturb("keyd", play, follow=True)


main(globals())
