#!/usr/bin/env python3
"""_pyspf.py PACKAGES COUNT [SEED]: random zones and evaluations, with the results of pyspf.

PACKAGES is the folder with pyspf's spf.py and py3dns; nothing goes to a network. Writes the lines
that _suite.py describes. Where pyspf is known to part from RFC 7208 its source is changed before
it is run, so that every other disagreement is seen: CORRECTIONS is the table of those places.
"""

import pathlib
import random
import re
import sys
import types

from _suite import put, put_owner

# (why, what pyspf has, what takes its place)
CORRECTIONS = [
    ("6.1: redirect= asks the DNS, and counts, only when it is followed",
     "                self.check_lookups()\n                redirect = ",
     "                redirect = "),
    ("6.1, as above",
     "                redirect_record = self.dns_spf(redirect)",
     "                self.check_lookups()\n"
     "                redirect_record = self.dns_spf(redirect)"),
    ("6: only redirect= and exp= may not be there twice",
     "            if mod in modifiers:",
     "            if mod in modifiers and mod in ('redirect', 'exp'):"),
    ("4.6.1: any macro letter may stand in an unknown modifier",
     "                self.expand(m[1])       # syntax error on invalid macro",
     "                self.expand(m[1], stripdot=False)"),
    ("4.6: an include of the same domain is an error only when it is evaluated",
     "                if arg == self.d:",
     "                if mech.lower().lstrip('+-~?') == 'include':"),
    ("5.5: an error of the DNS while names are validated is no match; and what a client's names\n"
     " cost is not the domain's (our choice: 4.6.4 can be read either way)",
     "        return [p for p in self.dns_ptr(self.i)[:max]\n"
     "            if self.cidrmatch(self.dns_a(p,self.A),cidrlength)]",
     "        return [p for p in quietly(self, self.dns_ptr, self.i)[:max]\n"
     "            if self.cidrmatch(quietly(self, self.dns_a, p, self.A),cidrlength)]"),
    ("5.4: exchanges are compared one after the other, up to the first that matches",
     "        mxnames.sort()\n"
     "        return [a for mx in mxnames[:max] for a in self.dns_a(mx[1],self.A)]",
     "        return Exchanges(mx[1] for mx in mxnames)"),
    ("5.4, as above",
     "    def cidrmatch(self, ipaddrs, n):",
     "    def cidrmatch(self, ipaddrs, n):\n"
     "        if isinstance(ipaddrs, Exchanges):\n"
     "            return any(self.cidrmatch(self.dns_a(name, self.A), n) for name in ipaddrs)\n"
     "        return self.cidrmatch_one(ipaddrs, n)\n\n"
     "    def cidrmatch_one(self, ipaddrs, n):"),
    ("4.6.4: the PTR query of %{p} is one of the ten",
     "                if letter == 'p':\n                    self.getp()",
     "                if letter == 'p':\n"
     "                    if stripdot and not self.p: self.check_lookups()\n"
     "                    self.getp()"),
    ("RFC 1034 3.6.2: a CNAME loop is an error, not an absence",
     "                if self.strict > 1: raise AmbiguityWarning('CNAME loop', cname)",
     "                raise TempError('CNAME loop', cname)"),
    ("4.6.4: one question is one void lookup, however many CNAMEs are on the way",
     "                result = self.dns(cname, qtype, cnames=cnames)",
     "                result = self.dns(cname, qtype, cnames=cnames, ignore_void=True)"),
    ("7.1: what is not of the grammar is malformed, unclosed braces and %{d0} among it",
     "        if s.find('%') >= 0:",
     "        if not MACRO_STRING.fullmatch(s): raise PermError('malformed macro', s)\n"
     "        if s.find('%') >= 0:"),
    ("7.3: labels are dropped until a name fits, not only one; and explanations are no names",
     "            if len(result) > 253:\n",
     "            while stripdot and len(result) > 253 and '.' in result:\n"),
]

MACRO_STRING = re.compile(r"(?:[ -$&-~]|%[%_-]|%\{[a-z](?:0*[1-9]\d*)?r?[-.+,/_=]*\})*", re.I)


class Exchanges(list):
    """Names of an MX answer, not looked up yet."""


def quietly(query, ask, *arguments):
    voids = query.void_lookups
    try:
        query.void_lookups = -1000
        return ask(*arguments)
    except query.TempError:
        return []
    finally:
        query.void_lookups = voids


def load_pyspf(packages):
    sys.path.insert(0, packages)
    source = (pathlib.Path(packages) / "spf.py").read_text(encoding="utf-8")
    for why, old, new in CORRECTIONS:
        if source.count(old) != 1:
            sys.exit(f"pyspf has changed: {why}")
        source = source.replace(old, new)
    module = types.ModuleType("spf")
    module.__file__ = "spf.py"
    module.__dict__.update(Exchanges=Exchanges, quietly=quietly, MACRO_STRING=MACRO_STRING)
    exec(compile(source, "spf.py", "exec"), module.__dict__)
    module.query.TempError = module.TempError
    return module


# ---- zones -------------------------------------------------------------------------------------

DOMAINS = [f"d{i}.example" for i in range(8)]
HOSTS = [f"h{i}.example" for i in range(6)] + ["h6.d0.example", "h7.d1.example"]
ABSENT = ["void1.example", "void2.example", "a..example", "x" * 64 + ".example"]
CLIENTS = ["192.0.2.1", "192.0.2.77", "198.51.100.3", "2001:db8::1", "2001:db8:1::9",
           "::ffff:192.0.2.1"]


def pick_domain(rand):
    spec = rand.choice(DOMAINS * 3 + HOSTS * 2 + (ABSENT if rand.noise else []))
    kind = rand.random()
    if kind < 0.06:
        return rand.choice(["%{l}.", "%{ir}.", "%{d1r}.", "%{o2}.", "%{h}.", "%{i}.%{v}.", "%{l1r-}.",
                            "%{L}.", "%%.", "%_.", "%-."]) + spec
    if kind < 0.10:
        return rand.choice(["%{d}", "%{o}", "%{h}", "%{d2}", "%{d1r}.example", "%{d99}", "%{dr.-}"])
    if kind < 0.13 and rand.noise:
        return rand.choice(["%{d0}", "%{x}.example", "%{d", "foo", "%", "a.1", "b.-c", "%{c}.example",
                            "c.d-", "", "e.example/24x", "%{d}.", "%{d}x", "a:b.example"])
    return spec + rand.choice(["", "", "", "."])


def pick_lengths(rand):
    lengths = [""] * 6 + ["/24", "/0", "/32", "//64", "/24//48", "//0", "/16//16"]
    return rand.choice(lengths + ["/33", "//129", "/08", "/", "/24/64"] * rand.noise)


def pick_term(rand):
    kind = rand.choices(["ip4", "ip6", "a", "mx", "include", "exists", "ptr", "modifier", "noise"],
                        [5, 3, 6, 5, 7, 3, 1, 1, rand.noise / 2])[0]
    qualifier = rand.choice(["", "", "", "+", "-", "~", "?"])
    if rand.random() < 0.1:
        kind = kind.upper() if kind not in ("modifier", "noise") else kind
    if kind.lower() == "ip4":
        return qualifier + kind + ":" + rand.choice(
            ["192.0.2.0/24", "192.0.2.1", "198.51.100.0/25", "10.0.0.0/8", "192.0.2.76/31",
             "0.0.0.0/0", "192.0.2.0/33", "192.0.2", "192.0.02.1"][:9 if rand.noise else 6])
    if kind.lower() == "ip6":
        return qualifier + kind + ":" + rand.choice(
            ["2001:db8::/32", "2001:db8::1", "2001:db8:1::/47", "::1", "::ffff:192.0.2.1",
             "2001:db8::/0", "2001:db8::/129", "::1::"][:8 if rand.noise else 6])
    if kind.lower() in ("a", "mx"):
        domain = ":" + pick_domain(rand) if rand.random() < 0.7 else ""
        return qualifier + kind + domain + pick_lengths(rand)
    if kind.lower() in ("include", "exists"):
        return qualifier + kind + ":" + pick_domain(rand)
    if kind.lower() == "ptr":
        return qualifier + kind + rand.choice(["", ":d0.example", ":example.", ":h0.example"])
    if kind == "modifier":
        return rand.choice(["x=y", "x=%{c}", "a.b-c_d=1:2/3", "op=auth", "default=fail"]
                           + ["x=%{z", "1x=y"] * rand.noise)
    return rand.choice(["foo", "-", "all:x", "all/8", "ip4", "include", "exists", "redirect:x.example",
                        "a,", "=x", "--all", "a::b.example", "ptr/24", "mx:", "\x80", "a\tb"])


def pick_record(rand):
    terms = [pick_term(rand) for _ in range(rand.choice([1, 2, 2, 3, 3, 4, 6, 12]))]
    if rand.random() < 0.75:
        terms.insert(len(terms) if rand.random() < 0.9 else rand.randrange(len(terms) + 1),
                     rand.choice(["-all", "~all", "?all", "all", "-ALL"]))
    if rand.random() < 0.25:
        terms.insert(rand.randrange(len(terms) + 1), "redirect=" + pick_domain(rand))
    if rand.random() < 0.2:
        terms.insert(rand.randrange(len(terms) + 1),
                     "exp=" + rand.choice(["exp0.example", "exp1.example", "void1.example",
                                           "exp2.example", "%{d}", "exp3.example"]))
    return rand.choice(["v=spf1"] * 9 + ["V=SPF1"]) + " " + rand.choice([" "] * 9 + ["  "]).join(terms)


def host_records(rand, client):
    kind = rand.random()
    if kind < 0.08 and rand.noise:
        return [("TIMEOUT", "")]
    if kind < 0.16:
        return [("CNAME", rand.choice(HOSTS + DOMAINS))]
    records = []
    for _ in range(rand.choice([0, 1, 1, 2, 3])):
        records.append(("A", rand.choice([client if ":" not in client else "192.0.2.1", "192.0.2.9",
                                          "198.51.100.200", "203.0.113.1"])))
    for _ in range(rand.choice([0, 0, 1, 2])):
        records.append(("AAAA", rand.choice(["2001:db8::1", "2001:db8:1::a", "2001:db8:ffff::1"])))
    return records


def make_zone(rand, client):
    zone = {}
    for host in HOSTS:
        if rand.random() < 0.9:
            zone[host] = host_records(rand, client)
    for domain in DOMAINS:
        records = host_records(rand, client)
        if not any(type_ in ("TIMEOUT", "CNAME") for type_, _ in records):
            for _ in range(rand.choice([0, 1, 1, 2, 3, 11 if rand.random() < 0.2 else 1])):
                name = "" if rand.random() < 0.04 else rand.choice(HOSTS + DOMAINS[:2] + ABSENT[:1])
                records.append(("MX", ["10", name]))
            if rand.random() < 0.95:
                records.append(("TXT", pick_record(rand)))
            if rand.random() < 0.06 * rand.noise:
                records.append(("TXT", rand.choice(["v=spf1 -all", "v=spf10 -all", "other", "\xff"])))
        zone[domain] = records
    zone["exp0.example"] = [("TXT", "%{i} may not, says %{d} to %{S} (%{c} %{v})")]
    zone["exp1.example"] = [("TXT", "one"), ("TXT", "two")]
    zone["exp2.example"] = [("TXT", "bad %{x}")]
    zone["exp3.example"] = [("TIMEOUT", "")]
    zone["1.2.0.192.in-addr.arpa"] = [("PTR", rand.choice(HOSTS + DOMAINS)) for _ in range(3)]
    zone["77.2.0.192.in-addr.arpa"] = [("TIMEOUT", "")]
    return zone


# ---- pyspf over a zone -------------------------------------------------------------------------

def answer(spf, zone, name, type_):
    """What DNSLookup yields: ((name, type), value)."""
    name = name.lower().rstrip(".")
    records = zone.get(name)
    if records is None:
        return
    found = [(t, v) for t, v in records if t in (type_, "CNAME")]
    if not found and ("TIMEOUT", "") in records:
        raise spf.TempError("DNS timeout")
    for t, v in found:
        if t == "MX":
            v = (int(v[0]), v[1])
        elif t == "TXT":
            v = (v.encode("latin-1"),)
        elif t == "AAAA":
            v = spf.ipaddress.ip_address(v).packed
        yield (name, t), v


def evaluate(spf, client, sender, helo):
    query = spf.query(i=client, s=sender, h=helo, receiver="receiver.example", strict=True)
    query.set_default_explanation("DEFAULT")
    result, _, explanation = query.check()
    return result, explanation


def main():
    spf = load_pyspf(sys.argv[1])
    rand = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 7208)
    for number in range(int(sys.argv[2])):
        client = rand.choice(CLIENTS)
        rand.noise = number % 3 == 0  # otherwise nearly all would be errors
        zone = make_zone(rand, client)
        spf.DNSLookup = lambda name, type_, *_: answer(spf, zone, name, type_)
        put("scenario", str(number))
        for name, records in zone.items():
            put_owner(name, records)
        for domain in DOMAINS:
            sender = rand.choice(["user", "strong-bad", "a.b-c", "x+y=z"]) + "@" + domain
            helo = rand.choice(HOSTS + ["localhost", "[192.0.2.1]"])
            result, explanation = evaluate(spf, client, sender, helo)
            fields = ["test", f"{number} {domain}", helo, client, sender, result]
            put(*fields, *(["=" + explanation] if result == "fail" else []))


if __name__ == "__main__":
    main()
