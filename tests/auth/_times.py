"""_times.py ROUNDS NAME...: what a failed login takes, as CPU time of checkpassword-file.

Each round asks for every NAME once, with a wrong password, and each begins with another one, so that
whatever else the machine does meets all of them alike. Prints each name's median in microseconds, and
"all within P percent"."""
import os
import statistics
import sys

rounds, names = int(sys.argv[1]), sys.argv[2:]
times = {name: [] for name in names}


def ask(name):
    reader, writer = os.pipe()
    os.write(writer, name.encode() + b"\0wrong\0\0")
    os.close(writer)
    child = os.posix_spawnp("checkpassword-file", ["checkpassword-file", "true"], os.environ,
                            file_actions=[(os.POSIX_SPAWN_DUP2, reader, 3)])
    os.close(reader)
    _, status, usage = os.wait4(child, 0)
    assert os.waitstatus_to_exitcode(status) == 1, f"{name}: {status}"
    return usage.ru_utime + usage.ru_stime


for turn in range(rounds):
    start = turn % len(names)
    for name in names[start:] + names[:start]:
        times[name].append(ask(name))
medians = {name: statistics.median(some) for name, some in times.items()}
for name, median in medians.items():
    print(f"{name} {median * 1e6:.0f}")
spread = (max(medians.values()) / min(medians.values()) - 1) * 100
print(f"all within {spread:.1f} percent")
