#!/usr/bin/env python3
"""_same.py SENT KEPT [coded]: compares a message with what a mail host has kept of it, below the
fields of trace that the host put above it. coded: its body may be in quoted-printable; it is
decoded, by Python's opinion, and no line may be longer than 998 bytes. Prints "same", or what is
wrong.
"""
import email
import email.policy
import re
import sys

TRACE = re.compile(rb"(Return-Path|X-Original-To|Delivered-To|Received|Envelope-To|Delivery-Date)"
                   rb":[^\n]*\n([ \t][^\n]*\n)*", re.I)


def below_trace(data):
    while found := TRACE.match(data):
        data = data[found.end():]
    return data


def arrives_as(sent):
    """What RFC 5322 lets a host make of it: a last line has an end, a body an empty line above."""
    if sent and not sent.endswith(b"\n"):
        sent += b"\n"
    if not re.match(rb"[!-9;-~]+[ \t]*:|\n", sent):
        sent = b"\n" + sent
    return sent


def body_of(message):
    parsed = email.message_from_bytes(message, policy=email.policy.compat32)
    return parsed.get_payload(decode=True).rstrip(b"\n")


def difference(want, got):
    at = next((i for i, (a, b) in enumerate(zip(want, got)) if a != b), min(len(want), len(got)))
    return f"at {at} of {len(want)}, {len(got)}: {want[at:at + 60]!r}, {got[at:at + 60]!r}"


def main():
    sent, kept = (open(path, "rb").read() for path in sys.argv[1:3])
    want, got = arrives_as(sent), below_trace(kept)
    if not sent and not got:  # one of no line at all
        want = got
    if sys.argv[3:] == ["coded"]:
        longest = max(map(len, got.split(b"\n")))
        if longest > 998:
            print(f"a line of {longest} bytes")
            return
        want, got = body_of(want), body_of(got)
    print("same" if want == got else difference(want, got))


main()
