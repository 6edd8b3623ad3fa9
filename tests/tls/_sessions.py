#!/usr/bin/env python3
"""_sessions.py SCENARIO [ARGUMENT...]: TLS sessions with smtp-front behind one of the engines, and
what becomes of them, and of others, when something else goes wrong. See _tls.sh for the host."""

import os
import pathlib
import re
import signal
import ssl
import subprocess
import threading

from _chain import Client, Log, check, check_clean, children, main, messages_of, wait_until
from _check import is_alive

ENGINE = os.environ["ENGINE"]
KEYD = int(os.environ["KEYD_PID"] or 0)
NAME = "mx.example.test"
LOG = Log("smtp.log")
LOG.read()  # what was there before is not ours


def context(**settings):
    made = ssl.create_default_context(cafile=os.environ["TRUSTED"])
    for name, value in settings.items():
        setattr(made, name, value)
    return made


class Secure(Client):
    """A client with TLS from the start."""

    def __init__(self, name=NAME, session=None, settings=None, **options):
        super().__init__(**options)
        self.socket = (settings or context()).wrap_socket(self.socket, server_hostname=name,
                                                          session=session)

    def pid(self):
        found = super().pid()
        check(is_alive(found), "the front is not there")
        return found

    def helper(self):
        """The process that speaks TLS for it."""
        kin = [pid for pid, state in children(self.pid()) if state != "Z"]
        check(len(kin) == 1, "the front's children:", kin)
        return kin[0]

    def is_served(self):
        self.say(b"NOOP", b"250 ")
        return self


def expect_log(regex):
    seen = [b""]

    def has():
        seen[0] += LOG.read()
        return re.search(regex, seen[0])
    return wait_until(has, "in the log:", regex)


def is_refused():
    """True if no handshake can be done now."""
    try:
        Secure().close()
    except (ssl.SSLError, OSError):
        return True
    return False


# ---- tls-keyd goes away ------------------------------------------------------------------------

def keyd_away():
    """Sessions that have begun go on; new ones fail, and the log says why."""
    before = Secure().greet()
    os.kill(KEYD, signal.SIGTERM)
    wait_until(lambda: not is_alive(KEYD), "the end of tls-keyd")
    check(is_refused(), "a handshake without tls-keyd")
    expect_log(rb"event=handshake verdict=failed reason=\S+ .*alert_sent=internal_error")
    before.deliver("keyd-away-" + ENGINE, b"Subject: before\n\nstill here\n")
    before.quit()


def keyd_back():
    Secure().greet().quit()


# ---- renewal -----------------------------------------------------------------------------------

def fingerprint(client):
    return client.socket.getpeercert(binary_form=True)


def renewal(renewed, place):
    """A certificate that is replaced is shown to those who come after; sessions go on, those kept
    for later too."""
    settings = context(maximum_version=ssl.TLSVersion.TLSv1_2)
    before = Secure(settings=settings).greet()
    old = fingerprint(before)
    os.rename(renewed, place)
    settings.load_verify_locations(place)
    new = ssl.PEM_cert_to_DER_cert(subprocess.check_output(
        ["openssl", "x509", "-in", place], text=True))

    def is_shown():
        client = Secure(settings=settings).greet()
        shown = fingerprint(client)
        client.quit()
        check(shown in (old, new), "neither the old nor the new certificate")
        return shown == new
    wait_until(is_shown, "the new certificate")
    before.is_served()
    resumed = Secure(settings=settings, session=before.socket.session).greet()
    check(resumed.socket.session_reused, "the session of before the renewal is lost")
    resumed.quit()
    before.quit()


# ---- a helper dies -----------------------------------------------------------------------------

def helper_killed():
    """That session ends, with both of its processes, and no other."""
    victim, other = Secure().greet(), Secure().greet()
    front, helper = victim.pid(), victim.helper()
    os.kill(helper, signal.SIGKILL)
    try:
        while victim.read_more():
            pass
    except (ssl.SSLError, OSError):
        pass  # without a close_notify: nobody was there to say it
    wait_until(lambda: not is_alive(front), "the end of the front")
    other.is_served().quit()
    Secure().greet().quit()
    check_clean()


# ---- many at once ------------------------------------------------------------------------------

HELLO = bytes.fromhex("16030100c8010000c40303")  # the beginning of one


def slow(count, limit):
    """Clients of one host that say nothing, or half a ClientHello, are held to its limit, and are
    gone when their time is up; others are served meanwhile."""
    count, limit = int(count), int(limit)
    crowd = [Client(source="127.0.0.2") for _ in range(count)]
    for number, client in enumerate(crowd):
        if number % 2:
            client.send_some(HELLO)
    for number in range(5):
        bystander = Secure().greet()
        bystander.deliver(f"slow-{ENGINE}", b"Subject: %d\n\nx\n" % number)
        bystander.quit()
    for client in crowd:
        while client.read_more():
            pass
        client.close()
    refused = late = 0
    while refused + late < count:  # each has a line, when it is gone or soon after
        text = wait_until(LOG.read, "all of", count, ":", refused, "were refused and", late, "too late")
        refused += len(re.findall(rb"event=refuse[^\n]*remote=127.0.0.2 ", text))
        late += len(re.findall(rb'verdict=failed reason="timed out"', text))
    check(refused > 0 and late >= limit, refused, "were refused,", late, "were too late")
    check(refused + late == count, refused, "and", late, "are more than", count)
    messages_of(f"slow-{ENGINE}", 5)
    check_clean()


def flood(count):
    """Many at the same time get their handshakes, all of them."""
    settings, done, wrong = context(), [], []
    begin = threading.Barrier(int(count))

    def one():
        begin.wait()
        try:
            done.append(Secure(settings=settings).greet().quit())
        except Exception as error:  # told below
            wrong.append(repr(error))
    crowd = [threading.Thread(target=one) for _ in range(int(count))]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    check(len(done) == int(count), len(wrong), "failed:", wrong[:3])
    check_clean()


# ---- TLS that is required ----------------------------------------------------------------------

def required():
    """Before it nothing is said but hello, and after it hello must be said again."""
    for command in (b"HELO client.example", b"MAIL FROM:<a@client.example>", b"DATA", b"RSET",
                    b"RCPT TO:<b@example.test>", b"VRFY b", b"HELP", b"AUTH PLAIN", b"BDAT 0 LAST"):
        client = Client().greet()
        client.say(command, b"530 5.7.0")
        client.quit()
    client = Client().greet()
    client.say(b"NOOP", b"250 ")
    client.say(b"EHLO client.example", b"250")
    client.say(b"STARTTLS", b"220 ")
    client.socket = context().wrap_socket(client.socket, server_hostname=NAME)
    client.say(b"MAIL FROM:<a@client.example>", b"503 ")
    client.say(b"EHLO client.example", b"250")
    client.say(b"STARTTLS", b"503 ")
    client.deliver("required-" + ENGINE, b"Subject: x\n\nx\n")
    client.quit()
    messages_of("required-" + ENGINE, 1)


# ---- where keys are ----------------------------------------------------------------------------

def hexadecimal(key, part):
    text = subprocess.check_output(["openssl", "pkey", "-in", key, "-noout", "-text"], text=True)
    found = re.search(part + r":\n((?:    [0-9a-f:]+\n)+)", text)[1]
    return bytes.fromhex(re.sub(r"[\s:]", "", found)).lstrip(b"\0")


def needles(*keys):
    """What would betray a private key: its secret number in either byte order, its text."""
    for key in keys:
        text = pathlib.Path(key).read_text()
        kind = "priv" if "ecdsa" in key else "prime1"
        secret = hexadecimal(key, kind)
        yield secret[-24:]
        yield secret[::-1][:24]
        body = re.search(r"BEGIN PRIVATE KEY-----\n(.*?)-----END", text, re.S)[1]
        yield body[body.find("\n") // 2:][:40].strip().encode() if kind == "priv" else \
            body.splitlines()[4].encode()


def memory_of(pid):
    """All that a process has, piece by piece."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            begin, end = (int(number, 16) for number in line.split()[0].split("-"))
            if "r" not in line.split()[1] or "[v" in line:
                continue
            memory.seek(begin)
            try:
                yield memory.read(end - begin)
            except OSError:
                pass  # of a device


def has_key(pid, wanted):
    return any(needle in piece for piece in memory_of(pid) for needle in wanted)


def key_holders(*keys):
    """Names of the processes that have a key in their memory, while sessions are served."""
    wanted = list(needles(*keys))
    rsa = context(maximum_version=ssl.TLSVersion.TLSv1_2)
    rsa.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")
    sessions = [Secure().greet(), Secure(settings=rsa).greet()]
    pids = {"tcp-accept": [int(os.environ["SMTP_PID"])],
            "front": [client.pid() for client in sessions],
            "helper": [client.helper() for client in sessions],
            "tls-keyd": [KEYD] + [pid for pid, _ in children(KEYD)]}
    holders = {name for name, all_of in pids.items() if any(has_key(pid, wanted) for pid in all_of)}
    for client in sessions:
        client.is_served().quit()
    return holders


def keys_are_in_keyd_alone(*keys):
    for key in keys:
        holders = key_holders(key)
        check(holders == {"tls-keyd"}, key, "is in the memory of", holders)


def keys_are_found(*keys):
    """With keys of its own the helper has them while it shakes hands, and this test sees it; no
    longer."""
    for key in keys:
        wanted, client = list(needles(key)), Client()
        front = client.pid()
        helper = wait_until(lambda pid=front: [kin for kin, _ in children(pid)], "a helper")[0]
        wait_until(lambda pid=helper, secret=wanted: has_key(pid, secret), key, "in the helper")
        check(not has_key(front, wanted), key, "is in the front")
        client.close()
        holders = key_holders(key)
        check(holders <= {"tls-keyd"}, key, "is in the memory of", holders)


main(globals())
