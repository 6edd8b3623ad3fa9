"""_inside.py FOLDER COMMAND...: what a program can still do when it waits for work.

The command is started with a socket as its descriptor 0, in the environment that it has. When it
waits, it is stopped, and made to make system calls where it stands, as hostile bytes would have it
make them; one line for each tells what came of it, and what it costs nobody. Then it goes on.

FOLDER has a file `program` that may be executed, and is none. For x86-64.
"""

import ctypes
import errno
import os
import signal
import socket
import struct
import subprocess
import sys
import time

SEIZE, INTERRUPT, GETREGS, SETREGS, SINGLESTEP, DETACH = 0x4206, 0x4207, 12, 13, 9, 17
NAMES = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss "
         "fs_base gs_base ds es fs gs").split()
FORMAT = f"{len(NAMES)}Q"
ARGUMENTS = "rdi rsi rdx r10 r8 r9".split()
NONE = 2**64 - 1
WAITING = {7, 45, 47, 271, 232, 281}  # poll, recvfrom, recvmsg, ppoll, epoll_wait, epoll_pwait
PATH_ROOM = 4096  # bytes below the stack
AT_FDCWD, CREATE = 2**64 - 100, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
IMPOSSIBLE = 0x10000000 | 0x200  # flags of clone that the kernel refuses: no process comes of it

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def attempts(folder):
    """Names, numbers and arguments; a text is a path. None leaves anything behind if it works."""
    return [
        ("execute", 59, (f"{folder}/program", 0, 0)),
        ("start-process", 56, (IMPOSSIBLE,)),
        ("read", 257, (AT_FDCWD, f"{folder}/program", os.O_RDONLY | os.O_CLOEXEC, 0)),
        ("make", 257, (AT_FDCWD, f"{folder}/new", CREATE, 0o600)),
        ("remove", 263, (AT_FDCWD, f"{folder}/gone", 0)),
        ("unix-socket", 41, (socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC, 0)),
        ("inet-socket", 41, (socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_CLOEXEC, 0)),
        ("listen", 50, (NONE, 1)),
        ("signal", 62, (os.getpid(), 0)),
        ("device", 133, (f"{folder}/device", 0o020600, 0)),
        ("map-code", 9, (0, 4096, 5, 0x22, NONE, 0)),
    ]


class Stopped:
    """A process that stands still amid a system call."""

    def __init__(self, pid):
        self.pid = pid
        self.ptrace(SEIZE, None)
        self.ptrace(INTERRUPT, None)
        os.waitpid(pid, 0x40000000)  # __WALL
        self.before = self.registers()
        with open(f"/proc/{pid}/mem", "rb") as memory:
            memory.seek(self.before["rip"] - 2)
            assert memory.read(2) == b"\x0f\x05", "it does not stand behind a system call"

    def ptrace(self, request, data):
        if libc.ptrace(request, self.pid, None, data) < 0:
            raise OSError(ctypes.get_errno(), "ptrace")

    def registers(self):
        space = ctypes.create_string_buffer(struct.calcsize(FORMAT))
        self.ptrace(GETREGS, space)
        return dict(zip(NAMES, struct.unpack(FORMAT, space.raw)))

    def set_registers(self, registers):
        self.ptrace(SETREGS, struct.pack(FORMAT, *(registers[name] for name in NAMES)))

    def put_path(self, path):
        address = self.before["rsp"] - PATH_ROOM
        with open(f"/proc/{self.pid}/mem", "r+b", 0) as memory:
            memory.seek(address)
            memory.write(path.encode() + b"\0")
        return address

    def call(self, number, arguments):
        """The instruction that it stands behind, once more; then everything is as it was."""
        registers = dict(self.before, rip=self.before["rip"] - 2, rax=number, orig_rax=NONE)
        for register, argument in zip(ARGUMENTS, arguments):
            registers[register] = self.put_path(argument) if isinstance(argument, str) else argument
        self.set_registers(registers)
        self.ptrace(SINGLESTEP, None)
        _, status = os.waitpid(self.pid, 0x40000000)
        if not os.WIFSTOPPED(status):
            return "killed"
        result = self.registers()["rax"]
        self.set_registers(self.before)
        return errno.errorcode[2**64 - result] if result > NONE - 4095 else "done"


def waits(pid):
    try:
        with open(f"/proc/{pid}/syscall") as file:
            number = file.read().split()[0]
    except OSError:
        return False
    return number.isdigit() and int(number) in WAITING


def main():
    folder, command = sys.argv[1], sys.argv[2:]
    ours, theirs = socket.socketpair()
    with subprocess.Popen(command, stdin=theirs) as process:
        theirs.close()
        deadline = time.monotonic() + 60
        while not waits(process.pid) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        stopped = Stopped(process.pid)
        for name, number, arguments in attempts(folder):
            print(name, stopped.call(number, arguments), flush=True)
        stopped.ptrace(DETACH, None)
        ours.close()
        process.send_signal(signal.SIGTERM)
        print("end", process.wait(60))


main()
