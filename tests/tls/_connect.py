#!/usr/bin/env python3
"""The other end of tls-connect, and what stands before it.

_connect.py client PORT program...      connects fd 6 and 7, as a UCSPI client does, and executes
_connect.py serve CERT KEY PORTS        servers of all kinds below until it is ended; the file PORTS
                                        tells their ports, "kind port" per line
"""

import os
import socket
import ssl
import struct
import sys
import threading
import time

PATIENCE = 60  # seconds that a server waits for a client


def connect(port, program):
    connection = socket.create_connection(("127.0.0.1", port), PATIENCE)
    connection.settimeout(None)
    os.dup2(connection.fileno(), 6)
    os.dup2(connection.fileno(), 7)
    os.execvp(program[0], program)


def record(kind, content, version=0x0303):
    return struct.pack(">BHH", kind, version, len(content)) + content


HANDSHAKE, ALERT = 22, 21
HELLO_REQUEST = bytes(4)


class Servers:
    def __init__(self, cert, key):
        self.context, self.old = (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) for _ in range(2))
        for context in (self.context, self.old):
            context.load_cert_chain(cert, key)
        self.old.maximum_version = ssl.TLSVersion.TLSv1_2
        self.halves = 0

    def flight(self, hello):
        """What a server answers a ClientHello, up to ServerHelloDone."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        incoming.write(hello)
        server = self.old.wrap_bio(incoming, outgoing, server_side=True)
        try:
            server.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return outgoing.read()

    # ---- those that speak TLS ----

    def echo(self, connection):
        """Says back what it hears, and how it ended."""
        with self.context.wrap_socket(connection, server_side=True) as tls:
            for line in tls.makefile("rb"):
                tls.sendall(line)
                if line == b"quit\n":
                    tls.unwrap()
                    return

    def starttls(self, connection):
        connection.sendall(b"220 mx\r\n")
        with connection.makefile("rb", 0) as lines:
            if lines.readline() != b"STARTTLS\r\n":
                return
        connection.sendall(b"220 go\r\n")
        self.echo(connection)

    def cut(self, connection):
        tls = self.context.wrap_socket(connection, server_side=True)
        tls.sendall(b"half a line")
        os.close(tls.detach())

    def bulk(self, connection):
        """Says how many bytes have come when the client says close_notify, after sending as many."""
        with self.context.wrap_socket(connection, server_side=True) as tls:
            tls.sendall(bytes(3_000_000))
            total = 0
            while block := tls.recv(65536):
                total += len(block)
            tls.sendall(b"%d\n" % total)

    # ---- those that do not ----

    def close(self, connection):
        pass

    def close_later(self, connection):
        connection.recv(4096)

    def plain(self, connection):
        connection.sendall(b"220 mx.example.test ESMTP\r\n")
        connection.recv(4096)

    def garbage(self, connection):
        connection.sendall(os.urandom(20000))
        connection.recv(4096)

    def silent(self, connection):
        while connection.recv(4096):
            pass

    def slow(self, connection):
        for byte in self.flight(connection.recv(4096)):
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    def endless(self, connection):
        connection.recv(4096)
        while True:
            connection.sendall(record(HANDSHAKE, HELLO_REQUEST))

    def warnings(self, connection):
        connection.recv(4096)
        while True:
            connection.sendall(record(ALERT, b"\x01\x5a"))

    def refusal(self, connection):
        connection.recv(4096)
        connection.sendall(record(ALERT, b"\x02\x28"))

    def half(self, connection):
        """The first bytes of a handshake: how many, the connections before it have counted."""
        flight = self.flight(connection.recv(4096))
        points = [1, 4, 5, 6, 10, 43, len(flight) // 2, len(flight) - 5, len(flight) - 1, len(flight)]
        connection.sendall(flight[:points[self.halves % len(points)]])
        self.halves += 1

    # ---- all of them ----

    def run(self, serve, connection):
        connection.settimeout(PATIENCE)
        try:
            with connection:
                serve(connection)
        except (OSError, ValueError):
            pass  # a client that refuses us has its reasons

    def accept(self, listener, serve):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=self.run, args=(serve, connection), daemon=True).start()


KINDS = ["echo", "starttls", "cut", "bulk", "close", "close_later", "plain", "garbage", "silent",
         "slow", "endless", "warnings", "refusal", "half"]


def serve(cert, key, path):
    servers = Servers(cert, key)
    with open(path + ".new", "w") as ports:
        for kind in KINDS:
            listener = socket.create_server(("127.0.0.1", 0))
            print(kind, listener.getsockname()[1], file=ports)
            threading.Thread(target=servers.accept, args=(listener, getattr(servers, kind)),
                             daemon=True).start()
    os.rename(path + ".new", path)
    threading.Event().wait()


if __name__ == "__main__":
    if sys.argv[1] == "client":
        connect(int(sys.argv[2]), sys.argv[3:])
    serve(*sys.argv[2:])
