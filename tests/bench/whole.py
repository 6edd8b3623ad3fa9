#!/usr/bin/env python3
"""The whole table: chainmail beside Postfix, Exim, OpenSMTPD, chasquid and a Go server, in one run.

scripts/bench.sh starts it, with WHOLE=1. All get the same load from the same clients, on the same
disk, and take turns. Columns: synced (a journaled ext4 with its barriers), the same without
barriers, and tmpfs. As text, as JSON (--out), and as a chart (the same name in .svg).
"""

import argparse
import json
import os
import pathlib
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

import chart
import machine
import measure
import peers
import servers

SESSIONS = (1, 10, 100, 500)
SIZES = {"1 KB": 1 << 10, "4 KB": 4 << 10, "64 KB": 64 << 10, "10 MB": 10 << 20}
USUAL_SESSIONS, USUAL_SIZE = 10, "4 KB"
COLUMNS = ("synced", "barrier=0", "tmpfs")
BYTES_MAX = 200 << 20  # of one measure, in a queue
PROBE = 30             # messages that tell how many to send
TRIES = 3
SLOW_SECONDS = 4       # a measure that would take longer, for one message a session, is left out
SEND_SECONDS = 20      # after which a measure is given up
IDLE_SESSIONS = 50

# What runs for a message; as the packages have them, without the libraries.
BINARIES = {
    "chainmail": ["tcp-accept", "smtp-front", "queue-inject", "queue-send", "deliver-maildir"],
    "chainmail -Q": ["tcp-accept", "smtp-front", "queue-send", "deliver-maildir"],
    "postfix": [f"usr/lib/postfix/sbin/{name}" for name in (
        "master", "smtpd", "cleanup", "qmgr", "trivial-rewrite", "virtual", "bounce", "anvil",
        "proxymap", "postlogd")],
}


class Whole:
    def __init__(self, options, folder, accounting):
        self.options, self.folder, self.accounting = options, folder, accounting
        self.bench = measure.Bench(options, folder, folder, accounting)
        self.results = {}
        self.rates = {}
        self.foreign = []
        self.trouble, self.no_time = [], []
        self.end = time.monotonic() + 60 * options.minutes
        for name, size in SIZES.items():
            text = measure.make_message(size)
            (folder / name).write_text(text)

    def record(self, server, kind, value):
        self.results.setdefault(server.name, {}).setdefault(kind, []).append(value)

    def median(self, name, kind):
        values = self.results.get(name, {}).get(kind)
        return statistics.median(values) if values else None

    # ---- messages ----

    def send(self, server, mode, sessions, size, count):
        measure.send(self.options.source, server, mode, sessions, count, self.folder / size,
                     SEND_SECONDS)

    def send_and_wait(self, server, deliver, *load):
        before = server.delivered() if deliver else 0
        self.send(server, *load)
        end = time.monotonic() + measure.DELIVERY_SECONDS
        while deliver and server.delivered() - before < load[-1]:
            if time.monotonic() > end:
                raise RuntimeError(f"{server.name}: not all was delivered\n{server.tail()}")
            time.sleep(0.01)

    def probe(self, run, key, sessions, size):
        """A first try, which tells how many messages to send, and wakes what a server starts late;
        of a very slow server it is all there is."""
        count = int(min(max(PROBE, sessions), BYTES_MAX / SIZES[size]))
        meter = self.bench.meter(lambda: run(count))
        self.rates[key] = count / meter.work
        return count, meter

    def measured(self, run, key, sessions, size):
        """Of some tries the one that was long enough: the first may have gone by a bad guess."""
        for _ in range(TRIES):
            count = self.count_for(key, sessions, size)
            meter = self.bench.meter(lambda count=count: run(count))
            self.rates[key] = count / meter.work
            most = self.count_for(key, sessions, size)
            if meter.work >= self.options.seconds / 2 or count == most:
                break
        return count, meter

    def count_for(self, key, sessions, size):
        wanted = self.rates[key] * self.options.seconds
        return int(max(2 * sessions, min(wanted, BYTES_MAX / SIZES[size], 20000)))

    def is_too_slow(self, server, column, what, mode, sessions, size):
        """By what it did with fewer sessions."""
        fewer = [self.rates[key] for n in SESSIONS if n < sessions
                 and (key := (server.name, column, what, mode, n, size)) in self.rates]
        return bool(fewer) and sessions > SLOW_SECONDS * fewer[-1]

    def measure(self, server, column, what, mode, sessions, size):
        key = (server.name, column, what, mode, sessions, size)

        def run(count):
            self.send_and_wait(server, what == "deliver", mode, sessions, size, count)

        count, meter = (0, None) if key in self.rates else self.probe(run, key, sessions, size)
        if not meter or meter.work < SLOW_SECONDS:
            count, meter = self.measured(run, key, sessions, size)
        if meter.foreign is not None:
            self.foreign.append(meter.foreign)
        kind = f"{column}, {what}, {mode}, {sessions} sessions, {size}"
        self.record(server, f"{kind}: rate", count / meter.work)
        self.record(server, f"{kind}: cpu", meter.server / count * 1e6)

    def try_measure(self, server, *case):
        """True if the server is as it was."""
        if self.is_too_slow(server, *case):
            self.trouble.append(f"{case_name(server, *case)}: too slow")
            return True
        return self.attempt(case_name(server, *case), lambda: self.measure(server, *case))

    def attempt(self, name, work):
        """What one server cannot do, or what there is no time for, leaves a hole in the table and a
        line below it, and does not end the run. True if it was done."""
        if time.monotonic() > self.end:
            self.no_time.append(name)
            return False
        try:
            work()
            return True
        except subprocess.TimeoutExpired:
            self.trouble.append(f"{name}: timed out")
        except (RuntimeError, OSError, KeyError, subprocess.SubprocessError) as error:
            self.trouble.append(f"{name}: {error!s}".split("\n", maxsplit=1)[0])
        return False

    def run_cases(self, server, cases):
        """cases: column, what, mode, sessions, size, all of one "what". After a failure the server
        is started anew."""
        left = list(cases)

        def run():
            with self.bench.running(server, left[0][1]):
                while left and self.try_measure(server, *left.pop(0)):
                    pass

        while left:
            before = len(left)
            self.attempt(case_name(server, *left[0]), run)
            if len(left) == before:
                return  # it does not start: attempt said so

    # ---- the reply to DATA ----

    def measure_reply(self, server):
        rate = self.median(server.name, f"synced, accept, B, {USUAL_SESSIONS} sessions, "
                                        f"{USUAL_SIZE}: rate")
        if not rate:
            return
        times = self.bench.reply_times(server, rate)
        times["of bound"] = times["p99"] / measure.reply_bound(times)
        for name, value in times.items():
            self.record(server, f"reply to DATA, {name}", value)

    # ---- memory, start ----

    def measure_idle(self, server, kind, open_session):
        before = self.bench.private_kb()
        sessions = [open_session(server.port) for _ in range(IDLE_SESSIONS)]
        self.bench.wait_idle()
        self.record(server, kind, (self.bench.private_kb() - before) / IDLE_SESSIONS)
        for session in sessions:
            session.close()
        self.bench.wait_idle()

    def measure_start(self, server):
        """From exec to the greeting, less what the namespace takes that a peer runs in."""
        spent = 0
        if isinstance(server, peers.InPlace):
            start = time.monotonic()
            subprocess.run([str(peers.IN_PLACE), server.peer, "true"], check=True,
                           env=os.environ | {"PEERS": str(server.place)})
            spent = time.monotonic() - start
        with self.bench.running(server, "deliver" if "deliver" in server.modes else "accept"):
            self.record(server, "start, ms", (server.started - spent) * 1e3)


def case_name(server, column, what, mode, sessions, size):
    return f"{server.name}, {column}, {what}, {mode}, {sessions} sessions, {size}"


def open_tls_session(port):
    connection = servers.open_session(port)
    connection.sendall(b"STARTTLS\r\n")
    with connection.makefile("rb", buffering=0) as replies:
        servers.read_reply(replies)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    secured = context.wrap_socket(connection)
    secured.sendall(b"EHLO bench.example\r\n")
    with secured.makefile("rb") as replies:
        servers.read_reply(replies)
    return secured


# ---- what runs ------------------------------------------------------------------------------

def cases_of(column, size):
    sessions = SESSIONS if size == USUAL_SIZE else (USUAL_SESSIONS,)
    return [(column, "accept", mode, n, size) for n in sessions for mode in measure.MODES]


def run_sizes(whole, all_servers, column, sizes):
    for size in sizes:
        for server in all_servers:
            print(f"bench: {column}: {size}: {server.name}", file=sys.stderr)
            whole.run_cases(server, cases_of(column, size))


def run_messages(whole, all_servers, column):
    """What is asked for most comes first: there may not be time for all."""
    run_sizes(whole, all_servers, column, [USUAL_SIZE])
    for server in able(all_servers, "deliver"):
        whole.run_cases(server, [(column, "deliver", mode, USUAL_SESSIONS, USUAL_SIZE)
                                 for mode in measure.MODES])
    if column == "synced":
        run_beside(whole, all_servers)
    run_sizes(whole, all_servers, column, [size for size in SIZES if size != USUAL_SIZE])


def able(all_servers, what):
    return [server for server in all_servers if what in server.modes]


def run_beside(whole, all_servers):
    """What is measured on the synced disk alone: start, replies, memory."""
    def started(server, what, work):
        with whole.bench.running(server, what):
            work()

    for server in all_servers:
        name = server.name
        whole.attempt(f"{name}, start", lambda: whole.measure_start(server))
        whole.attempt(f"{name}, reply to DATA", lambda: started(
            server, "accept", lambda: whole.measure_reply(server)))
        whole.attempt(f"{name}, idle sessions", lambda: started(
            server, "accept", lambda: whole.measure_idle(
                server, "idle session, KB", servers.open_session)))
    for server in able(all_servers, "tls"):
        whole.attempt(f"{server.name}, idle sessions with TLS", lambda: started(
            server, "tls", lambda: whole.measure_idle(
                server, "idle session with TLS, KB", open_tls_session)))


def run_calls(whole, all_servers):
    def count(server, what):
        whole.bench.measure_calls(server, what, "B")
        for kind in ("calls", "syncs"):
            value = whole.bench.median(f"{what} B {server.name} {kind}")
            whole.record(server, f"{what}, {kind}", value)

    for what in ("accept", "deliver"):
        for server in able(all_servers, what):
            whole.attempt(f"{server.name}, {what}, calls", lambda: count(server, what))


def measure_sizes(whole, options):
    sizes = {name: [options.programs / binary for binary in binaries]
             for name, binaries in BINARIES.items() if name.startswith("chainmail")}
    sizes["postfix"] = [options.postfix / binary for binary in BINARIES["postfix"]]
    sizes |= {cls.name: [options.peers / cls.peer / binary for binary in cls.binaries]
              for cls in peers.ALL if cls.is_here(options.peers)}
    if (options.tools / "gosmtp").exists():
        sizes |= {name: [options.tools / "gosmtp"] for name in peers.GoSmtp.variants}
    for name, files in sizes.items():
        whole.results.setdefault(name, {})["programs, KB"] = [
            sum(file.stat().st_size for file in files) / 1024]


def make_servers(disk, accounting, options, keys):
    programs = servers.lend_programs(disk, options.programs)
    made = [servers.Chainmail(disk, accounting, programs, name, front)
            for name, front in servers.FRONTS.items()]
    made.append(servers.Postfix(disk, accounting, options.postfix))
    made += [cls(disk, accounting, options.peers, keys) for cls in peers.ALL
             if cls.is_here(options.peers)]
    made += peers.go_servers(disk, accounting, options.tools / "gosmtp")
    for server in made:
        server.keys = keys
    return made


# ---- what is shown --------------------------------------------------------------------------

def rows_of_messages():
    """Titles of tables, and their rows: a label and the kind of its value."""
    for column in COLUMNS:
        for unit, title in (("rate", "messages/s"), ("cpu", "server's CPU, us per message")):
            rows = [(f"{mode} {sessions} sessions",
                     f"{column}, accept, {mode}, {sessions} sessions, {USUAL_SIZE}: {unit}")
                    for mode in measure.MODES for sessions in SESSIONS]
            rows += [(f"{mode} {size}",
                      f"{column}, accept, {mode}, {USUAL_SESSIONS} sessions, {size}: {unit}")
                     for mode in measure.MODES for size in SIZES if size != USUAL_SIZE]
            rows += [(f"{mode} and delivered",
                      f"{column}, deliver, {mode}, {USUAL_SESSIONS} sessions, {USUAL_SIZE}: {unit}")
                     for mode in measure.MODES]
            yield f"{title}; {column}", rows


OTHER_ROWS = [
    ("The reply to DATA at half load, us; synced",
     [(percentile.replace("p999", "p99.9"), f"reply to DATA, {percentile}")
      for percentile in measure.PERCENTILES] + [
         ("fsync beside it, p99", "reply to DATA, fsync p99"),
         ("p99, of 2 fsyncs + 1 ms", "reply to DATA, of bound"),
         ("share begun 1 ms late", "reply to DATA, late")]),
    ("Memory of its own, KB",
     [("idle session", "idle session, KB"),
      ("idle session with TLS", "idle session with TLS, KB")]),
    ("Start, ms to the greeting", [("", "start, ms")]),
    ("Calls and syncs per message, many per connection",
     [(f"{what}: {kind}", f"{what}, {kind}") for what in ("accept", "deliver")
      for kind in ("calls", "syncs")]),
    ("Programs that run, KB, without shared libraries", [("", "programs, KB")]),
]


def show(whole, setting, names):
    print()
    for name, value in setting.items():
        print(f"{name}: {value}")
    for title, rows in (*rows_of_messages(), *OTHER_ROWS):
        print(f"\n{title}\n  {'':24}" + "".join(f"{name:>14}" for name in names))
        for label, kind in rows:
            cells = [measure.number(whole.median(name, kind)) for name in names]
            print(f"  {label:24}" + "".join(f"{cell:>14}" for cell in cells))
    show_wanted(whole)
    for line in whole.trouble:
        print(f"not measured: {line}")
    if whole.no_time:
        print(f"not measured, for want of time: {len(whole.no_time)} measures, from "
              f"{whole.no_time[0]} on")


def wanted(whole, name):
    """What was asked for, for a server of ours: a label, the value, the sign, the bound."""
    def beside(peer, what, mode, unit):
        kind = f"synced, {what}, {mode}, {USUAL_SESSIONS} sessions, {USUAL_SIZE}: {unit}"
        mine, other = whole.median(name, kind), whole.median(peer, kind)
        return mine / other if mine and other else None

    for mode, text in measure.MODE_TEXT.items():
        for unit, sign, bound in (("rate", ">=", 3), ("cpu", "<=", 1 / 3)):
            yield (f"{unit}, into Maildirs, {text}, of Postfix's",
                   beside("postfix", "deliver", mode, unit), sign, bound)
    for peer in peers.GoSmtp.variants:
        yield f"rate, accepted, many messages per connection, of {peer}'s", beside(
            peer, "accept", "B", "rate"), ">=", 1
    yield ("p99 of the reply to DATA at half load, of 2 x an fsync's + 1 ms",
           whole.median(name, "reply to DATA, of bound"), "<=", 1)


def all_wanted(whole):
    for name in servers.FRONTS:
        for label, value, sign, bound in wanted(whole, name):
            met = value is not None and (value >= bound if sign == ">=" else value <= bound)
            verdict = "not measured" if value is None else "met" if met else "MISSED"
            yield {"server": name, "what": label, "value": value, "sign": sign, "bound": bound,
                   "verdict": verdict}


def show_wanted(whole):
    print("\nWanted")
    for asked in all_wanted(whole):
        print(f"  {asked['server']:14}{asked['what']:72}{measure.number(asked['value']):>7} "
              f"{asked['sign']} {measure.number(asked['bound']):6}{asked['verdict']}")


def draw(whole, names, setting):
    """Messages per second, and the CPU of one, synced, at ten sessions."""
    def values(what, mode, unit):
        kind = f"synced, {what}, {mode}, {USUAL_SESSIONS} sessions, {USUAL_SIZE}: {unit}"
        return [(name, whole.median(name, kind)) for name in names]
    names_of = {"accept": "accept", "deliver": "accept and deliver"}
    groups = [(f"{names_of[what]}, {measure.MODE_TEXT[mode]}",
               values(what, mode, "rate"), values(what, mode, "cpu"))
              for what in ("accept", "deliver") for mode in reversed(measure.MODES)]
    return chart.draw(f"{USUAL_SIZE} messages, {USUAL_SESSIONS} sessions, {setting['disk']}",
                      ("messages per second", "server's CPU per message, microseconds"), groups)


def describe(options, disk, accounting, foreign):
    return {
        "machine": f"{os.cpu_count()} CPUs, Linux {os.uname().release}",
        "disk": disk.kind(),
        "load": f"{options.rounds} rounds of about {options.seconds:g} s each, by Postfix's "
                "smtp-source on the same CPUs; where nothing else is said "
                f"{USUAL_SIZE} and {USUAL_SESSIONS} sessions",
        **{mode: text for mode, text in measure.MODE_TEXT.items()},
        "CPU": f"of all the server's processes, by {accounting.name}",
        **({"other load": f"{100 * statistics.median(foreign):.0f} % of a CPU (median), at most "
                          f"{100 * max(foreign):.0f} %"} if foreign else {}),
        **{cls.name: cls.lacks for cls in peers.ALL if cls.lacks},
        **peers.GO_TEXT,
    }


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    for name in ("programs", "tools", "postfix", "peers", "out"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--minutes", type=float, required=True,
                        help="what is left then is left out")
    parser.add_argument("--source", required=True)
    parser.add_argument("--sink", required=True)
    return parser.parse_args()


def run_columns(whole, all_servers, disk, is_first):
    run_messages(whole, all_servers, "synced")
    if is_first and shutil.which("strace"):
        run_calls(whole, all_servers)
    subprocess.run(["mount", "-o", "remount,barrier=0", str(disk.path)], check=True)
    run_messages(whole, all_servers, "barrier=0")
    subprocess.run(["mount", "-o", "remount,barrier=1", str(disk.path)], check=True)
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="chainmail-bench.") as memory:
        os.chmod(memory, 0o755)
        for server in all_servers:
            server.disk = pathlib.Path(memory)
        run_messages(whole, all_servers, "tmpfs")
        for server in all_servers:
            server.disk = disk.path


def main():
    options = parse_options()
    with machine.workshop(options.tools, True) as (accounting, disk, folder):
        whole = Whole(options, folder, accounting)
        keys = peers.make_keys(disk.path / "keys")
        all_servers = make_servers(disk.path, accounting, options, keys)
        for number_of_round in range(options.rounds):
            print(f"bench: round {number_of_round + 1} of {options.rounds}", file=sys.stderr)
            run_columns(whole, all_servers, disk, number_of_round == 0)
        measure_sizes(whole, options)
        names = [server.name for server in all_servers]
        setting = describe(options, disk, accounting, whole.foreign)
        show(whole, setting, names)
        options.out.write_text(json.dumps({"setting": setting, "samples": whole.results,
                                           "not measured": whole.trouble,
                                           "no time": whole.no_time,
                                           "wanted": list(all_wanted(whole))}, indent=1) + "\n")
        options.out.with_suffix(".svg").write_text(draw(whole, names, setting))
        print(f"\nall samples: {options.out}; chart: {options.out.with_suffix('.svg')}")


if __name__ == "__main__":
    main()
