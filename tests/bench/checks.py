#!/usr/bin/env python3
"""checks.py --programs DIR --tools DIR: what each check adds to a message, with a warm resolver.

A link is spawned with the smallest program there is behind it, and that program alone; the
difference is the link's CPU: its exec, its start, its questions to a resolver on loopback and their
answers. CHECKS is how often (300).
"""

import argparse
import os
import pathlib
import signal
import statistics
import subprocess
import sys

TARGET_SPF = 400  # microseconds, issue 5
TOP = pathlib.Path(__file__).resolve().parents[2]
ZONE = b"""
record sender.test TXT v=spf1 ip4:127.0.0.1 -all
record sender.test MX client.test 10
record client.test A 127.0.0.1
record 1.0.0.127.in-addr.arpa PTR client.test
"""
MESSAGE = b"Received: x\nFrom: x@sender.test\nSubject: x\n\n" + 50 * b"72 bytes of text\n"
CHECKS = [
    ("spf-check, HELO and MAIL FROM", ["spf-check"]),
    ("spf-check, MAIL FROM alone", ["spf-check", "-H"]),
    ("auth-results, nothing forged", ["auth-results", "-i", "mx.test"]),
    ("dnsbl-check, one list", ["dnsbl-check", "-l", "bl.test"]),
    ("fcrdns-check", ["fcrdns-check"]),
    ("sender-resolvable", ["sender-resolvable"]),
]


def start_resolver():
    server = subprocess.Popen([sys.executable, "-IS", TOP / "tests/dns/_server.py", "-"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    server.stdin.write(ZONE)
    server.stdin.close()
    return server, server.stdout.readline().split()[0].decode()


def cpu_of(words, environment):
    """Microseconds of one run."""
    pid = os.posix_spawn(words[0], words, environment)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise RuntimeError(f"{words[0]}: {os.waitstatus_to_exitcode(status)}")
    return (usage.ru_utime + usage.ru_stime) * 1e6


def redirect(tools):
    """The message on descriptor 0, and no logs."""
    message = tools / "message"
    message.write_bytes(MESSAGE)
    os.dup2(os.open(message, os.O_RDONLY), 0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def measure(options, port):
    environment = {"PROTO": "TCP", "TCPREMOTEIP": "127.0.0.1", "SMTP_HELO": "client.test",
                   "SMTP_MAIL_FROM": "x@sender.test", "DNSCACHEIP": f"127.0.0.1:{port}"}
    trivial = str(options.tools / "trivial")
    samples = {}
    for _ in range(int(os.environ.get("CHECKS", "300"))):
        alone = cpu_of([trivial], environment)
        for name, words in CHECKS:
            path = str(options.programs / words[0])
            added = cpu_of([path, *words[1:], trivial], environment) - alone
            samples.setdefault(name, []).append(added)
    return {name: statistics.median(values) for name, values in samples.items()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--tools", type=pathlib.Path, required=True)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and end the resolver
    server, port = start_resolver()
    try:
        redirect(options.tools)
        medians = measure(options, port)
    finally:
        server.kill()
        server.wait()
    print("what a check adds to a message, microseconds of CPU (its exec included):")
    for name, value in medians.items():
        print(f"  {name:34} {value:6.0f}")
    spf = medians[CHECKS[0][0]]
    print(f"  target: spf-check at most {TARGET_SPF}: {'met' if spf <= TARGET_SPF else 'MISSED'}\n")


if __name__ == "__main__":
    main()
