"""What programs can call, and what their profiles let them call.

A static program has all its system calls in it: they are where the instruction `syscall` is, with
the number in a register that was set before, or in the call of a function that moves its first
argument there. So it can be told of every path, also of those that no test takes, and a profile that
lacks one of them is wrong before anything is killed.

_calls.py missing   calls that a program makes and its profile does not allow
_calls.py count     how many calls each profile allows, and what is wrong with that: a program that
                    starts no other has CALLS_MAX, or a line "# N calls: why" in its profile; one
                    that narrows itself tells how many are left
"""

import collections
import os
import pathlib
import re
import subprocess
import sys

BIN = pathlib.Path(os.environ["BIN"])
PROFILES = BIN / "profiles"
STARTERS = {"fork", "vfork", "clone"}
# musl's way of asking what an identity may access where the kernel has no faccessat2, by a process of
# its own. A kernel without that call has no Landlock either.
WITHOUT_FACCESSAT2 = {"clone", "pipe", "pipe2", "wait4", "getuid", "geteuid", "getgid", "getegid",
                      "setreuid", "setregid"}
# Where musl's code, or c-ares', has a call that it does not come to here, and in how many places. A
# program that makes such a call by itself has one place more, or says so in its profile.
NEVER = {
    # for kernels without clock_gettime, prlimit64, signalfd4, epoll_create1; those have no filters
    "gettimeofday": 1, "getrlimit": 1, "setrlimit": 1, "signalfd": 1, "epoll_create": 1,
    # fchmod and fchown, of a descriptor that is a path's alone
    "chmod": 1, "chown": 1,
    # identities and limits, set in several threads at a time; two places for a failure in one of them
    "gettid": 1, "kill": 2, "getpid": 2,
    # abort, which a filter ends one instruction earlier; and the threads of before
    "tkill": 3,
    # threads with priorities, and with locks that outlive them
    "sched_setscheduler": 1, "set_robust_list": 2,
    # c-ares asks for the host's name where it is given no list of domains to search
    "uname": 1,
}
THREADED = set()  # profiles that allow threads alone
CALLS_MAX = 40
NARROWED = {"deliver-smtp": "connecting", "deliver-lmtp": "connecting", "deliver-maildir": "making"}
BORROWED = {"tls-wrap-openssl", "checkpassword-file", "checkpassword-pam", "user-add", "user-passwd",
            "route-compile"}  # glibc's


def call_names():
    """Names by number."""
    lines = subprocess.run(["gcc", "-E", "-dM", "-include", "sys/syscall.h", "-x", "c", "/dev/null"],
                           check=True, capture_output=True, text=True).stdout
    return {int(number): name for name, number in re.findall(r"#define __NR_(\w+) (\d+)", lines)}


# ---- machine code --------------------------------------------------------------------------------

REGISTERS = {f"{prefix}{name}": name for name in ("ax", "bx", "cx", "dx", "si", "di", "bp")
             for prefix in ("r", "e")}
REGISTERS["al"] = "ax"  # of a register that was cleared before
REGISTERS.update({f"r{n}{suffix}": f"r{n}" for n in range(8, 16) for suffix in ("", "d")})
END = re.compile(r"ret|jmp")


class Code:
    """The instructions of a program: addresses, texts, and who calls what."""

    def __init__(self, path):
        listing = subprocess.run(["objdump", "-d", "--no-show-raw-insn", path],
                                 check=True, capture_output=True, text=True).stdout
        found = re.findall(r"^\s*([0-9a-f]+):\t(.*?)\s*(?:#.*)?$", listing, re.M)
        self.addresses = [int(address, 16) for address, _ in found]
        self.texts = [text for _, text in found]
        self.callers = {}
        for i, text in enumerate(self.texts):
            if target := re.match(r"(?:call|jmp)\s+(?:0x)?([0-9a-f]+)", text):
                self.callers.setdefault(int(target[1], 16), []).append(i)

    def value(self, i, register):
        """What a register was set to before instruction i; None if that is an argument."""
        for j in range(i - 1, max(i - 400, -1), -1):
            text = self.texts[j]
            if register == "di" and END.match(text):
                return None
            if not (target := re.search(r"[\s,]%(\w+)$", text)) or \
                    REGISTERS.get(target[1]) != register or text.startswith(("cmp", "test", "push")):
                continue
            if number := re.match(r"mov\w*\s+\$0x([0-9a-f]+),", text):
                return int(number[1], 16)
            if same := re.match(r"xor\s+%(\w+),%(\w+)$", text):
                return 0 if same[1] == same[2] else None
            if source := re.match(r"mov\w*\s+%(\w+),", text):
                register = REGISTERS.get(source[1])
            else:
                return None
        return None

    def start_of(self, i):
        while i and not END.match(self.texts[i - 1]):
            i -= 1
        return i

    def calls(self):
        """The numbers of its system calls, with how many places each has."""
        numbers, functions = collections.Counter(), []
        for i, text in enumerate(self.texts):
            if text != "syscall":
                continue
            number = self.value(i, "ax")
            if number is None:
                functions.append((self.start_of(i), i))
            else:
                numbers[number] += 1
        return numbers + self.calls_by(functions)

    def calls_by(self, functions):
        """Those that are an argument of functions, from instruction to instruction."""
        numbers, known = collections.Counter(), set()
        while functions:
            first, last = functions.pop()
            if first in known:
                continue
            known.add(first)
            for caller in (c for i in range(first, last + 1)
                           for c in self.callers.get(self.addresses[i], ())):
                number = None if first <= caller <= last else self.value(caller, "di")
                if number is not None:
                    numbers[number] += 1
                elif self.texts[caller].startswith("jmp"):
                    functions.append((self.start_of(caller), caller))
        return numbers


# ---- profiles ------------------------------------------------------------------------------------

def allowed(name, seen=None):
    """The names of the calls that a profile allows, whatever the condition."""
    seen = set() if seen is None else seen
    names = set()
    if name in seen:
        return names
    seen.add(name)
    for line in (PROFILES / name).read_text().splitlines():
        keyword, *words = line.split() or [""]
        if keyword == "calls":
            names.update(word if word == "clone(thread)" else word.partition("(")[0] for word in words)
            THREADED.update({name} if "clone(thread)" in words else {})
        if keyword == "include":
            names.update(*(allowed(word, seen) for word in words))
    return names


def is_static(path):
    with open(path, "rb") as file:
        start = file.read(4096)
    return start.startswith(b"\x7fELF") and b"/ld-" not in start


def profiled():
    """The static programs of musl's that have a profile."""
    for profile in sorted(PROFILES.iterdir()):
        program = BIN / profile.name
        if program.exists() and profile.name not in BORROWED and is_static(program):
            yield profile.name


# ---- what is said --------------------------------------------------------------------------------

def say_missing():
    names = call_names()
    for program in profiled():
        places = {names[number]: count
                  for number, count in Code(BIN / program).calls().items() if number in names}
        made = {name for name, count in places.items() if count > NEVER.get(name, 0)}
        lacking = made - allowed(program) - allowed("libc-musl")
        if "faccessat2" in made:
            lacking -= WITHOUT_FACCESSAT2
        if program in THREADED:
            lacking.discard("clone")
        if lacking:
            print(f"{program}: not in its profile:", *sorted(lacking))


def left_to(program):
    """How many are left to a program that narrows itself, by the tables of lib/confine."""
    tables = {}
    for source in ("roles.c", "stream.c"):
        text = (pathlib.Path(os.environ["TOP"]) / "lib/confine" / source).read_text()
        for table, body in re.findall(r"confine_call_t const (\w+)\[\] = {\n(.*?)\n};", text, re.S):
            body = body.partition("/* asking")[0]
            tables[table] = set(re.findall(r"(?:CONFINE_\w+\(|SYS_)(\w+)", body))
    rest = tables["confine_stream"] | tables["looking"] | tables[NARROWED[program]]
    names = {name.partition("(")[0] for name in allowed(program) | allowed("libc-musl")}
    return len(names & rest)


def excuse(program):
    """The number of calls that a profile gives a reason for."""
    found = re.search(r"^# (\d+) calls: \w+", (PROFILES / program).read_text(), re.M)
    return int(found[1]) if found else None


def complaint(program, names):
    count, excused = len(names), excuse(program)
    if excused is not None and excused != count:
        return f"and its profile says {excused}"
    told = re.search(r"\b(\d+) are left to it", (PROFILES / program).read_text())
    if program in NARROWED and (not told or int(told[1]) != left_to(program)):
        return f"and its profile says otherwise of the {left_to(program)} that are left"
    if count > CALLS_MAX and excused is None and not names & STARTERS:
        return "too many, and its profile does not say why"
    return ""


def say_counts():
    """Of all but those that programs of others run in, or that are not confined."""
    for profile in sorted(PROFILES.iterdir()):
        program, text = profile.name, profile.read_text()
        if (BIN / program).exists() and not re.search("^(include foreign|outside)", text, re.M):
            libc = "libc-glibc" if program in BORROWED else "libc-musl"
            names = allowed(program) | allowed(libc)
            print(program, len(names), complaint(program, names))


{"missing": say_missing, "count": say_counts}[sys.argv[1]]()
