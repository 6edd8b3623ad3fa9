#!/usr/bin/env python3
"""_login.py PORT MODE CA MECHANISM USER FROM TO: logs in with smtplib and sends standard input.

MODE is starttls or implicit. MECHANISM is auto, which is smtplib's own choice, PLAIN, LOGIN, CRAM-MD5,
or one that smtplib does not have: SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (with tls-server-end-point,
RFC 5929), EXTERNAL. The password is in PASSWORD; CERTIFICATE and KEY name files, which are used if they
are there.
"""

import base64
import hashlib
import hmac
import os
import re
import smtplib
import ssl
import sys


class Scram:
    """RFC 5802, as smtplib wants it: called with a challenge, it returns the response."""

    def __init__(self, user, password, end_point=None):
        self.password = password.encode()
        self.header = b"n,," if end_point is None else b"p=tls-server-end-point,,"
        self.binding = base64.b64encode(self.header + (end_point or b"")).decode()
        self.nonce = os.urandom(18).hex()
        self.bare = f"n={user.replace('=', '=3D').replace(',', '=2C')},r={self.nonce}"
        self.signature = None
        self.is_proven = False

    def __call__(self, challenge=None):
        if challenge is None:
            return self.header.decode() + self.bare
        challenge = challenge.decode()
        if challenge.startswith("v="):
            self.is_proven = hmac.compare_digest(base64.b64decode(challenge[2:]), self.signature)
            return ""
        return self.final(challenge)

    def final(self, challenge):
        nonce, salt, count = re.fullmatch(r"r=([^,]+),s=([^,]+),i=(\d+)", challenge).groups()
        if not nonce.startswith(self.nonce):
            raise ValueError("the server's nonce is not ours")
        salted = hashlib.pbkdf2_hmac("sha256", self.password, base64.b64decode(salt), int(count))
        client = sign(salted, "Client Key")
        bare = f"c={self.binding},r={nonce}"
        text = f"{self.bare},{challenge},{bare}"
        mask = sign(hashlib.sha256(client).digest(), text)
        self.signature = sign(sign(salted, "Server Key"), text)
        proof = bytes(a ^ b for a, b in zip(client, mask))
        return f"{bare},p={base64.b64encode(proof).decode()}"


def sign(key, text):
    return hmac.new(key, text.encode(), "sha256").digest()


def connect(port, mode, authority):
    context = ssl.create_default_context(cafile=authority)
    if os.path.exists(os.environ.get("CERTIFICATE", "")):
        context.load_cert_chain(os.environ["CERTIFICATE"], os.environ["KEY"])
    if mode == "implicit":
        return smtplib.SMTP_SSL("127.0.0.1", port, "client.example", timeout=60, context=context)
    client = smtplib.SMTP("127.0.0.1", port, "client.example", timeout=60)
    client.starttls(context=context)
    return client


def end_point(client):
    """Our certificates are signed with SHA-256, so that is the hash."""
    return hashlib.sha256(client.sock.getpeercert(binary_form=True)).digest()


def log_in(client, mechanism, user):
    password = os.environ.get("PASSWORD", "")
    client.ehlo_or_helo_if_needed()
    if mechanism == "auto":
        client.login(user, password)
    elif mechanism == "EXTERNAL":
        client.auth(mechanism, lambda challenge=None: "", initial_response_ok=False)
    elif mechanism.startswith("SCRAM-SHA-256"):
        scram = Scram(user, password, end_point(client) if mechanism.endswith("-PLUS") else None)
        client.auth(mechanism, scram)
        if not scram.is_proven:
            raise ValueError("the server has not proven itself")
    else:
        client.user, client.password = user, password
        client.auth(mechanism, getattr(client, "auth_" + mechanism.lower().replace("-", "_")))


def main(port, mode, authority, mechanism, user, sender, recipient):
    with connect(int(port), mode, authority) as client:
        log_in(client, mechanism, user)
        client.sendmail(sender, [recipient], sys.stdin.buffer.read())


if __name__ == "__main__":
    main(*sys.argv[1:])
