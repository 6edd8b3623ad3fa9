#!/usr/bin/env python3
"""_data.py SET: cases that others made, for data_test.c: a line for each, "kind name input wanted", the
last two in hex. Kinds:
  list    an address list; wanted are the addresses, LF between, or "none" if it is no list
  date    wanted are the seconds since the epoch, or "none"
  text    unstructured text; wanted is what it says
  fields  a message; wanted are the names of its header fields, LF between

SET is isemail, mailparser or messages (in TESTDATA), or python: what Python's email package thinks of
lists and dates made at random, always the same."""

import datetime
import email
import email.header
import email.policy
import email.utils
import json
import os
import pathlib
import random
import re
import sys
import xml.etree.ElementTree

DATA = pathlib.Path(os.environ.get("TESTDATA", "../shared/data"))


def show(kind, name, given, wanted):
    given, wanted = (s if isinstance(s, bytes) else s.encode() for s in (given, wanted))
    print(kind, re.sub(r"\s+", "_", name) or "-", "-" + given.hex(), "-" + wanted.hex())


# ---- isemail: what may stand in a header -------------------------------------------------------

def isemail():
    tests = xml.etree.ElementTree.parse(DATA / "addr-isemail/tests.xml").getroot()
    for test in tests.iter("test"):
        address = "".join(chr(ord(c) - 0x2400) if 0x2400 <= ord(c) < 0x2420 else c
                          for c in test.findtext("address") or "")
        good = test.findtext("category") != "ISEMAIL_ERR"
        show("address", test.get("id") + " " + test.findtext("diagnosis"), address,
             "good" if good else "bad")


# ---- mailparser's header values ----------------------------------------------------------------

def is_address(text):
    return text and not re.search(r"://|mailto:|^NO$", text)


def plain(address):
    """What stands there, without route and blanks."""
    return re.sub(r"\s", "", re.sub(r"^@[^:]*:", "", address))


def list_of(expected):
    if "List" in expected:
        return expected["List"]
    return [address for group in expected["Group"] for address in group["addresses"]]


def mailparser():
    folder = DATA / "mime-mailparser-headers"
    for case in json.loads((folder / "address.json").read_text()):
        addresses = [a["address"] for a in list_of(case["expected"]) if a["address"]]
        if all(map(is_address, addresses)):
            show("list", case["header"], case["header"], "\n".join(map(plain, addresses)))
    for case in json.loads((folder / "date.json").read_text()):
        show("date", case["header"], case["header"], seconds_of(case["expected"]))
    for case in json.loads((folder / "unstructured.json").read_text()):
        show("text", case["header"], case["header"], case["expected"])


def seconds_of(date):
    if not date:
        return "none"
    offset = datetime.timedelta(hours=date["tz_hour"], minutes=date["tz_minute"])
    zone = datetime.timezone(-offset if date["tz_before_gmt"] else offset)
    when = datetime.datetime(date["year"], date["month"], date["day"], date["hour"],
                             date["minute"], date["second"], tzinfo=zone)
    return str(int(when.timestamp()))


# ---- whole messages ----------------------------------------------------------------------------

def messages():
    files = [*(DATA / "mime-mime4j").glob("*.msg"), *(DATA / "mime-python").glob("*.txt")]
    for file in sorted(files):
        # Lines of ours end in LF or CRLF, not in CR.
        data = re.sub(rb"\r(?!\n)", b"", file.read_bytes())
        message = email.message_from_bytes(data)
        show("fields", file.name, data, "\n".join(message.keys()))


# ---- Python's opinion --------------------------------------------------------------------------

def some(*choices):
    return random.choice(choices)


def blanks():
    return some("", "", "", " ", "\n ", " (x)", "(a (b) \\) c) ", "\t")


def word():
    return some("a", "bob", "Q.X", "o'neil", "x+y", '"q s"', '"a"', '"\\"\\\\"', '"a@b"', "7")


def mailbox():
    domain = some("x.test", "a.b.c", "x . test", "[192.0.2.1]", "X-1.test")
    spec = blanks() + some(word(), "a . b") + blanks() + "@" + blanks() + domain + blanks()
    name = " ".join(word() for _ in range(random.randrange(4)))
    return some(spec, name + blanks() + "<" + spec + ">", "Joe Q. Public <" + spec + ">")


def element():
    members = ",".join(mailbox() for _ in range(random.randrange(3)))
    return some(mailbox(), mailbox(), mailbox(), "", blanks() + "group" + blanks() + ":" + members + ";")


def python_lists():
    for number in range(400):
        text = ",".join(element() for _ in range(random.randrange(1, 5)))
        try:
            header = email.policy.default.header_factory("To", text)
            if any(isinstance(d, email.errors.InvalidHeaderDefect) for d in header.defects):
                continue
            found = [a.addr_spec for a in header.addresses]
        except Exception: # it has bugs of its own
            continue
        show("list", f"list {number}", text, "\n".join(found))


def python_dates():
    for number in range(200):
        seconds = random.randrange(0, 4102444800)
        zone = datetime.timezone(datetime.timedelta(minutes=random.randrange(-720, 841)))
        when = datetime.datetime.fromtimestamp(seconds, zone)
        text = some(email.utils.format_datetime(when),
                    when.strftime("%d %b %Y %H:%M:%S %z (x)"),
                    when.astimezone(datetime.timezone.utc).strftime("%d %b %Y %H:%M:%S GMT"))
        show("date", f"date {number}", text, str(seconds))


def python_texts():
    letters = "ab =?_\tü€日本 "
    for number in range(200):
        text = " ".join("".join(random.choices(letters, k=random.randrange(40))).split())
        charset = some("utf-8", "iso-8859-15" if not re.search("日|本", text) else "iso-2022-jp",
                       "utf-8")
        try:
            folded = email.header.Header(text, charset).encode()
        except UnicodeEncodeError:
            continue
        show("text", f"text {number}", folded, text)


def python():
    random.seed(5322)
    python_lists()
    python_dates()
    python_texts()


globals()[sys.argv[1]]()
