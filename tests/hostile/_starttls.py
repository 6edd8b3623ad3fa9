#!/usr/bin/env python3
"""_starttls.py SCENARIO: sessions that become TLS sessions, and those who would like to speak on
both sides of the handshake."""

import re
import smtplib
import ssl
import time

from _chain import (CHAIN, PORT, Bystander, Client, check, check_clean, files_of, main,
                    messages_of, wait_until)

INNER = b"MAIL FROM:<inner@client.example>\r\nRCPT TO:<victim@example.test>\r\n"


def context():
    return ssl.create_default_context(cafile=CHAIN / "certificate")


def secure(client):
    """The handshake; what was read before it is forgotten, as it must be."""
    client.received = b""
    client.socket = context().wrap_socket(client.socket, server_hostname="mx.example.test")
    return client


def check_no_victim():
    check(not files_of("victim"), "a message was smuggled")


def end_to_end():
    with Bystander():
        with smtplib.SMTP("127.0.0.1", PORT, "client.example", timeout=60) as session:
            session.starttls(context=context())
            session.ehlo()
            check(not session.has_extn("starttls"), "STARTTLS is still offered")
            for i in range(3):
                session.sendmail("me@client.example", ["tls@example.test"],
                                 b"Subject: %d\r\n\r\n.a\r\n..b\r\n" % i)
            check(session.docmd("STARTTLS")[0] == 503)
        wanted = [b"Subject: %d\n\n.a\n..b\n" % i for i in range(3)]
        check(sorted(messages_of("tls", 3)) == wanted, "they are not what was sent")
    for file in files_of("tls"):
        trace = re.sub(rb"\n\s+", b" ", file.read_bytes())
        check(re.search(rb"Received: from client.example .*using TLSv1\.[23] with cipher \S+\)?"
                        rb".* with ESMTPS id ", trace), trace)
    check_clean()


def large():
    """More than any buffer on the way."""
    message = b"Subject: x\n\n" + b"0123456789\n" * 200000
    client = Client().greet()
    client.say(b"STARTTLS", b"220 ")
    secure(client).say(b"EHLO client.example", b"250")
    client.deliver("tls-large", message)
    client.quit()
    check(messages_of("tls-large", 1) == [message])
    check_clean()


def injected(behind):
    """Bytes in the same packet as STARTTLS: the connection is dropped, without a word."""
    client = Client().greet()
    client.send(b"STARTTLS\r\n" + behind)
    client.expect_end()
    client.close()


def injections():
    with Bystander():
        for behind in (b"\n", b"\0", b"EHLO x\r\n", b"RSET\r\n" + INNER, b"QUIT\r\n",
                       b"\x16\x03\x01"):
            injected(behind)
    check_clean()
    check_no_victim()
    check(b"input behind STARTTLS" in (CHAIN / "smtp.log").read_bytes(), "not logged")


def injected_before_the_handshake():
    """Said in the clear, after the 220 or before it came: it is no command any more, and no
    handshake."""
    for wait in (False, True):
        client = Client().greet()
        client.send(b"STARTTLS\r\n")
        if wait:
            client.expect(b"220 ")
        client.send(INNER)
        try:
            secure(client)
            raise AssertionError("a handshake behind plain bytes")
        except (ssl.SSLError, OSError):
            pass
        client.close()
        check_clean()
    check_no_victim()


def plain_bytes_after_the_handshake():
    """Commands beside the TLS records."""
    client = Client().greet()
    client.say(b"STARTTLS", b"220 ")
    plain = client.socket.dup()
    secure(client).say(b"EHLO client.example", b"250")
    plain.sendall(INNER)
    try:
        check(not client.read_more(), "an answer to plain bytes:", client.received)
    except (ssl.SSLError, OSError):
        pass
    plain.close()
    client.close()
    check_clean()
    check_no_victim()


def what_was_said_before():
    """An envelope of before the handshake is none."""
    client = Client().greet()
    client.begin("victim")
    client.say(b"STARTTLS", b"220 ")
    secure(client)
    client.say(b"DATA", b"503 5.5.1")
    client.say(b"MAIL FROM:<me@client.example>", b"503 5.5.1 Say hello first")
    client.say(b"EHLO client.example", b"250")
    client.say(b"DATA", b"503 5.5.1 Send MAIL first")
    client.quit()
    check_clean()
    check_no_victim()


def cut_off(polite):
    """Gone in the middle of a message, with and without a close_notify."""
    client = Client().greet()
    client.say(b"STARTTLS", b"220 ")
    secure(client).say(b"EHLO client.example", b"250")
    client.begin("victim")
    client.say(b"DATA", b"354 ")
    client.send(b"Subject: half\r\n\r\nof it\r\n")
    if polite:
        client.socket.unwrap()
    client.close()
    check_clean()
    check_no_victim()


def cut_off_in_data():
    cut_off(True)
    cut_off(False)


def gone_before_the_handshake():
    with Bystander():
        for end in (Client.close, Client.shut, Client.reset):
            client = Client().greet()
            client.say(b"STARTTLS", b"220 ")
            end(client)
            while end is Client.shut and client.read_more():
                check(client.received.startswith(b"\x15"), "an alert at most:", client.received)
    check_clean()


def slow_handshake():
    """A client that takes the 220 and says nothing more: time is up in 8 seconds."""
    began = time.monotonic()
    client = Client().greet()
    client.say(b"STARTTLS", b"220 ")
    client.send(b"\x16\x03\x01")
    wait_until(lambda: b"handshake timed out" in (CHAIN / "smtp.log").read_bytes(), "timed out")
    check(time.monotonic() - began >= 8, "too early")
    client.expect_end()
    client.close()
    check_clean()


main(globals())
