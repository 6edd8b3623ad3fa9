#!/usr/bin/env python3
"""_compose.py PORT: messages as Python's email package makes them, sent with smtplib by alice, who is
logged in by XCLIENT; prints how many were accepted. All have a From of hers, no Date, and a Bcc."""

import email.message
import email.policy
import smtplib
import sys

SENDERS = [
    "alice@example.test",
    "Alice <alice@example.test>",
    '"Doe, Alice (\\"x\\")" <alice+list@example.test>',
    "Älice Müller <alice@example.test>",
    "日本語の名前、とても長いので折り返される必要があるもの、日本語の名前 <ALICE@example.test>",
    "Alice <alice@example.test>, also alice <alice+2@example.test>",
    "Us: alice@example.test, Alice <alice+3@example.test>;",
]
POLICIES = [email.policy.SMTP, email.policy.SMTPUTF8, email.policy.SMTP.clone(max_line_length=30)]


def compose(sender, number):
    message = email.message.EmailMessage()
    message["From"] = sender
    message["To"] = ", ".join(f"Box {i} <box@example.test>" for i in range(number * 9 + 1))
    message["Bcc"] = "secret@example.test"
    message["Subject"] = f"Nümber {number} " + "of many words " * number
    message.set_content("Grüße\n")
    return message


with smtplib.SMTP("127.0.0.1", int(sys.argv[1]), "client.example", timeout=60) as client:
    client.ehlo()
    client.docmd("XCLIENT", "LOGIN=alice@example.test")
    client.ehlo()
    cases = [(sender, policy) for sender in SENDERS for policy in POLICIES]
    for number, (sender, policy) in enumerate(cases):
        message = compose(sender, number).as_bytes(policy=policy)
        options = ["SMTPUTF8", "BODY=8BITMIME"] if policy.utf8 else ["BODY=8BITMIME"]
        client.sendmail("alice@example.test", ["box@example.test"], message, options)
    print(len(cases))
