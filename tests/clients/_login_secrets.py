#!/usr/bin/env python3
"""_login_secrets.py SCENARIO: what can be seen of secrets while users log in, and afterwards.

The checker of the auth service waits: it writes its pid to CHAIN/paused, and goes on when somebody
writes to CHAIN/release. Of the environment: ENGINE, MODE, PASSWORD, WRONG, TOKEN, AUTH_PID, KEYD_PID.
"""

import base64
import fcntl
import contextlib
import os
import pathlib
import signal
import sys
import termios

from _chain import ACCEPTOR, CHAIN, check, children, main, wait_until
from _check import is_alive
from _login import Scram, connect

ALICE = "alice@example.test"
PASSWORD, WRONG, TOKEN = (os.environ[name] for name in ("PASSWORD", "WRONG", "TOKEN"))
PAUSED = CHAIN / "paused"
SERVICES = [ACCEPTOR, int(os.environ["AUTH_PID"] or 0), int(os.environ["KEYD_PID"])]
# The users, and who knows the tokens, are where secrets are.
KEPT = ["conf/users", "conf/users.cdb", "token.known"]


def encode(text):
    return base64.b64encode(text.encode()).decode()


def plain(password):
    return encode(f"\0{ALICE}\0{password}")


def bearer(token):
    return encode(f"n,a={ALICE},\1auth=Bearer {token}\1\1")


def secrets():
    """In all the ways in which a client says them; and what the users file has."""
    found = set()
    for secret in (PASSWORD, WRONG, TOKEN):
        found |= {secret, encode(secret), plain(secret), bearer(secret)}
    for word in (CHAIN / "conf/users").read_text().split():
        if word.startswith("scram-"):
            found |= set(word.partition("$")[2].split("$")[1].split(":"))
        if word.startswith("hash="):
            found.add(word.removeprefix("hash=").strip('"'))
    check(len(found) > 14, found)
    return [secret.encode() for secret in found]


def processes():
    """Of the services, all."""
    waiting, found = list(SERVICES), []
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += [child for child, _ in children(pid)]
    return found


def check_unseen(where, data):
    for secret in secrets():
        check(secret not in data, "a secret in", where, data)


def check_processes():
    for pid in processes():
        for name in ("cmdline", "environ"):
            try:
                data = pathlib.Path(f"/proc/{pid}/{name}").read_bytes()
            except (FileNotFoundError, ProcessLookupError):
                continue
            check_unseen(f"{name} of {pid}", data)


def check_files():
    for path in CHAIN.rglob("*"):
        if path.is_file() and str(path.relative_to(CHAIN)) not in KEPT:
            check_unseen(path, path.read_bytes())


class Attempt:
    """A session that has said who it is, and whose checker waits."""

    def __init__(self, *lines):
        PAUSED.unlink(missing_ok=True)
        self.client = connect(int(os.environ["SMTP_PORT"]), os.environ["MODE"], os.environ["TRUSTED"])
        self.client.ehlo()
        for line in lines[:-1]:
            code, text = self.client.docmd(line)
            check(code == 334, text)
        self.client.send(lines[-1] + "\r\n")
        wait_until(lambda: PAUSED.exists() and PAUSED.read_text(), "the checker")

    def go_on(self, wanted):
        (CHAIN / "release").write_text("\n")
        code, text = self.client.getreply()
        check(code == wanted, code, text)


def nothing_is_seen():
    for lines, code in (((f"AUTH PLAIN {plain(PASSWORD)}",), 235),
                        ((f"AUTH PLAIN {plain(WRONG)}",), 535),
                        (("AUTH LOGIN", encode(ALICE), encode(PASSWORD)), 235),
                        (("AUTH PLAIN", plain(WRONG)), 535),
                        ((f"AUTH OAUTHBEARER {bearer(TOKEN)}",), 235)):
        attempt = Attempt(*lines)
        check_processes()
        check_files()
        attempt.go_on(code)
        check_processes()
        attempt.client.quit()
    check_files()


def nothing_of_verifiers():
    """In the middle of SCRAM the auth service knows the verifier; and nobody sees it."""
    for password in (PASSWORD, WRONG):
        client = connect(int(os.environ["SMTP_PORT"]), os.environ["MODE"], os.environ["TRUSTED"])
        client.ehlo()
        scram = Scram(ALICE, password)
        code, challenge = client.docmd(f"AUTH SCRAM-SHA-256 {encode(scram())}")
        check(code == 334, challenge)
        check_processes()
        client.docmd(encode(scram(base64.b64decode(challenge))))
        check_processes()
        client.close()
    check_files()


def no_core():
    """Whoever has heard of the password is told to leave a core."""
    attempt = Attempt(f"AUTH PLAIN {plain(PASSWORD)}")
    pids = [pid for pid in processes() if pid not in SERVICES]
    names = {pathlib.Path(f"/proc/{pid}/comm").read_text().strip() for pid in pids}
    check({os.environ["ENGINE"][:15], "smtp-front", "sasl-auth"} <= names, names)
    waiting = int(PAUSED.read_text())
    pids.remove(waiting)  # a shell, which has not read anything
    for what in (signal.SIGSTOP, signal.SIGABRT, signal.SIGCONT):  # so that none ends before its turn
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):  # ended with its peer
                os.kill(pid, what)
    for pid in pids:
        wait_until(lambda one=pid: not is_alive(one), "the end of", pid)
    os.kill(waiting, signal.SIGKILL)  # sasl-auth would have done so
    check(not list(CHAIN.glob("core*")), "there are cores:", names, list(CHAIN.glob("core*")))
    del attempt


def no_core_of_the_checker():
    """checkpassword-file, with a password that it has read, and no end yet."""
    reader, writer = os.pipe()
    os.write(writer, f"{ALICE}\0{PASSWORD}".encode())
    pid = os.posix_spawnp("checkpassword-file", ["checkpassword-file", "true"], os.environ,
                          file_actions=[(os.POSIX_SPAWN_DUP2, reader, 3), (os.POSIX_SPAWN_CLOSE, writer)])
    wait_until(lambda: not unread(reader), "the checker's reading")
    os.kill(pid, signal.SIGABRT)
    _, status = os.waitpid(pid, 0)
    check(os.WIFSIGNALED(status) and not os.WCOREDUMP(status), "a core was left")


def unread(fd):
    return int.from_bytes(fcntl.ioctl(fd, termios.FIONREAD, bytes(4)), sys.byteorder)


def logins():
    """One of each, for whoever looks at what is executed."""
    for lines, wanted in (((f"AUTH PLAIN {plain(PASSWORD)}",), 235), ((f"AUTH PLAIN {plain(WRONG)}",), 535),
                          ((f"AUTH OAUTHBEARER {bearer(TOKEN)}",), 235)):
        client = connect(int(os.environ["SMTP_PORT"]), os.environ["MODE"], os.environ["TRUSTED"])
        client.ehlo()
        code, text = client.docmd(lines[0])
        check(code == wanted, code, text)
        client.quit()
    client = connect(int(os.environ["SMTP_PORT"]), os.environ["MODE"], os.environ["TRUSTED"])
    client.ehlo()
    client.auth("SCRAM-SHA-256", Scram(ALICE, PASSWORD))
    client.quit()


def nothing_in(name):
    data = (CHAIN / name).read_bytes()
    check(b"checkpassword-file" in data and b"sasl-ok" in data, "it is no trace of logins")
    check_unseen(name, data)


if __name__ == "__main__":
    main(globals())
