#!/usr/bin/env python3
"""_submission.py SCENARIO: what a submission service lets a user do, as smtplib's client sees it.

SMTP_PORT is the service's, MODE starttls or implicit, TRUSTED its certificates; ALICE the user, with
PASSWORD.
"""

import os
import smtplib
import ssl

from _chain import check, files_of, main, wait_until

ALICE, PASSWORD, MODE = os.environ["ALICE"], os.environ["PASSWORD"], os.environ["MODE"]


def connect():
    context = ssl.create_default_context(cafile=os.environ["TRUSTED"])
    port = int(os.environ["SMTP_PORT"])
    if MODE == "implicit":
        client = smtplib.SMTP_SSL("127.0.0.1", port, "client.example", timeout=60, context=context)
    else:
        client = smtplib.SMTP("127.0.0.1", port, "client.example", timeout=60)
        expect(client, "MAIL FROM:<alice@example.test>", 530, b"5.7.0")
        expect(client, "AUTH PLAIN AGEAYg==", 530, b"5.7.0")
        client.ehlo()
        check(not client.has_extn("auth"), "logins are offered without TLS")
        client.starttls(context=context)
    client.ehlo()
    return client


def logged_in():
    client = connect()
    client.login(ALICE, PASSWORD)
    return client


def expect(client, command, code, beginning=b""):
    reply = client.docmd(command)
    check(reply[0] == code and reply[1].startswith(beginning), command, "got", reply)


def submit(client, text, box="bob"):
    """The reply to a message from alice, as the envelope says."""
    expect(client, f"MAIL FROM:<{ALICE}>", 250)
    expect(client, f"RCPT TO:<{box}@example.test>", 250)
    return client.data(text)


def nothing_without_a_login():
    client = connect()
    expect(client, f"MAIL FROM:<{ALICE}>", 530, b"5.7.0")
    expect(client, "RCPT TO:<bob@example.test>", 530, b"5.7.0")
    expect(client, "DATA", 530, b"5.7.0")
    expect(client, "VRFY bob", 530, b"5.7.0")


def nobody_else():
    client = logged_in()
    for sender in ("bob@example.test", "alice@elsewhere.example"):
        expect(client, f"MAIL FROM:<{sender}>", 550, b"5.7.1")
    for field in ("bob@example.test", "alice@example.test.elsewhere.example", '"alice@example.test" <bob@example.test>',
                  "alice@example.test, bob@example.test"):
        reply = submit(client, f"From: {field}\nSubject: x\n\nhello\n")
        check(reply[0] == 550, field, reply)
    reply = submit(client, f"From: {ALICE}\nSender: bob@example.test\n\nhello\n")
    check(reply[0] == 550 and reply[1].startswith(b"5.7.1"), reply)
    reply = submit(client, f"From: {ALICE}\n\nhello\n", "nobody_else")
    check(reply[0] == 250, reply)


def what_is_completed():
    box = f"completed-{os.environ['ENGINE']}-{MODE}"
    reply = submit(logged_in(), f"From: {ALICE}\nBcc: secret@example.test\nSubject: x\n\nhello\n", box)
    check(reply[0] == 250, reply)
    file, = wait_until(lambda: files_of(box), "a message in", box)
    header = file.read_bytes().partition(b"\n\n")[0]
    fields = [line.partition(b":")[0] for line in header.split(b"\n")]
    for name in (b"Date", b"Message-ID", b"From", b"Subject"):
        check(fields.count(name) == 1, name, fields)
    check(b" with ESMTPSA id " in b" ".join(header.split()), header)
    check(b"bcc" not in header.lower() and b"secret" not in header, header)


def parameters():
    client = logged_in()
    for parameter in (ALICE, "<>", "alice+2Bx@example.test"):
        expect(client, f"MAIL FROM:<{ALICE}> AUTH={parameter}", 250)
        expect(client, "RSET", 250)
    expect(client, f"MAIL FROM:<{ALICE}> AUTH=a+zz", 501)


def attempts():
    client = connect()
    for _ in range(3):
        expect(client, "AUTH PLAIN AGFsaWNlAHdyb25n", 535, b"5.7.8")
    check(client.getreply()[0] == 421, "after the third")


def twice():
    client = logged_in()
    expect(client, "AUTH PLAIN AGFsaWNlAHdyb25n", 503)


if __name__ == "__main__":
    main(globals())
