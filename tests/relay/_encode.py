#!/usr/bin/env python3
"""_encode.py FILTER: messages of all kinds through the encoder, judged by Python's email package.

FILTER 7 must make 7-bit lines of at most 998 bytes of their bodies, FILTER 8 lines of at most 998
bytes, and what is in the parts must be the same. Prints what is not."""
import email
import email.policy
import random
import subprocess
import sys

filter_program = sys.argv[1]
chance = random.Random(6)
words = ["a", "äöü", "=", "=3D", ".", "--", "--b", "From x", " ", "\t", "€" * 30, "x" * 1500, "", "-"]


def text():
    lines = ["".join(chance.choice(words) for _ in range(chance.randrange(12))) for _ in range(chance.randrange(6))]
    return "\n".join(lines) + chance.choice(["", "\n"])


def leaf(depth):
    kind = chance.randrange(4)
    encoding = chance.choice(["8bit", "binary", "7bit", None])
    lines = [f"Content-Type: {chance.choice(['text/plain', 'text/html', 'application/x-y'])}; charset=utf-8"]
    if encoding:
        lines.append(f"Content-Transfer-Encoding: {encoding}")
    if kind == 0:
        return "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nw6TDtsO8\n"
    return "\n".join(lines) + "\n\n" + text().replace("--b", "-b")


def entity(depth):
    kind = chance.randrange(4) if depth < 4 else 3
    if kind == 0:
        boundary = f"b{depth}={chance.randrange(100)}'()+_,-./:=?"
        parts = "".join(f"--{boundary}\n{entity(depth + 1)}\n" for _ in range(chance.randrange(1, 4)))
        folded = chance.choice([" ", "\n\t", " charset=x;\n "])
        return f'Content-Type: multipart/mixed;{folded}boundary="{boundary}"\n\npreamble\n{parts}--{boundary}--\n'
    if kind == 1:
        return f"Content-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\n\nSubject: inner\nMIME-Version: 1.0\n{entity(depth + 1)}"
    return leaf(depth)


def contents(message):
    """What every leaf holds, line ends aside: where a text ends is the boundary's."""
    found = []
    for part in message.walk():
        found.append(part.get_content_type())
        if not part.is_multipart():
            found.append((part.get_payload(decode=True) or b"").rstrip(b"\n"))
    return found


def check(number, source, mode):
    out = subprocess.run([filter_program, mode], input=source, stdout=subprocess.PIPE, check=True).stdout
    long_lines = [line for line in out.split(b"\n") if len(line) > 998]
    if long_lines or b"\r" in out or b"\0" in out or (mode == "7" and not out.isascii()):
        print(number, mode, "its lines")
    want, got = (contents(email.message_from_bytes(m, policy=email.policy.compat32)) for m in (source, out))
    if want != got:
        print(number, mode, "its contents", want, got, source, sep="\n")


for number in range(int(sys.argv[2])):
    message = ("Subject: x\nMIME-Version: 1.0\n" + entity(0)).encode()
    for mode in "78":
        check(number, message, mode)
