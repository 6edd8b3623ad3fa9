#!/usr/bin/env python3
"""_messages.py make DIR
  writes the messages that every client has to bring over, with LF line ends

_messages.py compare [OPTION] (SENT FOUND)...
  whether each file of a Maildir is, below the headers that we put on top, the message that was
  sent, byte by byte. The options are for what some clients do to a message:
  --body        only the bodies are compared (Exim adds headers)
  --blank-line  there is one more empty line at the end (smtp-source sends it)
"""

import hashlib
import pathlib
import random
import re
import sys

HEAD = (b"From: sender@client.example\nTo: box@example.test\nSubject: %s\n"
        b"Date: Fri, 20 Nov 2026 21:03:31 +0000\nMessage-ID: <%s@client.example>\n"
        b"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
        b"Content-Transfer-Encoding: 8bit\n\n")

RANDOM = random.Random(2)
LINE_MAX = 998  # RFC 5321 4.5.3.1.6, without CRLF


def random_lines(size, alphabet):
    text = bytearray()
    while len(text) < size:
        text += bytes(RANDOM.choices(alphabet, k=RANDOM.randint(0, 100))) + b"\n"
    return bytes(text)


BODIES = {
    "plain": b"Hello.\n",
    "empty": b"",
    "blank": b"\n\n\n",
    "dots": b".\n..\n...\n.a\n..b\nc.\n. \n\n.\n\n.\n",
    "spaces": b"tail \ntabs\t\t\n \n\t\n  indented\n",
    "from": b"From here\n>From there\nReturn-Path: <x@y>\nReceived: by nobody; never\n\nQUIT\nRSET\n",
    "eight": b"Gr\xc3\xbc\xc3\x9fe \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\nlatin1 \xe9\xff\x80\xa0\n",
    "long": b"x" * LINE_MAX + b"\n" + b"." * LINE_MAX + b"\nend\n",
    "longer": b"y" * 70000 + b"\n." + b"z" * 70000 + b"\n",
    "control": bytes(c for c in range(1, 32) if c not in b"\r\n") + b"\x7f\n",
    "large": random_lines(3 << 20, b"abcdefghijklmnopqrstuvwxyz. \t"),
}


def make(folder):
    for name, body in BODIES.items():
        subject = name.encode()
        (folder / name).write_bytes(HEAD % (subject, subject) + body)


def without_trace(message):
    """What follows Return-Path, Delivered-To and Received, each of which must be there, once."""
    top = re.match(rb"Return-Path: <.*>\nDelivered-To: .+\nReceived: .*\n(?:[ \t].*\n)+", message)
    if not top:
        raise ValueError("no trace headers on top of: %r" % message[:500])
    return message[top.end():]


def body_of(message):
    return message[message.index(b"\n\n") + 2:]


def compare(sent, found, option):
    """Prints the difference. 1 if there is one."""
    got, want = without_trace(found.read_bytes()), sent.read_bytes()
    if option == "--body":
        got, want = body_of(got), body_of(want)
    if option == "--blank-line":
        want += b"\n"
    if hashlib.sha256(got).digest() == hashlib.sha256(want).digest():
        return 0
    at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
    near = max(0, at - 20)
    print(f"{sent.name}: {len(want)} bytes were sent, {len(got)} came; they differ from byte {at} on:"
          f" sent {want[near:at + 40]!r}, came {got[near:at + 40]!r}")
    return 1


def main():
    verb, *rest = sys.argv[1:] or [""]
    option = rest.pop(0) if rest and rest[0].startswith("--") else ""
    if verb == "make" and len(rest) == 1:
        make(pathlib.Path(rest[0]))
        return 0
    if verb == "compare" and rest and len(rest) % 2 == 0:
        files = [pathlib.Path(word) for word in rest]
        return max(compare(*pair, option) for pair in zip(files[::2], files[1::2]))
    print(__doc__, file=sys.stderr)
    return 100


if __name__ == "__main__":
    sys.exit(main())
