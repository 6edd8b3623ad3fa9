#!/usr/bin/env python3
"""_suite.py FILE: turns an SPF test suite into lines that tests/spf/cases.h reads.

FILE (or FILE.gz) is several YAML documents of the form that the suites of RFC 4408 and RFC 7208
have; what is read is the part of YAML that they use. Output, fields separated by tabs, with all
but plain characters as %XX:

  scenario  DESCRIPTION                       a new zone begins
  owner     NAME                              the name is there
  record    NAME  TYPE  DATA [PREFERENCE]
  timeout   NAME                              types without a record at NAME time out
  test      ID  HELO  HOST  MAILFROM  RESULT,RESULT...  [=EXPLANATION]
"""

import gzip
import re
import sys

ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "\\": "\\", '"': '"', "/": "/"}
KEY = r'(?:"(?:[^"\\]|\\.)*"|\'[^\']*\'|[^\s#\'"-][^#]*?)'


def read_text(path):
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        with gzip.open(path + ".gz") as file:
            data = file.read()
    return data.decode()


def unescape(match):
    text = match.group(1)
    return chr(int(text[1:], 16)) if text[0] == "x" else ESCAPES[text]


def scalar(text):
    """The value of a plain or quoted scalar; a character stands for a byte."""
    text = text.strip()
    if text[:1] == '"':
        return re.sub(r"\\(x[0-9a-fA-F]{2}|.)", unescape, text[1:-1], flags=re.S)
    if text[:1] == "'":
        return text[1:-1].replace("''", "'")
    return text.encode().decode("latin-1")


def value(text):
    """A scalar, or a list of them in brackets."""
    text = text.strip()
    if text[:1] != "[":
        return scalar(text)
    items = re.findall(r'"(?:[^"\\]|\\.)*"|\'(?:[^\']|\'\')*\'|[^,\s][^,]*', text[1:-1])
    return [scalar(item) for item in items]


def logical_lines(document):
    """(indent, text): comments dropped, scalars that go on over several lines folded into one."""
    lines = []
    block = None
    for line in document.splitlines():
        indent = len(line) - len(line.lstrip(" "))
        if not line.strip():
            continue
        if block is not None and indent > block:
            lines[-1][1] += " " + line.strip()
            continue
        block = None
        if line.lstrip().startswith("#"):
            continue
        text = line.strip()
        is_item = re.match(rf"(- )?{KEY}:(\s|$)", text) or text.startswith("- ")
        if not is_item:
            lines[-1][1] += " " + text
            continue
        if re.search(r":\s+[>|]-?$", text):
            block = indent
            text = re.sub(r"\s+[>|]-?$", " ", text)
        lines.append([indent, text])
    return lines


def split_key(text):
    match = re.match(rf"({KEY}):(?:\s+(.*))?$", text, re.S)
    return scalar(match.group(1)), match.group(2) or ""


def parse(document):
    """The description, the tests and the zone of one document."""
    scenario = {"description": "", "tests": {}, "zonedata": {}}
    section = name = None
    for indent, text in logical_lines(document):
        if indent == 0:
            section, rest = split_key(text)
            scenario.setdefault(section, rest)
            if section == "description":
                scenario[section] = scalar(rest)
        elif section == "tests" and indent == 2:
            name = split_key(text)[0]
            scenario["tests"][name] = {}
        elif section == "tests":
            key, rest = split_key(text)
            scenario["tests"][name][key] = value(rest)
        elif section == "zonedata" and not text.startswith("- "):
            # A colon may stand in an owner's name.
            name = scalar(re.match(r"(.*?):\s*(\{\})?$", text).group(1))
            scenario["zonedata"][name] = []
        elif section == "zonedata":
            item = text[2:].strip()
            entry = (item, "") if item == "TIMEOUT" else split_key(item)
            scenario["zonedata"][name].append((entry[0], value(entry[1])))
    return scenario


def field(text):
    return "".join(c if re.match(r"[!-$&-~ ]", c) else f"%{ord(c):02X}" for c in text)


def put(*fields):
    print("\t".join(field(text) for text in fields))


def put_owner(name, entries):
    put("owner", name)
    has_txt = any(type_ == "TXT" for type_, _ in entries)
    for type_, data in entries:
        if type_ == "TIMEOUT":
            put("timeout", name)
            continue
        if type_ == "SPF":
            if has_txt:
                continue
            type_ = "TXT"
        if type_ == "TXT" and data == "NONE":
            continue
        if type_ == "MX":
            put("record", name, type_, data[1] if len(data) > 1 else "", data[0])
        else:
            put("record", name, type_, "".join(data))


def put_test(name, test):
    results = test["result"] if isinstance(test["result"], list) else [test["result"]]
    fields = [name, test.get("helo", ""), test["host"], test.get("mailfrom", ""),
              ",".join(results)]
    if "explanation" in test:
        fields.append("=" + test["explanation"])
    put("test", *fields)


def main():
    for document in re.split(r"(?m)^---.*\n", read_text(sys.argv[1])):
        scenario = parse(document)
        if not scenario["tests"]:
            continue
        put("scenario", scenario["description"])
        for name, entries in scenario["zonedata"].items():
            put_owner(name, entries)
        for name, test in scenario["tests"].items():
            put_test(name, test)


if __name__ == "__main__":
    main()
