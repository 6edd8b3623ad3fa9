#!/usr/bin/env python3
"""tls.py --programs DIR --tools DIR: what TLS costs, with both engines (issue 3).

A handshake is measured as what it is here: a connection that tcp-accept takes, tls-wrap, its helper,
tls-keyd, and the smallest program there is behind them; all their CPU is counted. Beside it stands
BearSSL's server in one process, in the same rounds. ROUNDS (3), SECONDS_EACH (2).
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

import machine
import servers

IDLE_SESSIONS = 50
BULK_MEGABYTES = 512
ENGINES = {"tls-wrap": "1.2", "tls-wrap-openssl": "1.3"}

# key, what it is divided by, how, the bound; {} is the engine
TARGETS = [
    ("full {} us", "floor full us", "<=", 1 / 0.75),
    ("resumed {} us", "full {} us", "<=", 1 / 5),
    ("bulk {} rate", "single bulk rate", ">=", 0.8),
    ("idle {} kb", None, "<=", 200),
]

ROWS = [
    ("full {} us", "full handshake, CPU us"),
    ("full {} per core", "    per second and core"),
    ("resumed {} us", "resumed handshake, CPU us"),
    ("offered {} us", "connection, TLS offered, unused"),
    ("full alone {} us", "a full handshake without the rest, us"),
    ("resumed alone {} us", "a resumed one"),
    ("bulk {} rate", "bulk, MB/s"),
    ("bulk {} cpu", "    CPU, us for 1 MB"),
    ("idle {} kb", "idle session after EHLO, KB"),
]

FLOORS = [
    ("floor full us", "BearSSL in one process, full, CPU us"),
    ("floor resumed us", "    resumed"),
    ("floor bulk rate", "    records in memory, MB/s"),
    ("single bulk rate", "BearSSL and a socket in one process, MB/s"),
    ("connection us", "a connection without TLS, CPU us"),
]

RUN = """
cd {folder}
export PATH={programs}:{tools}:$PATH CHAINMAIL_CONF={folder}/conf CHAINMAIL_QUEUE={folder}/queue
export CHAINMAIL_RUN={folder}/run
tls-keyd -n 3 unix:run/tls/keyd tls 3>ready 2>>log &
read -r line <ready
exec tcp-accept -c 500 -C 500 127.0.0.1 {port} {chain} 2>>log
"""


class Service(servers.Server):
    """tcp-accept, what it runs, and tls-keyd."""

    name = "chainmail"

    def __init__(self, disk, accounting, programs, tools, keys):
        super().__init__(disk, accounting)
        self.programs, self.tools, self.keys = programs, tools, keys

    def prepare(self, mode):
        for path in ("conf", "queue/new", "queue/tmp", "queue/state", "run/tls", "tls"):
            (self.folder / path).mkdir(parents=True)
        (self.folder / "conf/me").write_text("mx.example.test\n")
        os.mkfifo(self.folder / "ready")
        for name in ("pem", "key"):
            shutil.copy(self.keys / f"default.{name}", self.folder / "tls")
        script = self.folder / "run.sh"
        script.write_text(RUN.format(folder=self.folder, programs=self.programs, tools=self.tools,
                                     port=self.port, chain=mode))
        return ["/bin/sh", str(script)], {"PATH": os.environ["PATH"]}

    def wait_ready(self):
        self.accounting.session = self.process.pid
        end = time.monotonic() + servers.START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            try:
                servers.socket.create_connection(("127.0.0.1", self.port), 5).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("did not start\n" + self.tail())


class Bench:
    def __init__(self, options, service, accounting, keys):
        self.options, self.service, self.accounting, self.keys = options, service, accounting, keys
        self.samples = {}
        self.engines = [name for name in ENGINES if (options.programs / name).exists()]

    def record(self, key, value):
        self.samples.setdefault(key, []).append(float(value))

    def median(self, key):
        return statistics.median(self.samples[key]) if key and key in self.samples else None

    def tool(self, name, *arguments):
        """Runs one of tests/bench/*.c; its answer is a line of names and values."""
        command = [str(self.options.tools / name), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
        words = done.stdout.split()
        return dict(zip(words[::2], words[1::2]))

    def settle(self):
        """Until the servers have nothing left to do."""
        before = -1.0
        while (now := self.accounting.seconds()) - before > 0.002:
            before = now
            time.sleep(0.1)

    def meter(self, work):
        self.settle()
        with machine.Meter(self.accounting) as meter:
            meter.said = work()
            self.settle()
        return meter

    # ---- handshakes ----

    def measure_handshakes(self, engine, kind):
        count = int((150 if kind == "full" else 500) * self.options.seconds)
        meter = self.meter(lambda: self.tool("tls_load", "handshakes", self.service.port, count,
                                             kind, ENGINES[engine]))
        if int(meter.said["failed"]) or (kind == "resumed") != (int(meter.said["resumed"]) > 0):
            raise RuntimeError(f"{engine}: {meter.said}\n{self.service.tail()}")
        self.record(f"{kind} {engine} us", meter.server / count * 1e6)
        if kind == "full":
            self.record(f"full {engine} per core", count / meter.server)

    def measure_connections(self, key):
        count = int(1000 * self.options.seconds)

        def connect():
            for _ in range(count):
                with servers.socket.create_connection(("127.0.0.1", self.service.port), 10) as one:
                    one.recv(1)

        self.record(key, self.meter(connect).server / count * 1e6)

    def subtract_connections(self, engine):
        """What a handshake adds to a connection on which TLS is offered, and not used."""
        for kind in ("full", "resumed"):
            self.record(f"{kind} alone {engine} us", self.median(f"{kind} {engine} us")
                        - self.median(f"offered {engine} us"))

    # ---- bytes ----

    def measure_bulk(self, engine):
        meter = self.meter(lambda: self.tool("tls_load", "bulk", self.service.port, "1.2"))
        megabytes = int(meter.said["bytes"]) / 1e6
        if megabytes < BULK_MEGABYTES:
            raise RuntimeError(f"{engine}: {megabytes} MB came")
        self.record(f"bulk {engine} rate", megabytes / float(meter.said["seconds"]))
        self.record(f"bulk {engine} cpu", meter.server / megabytes * 1e6)

    def measure_single(self):
        command = [self.options.tools / "tls_floor", "serve", self.keys / "default.pem",
                   self.keys / "default.key", str(BULK_MEGABYTES)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                port = server.stdout.readline().split()[1]
                said = self.tool("tls_load", "bulk", port, "1.2")
            finally:
                server.terminate()
        self.record("single bulk rate", int(said["bytes"]) / 1e6 / float(said["seconds"]))

    # ---- memory ----

    def private_kb(self):
        total = 0
        for pid in self.accounting.pids():
            try:
                lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            except OSError:
                continue
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
        return total

    def open_idle(self, context):
        tls = context.wrap_socket(servers.socket.create_connection(
            ("127.0.0.1", self.service.port), 10), server_hostname="mx.example.test")
        with tls.makefile("rb") as replies:
            for line in (None, b"EHLO bench.example\r\n"):
                if line:
                    tls.sendall(line)
                servers.read_reply(replies)
        return tls

    def measure_idle(self, engine):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.open_idle(context).close()
        self.settle()
        before = self.private_kb()
        sessions = [self.open_idle(context) for _ in range(IDLE_SESSIONS)]
        self.settle()
        self.record(f"idle {engine} kb", (self.private_kb() - before) / IDLE_SESSIONS)
        for session in sessions:
            session.close()
        self.settle()

    # ---- all of it ----

    def with_service(self, chain, *measures):
        self.service.start(chain)
        try:
            for measure in measures:
                measure()
        finally:
            self.service.stop()

    def measure_engine(self, engine):
        self.with_service(f"{engine} trivial",
                          lambda: self.measure_handshakes(engine, "full"),
                          lambda: self.measure_handshakes(engine, "resumed"))
        self.with_service(f"{engine} -u trivial",
                          lambda: self.measure_connections(f"offered {engine} us"))
        self.with_service(f"{engine} zeros {BULK_MEGABYTES}", lambda: self.measure_bulk(engine))
        self.with_service(f"{engine} smtp-front queue-inject", lambda: self.measure_idle(engine))

    def run_round(self):
        said = self.tool("tls_floor", "engine", self.keys / "default.pem",
                         self.keys / "default.key", min(1, self.options.seconds))
        self.record("floor full us", said["full"])
        self.record("floor resumed us", said["resumed"])
        self.record("floor bulk rate", said["bulk"])
        self.with_service("trivial", lambda: self.measure_connections("connection us"))
        self.measure_single()
        for engine in self.engines:
            self.measure_engine(engine)


# ---- what is shown --------------------------------------------------------------------------

def number(value):
    if value is None:
        return "-"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:,.0f}"


def judge(bench, engine, key):
    """(value, wanted, verdict) of the target with this key; None if there is none."""
    for target, base, sign, bound in TARGETS:
        if target != key:
            continue
        value = bench.median(key.format(engine))
        if base and value is not None:
            value /= bench.median(base.format(engine))
        met = value is not None and (value >= bound if sign == ">=" else value <= bound)
        return value, f"{sign} {number(bound)}{' x' if base else ''}", "PASS" if met else "MISS"
    return None


def show(bench):
    print(f"\n  {'TLS':42}{''.join(f'{engine:>18}' for engine in bench.engines)}"
          f"{'wanted':>12}")
    for key, label in ROWS:
        cells = "".join(f"{number(bench.median(key.format(engine))):>18}"
                        for engine in bench.engines)
        print(f"  {label:42}{cells}")
        verdicts = [judge(bench, engine, key) for engine in bench.engines]
        if verdicts[0]:
            cells = "".join(f"{f'{number(value)} {met}':>18}" for value, _, met in verdicts)
            print(f"  {'':42}{cells}{verdicts[0][1]:>12}")
    print("TLS's floors")
    for key, label in FLOORS:
        print(f"  {label:42}{number(bench.median(key)):>18}")


def make_keys(folder):
    """ECDSA with P-256."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "9", "-subj", "/CN=mx.example.test", "-addext",
         "subjectAltName=DNS:mx.example.test", "-keyout", folder / "default.key",
         "-out", folder / "default.pem"], check=True, capture_output=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--tools", type=pathlib.Path, required=True)
    parser.add_argument("--isolated", action="store_true")
    options = parser.parse_args()
    options.rounds = int(os.environ.get("ROUNDS", "3"))
    options.seconds = float(os.environ.get("SECONDS_EACH", "2"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and clean up
    if options.isolated:
        machine.raise_loopback()
    accounting = machine.Accounting()
    with tempfile.TemporaryDirectory(dir=options.tools, prefix="tls.") as work:
        keys = pathlib.Path(work)
        make_keys(keys)
        service = Service(keys, accounting, options.programs.resolve(), options.tools.resolve(), keys)
        bench = Bench(options, service, accounting, keys)
        try:
            for number_of_round in range(options.rounds):
                print(f"bench: TLS, round {number_of_round + 1} of {options.rounds}",
                      file=sys.stderr)
                bench.run_round()
            for engine in bench.engines:
                bench.subtract_connections(engine)
            show(bench)
            (options.tools / "tls.json").write_text(json.dumps(bench.samples, indent=1) + "\n")
        finally:
            accounting.end_all()
            accounting.close()


if __name__ == "__main__":
    main()
