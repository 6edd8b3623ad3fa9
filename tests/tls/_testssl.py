#!/usr/bin/env python3
"""_testssl.py FINDINGS ENGINE: what testssl.sh has found, one by one: nothing may be worse than its
INFO, and what must have been looked at was."""

import json
import sys

# Of the machine that asks, or of what is no web server.
BESIDE = {"engine_problem", "service", "scanTime", "scanProblem"}
PROTOCOLS = {"SSLv2": "not offered", "SSLv3": "not offered", "TLS1": "not offered",
             "TLS1_1": "not offered", "TLS1_2": "offered"}
VULNERABILITIES = ("heartbleed", "CCS", "secure_renego", "secure_client_renego", "CRIME_TLS",
                   "POODLE_SSL", "SWEET32", "FREAK", "DROWN", "LOGJAM", "BEAST", "LUCKY13", "RC4")
# Without ECDHE and AEAD, or older than TLS 1.2; all others are served.
OLD = ("android_22", "android_236", "android_403", "android_422", "android_41", "android_43",
       "ie_6", "ie_7", "ie_8", "java_6", "java_7", "java6", "java7", "openssl_09")


def wrong_protocols(found, engine):
    expected = PROTOCOLS | {"TLS1_3": "offered with final" if engine.endswith("openssl") else "not"}
    for name, finding in expected.items():
        if not found[name]["finding"].startswith(finding):
            yield f"{name}: {found[name]['finding']}"


def wrong_vulnerabilities(found):
    for name in VULNERABILITIES:
        if name not in found:
            yield f"{name} was not looked at"


def wrong_clients(found):
    for name, finding in found.items():
        client = name.removeprefix("clientsimulation-")
        served = not finding["finding"].startswith("No connection")
        if client != name and not served and not client.startswith(OLD):
            yield f"{client} is not served"


def main():
    findings, engine = sys.argv[1:]
    with open(findings) as file:
        found = {finding["id"]: finding for finding in json.load(file)}
    wrong = [f"{name}: {finding['severity']}: {finding['finding']}"
             for name, finding in found.items()
             if finding["severity"] not in ("OK", "INFO") and name not in BESIDE]
    wrong += [*wrong_protocols(found, engine), *wrong_vulnerabilities(found),
              *wrong_clients(found)]
    print("\n".join(wrong))
    sys.exit(bool(wrong))


main()
