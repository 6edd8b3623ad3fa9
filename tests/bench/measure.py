"""What is measured of a server: messages, connections, replies, memory, system calls."""

import contextlib
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import time

import machine
import servers

AT_ONCE = 10
MESSAGE_BYTES = 4096
BULK_BYTES = 10 << 20
IDLE_SESSIONS = 100
SEND_SECONDS, DELIVERY_SECONDS = 120, 60
REPLIES = 5000      # at the least, whose time is taken,
REPLY_SECONDS, REPLY_SECONDS_MAX = 5, 20
REPLY_SESSIONS = 100 # connections, of which few are in use at one time
SYNCS_A_SECOND = 200 # of who syncs beside it
PERCENTILES = ("p50", "p99", "p999")
QUIET_SHARE = 0.15  # of a CPU, that others may use while we measure
PATIENCE = 20       # seconds a round that may be spent on waiting for that
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


def write_wire(path, text):
    """As DATA has it; no line of the text begins with a dot."""
    path.write_text(text.replace("\n", "\r\n") + ".\r\n", newline="")


def send(source, server, mode, sessions, count, message, seconds):
    """By Postfix's smtp-source; message is a file with LF at the end of its lines."""
    done = subprocess.run(
        [source, *MODES[mode], "-s", str(sessions), "-m", str(count), "-f", servers.SENDER,
         "-t", servers.RECIPIENT, "-F", str(message), f"127.0.0.1:{server.port}"],
        check=False, timeout=seconds, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"smtp-source: {done.stderr.strip()[-300:]}\n{server.tail()}")


def words_of(line):
    words = line.split()
    return dict(zip(words[::2], words[1::2]))


def reply_bound(times):
    """Microseconds that 99 of 100 replies to DATA may take; times: of Bench.reply_times."""
    return 2 * times["fsync p99"] + 1000


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
        send(self.source, server, mode, AT_ONCE, count, self.message, SEND_SECONDS)

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

    # ---- the reply to DATA ----

    def reply_times(self, server, rate):
        """At half of the rate that was its most, while another process writes and syncs on the same
        disk: microseconds by percentile, the other's syncs as "fsync p99" and so on, and "late",
        the share of messages that could not begin when they should, for want of a free connection
        or, on a busy machine, of the client's turn."""
        seconds = min(max(REPLY_SECONDS, REPLIES / (rate / 2)), REPLY_SECONDS_MAX)
        count = int(seconds * rate / 2)
        wire, beside = self.folder / "wire", server.disk / "beside"
        write_wire(wire, self.message.read_text())
        beside.mkdir()
        pace = subprocess.Popen(
            [self.tools / "floors", "pace", beside, str(SYNCS_A_SECOND), str(seconds)],
            stdout=subprocess.PIPE, text=True)
        try:
            said = self.tool("dataload", server.port, REPLY_SESSIONS, count, rate / 2,
                             servers.RECIPIENT, wire)
            floor = words_of(pace.communicate(timeout=60)[0])
        finally:
            pace.kill()
            pace.wait()
            shutil.rmtree(beside)
        return {**{name: float(said[name]) for name in PERCENTILES},
                **{f"fsync {name}": float(floor[name]) for name in PERCENTILES},
                "late": float(said["late"]) / count}

    def measure_reply(self, server):
        """After measure_messages, whose rate tells what half of it is."""
        times = self.reply_times(server, self.median(f"accept B {server.name} rate"))
        times["of bound"] = times["p99"] / reply_bound(times)
        for name, value in times.items():
            self.record(f"reply {server.name} {name}", value)

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
        return words_of(done.stdout)

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


def number(value):
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
