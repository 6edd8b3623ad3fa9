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
