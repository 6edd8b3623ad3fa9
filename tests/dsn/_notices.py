#!/usr/bin/env python3
"""_notices.py sound FILE...   says what is wrong with a notice, as Python's email package reads it
_notices.py status FILE     its delivery-status, a line for each recipient
_notices.py returned FILE   what is returned, as it stands"""

import email
import email.policy
import sys

POLICY = email.policy.default.clone(max_line_length=998, raise_on_defect=True)
REPORTS = {"message/delivery-status", "message/global-delivery-status"}
RETURNED = {"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"}


def read(path):
    with open(path, "rb") as file:
        return file.read()


def raw_parts(message, notice):
    """The parts as RFC 2046 splits them, without a parser's kindness: (header, body)."""
    marker = b"\n--" + notice.get_boundary().encode()
    pieces = message.split(marker)
    yield from (piece[1:].split(b"\n\n", 1) for piece in pieces[1:-1])
    assert pieces[-1] == b"--\n", "it ends at the last boundary"


def label(part):
    return {"7bit": 127, "8bit": 255, "quoted-printable": 126}[part["Content-Transfer-Encoding"]]


def check(path):
    message = read(path)
    notice = email.message_from_bytes(message, policy=POLICY)
    parts = list(raw_parts(message, notice))
    assert notice.get_content_type() == "multipart/report"
    assert notice.get_param("report-type") == "delivery-status"
    assert notice["Auto-Submitted"] == "auto-replied" and notice["Message-ID"] and notice["Date"].datetime
    assert len(notice["From"].addresses) == 1 and "Bcc" not in notice
    assert len(parts) == len(notice.get_payload()) == 3, "three parts"
    assert b"\r" not in message and b"\0" not in message
    assert max(map(len, message.split(b"\n"))) <= 998, "a long line"
    text, status, returned = notice.get_payload()
    assert text.get_content_type() == "text/plain"
    text.get_content().encode(text.get_content_charset())
    assert status.get_content_type() in REPORTS and returned.get_content_type() in RETURNED
    assert max(message) <= label(notice), "the whole's label"
    for (_, body), part in zip(parts, notice.get_payload()):
        assert not body or max(body) <= label(part), "a part's label"


def sound(paths):
    for path in paths:
        try:
            check(path)
        except Exception as error:  # whatever the parser or the checks find
            print(f"{path}: {error!r}")


def status(path):
    notice = email.message_from_bytes(read(path), policy=email.policy.compat32)
    part = notice.get_payload()[1]
    blocks = part.get_payload()
    if part.get_content_type() != "message/delivery-status":  # Python knows the older type only
        body = part.as_bytes().decode().split("\n\n", 1)[1]
        blocks = [email.message_from_string(block) for block in body.strip().split("\n\n")]
    wanted = ("Original-Recipient", "Final-Recipient", "Action", "Status", "Remote-MTA",
              "Diagnostic-Code")
    for block in blocks[1:]:
        print(", ".join(" ".join(block[name].split()) for name in wanted if block[name]))


def returned(path):
    message = read(path)
    *_, (_, body) = raw_parts(message, email.message_from_bytes(message))
    sys.stdout.buffer.write(body)


COMMANDS = {"sound": lambda *paths: sound(paths), "status": status, "returned": returned}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
