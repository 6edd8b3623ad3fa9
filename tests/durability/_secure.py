"""Clients that speak TLS and log in, and what they were told, step by step."""

import base64
import os
import re
import ssl
import time

from _chain import Client, Meanwhile, check, files_of, on_the_wire, wait_until

NAME, ALICE = "mx.example.test", "alice@example.test"
CONTEXT = ssl.create_default_context(cafile=os.environ["TRUSTED"])


def plain(password):
    return b"AUTH PLAIN " + base64.b64encode(b"\0%s\0%s" % (ALICE.encode(), password.encode()))


class SecureClient(Client):
    """Its TLS begins at once, or with STARTTLS. It waits less long than others do."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.socket.settimeout(20)
        self.wants_tls = False

    def secure(self):
        self.socket = CONTEXT.wrap_socket(self.socket, server_hostname=NAME)
        self.received, self.wants_tls = b"", False  # what was said before is nobody's word now

    def read_more(self):
        """An end without close_notify, or one that TLS calls an error, is an end."""
        try:
            return super().read_more()
        except TimeoutError:
            raise
        except OSError:
            return False

    def open(self, mode):
        """Up to the reply to EHLO inside TLS."""
        if mode == "starttls":
            self.greet()
            self.wants_tls = True
            self.say(b"STARTTLS", b"220 ")
        self.secure()
        if mode == "implicit":
            self.greet()
        else:
            self.say(b"EHLO client.example", b"250")
        return self

    def log_in(self):
        self.say(plain(os.environ["PASSWORD"]), b"235 ")


class LetIn(Exception):
    """One who must not be."""


class Attempt:
    """One session under a fault: a wrong password, the right one, a message, QUIT. It may break off
    anywhere, or be put off; but no fault turns into a success, or a refusal for good."""

    def __init__(self, fault, mode, message, port=None):
        self.fault, self.message, self.mode = str(fault), message, mode
        self.accepted, self.words = False, ""
        self.client = SecureClient(*([port] if port else []))
        try:
            self.play()
        except TimeoutError:
            raise AssertionError(f"{fault}: the client waits in vain") from None
        except LetIn as error:
            raise AssertionError(f"{fault}: let in {error}") from None
        except OSError as error:
            self.words = str(error)
            check("WRONG_VERSION" not in self.words, fault, "plain text instead of TLS")
        except AssertionError as error:  # refused, or left alone
            self.words = str(error)
            check("got b'5" not in self.words, fault, "refused for good:", self.words)
        finally:
            self.client.close()

    def try_in_vain(self, command, how):
        self.client.send(command + b"\r\n")
        reply = self.client.reply()
        if reply[:1] == b"2":
            raise LetIn(how, reply)

    def begin(self):
        """One to whom TLS is not given goes on without it, in vain."""
        try:
            self.client.open(self.mode)
        except AssertionError:
            if self.client.wants_tls:
                self.try_in_vain(b"MAIL FROM:<%s>" % ALICE.encode(), "in the clear")
            raise

    def play(self):
        client = self.client
        self.begin()
        self.try_in_vain(plain(os.environ["WRONG"]), "with a wrong password")
        client.log_in()
        client.say(b"MAIL FROM:<%s>" % ALICE.encode(), b"250 ")
        client.say(b"RCPT TO:<faults@example.test>", b"250 ")
        client.say(b"DATA", b"354 ")
        client.send(on_the_wire(self.message))
        client.expect(b"250 2.0.0 ")
        self.accepted = True
        client.send_some(b"QUIT\r\n")
        while client.read_more():
            pass


def subject(file):
    return int(re.search(rb"^Subject: (\d+)", file.read_bytes(), re.M)[1])


class Neighbour:
    """One who logs in and sends a message, each time in a connection of its own: at another port, with
    the same tls-keyd and auth service."""

    def __init__(self, port, mode):
        self.port, self.mode, self.sent = port, mode, []
        self.box = f"neighbour-{os.getpid()}-{time.monotonic_ns()}"

    def send_one(self):
        message = b"From: <%s>\nSubject: %d\n\nhello\n" % (ALICE.encode(), len(self.sent))
        client = SecureClient(self.port).open(self.mode)
        client.log_in()
        client.deliver(self.box, message, ALICE.encode())
        self.sent.append(message)
        client.quit()

    def check_all(self):
        wait_until(lambda: len(files_of(self.box)) >= len(self.sent), "all of a neighbour's messages")
        for number, file in enumerate(sorted(files_of(self.box), key=subject)):
            check(file.read_bytes().endswith(self.sent[number]), "not what a neighbour sent:", file)


class Bystander(Meanwhile, Neighbour):
    """One who does so again and again while something happens in a with block."""

    pause = 0.05

    def __init__(self, port, mode):
        Meanwhile.__init__(self)
        Neighbour.__init__(self, port, mode)
