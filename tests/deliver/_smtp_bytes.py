#!/usr/bin/env python3
"""_smtp_bytes.py SENT RECEIVED HOW

Compares a message with what a mail host got, as bytes on the wire. HOW: data, chunks (as it is, with
the dots of DATA or without), or coded (its body in quoted-printable, by Python's opinion). Prints
"same", or what is wrong.
"""
import email
import email.policy
import re
import sys


def on_the_wire(message):
    wire = message.replace(b"\n", b"\r\n")
    return wire if not wire or wire.endswith(b"\n") else wire + b"\r\n"


def stuffed(wire):
    return re.sub(rb"^\.", b"..", wire, flags=re.M)


def unstuffed(wire):
    return re.sub(rb"^\.", b"", wire, flags=re.M)


def difference(want, got):
    at = next((i for i, (a, b) in enumerate(zip(want, got)) if a != b), min(len(want), len(got)))
    return f"at {at} of {len(want)}, {len(got)}: {want[at:at + 40]!r}, {got[at:at + 40]!r}"


def body_of(message):
    parsed = email.message_from_bytes(message, policy=email.policy.SMTP)
    return parsed.get_payload(decode=True).replace(b"\r\n", b"\n").rstrip(b"\n")


def coded(sent, received):
    plain = unstuffed(received)
    longest = max(len(line) for line in plain.split(b"\r\n"))
    if longest > 998:
        return f"a line of {longest} bytes"
    if re.search(rb"(?<!\r)\n|\r(?!\n)|\x00", plain):
        return "a bare CR or LF, or a NUL"
    want, got = body_of(sent), body_of(plain)
    return "same" if want == got else difference(want, got)


def main():
    sent, received = (open(path, "rb").read() for path in sys.argv[1:3])
    if sys.argv[3] == "coded":
        print(coded(sent, received))
        return
    want = on_the_wire(sent)
    if sys.argv[3] == "data":
        want = stuffed(want)
    print("same" if want == received else difference(want, received))


main()
