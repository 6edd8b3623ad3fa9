"""What the bench needs of the machine: a file system, CPU accounting, and the machine's floors."""

import contextlib
import fcntl
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

HZ = os.sysconf("SC_CLK_TCK")
SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8914, 0x1, 0x40  # linux/sockios.h, linux/if.h


def raise_loopback():
    """Brings up lo, which is down in a new network namespace."""
    request = struct.pack("16sH14x", b"lo", IFF_UP | IFF_RUNNING)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, request)


# ---- Where the queues lie -------------------------------------------------------------------

DISK_MB, DISK_FILES = 1024, 200000


def kind_of(path):
    """The file system of a path, as a reader of the results wants to know it."""
    device, kind, longest = "", "?", 0
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        this_device, point, this_kind = line.split()[:3]
        if (str(path) + "/").startswith(point.rstrip("/") + "/") and len(point) >= longest:
            device, kind, longest = os.path.basename(this_device), this_kind, len(point)
    if kind == "ext4":
        journal = list(pathlib.Path("/proc/fs/jbd2").glob(f"{device}-*"))
        kind += ", journaled" if journal else ", without a journal"
    if device.startswith("loop"):
        kind += ", loop-mounted" + (", direct I/O" if is_direct(device) else "")
    return kind


def is_direct(device):
    try:
        return pathlib.Path("/sys/block", device, "loop/dio").read_text().strip() == "1"
    except OSError:
        return False


class Disk:
    """A journaled ext4 in a file of its own, where it may be mounted; else a folder. wish: a folder
    that lies on the disk to be used instead, or "hurried".

    What an ext4 in a file does passes through threads of the kernel, which wait for a CPU like
    everybody else, with all who wait for the disk in front of them. The hurried one's go first: a
    disk of its own would not wait for a CPU either."""

    def __init__(self, build, may_mount, wish=None):
        self.mounted, self.hurried = False, []
        here = wish in (None, "hurried")
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="disk.", dir=build if here else wish))
        self.path.chmod(0o755)
        if may_mount and here:
            self.mounted = self.mount()
        if self.mounted and wish == "hurried":
            self.hurry()

    def mount(self):
        """The blocks are written before: a sparse file would measure the allocator below it."""
        image = self.path.with_name(self.path.name + ".img")
        commands = [
            ["dd", "if=/dev/zero", f"of={image}", "bs=1M", f"count={DISK_MB}", "conv=fsync"],
            ["mkfs.ext4", "-q", "-F", "-N", str(DISK_FILES), "-E",
             "lazy_itable_init=0,lazy_journal_init=0,nodiscard", str(image)],
            ["mount", "-o", "loop,noatime", str(image), str(self.path)],
        ]
        try:
            for command in commands:
                subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            return False
        finally:
            image.unlink(missing_ok=True)  # the mount keeps it
        self.path.chmod(0o755)
        self.go_direct()
        return True

    def go_direct(self):
        """Past the cache of the file system below, where that is possible: each write goes to the
        disk when it is made, as it would without a loop, and a flush is a flush and no more."""
        device = subprocess.run(["findmnt", "-no", "SOURCE", str(self.path)], capture_output=True,
                                text=True, check=True).stdout.strip()
        subprocess.run(["losetup", "--direct-io=on", device], check=False, capture_output=True)

    def kind(self):
        return kind_of(self.path) + (", hurried" if self.hurried else "")

    def hurry(self):
        for comm in pathlib.Path("/proc").glob("[0-9]*/comm"):
            with contextlib.suppress(OSError):  # it is gone
                if comm.read_text().startswith("kworker/u"):
                    pid = int(comm.parent.name)
                    os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(1))
                    self.hurried.append(pid)

    def close(self):
        for pid in self.hurried:
            with contextlib.suppress(OSError):
                os.sched_setscheduler(pid, os.SCHED_OTHER, os.sched_param(0))
        if self.mounted:
            subprocess.run(["umount", str(self.path)], check=False)
            self.path.rmdir()
        else:
            shutil.rmtree(self.path, ignore_errors=True)


# ---- Who used the CPU -----------------------------------------------------------------------

class CgroupV1:
    name = "cgroup v1 cpuacct"

    def __init__(self):
        own = re.search(r"^\d+:[^:]*\bcpuacct\b[^:]*:(.*)$", self_cgroup(), re.M)
        mount = find_mount("cgroup", "cpuacct")
        if not own or not mount:
            raise OSError("no cpuacct")
        self.groups = make_groups(mount + own.group(1))

    def seconds(self, which):
        return int((self.groups[which] / "cpuacct.usage").read_text()) / 1e9


class CgroupV2:
    name = "cgroup v2 cpu.stat"

    def __init__(self):
        own = re.search(r"^0::(.*)$", self_cgroup(), re.M)
        mount = find_mount("cgroup2", "")
        if not own or not mount:
            raise OSError("no cgroup v2")
        self.groups = make_groups(mount + own.group(1))

    def seconds(self, which):
        text = (self.groups[which] / "cpu.stat").read_text()
        return int(re.search(r"usage_usec (\d+)", text).group(1)) / 1e6


def self_cgroup():
    return pathlib.Path("/proc/self/cgroup").read_text()


def find_mount(kind, option):
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, point, this_kind, options = line.split()[:4]
        if this_kind == kind and (not option or option in options.split(",")):
            return point
    return None


def make_groups(own):
    """all: the bench itself and all below it; server: what is being measured."""
    everything = pathlib.Path(own) / f"chainmail-bench.{os.getpid()}"
    server = everything / "server"
    server.mkdir(parents=True)
    (everything / "cgroup.procs").write_text("0")
    return {"all": everything, "server": server, "home": pathlib.Path(own)}


class Accounting:
    """CPU seconds of the server's processes, those that ended included."""

    def __init__(self):
        self.kernel = None
        self.session = None
        for kind in (CgroupV1, CgroupV2):
            try:
                self.kernel = kind()
                break
            except OSError:
                continue
        self.name = self.kernel.name if self.kernel else "/proc/PID/stat, in ticks"

    def enter(self):
        """Called in a new server's process, before it executes."""
        if self.kernel:
            (self.kernel.groups["server"] / "cgroup.procs").write_text("0")

    def pids(self):
        if self.kernel:
            procs = self.kernel.groups["server"] / "cgroup.procs"
            return [int(pid) for pid in procs.read_text().split()]
        return [pid for pid, stat in all_processes() if int(stat[3]) == self.session]

    def seconds(self):
        if self.kernel:
            return self.kernel.seconds("server")
        ticks = 0
        for _, stat in all_processes():
            if int(stat[3]) == self.session:
                ticks += sum(int(field) for field in stat[11:15])
        return ticks / HZ

    def own_seconds(self):
        """Of the bench and its servers; 0 where that is not known."""
        return self.kernel.seconds("all") if self.kernel else 0

    def end_all(self, spared=None):
        """Ends the server's processes, whatever is left of them, but for the one that is spared."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            for _ in range(100):
                pids = [pid for pid in self.pids() if pid != spared]
                if not pids:
                    return
                for pid in pids:
                    try:
                        os.kill(pid, sign)
                    except ProcessLookupError:
                        pass
                time.sleep(0.03)

    def close(self):
        if not self.kernel:
            return
        groups = self.kernel.groups
        (groups["home"] / "cgroup.procs").write_text(str(os.getpid()))
        groups["server"].rmdir()
        groups["all"].rmdir()


def all_processes():
    """(pid, fields of stat after the name) of every process; field 0 is its state."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            text = pathlib.Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            continue
        yield int(pid), text.rsplit(")", 1)[1].split()


def kernel_seconds():
    """CPU seconds of the kernel's own threads: the journal's and the block layer's work."""
    ticks = 0
    for pid, stat in all_processes():
        if stat[1] == "2" or pid == 2:
            ticks += int(stat[11]) + int(stat[12])
    return ticks / HZ


def busy_seconds():
    """CPU seconds that were not idle, of the whole machine."""
    fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    user, nice, system, _, _, irq, softirq, _ = map(int, fields)
    return (user + nice + system + irq + softirq) / HZ


class Meter:
    """with Meter(accounting) as meter: ...; then wall, server and kernel are
    seconds, foreign the load of others in CPUs, None if it cannot be told."""

    def __init__(self, accounting):
        self.accounting = accounting

    def now(self):
        return (time.monotonic(), self.accounting.seconds(), kernel_seconds(), busy_seconds(),
                self.accounting.own_seconds())

    def __enter__(self):
        self.start = self.now()
        return self

    def __exit__(self, *_):
        wall, server, kernel, busy, own = (b - a for a, b in zip(self.start, self.now()))
        self.wall, self.server, self.kernel = wall, server, kernel
        known = bool(self.accounting.kernel)
        self.foreign = max(0.0, (busy - own - kernel) / wall) if known else None


def wait_quiet(limit, share, window=0.25):
    """Waits until the machine has been nearly idle for a moment; gives up after limit seconds."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        before = busy_seconds()
        time.sleep(window)
        if (busy_seconds() - before) / window < share:
            return


# ---- All of it ------------------------------------------------------------------------------

@contextlib.contextmanager
def workshop(tools, isolated, wish=None):
    """What a bench works with: accounting, a disk as wished (see there) and a folder. Whatever it
    started ends with it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and clean up
    if isolated:
        raise_loopback()
    with contextlib.ExitStack() as stack:
        accounting = Accounting()
        stack.callback(accounting.close)
        disk = Disk(tools, isolated, wish)
        stack.callback(disk.close)
        folder = pathlib.Path(tempfile.mkdtemp(prefix="work.", dir=tools))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        stack.callback(accounting.end_all)
        yield accounting, disk, folder
