#!/usr/bin/env python3
"""_smtplib.py PORT FROM (FILE RECIPIENT)...: sends the files over one connection, with smtplib."""

import pathlib
import smtplib
import sys

port, sender, *pairs = sys.argv[1:]
with smtplib.SMTP("127.0.0.1", int(port), "client.example", timeout=60) as client:
    client.ehlo()
    for file, recipient in zip(pairs[::2], pairs[1::2]):
        options = ["BODY=8BITMIME"]
        if not (sender + recipient).isascii():
            options.append("SMTPUTF8")
            client.command_encoding = "utf-8"
        message = pathlib.Path(file).read_bytes().replace(b"\n", b"\r\n")
        client.sendmail(sender, [recipient], message, options)
