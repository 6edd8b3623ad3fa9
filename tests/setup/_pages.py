#!/usr/bin/env python3
"""_pages.py CHECK: do the man pages say what is so? Says what they do not, a line each; 1 if there is any.

  options   each program's -h, SYNOPSIS and OPTIONS have the same options
  sections  each program's page has the sections that all have
  variables each program's page names the variables that its own source reads
  links     what a page refers to and is ours is there, in that section
  map       chainmail(7) has every page, and no other
  settings  chainmail(7) has every setting of lib/conf, with its default
"""

import pathlib
import re
import shutil
import subprocess
import sys

PAGES = {path.stem: path for path in sorted(pathlib.Path("cmd").glob("*/*.[1-8]"))}
MAP = PAGES["chainmail"].read_text()
SYNONYMS = {"mail-inject": {"o", "r"}}  # sendmail's other ways to say the same
MACRO = re.compile(r"[A-Z][a-z]")


def programs():
    return {name: path.read_text() for name, path in PAGES.items() if path.suffix in (".1", ".8")}


def section(text, name):
    found = re.search(rf"^\.Sh {name}\n(.*?)(?=^\.Sh |\Z)", text, re.M | re.S)
    return found[1] if found else ""


# ---- options -----------------------------------------------------------------------------------

def flags(lines):
    """The letters behind Fl in lines of mdoc."""
    found = set()
    for line in lines:
        behind = False
        for word in line.lstrip(".").split():
            if word == "Fl":
                behind = True
            elif MACRO.fullmatch(word):
                behind = False
            elif behind and word.isalnum():
                found |= set(word)
    return found


def usage(name):
    text = subprocess.run([name, "-h"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60).stdout
    return set("".join(re.findall(r"(?<![\w-])-(\w+)", text.partition("usage:")[2])))


def items(text):
    return flags(re.findall(r"^\.It Fl .*", text, re.M))


def explained(text):
    """By the page, or by one that its OPTIONS refer to."""
    own = section(text, "OPTIONS")
    others = [PAGES[other].read_text() for other, _ in references(own) if other in PAGES]
    return items(text).union(flags(own.splitlines()), *map(items, others))


def options():
    for name, text in programs().items():
        if not shutil.which(name):
            continue  # its library is not here
        said = usage(name) | {"h"}
        shown = flags(section(text, "SYNOPSIS").splitlines()) | {"h"}
        if said != shown:
            yield f"{name}: -h has more than SYNOPSIS: {sorted(said - shown)}, less: {sorted(shown - said)}"
        if silent := said - explained(text) - {"h"}:
            yield f"{name}: not explained: {sorted(silent)}"
        if unknown := items(section(text, "OPTIONS")) - said - SYNONYMS.get(name, set()):
            yield f"{name}: -h does not have: {sorted(unknown)}"


# ---- sections and links ------------------------------------------------------------------------

def sections():
    for name, text in programs().items():
        for wanted in ("NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "EXAMPLES", "SEE ALSO"):
            if not section(text, wanted):
                yield f"{name}: no {wanted}"


def references(text):
    return re.findall(r"\bXr ([\w-]+) (\d)", text)


def links():
    for name, path in PAGES.items():
        for other, number in references(path.read_text()):
            if other in PAGES and PAGES[other].suffix != f".{number}":
                yield f"{name}: {other}({number}) is {PAGES[other].name}"


# ---- variables ---------------------------------------------------------------------------------

READING = {  # calls, and what they read where no name stands in them
    r'\bgetenv\("(\w+)"\)': None,
    r"\bchain_next\(": "PATH",
    r"\bchain_(?:accept|reject|defer|fact)\(": "ERROR_FD",
}


def sources(name):
    """A program's own, and what is shared of which it, or a header that it has, includes the header."""
    room = PAGES[name].parent
    own = [*room.glob(f"{name}.c"), *room.glob(f"{name}/*.c")]
    shared = [(path.parent / found).resolve() for path in own
              for found in re.findall(r'#include "((?:\.\./)*shared/\w+\.h)"', path.read_text())]
    for header in shared:
        shared += [header.parent / found for found in re.findall(r'#include "(\w+\.h)"', header.read_text())]
    return [*own, *(header.with_suffix(".c") for header in set(shared))]


def variables():
    for name, text in programs().items():
        code = "".join(path.read_text() for path in sources(name))
        read = {found if fixed is None else fixed
                for call, fixed in READING.items() for found in re.findall(call, code)}
        if untold := {one for one in read if not re.search(rf"\b{one}\b", section(text, "ENVIRONMENT"))}:
            yield f"{name}: ENVIRONMENT does not name {sorted(untold)}"


# ---- the map -----------------------------------------------------------------------------------

def map_of_pages():
    listed = {other for other, _ in references(section(MAP, "PROGRAMS"))}
    for name in sorted(listed ^ (set(PAGES) - {"chainmail"})):
        yield f"chainmail(7), PROGRAMS: {name}"


def presets():
    """Names and defaults in conf_table."""
    source = pathlib.Path("lib/conf/conf.c").read_text()
    table = re.search(r"conf_table\[CONF_COUNT\] = \{\n(.*?)^\};", source, re.M | re.S)[1]
    found = re.findall(r'\[CONF_\w+\] =\s*\{"([\w-]+)",\s*(NULL|"[^"]*")', table)
    if len(found) != table.count("[CONF_"):
        raise ValueError("conf_table is not understood")
    return found


def settings():
    listed = section(MAP, "SETTINGS").splitlines()
    wanted = []
    for name, preset in presets():
        value = preset.strip('"') if preset != "NULL" else None
        wanted.append(f".It Pa {name}" + ("" if value is None else f" Pq {value or 'empty'}"))
    for line in wanted:
        if line not in listed:
            yield f"chainmail(7), SETTINGS: there is no {line}"
    for line in listed:
        if line.startswith(".It ") and line not in wanted:
            yield f"chainmail(7), SETTINGS: no setting of ours: {line}"


CHECKS = {"options": options, "sections": sections, "variables": variables, "links": links,
          "map": map_of_pages, "settings": settings}
wrong = list(CHECKS[sys.argv[1]]())
print(*wrong, sep="\n", end="\n" if wrong else "")
sys.exit(1 if wrong else 0)
