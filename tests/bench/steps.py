#!/usr/bin/env python3
"""What an accepted and delivered message costs, by program and by step.

scripts/bench.sh starts it, with STEPS=1. CPU, context switches and page faults are perf's, sampled
while many messages go through; calls are strace's and instructions callgrind's, each the difference
between few messages and many, so that what a start costs is not in them.
"""

import argparse
import collections
import json
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time

import machine
import measure
import servers
import traces

FEW, MANY = 20, 120     # messages, whose difference is told
FUNCTIONS = 12          # that are named
STEP_MIN = 0.5          # microseconds; cheaper steps are told together
SYNCS = ("fsync", "fdatasync", "syncfs")


class Steps:
    def __init__(self, options, folder, accounting):
        self.options, self.folder, self.accounting = options, folder, accounting
        self.bench = measure.Bench(options, folder, folder, accounting)
        self.count = options.count

    def measure(self, server, mode):
        """A table: program: {name of a cost: per message}, program "all" for totals."""
        table = collections.defaultdict(dict)
        self.measure_time(server, mode, table)
        self.measure_cpu(server, mode, table)
        self.measure_calls(server, mode, table)
        if shutil.which("valgrind") and isinstance(server, servers.Chainmail):
            self.try_instructions(server, mode, table)
        return table

    def send(self, server, mode, count):
        self.bench.send_and_wait(server, mode, count, True)

    def measure_time(self, server, mode, table):
        with self.bench.running(server, "deliver"):
            self.send(server, mode, 200)
            meters = [self.bench.meter(lambda: self.send(server, mode, self.count))
                      for _ in range(self.options.rounds)]
        table["all"] |= {
            "rate": self.count / min(meter.work for meter in meters),
            "server": statistics.median(meter.server for meter in meters) / self.count * 1e6,
            "kernel": statistics.median(meter.kernel for meter in meters) / self.count * 1e6}

    def measure_cpu(self, server, mode, table):
        data = self.folder / "perf"
        with self.bench.running(server, "deliver"):
            self.send(server, mode, 200)
            self.bench.wait_idle()
            recorder = subprocess.Popen([*traces.PERF, "-o", str(data)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                wait_recording(recorder, data)
                pids = self.accounting.pids()
                self.send(server, mode, self.count)
                self.bench.wait_idle()
            finally:
                recorder.send_signal(signal.SIGINT)
                recorder.wait()
        script = subprocess.run([*traces.PERF_SCRIPT, str(data)], capture_output=True, text=True,
                                check=True, errors="replace")
        data.unlink()
        perf = traces.Perf(script.stdout.splitlines(), pids)
        table["all"]["lost"] = perf.lost
        for (program, step), seconds in perf.cpu.items():
            steps = table[program].setdefault("steps", {})
            steps[step] = seconds / self.count * 1e6
        for program, number in perf.switches.items():
            table[program]["switches"] = number / self.count
        for program, number in perf.faults.items():
            table[program]["faults"] = number / self.count

    def measure_calls(self, server, mode, table):
        def count(messages):
            trace = self.folder / "strace"
            with self.bench.running(server, "deliver", [*traces.STRACE, str(trace)]):
                self.send(server, mode, messages)
                self.bench.wait_idle()
            with trace.open(errors="replace") as lines:
                return traces.count_calls(lines)
        few, many = count(FEW), count(MANY)
        for (program, call), number in many.items():
            each = (number - few.get((program, call), 0)) / (MANY - FEW)
            if each >= 0.05:
                table[program].setdefault("calls", {})[call] = round(each, 2)

    def try_instructions(self, server, mode, table):
        """A program may do what callgrind cannot follow; the rest of the table stands without."""
        try:
            self.measure_instructions(server, mode, table)
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            print(f"bench: {server.name} {mode}: instructions are not counted: {error}",
                  file=sys.stderr)

    def measure_instructions(self, server, mode, table):
        few, many = (self.count_instructions(server, mode, n) for n in (FEW, MANY))
        for (program, function), number in many.items():
            each = (number - few[program, function]) / (MANY - FEW)
            if each >= 1:
                table[program].setdefault("instructions", {})[function] = round(each)

    def count_instructions(self, server, mode, messages):
        real = server.programs
        with tempfile.TemporaryDirectory(dir=server.disk) as place:
            place = pathlib.Path(place)
            place.chmod(0o755)
            traces.shim_programs(real, place, self.options.tools / "unconfined")
            server.programs = place / "bin"
            try:
                with self.bench.running(server, "deliver"):
                    self.send(server, mode, messages)
                    self.bench.wait_idle()
            finally:
                server.programs = real
            return traces.count_instructions(place / "out")


def wait_recording(recorder, data):
    """Until the events are open: perf writes its file's head before."""
    end = time.monotonic() + 10
    while not (data.exists() and data.stat().st_size) and recorder.poll() is None:
        if time.monotonic() > end:
            raise RuntimeError("perf does not start")
        time.sleep(0.05)
    time.sleep(0.2)
    if recorder.poll() is not None:
        raise RuntimeError("perf cannot record here")


# ---- what is shown --------------------------------------------------------------------------

def kernel_us(costs):
    return sum(us for step, us in costs.get("steps", {}).items() if step != "user")


COSTS = [
    ("user us", lambda costs: costs.get("steps", {}).get("user", 0)),
    ("kernel us", kernel_us),
    ("calls", lambda costs: sum(costs.get("calls", {}).values())),
    ("fsyncs", lambda costs: sum(costs.get("calls", {}).get(name, 0) for name in SYNCS)),
    ("instr.", lambda costs: sum(costs.get("instructions", {}).values())),
    ("switches", lambda costs: costs.get("switches", 0)),
    ("faults", lambda costs: costs.get("faults", 0)),
]


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 0.05 else "-"


def programs_of(table):
    costly = {program: kernel_us(costs) + costs.get("steps", {}).get("user", 0)
              + sum(costs.get("calls", {}).values()) / 100
              for program, costs in table.items() if program != "all"}
    return sorted((program for program in costly if costly[program] >= 0.3),
                  key=lambda program: -costly[program])


def together(table):
    """The sums of a table's programs, by the names in COSTS, and what was measured of all."""
    programs = programs_of(table)
    sums = {name: sum(cost(table[program]) for program in programs) for name, cost in COSTS}
    return {"messages/s": table["all"]["rate"], "CPU us": table["all"]["server"], **sums}


def show_programs(table):
    print(f"  {'':18}" + "".join(f"{name:>11}" for name, _ in COSTS))
    for program in programs_of(table):
        print(f"  {program:18}" + "".join(
            f"{number(cost(table[program])):>11}" for _, cost in COSTS))
    sums = together(table)
    print(f"  {'together':18}" + "".join(f"{number(sums[name]):>11}" for name, _ in COSTS))


def show_sums(tables, before):
    """Everything per message; before: tables of another run, or none."""
    print(f"\nTogether, per message\n  {'':26}" + "".join(
        f"{name:>11}" for name in together(next(iter(tables.values())))))
    for name, table in tables.items():
        for label, known in ((f"{name}, before", before.get(name)), (name, table)):
            if known:
                print(f"  {label:26}" + "".join(f"{number(value):>11}"
                                                for value in together(known).values()))


def tell(program, words):
    print(textwrap.fill(f"{program}: {', '.join(words)}", 110, initial_indent="    ",
                        subsequent_indent="      "))


def show_steps(table):
    """What the CPU was used for, and how often it was asked for."""
    print("  CPU by step, us (and how often):")
    for program in programs_of(table):
        steps, calls = table[program].get("steps", {}), table[program].get("calls", {})
        names = sorted(set(steps) | set(calls), key=lambda name: -steps.get(name, 0))
        told = [name for name in names
                if steps.get(name, 0) >= STEP_MIN or calls.get(name, 0) >= 0.5]
        rest = sum(us for name, us in steps.items() if name not in told)
        tell(program, [*(f"{name} {steps.get(name, 0):.1f}"
                         + (f" ({calls[name]:g}x)" if name in calls else "") for name in told),
                       f"others {rest:.1f}"])


def show_functions(table):
    """The costliest; of stripped programs they have no names."""
    print("  instructions by function:")
    for program in programs_of(table):
        counts = collections.Counter(table[program].get("instructions", {}))
        if counts:
            tell(program, [f"{function} {count:,}" for function, count
                           in counts.most_common(FUNCTIONS)])


def show(tables, before):
    print(f"{measure.MESSAGE_BYTES} bytes, {measure.AT_ONCE} sessions, accepted and delivered into "
          f"a Maildir; {', '.join(f'{mode}: {text}' for mode, text in measure.MODE_TEXT.items())}")
    for name, table in tables.items():
        everything = table["all"]
        print(f"\n{name}: {everything['rate']:,.0f} messages/s; CPU per message: server "
              f"{everything['server']:.0f} us, kernel threads {everything['kernel']:.0f} us"
              + (f"; {everything['lost']} samples lost" if everything["lost"] else ""))
        show_programs(table)
        show_steps(table)
        if any("instructions" in costs for costs in table.values()):
            show_functions(table)
    show_sums(tables, before)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    for name in ("programs", "tools", "out"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--postfix", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--before", type=pathlib.Path, help="the --out of another run")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--sink", required=True)
    return parser.parse_args()


def main():
    options = parse_options()
    tables, before = {}, json.loads(options.before.read_text()) if options.before else {}
    with machine.workshop(options.tools, True) as (accounting, disk, folder):
        steps = Steps(options, folder, accounting)
        programs = servers.lend_programs(disk.path, options.programs)
        all_servers = [servers.Chainmail(disk.path, accounting, programs, name, front)
                       for name, front in servers.FRONTS.items()]
        if options.postfix:
            all_servers.append(servers.Postfix(disk.path, accounting, options.postfix))
        for server in all_servers:
            for mode in measure.MODES:
                print(f"bench: steps: {server.name} {mode}", file=sys.stderr)
                tables[f"{server.name} {mode}"] = steps.measure(server, mode)
        print(f"queues and Maildirs: {disk.kind()}")
        show(tables, before)
        options.out.write_text(json.dumps(tables, indent=1) + "\n")
        print(f"\nall of it: {options.out}")


if __name__ == "__main__":
    main()
