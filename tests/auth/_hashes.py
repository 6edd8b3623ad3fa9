"""_hashes.py USERS NAME PASSWORD: what the users file keeps of a password, as Python sees it.

Prints a line for each thing kept: its key, then "right" or "wrong". hash= is checked with the system's
crypt(3), SCRAM verifiers with hashlib and hmac (RFC 5802, section 3)."""
import base64
import ctypes
import hashlib
import hmac
import shlex
import sys

path, name, password = sys.argv[1:]


def crypt(word, setting):
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    return library.crypt(word.encode(), setting.encode()).decode()


def is_right_scram(value):
    scheme, numbers, keys = value.split("$")
    digest = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-1": "sha1"}[scheme]
    iterations, salt = numbers.split(":")
    stored, server = (base64.b64decode(key) for key in keys.split(":"))
    salted = hashlib.pbkdf2_hmac(digest, password.encode(), base64.b64decode(salt), int(iterations))
    client = hmac.digest(salted, b"Client Key", digest)
    return (stored == hashlib.new(digest, client).digest()
            and server == hmac.digest(salted, b"Server Key", digest))


checks = {
    "hash": lambda value: crypt(password, value) == value,
    "scram-sha-256": is_right_scram,
    "scram-sha-1": is_right_scram,
    "plain": lambda value: value == password,
}

for line in open(path, encoding="utf-8"):
    words = shlex.split(line, comments=True)
    if words and words[0] == name:
        for key, _, value in (word.partition("=") for word in words[1:]):
            if key in checks:
                print(key, "right" if checks[key](value) else "wrong")
