"""What suites in Python need of the chain that tests/_chain.sh has started: a client that says just
what it is told, what lies in queue and mailboxes, what the kernel knows of the processes.

The chain is found by the environment: CHAIN, SMTP_PORT, SMTP_PID (tcp-accept's), CHAINMAIL_QUEUE.
A script of scenarios ends in `main(globals())` and is called with the name of one of its functions,
and its arguments; what goes wrong is an exception, and the exit code 1.
"""

import os
import pathlib
import re
import select
import socket
import struct
import sys
import threading
import time

from _check import PATIENCE, check, wait_until

CHAIN = pathlib.Path(os.environ["CHAIN"])
QUEUE = pathlib.Path(os.environ["CHAINMAIL_QUEUE"])
PORT = int(os.environ.get("SMTP_PORT") or 0)
ACCEPTOR = int(os.environ.get("SMTP_PID") or 0)
SANITIZED = bool(os.environ.get("CHECK_SAN"))  # then memory is not what it is


def main(scenarios):
    name, *arguments = sys.argv[1:]
    scenarios[name](*arguments)


# ---- a client ----------------------------------------------------------------------------------

REPLY = re.compile(rb"(?:\d{3}-[^\r\n]*\r\n)*(\d{3}) [^\r\n]*\r\n")


class Client:
    """One connection. Commands are bytes without their CRLF; a reply is its whole bytes."""

    def __init__(self, port=PORT, source="127.0.0.1", small=False):
        self.socket = socket.socket()
        if small:  # buffers that are soon full
            for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                self.socket.setsockopt(socket.SOL_SOCKET, option, 4096)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(PATIENCE)
        self.socket.bind((source, 0))
        self.since = Log("smtp.log").size()
        self.socket.connect(("127.0.0.1", port))
        self.received = b""

    # -- bytes --

    def send(self, data):
        self.socket.sendall(data)

    def send_some(self, data):
        """False if the other side has gone."""
        try:
            self.send(data)
        except OSError:
            return False
        return True

    def read_more(self):
        """False at the end of the connection."""
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        self.received += data
        return bool(data)

    def is_silent(self):
        """True if nothing has come, not even the end."""
        return not self.received and not select.select([self.socket], [], [], 0)[0]

    def shut(self):
        self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        self.socket.close()

    def reset(self):
        """Goes away at once: the other side gets an RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    # -- replies --

    def reply(self):
        while not (found := REPLY.match(self.received)):
            check(self.read_more(), "the connection ended instead of a reply:", self.received)
        self.received = self.received[found.end():]
        return found.group()

    def expect(self, *beginnings):
        """Takes a reply for each of them."""
        for beginning in beginnings:
            reply = self.reply()
            check(reply.startswith(beginning), "wanted", beginning, "got", reply)

    def expect_end(self, beginning=b""):
        """Nothing but this comes, then the end of the connection."""
        while self.read_more():
            pass
        check(self.received.startswith(beginning) if beginning else not self.received,
              "wanted", beginning, "and the end, got", self.received[-300:])

    def say(self, command, *beginnings):
        self.send(command + b"\r\n")
        self.expect(*beginnings)

    # -- sessions --

    def greet(self, verb=b"EHLO"):
        self.expect(b"220 ")
        self.say(verb + b" client.example", b"250")
        return self

    def begin(self, box, sender=b"me@client.example"):
        """Up to the recipient."""
        self.say(b"MAIL FROM:<%s>" % sender, b"250 ")
        self.say(b"RCPT TO:<%s@example.test>" % box.encode(), b"250 ")

    def deliver(self, box, message, sender=b"me@client.example"):
        """A whole message, with LF line ends; it must be accepted."""
        self.begin(box, sender)
        self.say(b"DATA", b"354 ")
        self.send(on_the_wire(message))
        self.expect(b"250 ")

    def quit(self):
        self.say(b"QUIT", b"221 ")
        self.expect_end()
        self.close()

    # -- many at once --

    def converse(self, pieces, count):
        """Sends pieces and reads count replies at the same time; how many there were of each
        code."""
        sender = threading.Thread(target=lambda: all(map(self.send_some, pieces)))
        sender.start()
        codes = {}
        while count:
            replies = REPLY.findall(self.received)
            if len(replies) > count:
                raise AssertionError("more replies than commands")
            for code in replies:
                codes[code] = codes.get(code, 0) + 1
            count -= len(replies)
            self.received = self.received[self.received.rfind(b"\n") + 1:]
            if count:
                check(self.read_more(), "the connection ended,", count, "replies are missing")
        sender.join(PATIENCE)
        return codes

    # -- the server's side --

    def pid(self):
        """Of the process that serves this connection."""
        port = self.socket.getsockname()[1]
        return wait_until(lambda: serving(port, self.since), "a line event=accept")


def on_the_wire(message):
    return re.sub(rb"^\.", b"..", message, flags=re.M).replace(b"\n", b"\r\n") + b".\r\n"


# ---- processes ---------------------------------------------------------------------------------

class Log:
    """A log that grows, read on from where we were."""

    def __init__(self, name):
        self.path, self.at, self.accepted = CHAIN / name, 0, {}

    def size(self):
        return self.path.stat().st_size if self.path.exists() else 0

    def read(self):
        with open(self.path, "rb") as file:
            file.seek(self.at)
            text = file.read()
        text = text[:text.rfind(b"\n") + 1]
        self.at += len(text)
        return text


_log = Log("smtp.log")
ACCEPT = re.compile(rb"event=accept remote=\S+ port=(\d+) \S+ pid=(\d+) ")


def serving(port, since):
    """The process that tcp-accept made for a client's port. What the log says of it before since is
    of another client's, who had that port earlier."""
    begin = _log.at
    for line in ACCEPT.finditer(_log.read()):
        _log.accepted[int(line[1])] = begin + line.start(), int(line[2])
    at, pid = _log.accepted.get(port, (-1, None))
    return pid if at >= since else None


def wait_gone(pid):
    wait_until(lambda: not pathlib.Path(f"/proc/{pid}").exists(), "the end of process", pid)


def peak(pid):
    """The most memory that a process has had, in KB."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1])


def descriptors(pid):
    """What a process has open, by number."""
    found = {}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[int(fd)] = os.readlink(f"/proc/{pid}/fd/{fd}")
        except FileNotFoundError:
            pass  # closed meanwhile
    return found


def children(pid):
    """(pid, state) of each, zombies too."""
    found = []
    # Not by a glob: it looks into folders of processes that are gone by then.
    for other in filter(str.isdigit, os.listdir("/proc")):
        try:
            stat = pathlib.Path("/proc", other, "stat").read_text()
        except OSError:
            continue
        fields = stat.rpartition(")")[2].split()
        if int(fields[1]) == pid:
            found.append((int(other), fields[0]))
    return found


def check_clean(acceptor=ACCEPTOR):
    """No session is left, no zombie, and nothing in the queue's folders of messages."""
    wait_until(lambda: not children(acceptor), "no process of a session left:", acceptor)
    for folder in ("new", "tmp", "bad"):
        wait_until(lambda name=folder: not os.listdir(QUEUE / name), "an empty", folder)


# ---- the queue ---------------------------------------------------------------------------------

FOOTER = re.compile(rb"\nchainmail 1 (\d{20}) ")


def entries():
    return sorted((QUEUE / "new").iterdir())


def read_entry(path):
    """The message of a queue entry as it was sent, and its recipients."""
    data = path.read_bytes()
    size = int(FOOTER.search(data[-62:])[1])
    message = re.sub(rb"\AReceived: [^\n]*\n([ \t][^\n]*\n)*", b"", data[:size])
    return message, re.findall(rb"\0T([^\0]*)", data[size:])


def clear_queue():
    for entry in entries():
        entry.unlink()


def wait_queue_empty(hurry, *words):
    """As long as it gets emptier; hurry has what waits for a retry tried at once."""
    least, end = float("inf"), 0
    while left := sum(len(os.listdir(QUEUE / folder)) for folder in ("new", "state")):
        now = time.monotonic()
        if left < least:
            least, end = left, now + PATIENCE
        check(now < end, left, "stay in the queue", *words)
        hurry()
        time.sleep(0.3)


# ---- mailboxes ---------------------------------------------------------------------------------

TRACE = re.compile(rb"Return-Path: <[^\n]*\nDelivered-To: [^\n]*\n"
                   rb"Received: [^\n]*\n([ \t][^\n]*\n)*")


def received(data):
    """A message as it was sent, from a delivered file."""
    found = TRACE.match(data)
    check(found, "not our trace fields:", data[:300])
    return data[found.end():]


def files_of(box):
    try:
        return sorted((CHAIN / "mail" / box / "new").iterdir())
    except FileNotFoundError:
        return []


def messages_of(box, count):
    """The messages of a mailbox, when there are so many."""
    wait_until(lambda: len(files_of(box)) >= count, count, "messages in", box)
    return [received(file.read_bytes()) for file in files_of(box)]


# ---- one who does no harm ----------------------------------------------------------------------

class Meanwhile(threading.Thread):
    """Does its send_one before, again and again during, and after what happens in a with block; then
    its check_all, unless what happened failed itself."""

    pause = 0.02  # seconds

    def __init__(self):
        super().__init__(daemon=True)
        self.over, self.failure = threading.Event(), None

    def run(self):
        try:
            while not self.over.wait(self.pause):
                self.send_one()
        except Exception as error:  # told by the thread that waits for this one
            self.failure = error

    def __enter__(self):
        self.send_one()
        self.start()
        return self

    def __exit__(self, kind, *_):
        self.over.set()
        self.join(PATIENCE)
        if kind:
            return
        check(not self.failure, "a bystander was harmed:", repr(self.failure))
        self.send_one()
        self.check_all()


class Bystander(Meanwhile):
    """A well-behaved client, in one session: every message it sends is accepted, and arrives byte by
    byte."""

    def __init__(self, port=PORT, source="127.0.0.1"):
        super().__init__()
        self.box = f"bystander-{os.getpid()}-{time.monotonic_ns()}"
        self.port, self.source, self.client = port, source, None
        self.sent = []

    def send_one(self):
        self.client = self.client or Client(self.port, self.source).greet()
        number = len(self.sent)
        body = b"".join(b".%d %s\n" % (i, b"\xe4 line" * (number % 7)) for i in range(200))
        message = b"Subject: %d\n\n%s" % (number, body)
        self.client.deliver(self.box, message)
        self.sent.append(message)

    def check_all(self):
        if self.client:
            self.client.quit()
        arrived = messages_of(self.box, len(self.sent))
        check(sorted(arrived) == sorted(self.sent), "a bystander's messages are not what it sent")


class Brief(Bystander):
    """A session for each message, all of which is said at once: nobody has to wait for this client. For
    servers with little time for a command. If the machine stood still before all was said, so that the
    client may have been late, it comes again."""

    SOON = 1  # seconds

    def send_one(self):
        message = b"Subject: %d\n\ntext\n" % len(self.sent)
        wire = message.replace(b"\n", b"\r\n")
        began = time.monotonic()
        client = Client(self.port, self.source)
        client.send(b"EHLO client.example\r\nMAIL FROM:<me@client.example>\r\nRCPT TO:<%s@example.test>\r\n"
                    b"BDAT %d LAST\r\n%sQUIT\r\n" % (self.box.encode(), len(wire), wire))
        may_be_late = time.monotonic() - began > self.SOON
        client.expect(b"220 ")
        reply = client.reply()
        if reply.startswith(b"421 4.4.2 ") and may_be_late:
            return client.close()
        check(reply.startswith(b"250-"), reply)
        client.expect(b"250 ", b"250 ", b"250 2.0.0 queued as ", b"221 ")
        client.expect_end()
        client.close()
        self.sent.append(message)
