#!/usr/bin/env python3
"""The bench: what a message, a connection and an idle session cost, here and in Postfix.

scripts/bench.sh starts it (and says what can be set). Servers take turns within a round, so that a
machine that is busy for a while is busy for all of them; the table shows medians.
"""

import argparse
import json
import os
import pathlib
import platform
import shutil
import statistics
import sys
import tempfile

import machine
import measure
import peers
import servers

# ---- what runs ------------------------------------------------------------------------------

def able(all_servers, what):
    return [server for server in all_servers if what in server.modes]


def run_round(bench, all_servers):
    bench.patience = measure.PATIENCE
    bench.measure_floors()
    for what in measure.WHATS:
        for server in able(all_servers, what):
            with bench.running(server, what):
                for mode in measure.MODES:
                    bench.measure_messages(server, what, mode)
                if what == "accept":
                    bench.measure_reply(server)
                    bench.measure_connections(server)
                    bench.measure_idle(server)


def run_bulk(bench, all_servers, rounds):
    """On tmpfs: what is measured is the way through the server, not the disk."""
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="chainmail-bench.") as memory:
        os.chmod(memory, 0o755)
        wire = pathlib.Path(memory) / "wire"
        measure.write_wire(wire, measure.make_message(measure.BULK_BYTES))
        for server in all_servers:
            place, server.disk = server.disk, pathlib.Path(memory)
            try:
                with bench.running(server, "accept"):
                    for _ in range(2 * rounds):
                        bench.measure_bulk(server, wire, 5)
            finally:
                server.disk = place


def run_calls(bench, all_servers):
    for what in measure.WHATS:
        for server in able(all_servers, what):
            for mode in measure.MODES:
                bench.measure_calls(server, what, mode)


# ---- what is shown --------------------------------------------------------------------------

# key, the peer whose value the bound is a multiple of, or None, how, the bound
POSTFIX, (GO, GO_FILE) = servers.Postfix.name, peers.GoSmtp.variants
TARGETS = [
    ("accept A {} rate", POSTFIX, ">=", 2), ("accept A {} cpu", POSTFIX, "<=", 0.4),
    ("accept B {} rate", POSTFIX, ">=", 2), ("accept B {} cpu", POSTFIX, "<=", 0.4),
    ("deliver A {} rate", POSTFIX, ">=", 3), ("deliver A {} cpu", POSTFIX, "<=", 1 / 3),
    ("deliver B {} rate", POSTFIX, ">=", 3), ("deliver B {} cpu", POSTFIX, "<=", 1 / 3),
    ("relay A {} rate", POSTFIX, ">=", 2), ("relay A {} cpu", POSTFIX, "<=", 0.5),
    ("relay B {} rate", POSTFIX, ">=", 2), ("relay B {} cpu", POSTFIX, "<=", 0.5),
    ("connection {} cpu", None, "<=", 150), ("idle {} kb", None, "<=", 64),
    ("bulk {} rate", None, ">=", 500), ("reply {} of bound", None, "<=", 1),
    ("accept B {} rate", GO, ">=", 1),
]

PER_MESSAGE = [("rate", "messages/s"), ("cpu", "server's CPU, us"),
               ("kernel", "kernel threads' CPU, us"), ("calls", "system calls"),
               ("syncs", "fsyncs")]

# title, then (key, label)...; {} is the server
GROUPS = [
    *((f"{text}, {measure.MODE_TEXT[mode]}; per message",
       [(f"{what} {mode} {{}} {kind}", label) for kind, label in PER_MESSAGE])
      for what, text in measure.WHATS.items() for mode in measure.MODES),
    ("The reply to DATA, at half of the most messages/s; us",
     [("reply {} p50", "p50"), ("reply {} p99", "p99"), ("reply {} p999", "p99.9"),
      ("reply {} fsync p99", "p99 of an fsync beside it"),
      ("reply {} of bound", "p99, of 2 x fsync's + 1 ms"),
      ("reply {} late", "share begun 1 ms late, or later")]),
    ("A connection, EHLO and QUIT",
     [("connection {} rate", "connections/s"), ("connection {} cpu", "server's CPU, us")]),
    ("A session that waits after EHLO", [("idle {} kb", "private memory, KB")]),
    ("A message of 10 MB, queue on tmpfs", [("bulk {} rate", "MB/s")]),
]

GO_GROUPS = [group for group in GROUPS
             if group[0].startswith((measure.WHATS["accept"] + ",", "The reply"))]

FLOORS = [
    ("floor sync1 rate", "files/s: write 4 KB, name, fsync"),
    ("floor sync1 cpu", "    CPU, us"),
    (f"floor sync{measure.AT_ONCE} rate", f"the same, {measure.AT_ONCE} writers at once"),
    (f"floor sync{measure.AT_ONCE} cpu", "    CPU, us"),
    ("floor spawn", "vfork, exec, wait, static: us"),
]


def judge(bench, ours):
    """Each target of each server of ours, met or not; None where there is nothing to compare."""
    for key, peer, sign, bound in TARGETS:
        for name in ours:
            value = bench.median(key.format(name))
            if peer:
                value = ratio(value, bench.median(key.format(peer)))
            met = None if value is None else (value >= bound if sign == ">=" else value <= bound)
            yield {"key": key, "peer": peer, "name": name, "value": value, "sign": sign,
                   "bound": bound, "met": met}


def ratio(value, other):
    return value / other if value is not None and other else None


VERDICTS = {None: "-", True: "PASS", False: "MISS"}


def row(label, values, ratios=(), wanted="", verdicts=()):
    cells = [f"{value:>14}" for value in values]
    cells += [f"{value:>7}" for value in ratios]
    if wanted:
        cells += [f"{wanted:>11}", *(f"{verdict:>6}" for verdict in verdicts)]
    print(f"  {label:32}{''.join(cells)}".rstrip())


def show_row(bench, label, key, ours, peer, targets):
    values = [bench.median(key.format(name)) for name in ours]
    ratios = []
    if peer:
        other = bench.median(key.format(peer))
        ratios = [measure.number(ratio(value, other)) for value in values]
        values.append(other)
    mine = [target for target in targets if target["key"] == key and target["peer"] in (peer, None)]
    wanted = mine and f"{mine[0]['sign']} {measure.number(mine[0]['bound'])}" + (
        " x" if mine[0]["peer"] else "")
    row(label, [measure.number(value) for value in values], ratios, wanted,
        [VERDICTS[target["met"]] for target in mine])


def show_beside(bench, peer, groups, targets):
    """A column for each server of ours, its ratio to the peer, and whether it meets the target."""
    short = ["chain", "-Q"]
    row("", [*servers.FRONTS, *([peer] if peer else [])], short if peer else [], "wanted", short)
    for title, rows in groups:
        print(title)
        for key, label in rows:
            show_row(bench, label, key, servers.FRONTS, peer, targets)


def show(bench, setting, peers_here):
    targets = list(judge(bench, servers.FRONTS))
    print()
    for name, value in setting.items():
        print(f"{name}: {value}")
    print()
    show_beside(bench, POSTFIX if POSTFIX in peers_here else None, GROUPS, targets)
    for peer in (GO, GO_FILE):
        if peer in peers_here:
            print()
            show_beside(bench, peer, GO_GROUPS, targets)
    print("\nThe machine's floors")
    for key, label in FLOORS:
        row(label, [measure.number(bench.median(key))])
    return targets


def describe(options, disk, accounting, bench, names):
    return {
        "machine": f"{os.cpu_count()} CPUs, Linux {platform.release()}",
        "queues and Maildirs": disk.kind(),
        "load": f"{measure.MESSAGE_BYTES} bytes, {measure.AT_ONCE} sessions, {options.rounds} rounds "
                f"of about {options.seconds:g} s; the client is on the same CPUs",
        "CPU": f"of all the server's processes, by {accounting.name}; kernel threads (journal, "
               "block layer) apart",
        **({"other load": f"{100 * statistics.median(bench.foreign):.0f} % of a CPU (median)"}
           if bench.foreign else {}),
        **({} if POSTFIX in names else {"Postfix": "not measured: it needs root, and peer.sh"}),
        **(peers.GO_TEXT if GO in names
           else {"a Go server": "not measured: peer.sh cannot bring Go"}),
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
    parser.add_argument("--disk", help="a folder of the disk to measure on, or: hurried")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    return parser.parse_args()


def main():
    options = parse_options()
    with machine.workshop(options.tools, options.isolated, options.disk) as (accounting, disk, folder):
        bench = measure.Bench(options, folder, disk.path, accounting)
        programs = servers.lend_programs(disk.path, options.programs)
        all_servers = [servers.Chainmail(disk.path, accounting, programs, name, front)
                       for name, front in servers.FRONTS.items()]
        if options.postfix:
            all_servers.append(servers.Postfix(disk.path, accounting, options.postfix))
        all_servers += peers.go_servers(disk.path, accounting, options.tools / "gosmtp")
        for number_of_round in range(options.rounds):
            print(f"bench: round {number_of_round + 1} of {options.rounds}", file=sys.stderr)
            run_round(bench, all_servers)
        run_bulk(bench, all_servers, options.rounds)
        if shutil.which("strace"):
            run_calls(bench, all_servers)
        names = [server.name for server in all_servers]
        setting = describe(options, disk, accounting, bench, names)
        targets = show(bench, setting, names)
        options.out.write_text(json.dumps({"setting": setting, "samples": bench.samples,
                                           "targets": targets}, indent=1) + "\n")
        print(f"\nall samples: {options.out}")


if __name__ == "__main__":
    main()
