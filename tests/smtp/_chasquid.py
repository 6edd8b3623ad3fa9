#!/usr/bin/env python3
"""_chasquid.py FILE...: plays chasquid's dialogues (.cmy) against smtp-front.

Their replies are another server's words: only the class of a code is compared. A file
FILE.verify beside a dialogue is the message that must have arrived.
Says `ok FILE`, `not ok FILE` and why, or `skip FILE` and why.
"""

import ast
import pathlib
import re
import sys
import tempfile

from _transcript import Difference, Session, split_trace

SKIPPED = {
    "auth_multi_dialog": "AUTH over TLS",
    "auth_too_many_failures": "AUTH over TLS",
    "t-04-aliases__test_chasquid_util": "about a program of its own",
    "bad_data": "refuses a message whose header cannot be parsed; here that is a filter's to do",
}
OPERATORS = {ast.Mult: lambda a, b: a * b, ast.Add: lambda a, b: a + b}


def evaluate(node):
    """Python's string literals, with + and *."""
    if isinstance(node, ast.Constant):
        return node.value
    return OPERATORS[type(node.op)](evaluate(node.left), evaluate(node.right))


def new_session(folder):
    session = Session(pathlib.Path(tempfile.mkdtemp(dir=folder)))
    session.options = ["-o", "databytes=1048576"]
    session.script("hooks", "rcpt", ["case $SMTP_RCPT_TO in user@testserver) printf Kyes >&4;; esac"])
    return session


def expect_class(session, wanted, line=None):
    line = line or session.read_line().decode()
    if line[0] != wanted[0]:
        raise Difference(f"got {line!r}, want {wanted!r}")


def step(session, operator, text):
    if operator == "->":
        session.send(text.encode() + b"\r\n")
    elif operator == ".>":
        session.send(text.encode())
    elif operator == "~>":
        session.send(evaluate(ast.parse(text, mode="eval").body).encode())
    elif operator in ("<-", "<~"):
        expect_class(session, text)
    elif operator == "<...":
        while re.match(rb"\d\d\d-", line := session.read_line()):
            pass
        expect_class(session, text, line.decode())


def play(path, folder):
    session = None
    for line in path.read_text().split("\n"):
        words = re.match(r"c (\S+) ?(.*)$", line)
        if not words:
            continue
        if words[1] == "tcp_connect":
            if session:
                session.finish()
            session = new_session(folder)
        elif words[1] != "close":
            step(session, words[1], words[2])
    session.finish()
    verify = path.with_suffix(".cmy.verify")
    if verify.exists():
        _, body = split_trace(session.recorded("message"))
        session.check_same("message", body.rstrip(b"\n"), verify.read_bytes().rstrip(b"\n"))


def main():
    failed = False
    for path in map(pathlib.Path, sys.argv[1:]):
        if path.stem in SKIPPED:
            print(f"skip {path.stem}: {SKIPPED[path.stem]}")
            continue
        with tempfile.TemporaryDirectory(prefix="chasquid.", ignore_cleanup_errors=True) as folder:
            try:
                play(path, folder)
                print(f"ok {path.stem}")
            except (Difference, OSError) as error:
                failed = True
                print(f"not ok {path.stem}\n{error}")
    sys.exit(failed)


main()
