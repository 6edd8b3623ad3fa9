#!/usr/bin/env python3
"""_caller.py [OPTION...] MESSAGE ENVELOPE PROGRAM [ARGUMENT...]: runs a last link.

As smtp-front would: the message in an unnamed file of CHAINMAIL_QUEUE's new/, the envelope in a
sealed memfd, a verdict pipe on fd 4 and 6. Prints what the pipe said, a record a line, then the
exit code. MESSAGE and ENVELOPE are files.
  --pipes      as qmail-smtpd: fd 0 and fd 1 are pipes, and no verdict pipe
  --files      fd 0 and fd 1 are the files themselves, opened for reading
  --silent     no verdict pipe
  --read-only  the unnamed file is opened for reading only
  --unlinked   the file had a name in tmp/ once: it cannot be named again
  --skip N     the files' offsets are N
"""

import argparse
import fcntl
import os
import subprocess
import sys
import threading

F_ADD_SEALS, ALL_SEALS = 1033, 15


def parse_arguments():
    parser = argparse.ArgumentParser(usage=__doc__)
    for flag in "pipes", "files", "silent", "read-only", "unlinked":
        parser.add_argument(f"--{flag}", action="store_true")
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("message")
    parser.add_argument("envelope")
    parser.add_argument("program", nargs=argparse.REMAINDER)
    return parser.parse_args()


def read(path):
    with open(path, "rb") as file:
        return file.read()


def spool(queue, message, options):
    if options.unlinked:
        path = f"{queue}/tmp/unlinked.{os.getpid()}"
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        os.unlink(path)
    else:
        fd = os.open(f"{queue}/new", os.O_TMPFILE | os.O_RDWR, 0o640)
    os.pwrite(fd, message, 0)
    status = os.fstat(fd)
    os.environ["MESSAGE_FILE"] = f"{status.st_dev}:{status.st_ino}:{status.st_size}"
    return os.open(f"/proc/self/fd/{fd}", os.O_RDONLY) if options.read_only else fd


def seal(envelope):
    fd = os.memfd_create("envelope", os.MFD_ALLOW_SEALING)
    os.pwrite(fd, envelope, 0)
    fcntl.fcntl(fd, F_ADD_SEALS, ALL_SEALS)
    return fd


def feed(fd, data):
    try:
        with os.fdopen(fd, "wb") as pipe:
            pipe.write(data)
    except BrokenPipeError:
        pass


def open_inputs(options):
    """The child's fd 0 and 1, and the threads that feed them."""
    message, envelope = read(options.message), read(options.envelope)
    if options.files:
        fds = [os.open(path, os.O_RDONLY) for path in (options.message, options.envelope)]
        for fd in fds:
            os.lseek(fd, options.skip, os.SEEK_SET)
        return fds, []
    if options.pipes:
        pipes = [os.pipe(), os.pipe()]
        feeders = [threading.Thread(target=feed, args=(pipe[1], data))
                   for pipe, data in zip(pipes, (message, envelope))]
        return [pipe[0] for pipe in pipes], feeders
    return [spool(os.environ["CHAINMAIL_QUEUE"], message, options), seal(envelope)], []


def place(fds):
    """In the child: fds become 0, 1 and, if there are three, 4 and 6."""
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in fds]
    os.dup2(high[0], 0)
    os.dup2(high[1], 1)
    for fd in high[2:]:
        os.dup2(fd, 4)
        os.dup2(fd, 6)
    os.closerange(7, 100)


def main():
    options = parse_arguments()
    fds, feeders = open_inputs(options)
    verdict = None
    if not (options.silent or options.pipes):
        verdict, end = os.pipe()
        fds.append(end)
        os.environ["ERROR_FD"] = "4"
    child = subprocess.Popen(options.program, preexec_fn=lambda: place(fds), close_fds=False)
    for fd in fds:
        os.close(fd)
    for feeder in feeders:
        feeder.start()
    if verdict is not None:
        with os.fdopen(verdict, "rb") as pipe:
            sys.stdout.write(pipe.read().decode().replace("\0", "\n"))
    print(child.wait())


main()
