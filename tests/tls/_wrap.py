#!/usr/bin/env python3
"""_wrap.py PROGRAM SCENARIO: what tls-wrap, or tls-wrap-openssl, promises to the program behind it.

$KEYS is a file with a key and a certificate for mx.example.test, $FOLDER is for what is written."""

import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import time

from _check import PATIENCE, check, is_alive, state_of, wait_until

HERE = pathlib.Path(__file__).resolve().parent
FOLDER, KEYS = pathlib.Path(os.environ["FOLDER"]), os.environ["KEYS"]
WRAP = sys.argv[1]
NAME = "mx.example.test"
LONGEST = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"


class Session:
    """A client connected to a program behind tls-wrap."""

    count = 0

    def __init__(self, wish, *options, keys=("-k", KEYS), **environment):
        Session.count += 1
        self.report_file = FOLDER / f"report.{os.getpid()}.{Session.count}"
        self.log_file = FOLDER / f"log.{os.getpid()}.{Session.count}"
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.socket = socket.create_connection(listener.getsockname())
            server = listener.accept()[0]
        self.socket.settimeout(PATIENCE)
        delayed = ["-u"] if wish in ("y", "Y", "plain", "off") else []
        self.process = subprocess.Popen(
            [WRAP, *delayed, *keys, *options, HERE / "_front.py", wish],
            stdin=server, stdout=server, stderr=open(self.log_file, "w"),
            env=dict(os.environ, REPORT=str(self.report_file), SESSION_ID="s", **environment))
        server.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        self.process.kill()
        self.process.wait()

    def secure(self, name=NAME):
        context = ssl.create_default_context(cafile=KEYS)
        context.check_hostname = name is not None
        self.socket = context.wrap_socket(self.socket, server_hostname=name,
                                          suppress_ragged_eofs=False)
        return self

    def secure_in_vain(self, name=NAME):
        try:
            self.secure(name)
        except (ssl.SSLError, OSError) as error:
            return str(error)
        raise AssertionError("a handshake that ought to fail")

    def send(self, data):
        self.socket.sendall(data)

    def read(self, size):
        data = b""
        while len(data) < size and (more := self.socket.recv(65536)):
            data += more
        return data

    def echo(self, line=b"hello\n"):
        self.send(line)
        answer = self.read(len(line))
        check(answer == line, "not what was said:", answer)

    def expect_end(self):
        """An end of the connection; with TLS, one that was told: another is an error."""
        data = self.socket.recv(65536)
        check(not data, "more was said:", data)

    def report(self, key):
        """What the program has said of key."""
        def find():
            if self.report_file.exists():
                for line in self.report_file.read_text().splitlines():
                    if key in (facts := json.loads(line)):
                        return facts
        return wait_until(find, "a report of", key)[key]

    def log(self):
        return self.log_file.read_text()

    def expect_log(self, regex):
        wait_until(lambda: re.search(regex, self.log()), regex, "in", self.log())

    def helper(self):
        """The program's only child."""
        pid = self.report("pid")
        path = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
        pids = path.read_text().split()
        check(len(pids) == 1, "children:", pids)
        return int(pids[0])

    def expect_exit(self, code):
        found = self.process.wait(PATIENCE)
        check(found == code, "exit", found, self.log())


# ---- immediate -----------------------------------------------------------------------------------

def immediate():
    with Session("tls", SSL_CLIENT_CN="stale", UCSPITLS="!", SSLCTLFD="9") as session:
        session.secure().echo()
        facts = session.report("environment")
        check(re.fullmatch(r"TLSv1\.[23]", facts.pop("SSL_PROTOCOL")))
        check(facts.pop("SSL_CIPHER").startswith("TLS_"))
        check(re.fullmatch(r"[0-9a-f]{64}", facts.pop("SSL_SERVER_END_POINT")))
        check(facts.pop("SSL_TLS_SNI_SERVERNAME") == NAME)
        check(not facts, "no other facts:", facts)
        session.send(b"end\n")
        session.expect_end()
        session.expect_exit(0)
        session.expect_log(r"session=s event=handshake version=TLSv1\.\d cipher=TLS_\S+ "
                           r"sni=mx\.example\.test resumed=no ms=\d+\n")
        check("event=end" not in session.log(), session.log())


def the_end_point_is_our_certificate():
    with Session("tls") as session:
        session.secure()
        der = session.socket.getpeercert(True)
        facts = session.report("environment")
        check(facts["SSL_SERVER_END_POINT"] == __import__("hashlib").sha256(der).hexdigest())


def a_handshake_that_fails():
    with Session("tls") as session:
        session.send(b"EHLO client.example\r\n")
        session.expect_exit(1)
        session.expect_log("event=handshake verdict=failed reason=")
        check(not session.report_file.exists(), "the program was run")


def a_client_that_is_silent():
    with Session("tls", "-t", "1") as session:
        session.send(b"\x16\x03\x01")
        session.expect_exit(99)
        session.expect_log('reason="timed out"')


def a_client_that_goes():
    with Session("tls") as session:
        session.send(b"\x16\x03\x01")
        session.socket.close()
        session.expect_exit(1)
        session.expect_log('reason="the client has gone"')


# ---- delayed -------------------------------------------------------------------------------------

def delayed_with_facts():
    with Session("Y", SSL_CLIENT_CN="stale") as session:
        session.secure().echo()
        environment = session.report("environment")
        check(environment.pop("UCSPITLS") == "", "an offer")
        fds = set(environment.values())
        check(set(environment) == {"SSLCTLFD", "SSLREADFD", "SSLWRITEFD"} and len(fds) == 3,
              environment)
        answer = session.report("answer")
        check(answer.endswith("\0\0"), answer)
        facts = dict(record.split("=", 1) for record in answer[:-2].split("\0"))
        check(facts["SSL_TLS_SNI_SERVERNAME"] == NAME and "SSL_PROTOCOL" in facts, facts)


def delayed_without_facts():
    with Session("y") as session:
        session.secure().echo()
        check(session.report("answer") == "")
        session.send(b"end\n")
        session.expect_end()


def declined():
    """Keys that cannot be read: the control socket is closed without a byte."""
    with Session("Y", keys=("-k", str(FOLDER / "nothing"))) as session:
        check(session.report("answer") == "")
        session.expect_log("event=handshake verdict=failed reason=")


def failed():
    """A handshake that fails: a list of records that breaks off."""
    with Session("Y") as session:
        session.send(b"EHLO client.example\r\n")
        answer = session.report("answer")
        check(answer and "=" not in answer and not answer.endswith("\0\0"), repr(answer))


def timed_out():
    with Session("Y", "-t", "1") as session:
        answer = session.report("answer")
        check(answer and not answer.endswith("\0\0"), repr(answer))
        session.expect_log('reason="timed out"')


def keyd_is_away():
    with Session("Y", keys=("-K", str(FOLDER / "nobody"))) as session:
        check("alert" in session.secure_in_vain())
        answer = session.report("answer")
        check(answer and not answer.endswith("\0\0"), repr(answer))
        session.expect_log('verdict=failed reason="tls-keyd: Connection refused" alert_sent=internal_error')


def no_wish():
    """The program speaks to the client itself; when it ends, so does the helper."""
    with Session("plain") as session:
        session.echo()
        helper = session.helper()
        session.send(b"end\n")
        session.expect_end()
        session.expect_exit(0)
        wait_until(lambda: not is_alive(helper), "the end of the helper")
        check(not session.log(), session.log())


def required():
    with Session("Y", UCSPITLS="!") as session:
        session.secure().echo()
        check(session.report("environment")["UCSPITLS"] == "!")


def off():
    with Session("off", UCSPITLS="-", SSLCTLFD="9", SSL_PROTOCOL="stale") as session:
        session.echo()
        check(session.report("environment") == {"UCSPITLS": "-"})
        pid = session.report("pid")
        check(not pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(), "a helper")


# ---- names ---------------------------------------------------------------------------------------

def no_name():
    with Session("tls") as session:
        session.secure(None).echo()
        check("SSL_TLS_SNI_SERVERNAME" not in session.report("environment"))


def unknown_name():
    with Session("tls") as session:
        session.secure_in_vain("other.example.test")
    with Session("tls", "-S") as session:
        check("unrecognized name" in session.secure_in_vain("other.example.test").replace("_", " "))
        session.expect_log("alert_sent=unrecognized_name sni=other.example.test")


# ---- ends ----------------------------------------------------------------------------------------

def the_program_dies():
    for moment in ("before", "after"):
        with Session("Y") as session:
            if moment == "after":
                session.secure().echo()
            helper = session.helper()
            session.report("wish")  # without one there is no handshake to tell of
            os.kill(session.report("pid"), signal.SIGKILL)
            wait_until(lambda: not is_alive(helper), "the end of the helper", moment)
            if moment == "after":
                session.expect_end()
            else:
                session.expect_log('reason="the program has gone"')


def the_helper_is_killed():
    """That session ends; another goes on."""
    with Session("Y") as session, Session("Y") as other:
        session.secure().echo()
        other.secure().echo()
        os.kill(session.helper(), signal.SIGKILL)
        check(session.report("end_of_file"))
        session.expect_exit(0)
        other.echo()


def idle():
    with Session("Y", "-T", "1") as session:
        session.secure()
        check(session.report("end_of_file"))
        session.expect_log('event=end reason="idle for too long"')


def a_polite_end():
    with Session("tls") as session:
        session.secure().send(b"x" * 100000 + b"\n")
        check(len(session.read(100001)) == 100001)
        session.socket.unwrap()
        check(session.report("bytes") == 100001)
        session.expect_exit(0)
        check("event=end" not in session.log(), session.log())


def a_truncation():
    """All that came before the cut is read, then the end; the log tells it from a polite one."""
    with Session("tls") as session:
        session.secure().send(b"x" * 100000 + b"\n")
        check(len(session.read(100001)) == 100001)
        session.socket.shutdown(socket.SHUT_RDWR)
        check(session.report("bytes") == 100001)
        session.expect_exit(0)
        session.expect_log('event=end reason="the client\'s bytes end without close_notify"')


def last_words():
    """After a cut the program's words are still sent."""
    with Session("tls") as session:
        raw = session.socket.dup()
        session.secure().send(b"last\n")
        check(session.read(5) == b"last\n")
        raw.shutdown(socket.SHUT_WR)
        check(session.read(11) == b"last words\n")
        session.expect_end()
        raw.close()


def nothing_is_taken():
    """A program that has gone, and a client that does not read, but says something now and then:
    nobody else keeps the time, and counts the helper."""
    with Session("tls", "-t", "8") as session:
        session.secure()
        helper, line = session.helper(), b"x" * 1023 + b"\n"
        session.socket.setblocking(False)

        def is_stuck():
            """All buffers are full, both ways: nobody could do anything, and so nobody does."""
            try:
                while True:
                    session.send(line)
            except ssl.SSLWantWriteError:
                return all(state_of(pid) == "S" for pid in (session.process.pid, helper) * 5)
        wait_until(is_stuck, "an end of what is taken")
        session.process.kill()

        def helper_has_ended():
            try:
                session.send(line)
            except OSError:
                pass
            return not is_alive(helper)
        wait_until(helper_has_ended, "the end of the helper")
        session.expect_log("event=end reason=.*not take what is left")


def a_silent_keyd():
    """It takes as long as the handshake may."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as keyd:
        path = str(FOLDER / f"silent.{os.getpid()}")
        keyd.bind(path)
        keyd.listen()
        with Session("tls", "-t", "1", keys=("-K", path)) as session:
            session.secure_in_vain()
            session.expect_exit(1)
            session.expect_log(r"verdict=failed reason=\S* ?.*timed out.* ms=[1-9]\d{3,4}\n")


def much_both_ways():
    """More than all buffers on the way, while the other side does not read."""
    line, count = b"0123456789abcde\n" * 4096, 64
    with Session("tls") as session:
        session.secure()
        session.socket.setblocking(False)
        unsent, received = line * count, 0
        end = time.monotonic() + PATIENCE
        while received < len(line) * count:
            check(time.monotonic() < end, "stuck at", received)
            try:
                if unsent:
                    unsent = unsent[session.socket.send(unsent[:65536]):]
            except ssl.SSLWantWriteError:
                pass
            try:
                received += len(session.socket.recv(65536))
            except (ssl.SSLWantReadError, BlockingIOError):
                time.sleep(0.0005)


def one_byte_at_a_time():
    """A client whose packets are small."""
    with Session("tls") as session:
        near, far = socket.socketpair()
        context = ssl.create_default_context(cafile=KEYS)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_hostname=NAME)
        near.close(), far.close()
        session.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def until(step):
            while True:
                try:
                    result = step()
                except ssl.SSLWantReadError:
                    result = None
                for byte in outgoing.read():
                    session.send(bytes([byte]))
                if result is not None:
                    return result
                incoming.write(session.socket.recv(1))

        until(lambda: tls.do_handshake() or True)
        until(lambda: tls.write(b"hello\n"))
        check(until(lambda: tls.read(6)) == b"hello\n")


# ---- the process ---------------------------------------------------------------------------------

def confined():
    with Session("Y") as session:
        session.secure().echo()
        helper = pathlib.Path("/proc", str(session.helper()))
        status = (helper / "status").read_text()
        check(re.search(r"^NoNewPrivs:\t1$", status, re.M), status)
        check(re.search(r"^Seccomp:\t2$", status, re.M), status)
        limits = (helper / "limits").read_text()
        for name in ("core file size", "processes"):
            check(re.search(rf"^Max {name}\s+0\s+0\s", limits, re.M), limits)
        fds = sorted(map(int, os.listdir(helper / "fd")))
        check(fds == [0, 1, 2, 4], "descriptors:", fds)


def wrong_usage():
    for words in ([], ["-k", KEYS, "-K", "x", "true"], ["-m", "2.0", "true"], ["-t", "0", "true"],
                  ["-s", "TLS_NULL", "true"], ["-s", ",".join([LONGEST] * 200), "true"],
                  ["-x", "true"]):
        process = subprocess.run([WRAP, *words], stdin=subprocess.DEVNULL, capture_output=True)
        check(process.returncode == 100, words, process.returncode)


globals()[sys.argv[2]]()
