"""What suites in Python say: what ought to be, and what they wait for."""

import pathlib
import time

PATIENCE = 60  # seconds until something that must come counts as missing; _wait.sh has the same


def check(condition, *words):
    if not condition:
        raise AssertionError(" ".join(map(str, words)))


def wait_until(condition, *words):
    """Its first true value; whatever words say did not come true otherwise."""
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        check(time.monotonic() < end, "never:", *words)
        time.sleep(0.005)
    return value


def is_listening(path):
    """A unix socket's name is there a moment before that."""
    words = f" {path}\n"
    with open("/proc/net/unix", encoding="utf-8", errors="replace") as sockets:
        return any(line.split()[3] == "00010000" for line in sockets if line.endswith(words))  # __SO_ACCEPTCON


def state_of(pid):
    """Its letter, as ps(1) has it; X of one that is not there."""
    try:
        status = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "X"
    return status.rpartition(")")[2].split()[0]


def is_alive(pid):
    """A zombie is not; who adopts it is not ours to say."""
    return state_of(pid) not in "ZX"
