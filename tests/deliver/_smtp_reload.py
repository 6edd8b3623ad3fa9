#!/usr/bin/env python3
"""_smtp_reload.py ENTRY POLICIES PORT -- PROGRAM [ARG...]

Three jobs for the host on PORT, each time under another name, with the policies changed before the
second (to encrypt) and the third (to what is no policy). Prints the first word of each answer.
"""
import array
import os
import socket
import subprocess
import sys


def deliver(sock, entry, number, destination):
    strings = ["j", str(number), "s@a.example", "r@a.example", destination, "0123456789abcdef", "r@a.example", ""]
    body = b"".join(s.encode() + b"\0" for s in strings)
    fd = os.open(entry, os.O_RDONLY)
    sock.sendmsg([b"%08x" % len(body) + body],
                 [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
    os.close(fd)
    verdict = sock.recv(9000).split(b"\0")[2]
    return verdict.split()[0].decode()


def main():
    entry, policies, port = sys.argv[1:4]
    names = [f"127.0.0.1:{port}", f"[127.0.0.1]:{port}", f"[::ffff:127.0.0.1]:{port}"]
    ours, theirs = socket.socketpair()
    with subprocess.Popen(sys.argv[5:], stdin=theirs):
        theirs.close()
        # None is as long as the one before, from which its time may not differ.
        for number, text in enumerate(["", "* encrypt\n", "* perhaps so\n"]):
            with open(policies, "w", encoding="utf-8") as file:
                file.write(text)
            print(deliver(ours, entry, number, names[number]))
        ours.shutdown(socket.SHUT_WR)


main()
