"""A front of sasl-auth(8), played by a script: _sasl.py SOCKET SCENARIO [ARGUMENT...] runs one of the
functions below against the service at SOCKET. What goes wrong is an exception, and the exit code 1.

SCRAM, CRAM-MD5 and APOP are computed here with Python's hashlib and hmac: somebody else's opinion.
"""

import base64
import hashlib
import hmac
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

from _check import PATIENCE, check

PATH, SCENARIO, *ARGUMENTS = sys.argv[1:]
END_POINT = bytes(range(32))
CERTIFICATE = "SHA256:" + "ab" * 32
CLEAR = {"SERVICE": "smtp", "SESSION_ID": "0gmnj7qkzp5b2s1x", "REMOTEIP": "192.0.2.7", "REMOTEPORT": "4711"}
TLS = {**CLEAR, "SSL_PROTOCOL": "TLSv1.3"}
BOUND = {**TLS, "SSL_SERVER_END_POINT": END_POINT.hex()}
KNOWN = {**TLS, "SSL_PEER_CERT_HASH": CERTIFICATE}


def encode(data):
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


class Front:
    def __init__(self, facts=None):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(PATH)
        self.file = self.socket.makefile("rb")
        self.send("".join(f"{name}={value}\n" for name, value in (TLS if facts is None else facts).items()) + "\n")

    def send(self, text):
        self.socket.sendall(text.encode() if isinstance(text, str) else text)

    def read(self):
        return self.file.readline().decode().rstrip("\n")

    def say(self, line):
        self.send(line + "\n")
        return self.read()

    def expect(self, line, *beginnings):
        for answer in [self.say(line), *(self.read() for _ in beginnings[1:])]:
            check(answer.startswith(beginnings[0]), "said", line[:60], "wanted", beginnings[0], "got", answer)
            beginnings = beginnings[1:]

    def challenge(self, line):
        """Says a line and takes the challenge that must come, decoded."""
        answer = self.say(line)
        check(answer.startswith("+"), "said", line[:60], "wanted a challenge, got", answer)
        return base64.b64decode(answer[2:], validate=True)

    def facts(self, line):
        """Says a line and takes the record that must come."""
        answer = self.say(line)
        check(answer == "OK", "said", line[:60], "wanted success, got", answer)
        return dict(line.split("=", 1) for line in iter(self.read, ""))

    def expect_end(self):
        check(self.file.read() == b"", "the service goes on")


def plain(name="alice", password="secret", authzid=""):
    return encode(f"{authzid}\0{name}\0{password}")


# ---- checkers ----------------------------------------------------------------------------------

def logs_in():
    """Every way to say a name and a password; on one connection, between failures."""
    front = Front()
    facts = front.facts("AUTH PLAIN " + plain())
    check(facts["AUTH_USER"] == "alice" and facts["AUTH_METHOD"] == "PLAIN", facts)
    front.expect("AUTH PLAIN " + plain(password="wrong"), "NO failed ")
    check(front.challenge("AUTH PLAIN") == b"")
    check(front.facts(plain())["AUTH_USER"] == "alice")
    check(front.challenge("auth LOGIN".replace("auth", "AUTH")) == b"Username:")
    check(front.challenge(encode("alice")) == b"Password:")
    check(front.facts(encode("secret"))["AUTH_METHOD"] == "LOGIN")
    check(front.challenge("AUTH login " + encode("alice")) == b"Password:")
    front.expect(encode("wrong"), "NO failed ")
    check(front.challenge("AUTH LOGIN " + encode("alice")) == b"Password:")
    front.expect("*", "NO cancelled ")
    check(front.facts("AUTH PLAIN " + plain())["AUTH_USER"] == "alice")


def record(**want):
    """What the checker says of its user comes with the success."""
    facts = Front().facts("AUTH PLAIN " + plain())
    for name, value in [argument.split("=", 1) for argument in ARGUMENTS]:
        check(facts.get(name, "") == value, name, "is", facts.get(name), "not", value)


def results():
    """RESULT [RESULT]: for the right password, and a wrong one."""
    front = Front()
    for password, want in zip(("secret", "wrong"), ARGUMENTS):
        answer = front.say("AUTH PLAIN " + plain(password=password))
        check(answer.startswith(want), "wanted", want, "got", answer)
        if answer == "OK":
            list(iter(front.read, ""))


def environment():
    """What the checker (which puts all it can see into the file ARGUMENT) is started with."""
    facts = {**BOUND, "SSL_PEER_CERT_SUBJECT": "CN=alice", "LOCALPORT": "587", "LD_PRELOAD": "x", "FUTURE": "1"}
    front = Front(facts)
    front.expect("AUTH PLAIN " + plain(), "NO failed ")
    text = pathlib.Path(ARGUMENTS[0]).read_text()
    for want in ("SASL_MECHANISM=PLAIN", "SASL_SERVICE=smtp", "SESSION_ID=0gmnj7qkzp5b2s1x", "PROTO=TCP",
                 "TCPREMOTEIP=192.0.2.7", "TCPREMOTEPORT=4711", "TCPLOCALPORT=587", "SSL_PROTOCOL=TLSv1.3",
                 "SSL_SERVER_END_POINT=" + END_POINT.hex(), "SSL_PEER_CERT_SUBJECT=CN=alice", "SASL_OK_FD=4",
                 "KEPT=1"):
        check(want in text.splitlines(), want, "is missing")
    for name in ("LD_PRELOAD", "FUTURE", "USER", "HOME", "UID", "GID", "AUTH_SENDERS", "SASL_AUTHZID", "IPCREMOTEEUID",
                 "TCPREMOTEHOST"):
        check(not re.search(f"^{name}=", text, re.M), name, "is there")
    check("fds 0 1 2 3 4" in text.splitlines(), re.findall("^fds.*", text, re.M))
    check("input 0" in text.splitlines(), re.findall("^input.*", text, re.M))


def no_secrets():
    """While a checker (which hangs) has a password, and after, nobody can read it elsewhere."""
    secret = "Xq7" + os.urandom(6).hex()
    front = Front()
    front.send("AUTH PLAIN " + plain(password=secret) + "\n")
    pid = int(wait_for(lambda: pathlib.Path(ARGUMENTS[0]).read_text()))
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ", "comm"):
            try:
                text = (process / name).read_bytes()
            except OSError:
                continue
            for form in (secret, plain(password=secret)):
                check(form.encode() not in text, process, name)
    os.kill(pid, signal.SIGKILL)
    check(front.read().startswith("NO temporary "))
    check(secret not in pathlib.Path(ARGUMENTS[1]).read_text(), "it is in the log")


def wait_for(function):
    end = time.monotonic() + PATIENCE
    while True:
        try:
            if value := function():
                return value
        except OSError:
            pass
        check(time.monotonic() < end, "it never came")
        time.sleep(0.01)


def identities():
    """authzid: none, the name, another."""
    front = Front()
    front.facts("AUTH PLAIN " + plain(authzid="Alice"))
    front.expect("AUTH PLAIN " + plain(authzid="postmaster"), "NO failed ")
    front.expect("AUTH PLAIN " + plain(authzid="postmaster", password="wrong"), "NO failed ")
    right = front.say("AUTH PLAIN " + plain(authzid="postmaster"))
    wrong = front.say("AUTH PLAIN " + plain(authzid="postmaster", password="wrong"))
    check(right == wrong, "the answers differ:", right, wrong)


def digests():
    """CRAM-MD5 and APOP, for a checker that knows that alice's password is secret."""
    front = Front(CLEAR)
    for password, want in (("secret", "OK"), ("wrong", "NO failed ")):
        challenge = front.challenge("AUTH CRAM-MD5")
        check(re.fullmatch(rb"<[^<>@ ]+@mx\.example\.test>", challenge), challenge)
        digest = hmac.new(password.encode(), challenge, "md5").hexdigest()
        answer = front.say(encode(f"alice {digest}"))
        check(answer.startswith(want), password, answer)
        if answer == "OK":
            list(iter(front.read, ""))
    check(front.challenge("AUTH CRAM-MD5") != challenge, "the challenge is an old one")
    front.expect(encode(f"alice {digest}"), "NO failed ")
    stamp = "<1896.697170952@dbc.mtview.ca.us>"
    good, bad = (hashlib.md5((stamp + word).encode()).hexdigest() for word in ("secret", "wrong"))
    front.expect(f"APOP {stamp} alice {bad}", "NO failed ")
    check(front.facts(f"APOP {stamp} alice {good}")["AUTH_METHOD"] == "APOP")
    front.expect(f"APOP {stamp} alice {good}00", "NO malformed ")


def tokens():
    front = Front()
    bearer = "n,a=alice@example.com,\x01host=mx\x01auth=Bearer %s\x01\x01"
    xoauth = "user=alice@example.com\x01auth=Bearer %s\x01\x01"
    long = "t" * 7000
    for mechanism, form, consent in (("OAUTHBEARER", bearer, "\x01"), ("XOAUTH2", xoauth, "")):
        for token in ("good", long):
            facts = front.facts(f"AUTH {mechanism} {encode(form % token)}")
            check(facts["AUTH_USER"] == "alice@example.com" and facts["AUTH_METHOD"] == mechanism, facts)
        error = front.challenge(f"AUTH {mechanism} {encode(form % 'bad')}")
        check(b'"status":' in error, error)
        front.expect(encode(consent), "NO failed ")
        front.expect(f"AUTH {mechanism} {encode(form % ('t' * 8192))}", "NO failed ")


def token_guesses():
    """Who is told that a token is wrong has guessed, whatever is said to that, or nothing."""
    for mechanism, form in (("OAUTHBEARER", "n,a=alice,\x01auth=Bearer %s\x01\x01"),
                            ("XOAUTH2", "user=alice\x01auth=Bearer %s\x01\x01")):
        for answer in ("*", "!", encode("more"), "", None):
            front = Front()
            front.challenge(f"AUTH {mechanism} {encode(form % 'bad')}")
            if answer is not None:
                front.expect(answer, "NO failed ")
    front = Front({**TLS, "REMOTEIP": "192.0.2.8"})
    front.challenge("AUTH XOAUTH2 " + encode("user=alice\x01auth=\x01\x01"))
    front.expect("*", "NO cancelled ")
    Front().expect("AUTH OAUTHBEARER", "NO throttled ")


# ---- SCRAM ---------------------------------------------------------------------------------------

class Scram:
    """A client by RFC 5802, without SASLprep."""

    def __init__(self, name, password, mechanism="SCRAM-SHA-256", header="n,,", binding=b""):
        self.hash = "sha1" if "SHA-1" in mechanism else "sha256"
        self.password, self.header, self.binding, self.mechanism = password, header, binding, mechanism
        self.nonce = os.urandom(12).hex()
        self.bare = f"n={name},r={self.nonce}"

    def sign(self, key, data):
        return hmac.new(key, data, self.hash).digest()

    def first(self):
        return f"AUTH {self.mechanism} " + encode(self.header + self.bare)

    def final(self, challenge):
        self.challenge = challenge.decode()
        nonce, salt, count = re.fullmatch(r"r=([^,]+),s=([^,]+),i=(\d+)", self.challenge).groups()
        check(nonce.startswith(self.nonce) and len(nonce) >= len(self.nonce) + 18, nonce)
        self.salt, self.count = base64.b64decode(salt, validate=True), int(count)
        salted = hashlib.pbkdf2_hmac(self.hash, self.password.encode(), self.salt, self.count)
        key = self.sign(salted, b"Client Key")
        unproven = f"c={encode(self.header.encode() + self.binding)},r={nonce}"
        message = f"{self.bare},{self.challenge},{unproven}".encode()
        signature = self.sign(hashlib.new(self.hash, key).digest(), message)
        proof = bytes(a ^ b for a, b in zip(key, signature))
        self.server_signature = self.sign(self.sign(salted, b"Server Key"), message)
        return encode(f"{unproven},p={encode(proof)}")

    def verify(self, challenge):
        check(challenge == b"v=" + encode(self.server_signature).encode(), "the server has not proven itself")

    def login(self, front):
        """The record, or the answer that refuses."""
        final = self.final(front.challenge(self.first()))
        answer = front.say(final)
        if not answer.startswith("+"):
            return answer
        self.verify(base64.b64decode(answer[2:]))
        return front.facts("")


def verifier(password, mechanism, count=4096, salt=b"0123456789abcdef"):
    """RFC 5803's form."""
    name = "sha1" if "SHA-1" in mechanism else "sha256"
    salted = hashlib.pbkdf2_hmac(name, password.encode(), salt, count)
    key = hmac.new(salted, b"Client Key", name).digest()
    server = hmac.new(salted, b"Server Key", name).digest()
    return f"{mechanism}${count}:{encode(salt)}${encode(hashlib.new(name, key).digest())}:{encode(server)}"


def write_users():
    """The file ARGUMENT: users(5)."""
    both = f'scram-sha-256={verifier("secret", "SCRAM-SHA-256")} scram-sha-1={verifier("secret", "SCRAM-SHA-1")}'
    pathlib.Path(ARGUMENTS[0]).write_text(
        f'alice {both} plain=secret home=/home/alice uid=4242 senders="alice@example.test @alice.test" '
        f'certificates={CERTIFICATE}\n'
        f'"bob, the = man" {both}\n'
        f'carol {both} disabled certificates=SHA256:{"cd" * 32}\n'
        f'dora plain=secret\n')


def scram():
    front = Front(BOUND)
    for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-1"):
        facts = Scram("alice", "secret", mechanism).login(front)
        check(facts == {"AUTH_USER": "alice", "AUTH_METHOD": mechanism, "AUTH_HOME": "/home/alice", "AUTH_UID": "4242",
                        "AUTH_GID": facts["AUTH_GID"], "AUTH_SENDERS": "alice@example.test @alice.test"}, facts)
        check(Scram("ALICE", "secret", mechanism).login(front)["AUTH_USER"] == "alice")
        check(Scram("bob=2C the =3D man", "secret", mechanism).login(front)["AUTH_USER"] == "bob, the = man")
        facts = Scram("alice", "secret", mechanism + "-PLUS", "p=tls-server-end-point,,", END_POINT).login(front)
        check(facts["AUTH_METHOD"] == mechanism + "-PLUS", facts)
        check(Scram("alice", "secret", mechanism, "n,a=alice,").login(front)["AUTH_USER"] == "alice")
        for client in (Scram("alice", "wrong", mechanism),
                       Scram("nobody", "secret", mechanism),
                       Scram("carol", "secret", mechanism),
                       Scram("dora", "secret", mechanism),
                       Scram("alice", "secret", mechanism, "n,a=bob,"),
                       Scram("alice", "secret", mechanism + "-PLUS", "p=tls-server-end-point,,", bytes(32))):
            check(client.login(front) == "NO failed authentication failed", client.bare)


def scram_downgrade():
    """Who says that we have no -PLUS, though we told it, was told something else by somebody."""
    front = Front(BOUND)
    front.expect(Scram("alice", "secret", header="y,,").first(), "NO failed ")
    front.expect(Scram("alice", "secret", header="p=tls-server-end-point,,").first(), "NO failed ")
    front.expect(Scram("alice", "secret", "SCRAM-SHA-256-PLUS", "n,,").first(), "NO failed ")
    front.expect(Scram("alice", "secret", "SCRAM-SHA-256-PLUS", "p=tls-unique,,").first(), "NO failed ")
    front = Front(TLS)
    check(Scram("alice", "secret", header="y,,").login(front)["AUTH_USER"] == "alice")
    front.expect(Scram("alice", "secret", "SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,").first(), "NO unfit ")


def scram_strangers():
    """The salts of strangers look like users', and are the same each time, on each connection."""
    salts = {}
    for name in ("alice", "nobody", "NoBody", "somebody", "dora") * 2:
        client, front = Scram(name, "secret"), Front()
        client.final(front.challenge(client.first()))
        salts.setdefault(name.lower(), set()).add((client.salt, client.count))
    check(all(len(seen) == 1 for seen in salts.values()), salts)
    check(len({next(iter(seen)) for seen in salts.values()}) == 4, salts)
    check({(len(salt), count) for seen in salts.values() for salt, count in seen} == {(16, 4096)}, salts)


def scram_failure():
    """One failed login as ARGUMENT, for whoever counts what it costs."""
    check(Scram(ARGUMENTS[0], "wrong").login(Front()).startswith("NO failed "))


def external():
    front = Front(KNOWN)
    check(front.challenge("AUTH EXTERNAL") == b"")
    check(front.facts("")["AUTH_USER"] == "alice")
    check(front.facts("AUTH EXTERNAL =")["AUTH_USER"] == "alice")
    check(front.facts("AUTH EXTERNAL " + encode("Alice"))["AUTH_METHOD"] == "EXTERNAL")
    front.expect("AUTH EXTERNAL " + encode("bob"), "NO failed ")
    Front(TLS).expect("AUTH EXTERNAL =", "NO unfit ")
    Front({**TLS, "SSL_PEER_CERT_HASH": "SHA256:" + "00" * 32}).expect("AUTH EXTERNAL =", "NO failed ")
    Front({**TLS, "SSL_PEER_CERT_HASH": "SHA256:" + "cd" * 32}).expect("AUTH EXTERNAL =", "NO failed ")
    Front({**CLEAR, "SSL_PEER_CERT_HASH": CERTIFICATE}).expect("AUTH EXTERNAL =", "NO unfit ")


# ---- what is offered, and abuse ------------------------------------------------------------------

def offered():
    """MECHANISM=RESULT...: without TLS."""
    front = Front(CLEAR)
    for argument in ARGUMENTS:
        mechanism, want = argument.split("=", 1)
        answer = front.say("AUTH " + mechanism)
        check(answer.startswith(want), mechanism, "wanted", want, "got", answer)
        if answer.startswith("+"):
            front.expect("*", "NO cancelled ")


def malformed():
    front = Front()
    for initial in ("=", "A", "====", "AA=A", "AAA", "AB==", "$$$$", encode("x"), encode("a\0b"), encode("a\0b\0c\0d"),
                    encode("\0" * 9000)):
        front.expect("AUTH PLAIN " + initial, "NO malformed ")
    for answer in ("", "=", "%", "AAAA=", encode("alice\0")):
        front.challenge("AUTH PLAIN")
        front.expect(answer, "NO malformed ")
    for name in ("", "a\nb", "\x7f", b"\xff\xfe", "a" * 256):
        front.challenge("AUTH LOGIN")
        front.expect(encode(name), "NO failed ")
    for password in ("", "a\rb", b"\xc3", "p" * 600):
        front.challenge("AUTH LOGIN " + encode("alice"))
        front.expect(encode(password), "NO failed ")
    front.challenge("AUTH CRAM-MD5")
    front.expect(encode("alice"), "NO malformed ")
    front.expect("AUTH CRAM-MD5 " + encode("alice"), "NO malformed ")
    client = Scram("alice", "secret")
    front.challenge(client.first())
    front.expect(encode("c=biws,r=x,p=x"), "NO malformed ")
    front.expect("AUTH SCRAM-SHA-256 " + encode("n,,n=alice"), "NO malformed ")
    check(front.facts("AUTH PLAIN " + plain())["AUTH_USER"] == "alice")


def bad_fronts():
    for bytes_said in (b"hello\n\n", b"A=1\n" * 33, b"SERVICE=" + b"x" * 1100 + b"\n", b"X" * 65536):
        front = Front({})
        front.socket.close()
        front = socket.socket(socket.AF_UNIX)
        front.settimeout(PATIENCE)
        front.connect(PATH)
        expect_end(front, bytes_said)
    for line in (b"HELO x\n", b"AUTH\n", b"AUTH PLAIN\0\n", b"AUTH PLAIN " + b"A" * 65536 + b"\n"):
        front = Front()
        expect_end(front.socket, line)
    front = Front()
    front.challenge("AUTH PLAIN")
    expect_end(front.socket, b"A" * 65536)
    front = Front()
    front.challenge("AUTH PLAIN")
    front.socket.close()


def expect_end(connection, said):
    """After this the service has no more than a refusal to say."""
    try:
        connection.sendall(said)
    except OSError:
        pass  # it did not listen to all of it
    answer = b""
    try:
        while data := connection.recv(4096):
            answer += data
    except ConnectionResetError:
        pass
    check(answer in (b"", b"NO malformed no such request\n"), said[:40], answer)


def turns():
    """A checker hangs, for whose place others wait: one in vain, as it has little time, one until it is
    killed."""
    first = Front()
    first.send("AUTH PLAIN " + plain() + "\n")
    pid = int(wait_for(lambda: pathlib.Path(ARGUMENTS[0]).read_text()))
    setting = pathlib.Path(os.environ["CHAINMAIL_CONF"], "timeout-auth")
    setting.write_text("1")
    Front().expect("AUTH PLAIN " + plain(), "NO temporary ")
    setting.unlink()
    third = Front()
    third.send("AUTH PLAIN " + plain() + "\n")
    os.kill(pid, signal.SIGKILL)
    check(first.read().startswith("NO temporary "))
    check(third.read() == "OK", "its turn did not come")


def throttle():
    """Three failures from one address; then it is refused, on every connection, and others are not."""
    for _ in range(3):
        Front().expect("AUTH PLAIN " + plain(password="wrong"), "NO failed ")
    front = Front()
    front.expect("AUTH PLAIN " + plain(), "NO throttled ")
    front.expect("AUTH SCRAM-SHA-256", "NO throttled ")
    front.expect(f"APOP <x@y> alice {'0' * 32}", "NO throttled ")
    check(Front({**TLS, "REMOTEIP": "192.0.2.8"}).facts("AUTH PLAIN " + plain())["AUTH_USER"] == "alice")
    for host in ("1", "2", "3"):
        Front({**TLS, "REMOTEIP": "2001:db8::" + host}).expect("AUTH PLAIN " + plain(password="wrong"), "NO failed ")
    Front({**TLS, "REMOTEIP": "2001:db8::4"}).expect("AUTH PLAIN " + plain(), "NO throttled ")
    nobody = {"SERVICE": "smtp", "SSL_PROTOCOL": "TLSv1.3"}
    for _ in range(5):
        Front(nobody).expect("AUTH PLAIN " + plain(password="wrong"), "NO failed ")


def names_in_log():
    """Names that would be more than one line of a log, or too much of one."""
    front = Front()
    front.expect('AUTH PLAIN ' + plain('a" event=login user=root'), "NO failed ")
    front.challenge("AUTH LOGIN")
    front.expect(encode("eve\nsasl-auth: event=login"), "NO failed ")


# ---- gsasl ---------------------------------------------------------------------------------------

def gsasl():
    """GNU SASL's client, over the relay that a front is."""
    for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"):
        for password, want in (("secret", "OK"), ("wrong", "NO failed ")):
            answer = relay_gsasl(mechanism, password)
            check(answer.startswith(want), mechanism, password, answer)


def relay_gsasl(mechanism, password):
    client = subprocess.Popen(["gsasl", "--quiet", "--client", "--mechanism", mechanism, "--authentication-id", "alice",
                               "--password", password, "--authorization-id", ""],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def hear():
        """A line of the client's, without its questions for channel bindings."""
        return client.stdout.readline().rstrip("\n").rsplit(": ", 1)[-1].removeprefix("Enter").strip()

    def tell(line):
        client.stdin.write(line + "\n")
        client.stdin.flush()

    check(client.stdout.readline().strip() == mechanism)
    if "SCRAM" in mechanism:
        tell("\n")  # no channel bindings, of two kinds
    token, front = re.sub(r"^.*:", "", hear()), Front()
    answer = front.say(f"AUTH {mechanism} {token}".rstrip())
    while answer.startswith("+"):
        tell(answer[2:])
        final = base64.b64decode(answer[2:]).startswith(b"v=")
        answer = front.say("" if final else hear())
    client.communicate("\n", PATIENCE)  # a line of what it would talk about over the connection
    code = client.wait(PATIENCE)
    check(answer != "OK" or code == 0, mechanism, "gsasl ends with", code)
    return answer


globals()[SCENARIO]()
