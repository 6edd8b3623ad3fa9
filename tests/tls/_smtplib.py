#!/usr/bin/env python3
"""_smtplib.py PORT implicit|starttls CA FROM TO: sends a message, and insists on TLS."""

import smtplib
import ssl
import sys

port, mode, trusted, sender, recipient = sys.argv[1:]
message = sys.stdin.buffer.read().replace(b"\n", b"\r\n")
context = ssl.create_default_context(cafile=trusted)
if mode == "implicit":
    client = smtplib.SMTP_SSL("127.0.0.1", int(port), "client.example", timeout=60,
                              context=context)
else:
    client = smtplib.SMTP("127.0.0.1", int(port), "client.example", timeout=60)
    client.starttls(context=context)
with client:
    client.sendmail(sender, [recipient], message)
