"""Clients of the host in tests/durability/chaos.sh, that go on whatever becomes of their sessions: they
send a message again until it is acknowledged, and note each trouble that they have had.
"""

import os
import random
import smtplib
import socket
import ssl
import threading
import time

from _books import ACCEPTED, BOXES, KEPT, PIPED, REFUSED, SENDER, Attempt, make_message
from _chain import PATIENCE, REPLY, check, on_the_wire
from _host import RUN

PASSWORD = "secret"
PAUSE = 0.05  # seconds after a trouble
PORTS = {service: int(os.environ[f"{service.upper()}_PORT"])
         for service in ("smtp", "submission", "submissions")}


def trusting():
    """The host's certificate is its own; what is tested here is not who it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


# ---- sessions ----------------------------------------------------------------------------------

class Session:
    """step: what is being done; key: our end of the connection, None on a unix socket."""

    def __init__(self, service, source):
        self.service, self.source, self.key = service, source, None
        self.step, self.since, self.socket = "connect", time.monotonic(), None

    def connect(self):
        port = PORTS.get(self.service)
        self.socket = socket.socket(socket.AF_INET if port else socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        if port:
            self.socket.bind((self.source, 0))
            self.key = self.socket.getsockname()
        self.socket.connect(("127.0.0.1", port) if port else str(RUN / self.service))

    def close(self):
        self.socket.close()


class Library(smtplib.SMTP):
    """smtplib's client, over a connection that we have made: so its key is known."""

    def __init__(self, connected):
        super().__init__(local_hostname="client.test", timeout=PATIENCE)
        self.connected, self._host = connected, "mx.example.test"

    def _get_socket(self, *_):
        return self.connected


class Plain(Session):
    """One step after the other, as smtplib does it."""

    tls, login, smtp = "", False, None

    def open(self):
        self.connect()
        if self.tls == "at once":
            self.secure()
        self.step = "greeting"
        self.smtp = Library(self.socket)
        self.want(220, self.smtp.connect("localhost"))
        self.smtp.ehlo_or_helo_if_needed()
        if self.tls == "STARTTLS":
            self.step = "handshake"
            self.want(220, self.smtp.starttls(context=trusting()))
            self.socket = self.smtp.sock
            self.smtp.ehlo()
        if self.login:
            self.step = "login"
            self.smtp.login(SENDER, PASSWORD)
        self.step = "session"

    def close(self):
        if self.smtp:
            self.smtp.close()
        super().close()

    def secure(self):
        self.step = "handshake"
        self.socket = trusting().wrap_socket(self.socket)

    @staticmethod
    def want(wanted, reply):
        if reply[0] != wanted:
            raise smtplib.SMTPResponseException(*reply)

    def deliver(self, attempts):
        """Tells of each that was acknowledged."""
        for attempt, message in attempts:
            self.step = "envelope"
            self.want(250, self.smtp.mail(SENDER))
            for recipient in attempt.recipients:
                self.want(250, self.smtp.rcpt(recipient))
            self.step = "data"
            self.want(250, self.smtp.data(message.replace(b"\n", b"\r\n")))
            yield attempt

    def quit(self):
        self.step = "quit"
        self.smtp.quit()


class StartTls(Plain):
    tls = "STARTTLS"


class Submission(Plain):
    tls, login = "STARTTLS", True


class Submissions(Plain):
    tls, login = "at once", True


class Pipelined(Session):
    """The envelope and DATA in one piece."""

    received = b""

    def open(self):
        self.connect()
        self.step = "greeting"
        self.expect(b"220")
        self.say(b"EHLO client.test\r\n")
        self.expect(b"250")
        self.step = "session"

    def say(self, words):
        self.socket.sendall(words)

    def expect(self, *codes):
        for code in codes:
            while not (found := REPLY.match(self.received)):
                data = self.socket.recv(1 << 16)
                if not data:
                    raise ConnectionResetError("the connection ended instead of a reply")
                self.received += data
            self.received = self.received[found.end():]
            if found[1] != code:
                raise smtplib.SMTPResponseException(int(found[1]), found[0])

    @staticmethod
    def envelope(attempt):
        return b"MAIL FROM:<%s>\r\n" % SENDER.encode() + b"".join(
            b"RCPT TO:<%s>\r\n" % recipient.encode() for recipient in attempt.recipients)

    def deliver(self, attempts):
        for attempt, message in attempts:
            self.step = "envelope"
            self.say(self.envelope(attempt) + b"DATA\r\n")
            self.expect(b"250", *[b"250"] * len(attempt.recipients), b"354")
            self.step = "data"
            self.say(on_the_wire(message))
            self.expect(b"250")
            yield attempt

    def quit(self):
        self.step = "quit"
        self.say(b"QUIT\r\n")
        self.expect(b"221")


class Chunked(Pipelined):
    """Whole messages by BDAT, all in one piece."""

    def deliver(self, attempts):
        self.step = "envelope"
        self.say(b"".join(self.envelope(attempt) + self.chunks(message) for attempt, message in attempts))
        for attempt, _ in attempts:
            self.step = "envelope"
            self.expect(b"250", *[b"250"] * len(attempt.recipients), b"250")
            self.step = "data"
            self.expect(b"250")
            yield attempt

    @staticmethod
    def chunks(message):
        wire = message.replace(b"\n", b"\r\n")
        half = len(wire) // 2
        return b"BDAT %d\r\n%sBDAT %d LAST\r\n%s" % (half, wire[:half], len(wire) - half, wire[half:])


# ---- senders -----------------------------------------------------------------------------------

class Trouble:
    """What a session came upon, code being 0 where there was no reply."""

    def __init__(self, session, error):
        self.service, self.key, self.step = session.service, session.key, session.step
        self.since, self.time, self.words = session.since, time.monotonic(), repr(error)
        self.code = getattr(error, "smtp_code", 0)
        self.is_late = "timed out" in self.words

    def __str__(self):
        return f"{self.service} {self.step} {self.code} {self.key}: {self.words}"


def make_dice(*words):
    return random.Random(" ".join(map(str, words)))


class Sender(threading.Thread):
    """kind: a class of sessions; at most `most' times in each, some messages are sent."""

    def __init__(self, number, service, kind, books, seed, most=12):
        super().__init__(daemon=True)
        self.number, self.service, self.kind, self.books, self.most = number, service, kind, books, most
        self.dice = make_dice(seed, "sender", number)
        self.waiting, self.count, self.attempt = [], 0, 0  # (number, recipients), not acknowledged yet
        self.troubles, self.over, self.failure = [], threading.Event(), None

    def next_message(self):
        self.count += 1
        whom = list(BOXES) + PIPED + KEPT
        return f"{self.number}.{self.count}", self.dice.sample(whom, self.dice.randrange(1, 4))

    def fill(self):
        while not self.over.is_set() and len(self.waiting) < self.dice.randrange(1, 4):
            self.waiting.append(self.next_message())

    def attempts(self, session):
        for number, recipients in list(self.waiting):
            self.attempt += 1
            message = make_message(f"{number}.{self.attempt}", self.dice)
            attempt = Attempt(f"{number}.{self.attempt}", recipients, message, session)
            self.books.enter(attempt)
            yield attempt, message

    def send_some(self, session):
        attempts = list(self.attempts(session))
        told = 0
        try:
            for attempt in session.deliver(attempts):
                attempt.state = ACCEPTED
                told += 1
                del self.waiting[0]
        except smtplib.SMTPResponseException:
            if session.step == "data":
                attempts[told][0].state = REFUSED
            raise

    def converse(self, session):
        session.open()
        for _ in range(self.dice.randrange(1, self.most)):
            self.fill()
            if not self.waiting:
                break
            self.send_some(session)
            time.sleep(self.dice.uniform(0, 0.1))
        session.quit()

    def run_once(self):
        session = self.kind(self.service, f"127.0.1.{self.number % 250 + 1}")
        try:
            self.converse(session)
        except (OSError, smtplib.SMTPException) as error:
            self.troubles.append(Trouble(session, error))
            time.sleep(PAUSE)
        finally:
            session.close()

    def run(self):
        try:
            while not self.over.is_set() or self.waiting:
                self.run_once()
        except Exception as error:  # told by the thread that waits for this one
            self.failure = error

    def finish(self):
        """What it has not been rid of yet, it sends in peace."""
        self.over.set()
        self.join(2 * PATIENCE)
        check(not self.failure, repr(self.failure))
        check(not self.is_alive() and not self.waiting, "never acknowledged:", self.waiting,
              *self.troubles[:3])
