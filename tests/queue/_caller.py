#!/usr/bin/env python3
"""_caller.py [OPTION] MESSAGE ENVELOPE PROGRAM [ARGUMENT...]: runs a last link.

As smtp-front would: the message in an unnamed file of CHAINMAIL_QUEUE's new/, the envelope in a
sealed memfd, a verdict pipe on fd 4 and 6. Prints what the pipe said, a record a line, then the
exit code. MESSAGE and ENVELOPE are files. With one of these options it is different in one way:
  --pipes      as qmail-smtpd: fd 0 and fd 1 are pipes, and no verdict pipe
  --files      fd 0 and fd 1 are the files themselves, opened for reading
  --skip=N     the same, their offsets N
  --spooled    no difference
  --silent     no verdict pipe
  --read-only  the unnamed file is opened for reading only
  --named      the file is MESSAGE itself, opened for reading and writing
  --unlinked   the file had a name in tmp/ once: it cannot be named again
"""

# Only modules that load fast: a suite runs this a hundred times.
import fcntl
import os
import sys

F_ADD_SEALS, ALL_SEALS = 1033, 15
SIGPIPE, SIGXFSZ = 13, 25


def read(path):
    with open(path, "rb") as file:
        return file.read()


def spool(option, path, message):
    """The message's file, and MESSAGE_FILE."""
    queue = os.environ["CHAINMAIL_QUEUE"]
    if option == "--named":
        fd = os.open(path, os.O_RDWR)
    elif option == "--unlinked":
        path = f"{queue}/tmp/unlinked.{os.getpid()}"
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        os.unlink(path)
    else:
        fd = os.open(f"{queue}/new", os.O_TMPFILE | os.O_RDWR, 0o640)
    os.pwrite(fd, message, 0)
    status = os.fstat(fd)
    os.environ["MESSAGE_FILE"] = f"{status.st_dev}:{status.st_ino}:{status.st_size}"
    return os.open(f"/proc/self/fd/{fd}", os.O_RDONLY) if option == "--read-only" else fd


def seal(envelope):
    fd = os.memfd_create("envelope", os.MFD_ALLOW_SEALING)
    os.pwrite(fd, envelope, 0)
    fcntl.fcntl(fd, F_ADD_SEALS, ALL_SEALS)
    return fd


def feed(data):
    """A pipe that another process writes data to."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.close(reader)
        try:
            while data:
                data = data[os.write(writer, data):]
        finally:
            os._exit(0)
    os.close(writer)
    return reader


def open_at(path, offset):
    fd = os.open(path, os.O_RDONLY)
    os.lseek(fd, offset, os.SEEK_SET)
    return fd


def open_inputs(option, paths):
    name, _, value = option.partition("=")
    if name in ("--files", "--skip"):
        return [open_at(path, int(value or 0)) for path in paths]
    message, envelope = map(read, paths)
    if name == "--pipes":
        return [feed(message), feed(envelope)]
    return [spool(option, paths[0], message), seal(envelope)]


def become(program, fds):
    """The child: fds become 0, 1 and, if there are three, 4 and 6."""
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in fds]
    for fd, to in zip(high + high[2:], (0, 1, 4, 6)):
        os.dup2(fd, to)
    os.closerange(7, 30)
    signals_as_at_start()
    os.execvp(program[0], program)


def signals_as_at_start():
    import _signal # Python ignores these; whom it starts should not
    _signal.signal(SIGPIPE, _signal.SIG_DFL)
    _signal.signal(SIGXFSZ, _signal.SIG_DFL)


def main():
    arguments = sys.argv[1:]
    option = arguments.pop(0) if arguments[0].startswith("--") else ""
    fds = open_inputs(option, arguments[:2])
    verdict = None
    if option not in ("--silent", "--pipes"):
        verdict, end = os.pipe()
        fds.append(end)
        os.environ["ERROR_FD"] = "4"
    child = os.fork()
    if child == 0:
        become(arguments[2:], fds)
    for fd in fds:
        os.close(fd)
    words = b"".join(iter(lambda: os.read(verdict, 4096), b"")) if verdict else b""
    sys.stdout.write(words.decode().replace("\0", "\n"))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


main()
