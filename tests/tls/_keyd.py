"""_keyd.py SOCKET WORD [ARGUMENT...]: a client of tls-keyd(8) that knows nothing but its page.

WORD is one of the functions below that take the socket's path: it prints what came, and fails if
that is not what the page says.
"""

import hashlib
import os
import signal
import socket
import struct
import subprocess
import sys
import time

PKCS1, PSS, ECDSA = 0x0401, 0x0804, 0x0403
STATUS = ["done", "none", "cannot", "stranger", "busy", "bad", "trouble"]


class Connection:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(60)
        self.socket.connect(path)

    def ask(self, question):
        """The status's word and the body; "closed" where there is no answer."""
        try:
            if question is not None:
                self.socket.send(question)
            answer = self.socket.recv(65536)
        except (BrokenPipeError, ConnectionResetError):
            answer = self.last_word()
        return (STATUS[answer[0]], answer[1:]) if answer else ("closed", b"")

    def last_word(self):
        """What was said before the connection was closed."""
        try:
            return self.socket.recv(65536)
        except OSError:
            return b""

    def choose(self, name, *schemes, strict=False):
        name = name.encode()
        return self.ask(b"c" + bytes([strict, len(name)]) + name + bytes([len(schemes)]) +
                        b"".join(struct.pack(">H", scheme) for scheme in schemes))

    def sign(self, ident, scheme, digest):
        return self.ask(b"s" + ident + struct.pack(">HB", scheme, len(digest)) + digest)

    def put(self, key, session):
        return self.ask(b"p" + bytes([len(key)]) + key + session)[0]

    def get(self, key):
        return self.ask(b"g" + bytes([len(key)]) + key)

    def drop(self, key):
        return self.ask(b"d" + bytes([len(key)]) + key)[0]


def parse_identity(body):
    ident, kind, count, rest = body[:32], body[32], body[33], body[34:]
    chain = []
    for _ in range(count):
        size = int.from_bytes(rest[:3], "big")
        chain.append(rest[3:3 + size])
        rest = rest[3 + size:]
    assert not rest, "bytes behind the chain"
    assert ident == hashlib.sha256(chain[0]).digest(), "the id is not the hash of the leaf"
    return ident, kind, chain


def names_of(certificate):
    text = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-ext", "subjectAltName"],
                          input=certificate, capture_output=True, check=True).stdout.decode()
    return text.split("\n", 1)[1].strip().replace("DNS:", "").replace(",", "")


def choose(path, name, *schemes):
    status, body = Connection(path).choose(name, *(globals()[word] for word in schemes))
    if status != "done":
        print(status)
        return
    _, kind, chain = parse_identity(body)
    print(["RSA", "P-256", "P-384"][kind], len(chain), names_of(chain[0]))


def strict(path, name):
    print(Connection(path).choose(name, ECDSA, PSS, strict=True)[0])


def sign(path, name, scheme):
    """A signature that OpenSSL verifies with the certificate that came with it."""
    connection = Connection(path)
    ident, _, chain = parse_identity(connection.choose(name, globals()[scheme])[1])
    status, signature = connection.sign(ident, globals()[scheme], hashlib.sha256(b"x").digest())
    assert status == "done", status
    for file, content in ("leaf", chain[0]), ("signature", signature), ("digest", hashlib.sha256(b"x").digest()):
        with open(file, "wb") as out:
            out.write(content)
    options = ["-pkeyopt", "digest:sha256"]
    if scheme == "PSS":
        options += ["-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:digest"]
    print(subprocess.run(["openssl", "pkeyutl", "-verify", "-certin", "-keyform", "DER", "-inkey", "leaf",
                          "-in", "digest", "-sigfile", "signature", *options],
                         capture_output=True, check=False).stdout.decode().strip())


def sessions(path):
    """Kept on one connection, found on others, whichever process serves them."""
    assert Connection(path).put(b"key", b"session") == "done"
    for _ in range(8):
        assert Connection(path).get(b"key") == ("done", b"session")
    assert Connection(path).get(b"other") == ("none", b"")
    assert Connection(path).drop(b"key") == "done"
    assert Connection(path).drop(b"key") == "none"
    assert Connection(path).get(b"key") == ("none", b"")
    assert Connection(path).put(b"k" * 64, b"s" * 2048) == "done"
    assert Connection(path).get(b"k" * 64) == ("done", b"s" * 2048)


def put(path, key):
    print(Connection(path).put(key.encode(), b"session"))


def get(path, key):
    print(Connection(path).get(key.encode())[0])


def malformed(path):
    """Each is told that it is no good, its connection is closed, and nobody else is harmed."""
    other = Connection(path)
    for question in (b"x", b"c", b"s" + bytes(31), b"g\0", b"g\x41" + bytes(65), b"p\1a", b"p\1a" + bytes(2049),
                     b"c\0\1\0\0", b"c\0\0\x21" + bytes(66), b"q" * 100000):
        connection = Connection(path)
        answer = connection.ask(question)
        assert answer == ("bad", b""), (question[:10], answer)
        assert connection.ask(None)[0] == "closed", question[:10]
    assert other.choose("", ECDSA)[0] == "done"
    other.socket.send(b"")  # an empty packet is nobody's question


def wrong(path):
    """What a key cannot do, and keys that are not there."""
    connection = Connection(path)
    ident, _, _ = parse_identity(connection.choose("", ECDSA)[1])
    assert connection.sign(ident, PSS, bytes(32))[0] == "cannot"
    assert connection.sign(ident, ECDSA, bytes(20))[0] == "cannot"
    assert connection.sign(ident, 0x0807, bytes(32))[0] == "cannot"
    assert connection.sign(bytes(32), ECDSA, bytes(32))[0] == "none"
    assert connection.choose("", 0x0807)[0] == "none"
    assert connection.sign(ident, ECDSA, bytes(32))[0] == "done"


def refused(path):
    """The word that is said before any question."""
    connection = Connection(path)
    print(connection.ask(None)[0])


def as_user(path, uid, word, *arguments):
    """What that user would see."""
    os.setgroups([])
    os.setresuid(int(uid), int(uid), int(uid))
    globals()[word](path, *arguments)


def crowd(path, count):
    """More connections than may be: those that are idle make way for those that ask."""
    connections = []
    for _ in range(int(count)):
        connection = Connection(path)
        connections.append(connection)
        deadline = time.monotonic() + 60
        while connection.choose("", ECDSA)[0] != "done":
            assert time.monotonic() < deadline, "never served"
            time.sleep(0.02)
            connection = connections[-1] = Connection(path)
    print("served")


def slow(path):
    """Peers that ask much and read nothing, or nothing at all, keep nobody waiting: an answer comes
    before their time, which is an hour here, is up."""
    silent = [Connection(path) for _ in range(20)]
    greedy = [Connection(path) for _ in range(20)]
    for connection in greedy:
        connection.socket.setblocking(False)
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        try:
            for _ in range(2000):
                connection.socket.send(b"c\0\0\1\4\3")
        except OSError:
            pass
    assert Connection(path).choose("", ECDSA)[0] == "done"
    for connection in silent:
        assert connection.choose("", ECDSA)[0] == "done"


def idle(path):
    """The connection is closed by the other side."""
    print(Connection(path).ask(None)[0])


def holds_key(_, pid, key):
    """Whether the private number of this EC key is anywhere in a process's memory."""
    text = subprocess.run(["openssl", "pkey", "-in", key, "-noout", "-text"], capture_output=True, check=True).stdout
    number = bytes.fromhex(text.decode().split("priv:")[1].split("pub:")[0].replace(":", "").replace("\n", "").replace(" ", ""))
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            start, end = (int(word, 16) for word in line.split()[0].split("-"))
            if "r" not in line.split()[1] or "[v" in line:
                continue
            memory.seek(start)
            if number.lstrip(b"\0") in memory.read(end - start):
                print("yes")
                return
    print("no")


def main():
    signal.alarm(120)
    globals()[sys.argv[2]](sys.argv[1], *sys.argv[3:])


main()
