"""What is recorded before the power fails: real programs under strace, and a client that keeps a
ledger. Each scenario is a function that returns (Recording, [Message])."""

import concurrent.futures
import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
from dataclasses import dataclass

from _chain import CHAIN, PATIENCE, QUEUE, Client, check, on_the_wire, wait_until
from _recording import STRACE, Recording

DISK = CHAIN / "disk"             # queue/ and mail/, all that the power takes anything from
MAIL = DISK / "mail"
SEND_ROUTES = CHAIN / "send.cdb"  # of queue-send
SENDER = "sender"                 # whom bounces go to
GONE = "gone"                     # whom smtp-front knows, and queue-send does not
BROKEN = "broken"                 # who has no Maildir for a while
FORWARDED = {"forwarded": "four"} # whose mail goes to another one's mailbox


def send_command(mail, deliverers=1):
    """Maildirs are named from where the deliverer stands, so that logs of one disk hold on another
    one."""
    return ("queue-send", "-r", str(SEND_ROUTES), "-w", f"maildir={deliverers}", "-w",
            f"maildir=deliver-maildir -d {mail}", "-w", "forward=1")


def write_tree(top, tree):
    """Makes this tree, of paths and contents (None for folders), and nothing else."""
    shutil.rmtree(top, ignore_errors=True)
    os.mkdir(top)
    for path in sorted(tree):
        if tree[path] is None:
            os.mkdir(top / path)
        else:
            (top / path).write_bytes(tree[path])


NEW_DISK = dict.fromkeys("mail queue queue/new queue/tmp queue/state queue/bad".split())


# ---- programs ----------------------------------------------------------------------------------

class Stage:
    """A disk, and a shell under strace: what that starts is recorded."""

    def __init__(self, *options, tree=NEW_DISK):
        write_tree(DISK, tree)
        os.mkfifo(QUEUE / "trigger")  # which is no file, and not recorded
        self.recording = Recording(DISK)
        self.trace, self.log = CHAIN / "stage.trace", CHAIN / "stage.log"
        self.log.write_bytes(b"")
        self.pids = []
        self.shell = subprocess.Popen([*STRACE, *options, "-o", self.trace, "sh"], text=True,
                                      bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def start(self, *command):
        """Returns its pid, when it is ready."""
        words, log = " ".join(map(shlex.quote, command)), shlex.quote(str(self.log))
        self.shell.stdin.write(f"{words} 3>&1 >>{log} 2>&1 </dev/null &\necho $!\n")
        said = {self.shell.stdout.readline().strip() for _ in range(2)}
        check("" in said and len(said) == 2, "not ready:", words, self.log.read_text())
        self.pids.append(int((said - {""}).pop()))
        return self.pids[-1]

    def start_front(self, *front):
        """Returns its port."""
        self.start("tcp-accept", "-n", "3", "127.0.0.1", "0", *front)
        return int(re.findall(r"event=listen .*port=(\d+)", self.log.read_text())[-1])

    def start_send(self, deliverers=1):
        return self.start(*send_command(MAIL, deliverers), "-n", "3")

    def order(self, *command):
        """Returns when what an administrator ordered is confirmed: in words, through a pipe."""
        words, log = " ".join(map(shlex.quote, command)), shlex.quote(str(self.log))
        self.shell.stdin.write(f"{words} 2>>{log} </dev/null || echo\n")
        said = self.shell.stdout.readline()
        check(said.strip(), "not confirmed:", words, self.log.read_text())

    def stop(self, pid):
        os.kill(pid, signal.SIGTERM)
        self.pids.remove(pid)
        self.shell.stdin.write(f"wait {pid}; echo\n")
        self.shell.stdout.readline()

    def has_logged(self, pattern, count=1):
        return len(re.findall(pattern, self.log.read_text())) >= count

    def wait_for(self, pattern, count=1):
        wait_until(lambda: self.has_logged(pattern, count), pattern, self.log)

    @staticmethod
    def is_empty():
        return not os.listdir(QUEUE / "new") and not os.listdir(QUEUE / "state")

    def wait_empty(self):
        wait_until(self.is_empty, "an empty queue:", self.log)

    def wait_entries(self, count):
        wait_until(lambda: len(os.listdir(QUEUE / "new")) == count, count, "entries:", self.log)

    def hurry(self, send):
        """Until the queue is empty. What waits for a retry is told not to."""
        wait_until(lambda: os.kill(send, signal.SIGALRM) or self.is_empty(), "an empty queue")

    def end(self):
        for pid in self.pids:
            os.kill(pid, signal.SIGTERM)
        self.shell.stdin.write("wait\nexit\n")
        self.shell.stdin.close()
        check(self.shell.wait(PATIENCE) == 0, "strace failed")
        return self.recording.read(self.trace).check_tree()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.shell.poll() is None:  # something went wrong
            for process in [*self.pids, self.shell.pid]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            self.shell.wait()
        self.shell.stdout.close()


def break_box():
    """The recording knows nothing of this: on other disks the box is whole."""
    MAIL.joinpath(BROKEN).write_text("not a Maildir")


def mend_box():
    MAIL.joinpath(BROKEN).unlink()


# ---- mail --------------------------------------------------------------------------------------

@dataclass
class Message:
    subject: str
    size: int
    boxes: tuple
    queue_id: str = ""

    def text(self):
        """No page is like another."""
        lines = (f"{self.subject} {number:07}\n" for number in range(self.size // 11))
        return f"Subject: {self.subject}\n\n{''.join(lines)}".encode()


def send_data(client, text):
    client.say(b"DATA", b"354 ")
    client.send(on_the_wire(text))


def send_chunks(client, text):
    wire = text.replace(b"\n", b"\r\n")
    half = len(wire) // 2
    client.send(b"BDAT %d\r\n" % half + wire[:half])
    client.expect(b"250 ")
    client.send(b"BDAT %d LAST\r\n" % (len(wire) - half) + wire[half:])


class Post:
    """A client, and what it sent."""

    def __init__(self, name="m"):
        self.name, self.messages = name, []

    def send(self, port, sizes_and_boxes, send_text=send_data, beside=lambda: None):
        """One session. beside is called when the last byte of a message was sent."""
        client = Client(port).greet()
        for size, boxes in sizes_and_boxes:
            message = Message(f"{self.name}{len(self.messages)}", size, tuple(boxes.split()))
            self.messages.append(message)
            client.say(b"MAIL FROM:<%s@example.test>" % SENDER.encode(), b"250 ")
            for box in message.boxes:
                client.say(b"RCPT TO:<%s@example.test>" % box.encode(), b"250 ")
            send_text(client, message.text())
            beside()
            reply = client.reply()
            found = re.match(rb"250 2\.0\.0 queued as (\w+)", reply)
            check(found, "not accepted:", message, reply)
            message.queue_id = found[1].decode()
        client.quit()


# ---- scenarios ---------------------------------------------------------------------------------

MAILS = ((0, "one"), (300, "one two"), (5000, "two"), (20000, "one three"))


def accept(*front, options=()):
    post = Post()
    with Stage(*options) as stage:
        port = stage.start_front(*front)
        post.send(port, MAILS)
        post.send(port, MAILS, send_chunks)
        return stage.end(), post.messages


def accepted():
    """Nobody delivers."""
    return accept("smtp-front", "queue-inject")


def accepted_at_once():
    """By smtp-front itself."""
    return accept("smtp-front", "-Q")


def copied():
    """Where files cannot be named afterwards."""
    return accept("smtp-front", "queue-inject", options=("-e", "inject=linkat:error=EXDEV"))


def delivered():
    """Into Maildirs that are made for it, one message at a time, then several at a time."""
    post = Post()
    with Stage() as stage:
        port = stage.start_front("smtp-front", "-Q")
        stage.start_send()
        for mail in MAILS:
            post.send(port, [mail])
            stage.wait_empty()
        post.send(port, MAILS + MAILS)
        stage.wait_empty()
        return stage.end(), post.messages


def found():
    """Accepted before queue-send is started: it reads the folder, and syncs are shared."""
    post = Post()
    with Stage() as stage:
        port = stage.start_front("smtp-front", "queue-inject")
        post.send(port, MAILS)
        post.send(port, MAILS, send_chunks)
        stage.start_send()
        stage.wait_empty()
        return stage.end(), post.messages


def retried():
    """One of two mailboxes cannot be delivered to at first."""
    post = Post()
    with Stage() as stage:
        break_box()
        port = stage.start_front("smtp-front", "-Q")
        send = stage.start_send()
        post.send(port, [(300, f"one {BROKEN}"), (5000, f"{BROKEN} two three"), (300, BROKEN)])
        stage.wait_for("event=waiting", 3)
        os.kill(send, signal.SIGALRM)
        stage.wait_for("event=waiting", 6)
        mend_box()
        os.kill(send, signal.SIGALRM)
        stage.wait_empty()
        return stage.end(), post.messages


def returned():
    """Recipients who are gone: their senders hear of it."""
    post = Post()
    with Stage() as stage:
        port = stage.start_front("smtp-front", "-Q")
        stage.start_send()
        post.send(port, [(300, GONE), (5000, f"one {GONE} two"), (300, "one"), (20000, GONE)])
        stage.wait_empty()
        return stage.end(), post.messages


def forwarded():
    """The deliverer puts them into the queue again."""
    post = Post()
    with Stage() as stage:
        port = stage.start_front("smtp-front", "-Q")
        stage.start_send()
        post.send(port, [(300, "forwarded"), (5000, "one forwarded"), (20000, "forwarded two")])
        stage.wait_empty()
        return stage.end(), post.messages


def busy():
    """All of it at the same time, in several sessions, with several deliverers."""
    posts = [Post(name) for name in "pqr"]
    with Stage() as stage:
        break_box()
        port = stage.start_front("smtp-front", "queue-inject")
        send = stage.start_send(deliverers=2)
        mails = MAILS[1:] + ((300, f"{GONE} one"), (3000, f"forwarded {BROKEN} two"))
        with concurrent.futures.ThreadPoolExecutor() as pool:
            for session in [pool.submit(post.send, port, mails) for post in posts]:
                session.result()
        stage.wait_for("event=waiting .*attempts=1 ", len(posts))
        mend_box()
        os.kill(send, signal.SIGALRM)
        stage.wait_empty()
        return stage.end(), [message for post in posts for message in post.messages]


def found_early():
    """queue-send reads the folder when a message has its name and its sync takes a while."""
    post = Post()
    with Stage("-e", "inject=fsync:delay_enter=1000000:when=1") as stage:
        break_box()
        port = stage.start_front("smtp-front", "queue-inject")
        send = stage.start_send()
        post.send(port, [(300, f"one {BROKEN}")])  # the first syncs of long-lived programs
        stage.wait_for("event=waiting", 1)

        def scan():
            wait_until(lambda: len(os.listdir(QUEUE / "new")) > 1, "a second entry")
            os.kill(send, signal.SIGALRM)

        post.send(port, [(20000, f"one {BROKEN}")], beside=scan)
        stage.wait_for("event=waiting", 3)
        mend_box()
        os.kill(send, signal.SIGALRM)
        stage.wait_empty()
        return stage.end(), post.messages


def order_each(stage, messages):
    """Afterwards the first is still held, the second goes its way, and two are gone."""
    held, released, dropped, failed = [message.queue_id for message in messages]
    stage.order("queue-hold", "-m", "suspicious", held)
    stage.order("queue-hold", released)
    stage.order("queue-drop", dropped)
    stage.order("queue-drop", "-b", "-m", "no such luck", failed)
    stage.order("queue-release", released)


ORDERED = ((300, BROKEN), (5000, BROKEN), (300, BROKEN), (20000, BROKEN))


def ordered():
    """By queue-send, of what waits for a retry."""
    post = Post()
    with Stage() as stage:
        break_box()
        port = stage.start_front("smtp-front", "-Q")
        send = stage.start_send()
        post.send(port, ORDERED)
        stage.wait_for("event=waiting", len(ORDERED))
        order_each(stage, post.messages)
        stage.wait_for("event=waiting", len(ORDERED) + 1)  # the one that was released
        mend_box()
        os.kill(send, signal.SIGALRM)
        stage.wait_entries(1)
        stage.order("queue-release", post.messages[0].queue_id)
        stage.wait_empty()
        return stage.end(), post.messages


def ordered_alone():
    """By the tools, while queue-send does not run, of what nobody has tried yet."""
    post = Post()
    with Stage() as stage:
        port = stage.start_front("smtp-front", "queue-inject")
        stage.stop(stage.start_send())  # the lock is there
        post.send(port, ORDERED)
        order_each(stage, post.messages)
        stage.start_send()
        stage.wait_entries(1)
        stage.order("queue-release", post.messages[0].queue_id)
        stage.wait_empty()
        return stage.end(), post.messages


SCENARIOS = {scenario.__name__: scenario for scenario in (
    accepted, accepted_at_once, copied, delivered, found, retried, returned, forwarded, busy,
    found_early, ordered, ordered_alone)}


def recover(state):
    """Records how queue-send deals with a disk that the power has left in this state."""
    with Stage(tree=state.tree) as stage:
        stage.recording.torn = {stage.recording.find(str(DISK / path)) for path in state.torn()}
        stage.hurry(stage.start_send())
        return stage.end()
