#!/usr/bin/env python3
"""The bench: what a message, a connection and an idle session cost, here and in Postfix.

scripts/bench starts it (and says what can be set). Servers take turns within a round, so that a
machine that is busy for a while is busy for all of them; the table shows medians.
"""

import argparse
import contextlib
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import machine
import servers

AT_ONCE = 10
MESSAGE_BYTES = 4096
BULK_BYTES = 10 << 20
IDLE_SESSIONS = 100
DELIVERY_SECONDS = 60
QUIET_SHARE = 0.15  # of a CPU, that others may use while we measure
PATIENCE = 20       # seconds a round that may be spent on waiting for that
FRONTS = {"chainmail": "smtp-front queue-inject", "chainmail -Q": "smtp-front -Q"}
MODES = {"A": [], "B": ["-d"]}  # smtp-source: a connection for each message, or one for many
WHATS = {"accept": "Accept", "deliver": "Accept and deliver to a Maildir",
         "relay": "Accept and relay to another host"}
MODE_TEXT = {"A": "one message per connection", "B": "many messages per connection"}


def make_message(size):
    head = (f"From: <{servers.SENDER}>\nTo: <{servers.RECIPIENT}>\n"
            "Date: Fri, 20 Nov 2026 21:03:31 +0000\nMessage-Id: <1@bench.example>\n"
            "Subject: bench\nMIME-Version: 1.0\nContent-Type: text/plain; charset=us-ascii\n\n")
    line = "The quick brown fox jumps over the lazy dog, and once more, up to 76 bytes.\n"
    lines = line * (size // len(line) + 1)
    return (head + lines)[:size - 1] + "\n"


class Bench:
    def __init__(self, options, folder, disk, accounting):
        self.seconds = options.seconds
        self.tools = options.tools
        self.source = options.source
        self.sink_program = options.sink
        self.folder = folder
        self.disk = disk
        self.accounting = accounting
        self.samples = {}
        self.rates = {}
        self.foreign = []
        self.patience = 0
        self.message = folder / "message"
        self.message.write_text(make_message(MESSAGE_BYTES))

    def record(self, key, value):
        self.samples.setdefault(key, []).append(value)

    def median(self, key):
        return statistics.median(self.samples[key]) if key in self.samples else None

    @contextlib.contextmanager
    def running(self, server, what, wrapper=()):
        sink = servers.Sink(self.sink_program, self.folder) if what == "relay" else None
        try:
            server.start(what, wrapper, sink)
            yield
        finally:
            server.stop()
            if sink:
                sink.close()

    # ---- messages ----

    def send(self, server, mode, count):
        done = subprocess.run(
            [self.source, *MODES[mode], "-s", str(AT_ONCE), "-m", str(count), "-f", servers.SENDER,
             "-t", servers.RECIPIENT, "-F", str(self.message), f"127.0.0.1:{server.port}"],
            check=False, timeout=120, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{server.name}: smtp-source: {done.stderr.strip()[-500:]}\n"
                               + server.tail())

    def send_and_wait(self, server, mode, count, deliver):
        """Returns when all are accepted, or are in the Maildir."""
        before = server.delivered() if deliver else 0
        self.send(server, mode, count)
        end = time.monotonic() + DELIVERY_SECONDS
        while deliver and server.delivered() - before < count:
            if time.monotonic() > end:
                raise RuntimeError(f"{server.name}: {server.delivered() - before} of {count} came\n"
                                   + server.tail())
            time.sleep(0.01)

    def wait_idle(self):
        """Until the servers have nothing left to do: what they do later is theirs as well."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            before = self.accounting.seconds()
            time.sleep(0.1)
            if self.accounting.seconds() - before < 0.003:
                return

    def count_for(self, key, rate):
        return int(min(20000, max(10 * AT_ONCE, rate * self.seconds)))

    def measure_messages(self, server, what, mode):
        key = f"{what} {mode} {server.name}"
        deliver = what != "accept"
        if key not in self.rates:
            start = time.monotonic()
            self.send_and_wait(server, mode, 200, deliver)
            self.rates[key] = 200 / (time.monotonic() - start)
        count = self.count_for(key, self.rates[key])
        meter = self.in_quiet(lambda: self.send_and_wait(server, mode, count, deliver))
        self.rates[key] = count / meter.work
        self.record(f"{key} rate", count / meter.work)
        self.record(f"{key} cpu", meter.server / count * 1e6)
        self.record(f"{key} kernel", meter.kernel / count * 1e6)

    def in_quiet(self, work):
        """Meters work while the machine does little else: the quietest of some tries."""
        best = None
        while True:
            start = time.monotonic()
            machine.wait_quiet(min(self.patience, 5), QUIET_SHARE)
            meter = self.meter(work)
            if best is None or (meter.foreign or 0) < best.foreign:
                best = meter
            if not best.foreign or best.foreign < QUIET_SHARE or self.patience <= 0:
                break
            self.patience -= time.monotonic() - start
        if best.foreign is not None:
            self.foreign.append(best.foreign)
        return best

    def meter(self, work):
        self.wait_idle()
        os.sync()
        with machine.Meter(self.accounting) as meter:
            start = time.monotonic()
            meter.said = work()
            meter.work = time.monotonic() - start
            self.wait_idle()
        return meter

    # ---- connections ----

    def measure_connections(self, server):
        key = f"connection {server.name}"
        count = self.count_for(key, self.rates.get(key, 2000))
        meter = self.in_quiet(lambda: self.tool("connload", server.port, count, AT_ONCE))
        if int(meter.said["failed"]):
            raise RuntimeError(f"{server.name}: {meter.said['failed']} connections failed")
        self.rates[key] = count / float(meter.said["seconds"])
        self.record(f"{key} rate", self.rates[key])
        self.record(f"{key} cpu", meter.server / count * 1e6)

    def private_kb(self):
        total = 0
        for pid in self.accounting.pids():
            try:
                text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            total += sum(int(kb) for kb in re.findall(r"^Private_\w+:\s+(\d+) kB", text, re.M))
        return total

    def measure_idle(self, server):
        """The growth of the whole server when sessions wait after EHLO."""
        before = self.private_kb()
        sessions = [servers.open_session(server.port) for _ in range(IDLE_SESSIONS)]
        self.wait_idle()
        self.record(f"idle {server.name} kb", (self.private_kb() - before) / IDLE_SESSIONS)
        for session in sessions:
            session.close()
        self.wait_idle()

    # ---- one large message ----

    def measure_bulk(self, server, wire, count):
        said = self.tool("bulk", server.port, servers.RECIPIENT, wire, count)
        rate = wire.stat().st_size * count / float(said["seconds"]) / 1e6
        self.record(f"bulk {server.name} rate", rate)

    # ---- floors ----

    def measure_floors(self):
        folder = self.disk / "floors"
        for writers in (1, AT_ONCE):
            folder.mkdir()
            said = self.tool("floors", "sync", folder, writers, min(1, self.seconds))
            files = int(said["files"])
            self.record(f"floor sync{writers} rate", files / float(said["seconds"]))
            self.record(f"floor sync{writers} cpu", float(said["cpu"]) / files * 1e6)
            shutil.rmtree(folder)
        said = self.tool("floors", "spawn", 1000, self.tools / "trivial")
        self.record("floor spawn", float(said["seconds"]) / 1000 * 1e6)

    def tool(self, name, *arguments):
        """Runs one of tests/bench/*.c; its answer is a line of names and values."""
        command = [str(self.tools / name), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise RuntimeError(f"{name}: {done.stderr.strip()[-500:]}")
        words = done.stdout.split()
        return dict(zip(words[::2], words[1::2]))

    # ---- system calls ----

    def count_calls(self, server, what, mode, count):
        """All system calls and syncs of a server that takes count messages, from start to end."""
        summary = self.folder / "strace"
        strace = ["strace", "-f", "-c", "-qq", "-U", "calls,name", "-o", str(summary)]
        with self.running(server, what, strace):
            self.send_and_wait(server, mode, count, what != "accept")
            self.wait_idle()
        calls = {name: int(n) for n, name in re.findall(r"^\s*(\d+)\s+(\w+)$", summary.read_text(),
                                                       re.M)}
        calls.pop("total", None)
        return calls

    def measure_calls(self, server, what, mode):
        """By difference: what a start costs is the same for few messages and for many."""
        few, many = 20, 120
        less = self.count_calls(server, what, mode, few)
        more = self.count_calls(server, what, mode, many)
        each = {name: (more[name] - less.get(name, 0)) / (many - few) for name in more}
        key = f"{what} {mode} {server.name}"
        self.record(f"{key} calls", sum(each.values()))
        self.record(f"{key} syncs", each.get("fsync", 0) + each.get("fdatasync", 0))
        self.record(f"{key} calls by name",
                    {name: round(n, 2) for name, n in sorted(each.items(), key=lambda x: -x[1])
                     if n >= 0.05})


# ---- what runs ------------------------------------------------------------------------------

def run_round(bench, all_servers):
    bench.patience = PATIENCE
    bench.measure_floors()
    for what in WHATS:
        for server in all_servers:
            with bench.running(server, what):
                for mode in MODES:
                    bench.measure_messages(server, what, mode)
                if what == "accept":
                    bench.measure_connections(server)
                    bench.measure_idle(server)


def run_bulk(bench, all_servers, rounds):
    """On tmpfs: what is measured is the way through the server, not the disk."""
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="chainmail-bench.") as memory:
        os.chmod(memory, 0o755)
        wire = pathlib.Path(memory) / "wire"
        wire.write_text(make_message(BULK_BYTES).replace("\n", "\r\n") + ".\r\n", newline="")
        for server in all_servers:
            place, server.disk = server.disk, pathlib.Path(memory)
            try:
                with bench.running(server, "accept"):
                    for _ in range(2 * rounds):
                        bench.measure_bulk(server, wire, 5)
            finally:
                server.disk = place


def run_calls(bench, all_servers):
    for server in all_servers:
        for what in WHATS:
            for mode in MODES:
                bench.measure_calls(server, what, mode)


# ---- what is shown --------------------------------------------------------------------------

# key, whether the bound is for its ratio to the peer's or for the value itself, how, the bound
TARGETS = [
    ("accept A {} rate", True, ">=", 2), ("accept A {} cpu", True, "<=", 0.4),
    ("accept B {} rate", True, ">=", 2), ("accept B {} cpu", True, "<=", 0.4),
    ("deliver A {} rate", True, ">=", 3), ("deliver A {} cpu", True, "<=", 1 / 3),
    ("deliver B {} rate", True, ">=", 3), ("deliver B {} cpu", True, "<=", 1 / 3),
    ("relay A {} rate", True, ">=", 2), ("relay A {} cpu", True, "<=", 0.5),
    ("relay B {} rate", True, ">=", 2), ("relay B {} cpu", True, "<=", 0.5),
    ("connection {} cpu", False, "<=", 150), ("idle {} kb", False, "<=", 64),
    ("bulk {} rate", False, ">=", 500),
]

PER_MESSAGE = [("rate", "messages/s"), ("cpu", "server's CPU, us"),
               ("kernel", "kernel threads' CPU, us"), ("calls", "system calls"),
               ("syncs", "fsyncs")]

# title, then (key, label)...; {} is the server
GROUPS = [
    *((f"{text}, {MODE_TEXT[mode]}; per message",
       [(f"{what} {mode} {{}} {kind}", label) for kind, label in PER_MESSAGE])
      for what, text in WHATS.items() for mode in MODES),
    ("A connection, EHLO and QUIT",
     [("connection {} rate", "connections/s"), ("connection {} cpu", "server's CPU, us")]),
    ("A session that waits after EHLO", [("idle {} kb", "private memory, KB")]),
    ("A message of 10 MB, queue on tmpfs", [("bulk {} rate", "MB/s")]),
]

FLOORS = [
    ("floor sync1 rate", "files/s: write 4 KB, name, fsync"),
    ("floor sync1 cpu", "    CPU, us"),
    (f"floor sync{AT_ONCE} rate", f"the same, {AT_ONCE} writers at once"),
    (f"floor sync{AT_ONCE} cpu", "    CPU, us"),
    ("floor spawn", "vfork, exec, wait, static: us"),
]


def judge(bench, ours, peer):
    """Each target of each server of ours, met or not; None where there is nothing to compare."""
    for key, compared, sign, bound in TARGETS:
        for name in ours:
            value = bench.median(key.format(name))
            if compared:
                value = ratio(value, peer and bench.median(key.format(peer)))
            met = None if value is None else (value >= bound if sign == ">=" else value <= bound)
            yield key.format(name), {"value": value, "sign": sign, "bound": bound,
                                     "compared": compared, "met": met}


def ratio(value, other):
    return value / other if value is not None and other else None


def number(value):
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


VERDICTS = {None: "-", True: "PASS", False: "MISS"}


def row(label, values, ratios=(), wanted="", verdicts=()):
    cells = [f"{value:>13}" for value in values]
    cells += [f"{value:>7}" for value in ratios]
    if wanted:
        cells += [f"{wanted:>11}", *(f"{verdict:>6}" for verdict in verdicts)]
    print(f"  {label:32}{''.join(cells)}".rstrip())


def show_row(bench, label, key, ours, peer, verdicts):
    values = [bench.median(key.format(name)) for name in ours]
    ratios = []
    if peer:
        other = bench.median(key.format(peer))
        ratios = [number(ratio(value, other)) for value in values]
        values.append(other)
    mine = [verdicts.get(key.format(name)) for name in ours]
    wanted = mine[0] and f"{mine[0]['sign']} {number(mine[0]['bound'])}{' x' * mine[0]['compared']}"
    row(label, [number(value) for value in values], ratios, wanted,
        [VERDICTS[verdict["met"]] for verdict in mine if verdict])


def show(bench, setting, ours, peer):
    """A column for each server, its ratio to the peer, and whether it meets the target."""
    verdicts = dict(judge(bench, ours, peer))
    print()
    for name, value in setting.items():
        print(f"{name}: {value}")
    print()
    short = ["chain", "-Q"]
    row("", [*ours, *([peer] if peer else [])], short if peer else [], "wanted", short)
    for title, rows in GROUPS:
        print(title)
        for key, label in rows:
            show_row(bench, label, key, ours, peer, verdicts)
    print("The machine's floors")
    for key, label in FLOORS:
        row(label, [number(bench.median(key))])
    return verdicts


def describe(options, disk, accounting, bench, peer):
    return {
        "machine": f"{os.cpu_count()} CPUs, Linux {platform.release()}",
        "queues and Maildirs": machine.kind_of(disk.path),
        "load": f"{MESSAGE_BYTES} bytes, {AT_ONCE} sessions, {options.rounds} rounds of about "
                f"{options.seconds:g} s; the client is on the same CPUs",
        "CPU": f"of all the server's processes, by {accounting.name}; kernel threads (journal, "
               "block layer) apart",
        **({"other load": f"{100 * statistics.median(bench.foreign):.0f} % of a CPU (median)"}
           if bench.foreign else {}),
        **({} if peer else {"Postfix": "not measured: it needs root and scripts/peer.sh"}),
    }


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--tools", type=pathlib.Path, required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--sink", required=True)
    parser.add_argument("--postfix", type=pathlib.Path)
    parser.add_argument("--isolated", action="store_true",
                        help="the mount and network namespaces are the bench's own")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    return parser.parse_args()


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and clean up
    options = parse_options()
    if options.isolated:
        machine.raise_loopback()
    accounting = machine.Accounting()
    disk = machine.Disk(options.tools, options.isolated)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="work.", dir=options.tools))
    bench = Bench(options, folder, disk.path, accounting)
    try:
        programs = servers.lend_programs(disk.path, options.programs)
        all_servers = [servers.Chainmail(disk.path, accounting, programs, name, front)
                       for name, front in FRONTS.items()]
        if options.postfix:
            all_servers.append(servers.Postfix(disk.path, accounting, options.postfix))
        for number_of_round in range(options.rounds):
            print(f"bench: round {number_of_round + 1} of {options.rounds}", file=sys.stderr)
            run_round(bench, all_servers)
        run_bulk(bench, all_servers, options.rounds)
        if shutil.which("strace"):
            run_calls(bench, all_servers)
        setting = describe(options, disk, accounting, bench, options.postfix)
        verdicts = show(bench, setting, list(FRONTS), "postfix" if options.postfix else None)
        options.out.write_text(json.dumps({"setting": setting, "samples": bench.samples,
                                           "targets": verdicts}, indent=1) + "\n")
        print(f"\nall samples: {options.out}")
    finally:
        accounting.end_all()
        accounting.close()
        disk.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
