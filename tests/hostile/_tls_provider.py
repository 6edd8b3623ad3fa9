#!/usr/bin/env python3
"""_tls_provider.py CERTIFICATE PROGRAM...: a link that offers delayed TLS (UCSPI-TLS), by Python's
ssl. Its child waits on the control socket for the wish, shakes hands on fd 0, tells its facts, and
then carries bytes both ways until one side ends."""

import os
import select
import socket
import ssl
import sys


def carry(client, plain):
    """The client's end is passed on; the program's ends it all, when everything was sent."""
    ends = {client: plain, plain: client}
    while plain in ends:
        ready = [client] if client in ends and client.pending() else \
            select.select(list(ends), [], [])[0]
        for end in ready:
            try:
                data = end.recv(1 << 16)
            except (OSError, ssl.SSLError):
                data = b""  # reset, or cut off without a close_notify: gone, either way
            if not data:
                del ends[end]
                if end is client:
                    plain.shutdown(socket.SHUT_WR)
            else:
                (plain if end is client else client).sendall(data)


def shake_hands(client, control):
    """As long as the program waits for it."""
    client.setblocking(False)
    while True:
        try:
            client.do_handshake()
            break
        except ssl.SSLWantReadError:
            if control in select.select([client, control], [], [])[0]:
                raise
    client.setblocking(True)


def provide(certificate, control, plain):
    if control.recv(1) != b"Y":
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    client = context.wrap_socket(socket.socket(fileno=0), server_side=True,
                                 do_handshake_on_connect=False)
    shake_hands(client, control)
    facts = {"SSL_PROTOCOL": client.version(), "SSL_CIPHER": client.cipher()[0]}
    control.sendall("".join(f"{name}={value}\0" for name, value in facts.items()).encode() + b"\0")
    control.close()
    carry(client, plain)
    client.unwrap()


def main():
    certificate, *program = sys.argv[1:]
    control, plain = socket.socketpair(), socket.socketpair()
    if not os.fork():
        control[1].close()
        plain[1].close()
        os.close(1)
        try:
            provide(certificate, control[0], plain[0])
        except (OSError, ssl.SSLError):
            os._exit(1)
        os._exit(0)
    control[0].close()
    plain[0].close()
    os.environ.update(SSLCTLFD=str(control[1].detach()), SSLREADFD=str(plain[1].fileno()),
                      SSLWRITEFD=str(plain[1].fileno()), UCSPITLS="")
    for fd in (os.environ["SSLCTLFD"], plain[1].detach()):
        os.set_inheritable(int(fd), True)
    os.execvp(program[0], program)


main()
