#!/usr/bin/env python3
"""_pauses.py SCENARIO: programs that deliver, queue-send, and sessions in the clear, whose processes stand
still for a moment, before or after each of their system calls in turn (to read the clock is one). All ends
as it does otherwise, and no later."""

import itertools
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import sys
import time

import _deliveries
from _chain import (CHAIN, PATIENCE, QUEUE, Client, check, children, descriptors, files_of, main, on_the_wire,
                    wait_until)
from _deliveries import AtReceiver, Bounced, Family, Forwarded, InSecret, Piped, Spawned, Submitted, inject
from _disturb import Disturbed, until_it_becomes
from _receiver import Receiver
from _scheduler import TRACED, Scheduler
from _still import explore

# ---- deliveries ----------------------------------------------------------------------------------

class Undisturbed:
    """A Matrix of _deliveries.py that nothing may happen to, and where nobody is impatient."""

    def play(self, fault):
        scheduler = Scheduler(self.traced)
        self.send()
        scheduler.start(wait=False)
        scheduler.impatient = float("inf")
        try:
            wait_until(lambda: self.is_through(scheduler), fault, "an empty queue", scheduler.text())
        finally:
            self.program.release()
            scheduler.stop()
        self.check(fault, scheduler)
        check(not scheduler.troubled, fault, scheduler.text())

    @staticmethod
    def is_through(scheduler):
        check(scheduler.process.poll() is None, "it has ended:", scheduler.text())
        return scheduler.tend()

    def run(self, choose=None):
        explore(self.program, self.play_and_clear, choose or self.program.own)


def undisturbed(matrix):
    return type(matrix.__name__, (Undisturbed, matrix), {})


class Mailboxes(Undisturbed, Forwarded):
    """deliver-maildir, whose threads sync what comes together."""

    follow = True

    def __init__(self):
        super().__init__("errors", "example.test", "deliver", "maildir", "deliver-maildir")


def _route(*lines):
    _deliveries.add_routes(*lines)


def smtp():
    receiver = Receiver()
    _route(f"@smtp.example smarthost 127.0.0.1:{receiver.port}")
    undisturbed(AtReceiver)("errors", receiver, "smtp.example", "smtp", "remote", "deliver-smtp").run()


def smtp_by_mx():
    receiver = Receiver(CHAIN / "certificate")
    (CHAIN / "conf/tls-policies").write_text("tls.example verify mx.tls.example\n")
    with _deliveries.name_server(_deliveries.TLS_ZONES):
        undisturbed(InSecret)("errors", receiver, "tls.example", "tls", "remote",
                              f"deliver-smtp -p {receiver.port} -A {CHAIN / 'authority'}").run()


def lmtp():
    receiver = Receiver()
    _route(f"@lmtp.example lmtp 127.0.0.1:{receiver.port}")
    undisturbed(AtReceiver)("errors", receiver, "lmtp.example", "lmtp", "lmtp", "deliver-lmtp").run()


def pipe():
    _route(f"@pipe.example pipe {_deliveries.make_command()}")
    undisturbed(Piped)("errors", "pipe.example", "pipe", "pipe", "deliver-pipe -r -c 1").run()


def forward():
    _route("a@forward.example forward a@example.test", "b@forward.example forward b@example.test")
    undisturbed(Forwarded)("errors", "forward.example", "forward", "forward", "deliver-forward").run()


def maildir():
    Mailboxes().run()


def bounce():
    _route("known@only.example maildir known")
    undisturbed(Bounced)("errors").run()


def spawn():
    with _deliveries.spawned(undisturbed(Spawned), "errors") as matrix:
        matrix.run()


class OnePlace(Undisturbed, Spawned):
    """Of two users' deliverers one has to go before the other can be."""

    options = ("-f", "1", "-c", "1", "-i", "600")


def spawn_in_turn():
    with _deliveries.spawned(OnePlace, "errors") as matrix:
        matrix.run()


def _in_turn(channel, deliverer, kind):
    """Two servers, and one connection: that to the one has to end before the other is spoken to."""
    servers = {name: Receiver() for name in ("one.example", "two.example")}
    program = Family("errors", "turn", follow=False)
    _route(*(f"@{name} {kind} 127.0.0.1:{server.port}" for name, server in servers.items()))

    def play(fault):
        _clear()
        for server in servers.values():
            server.take()
        traced = f"{channel}={TRACED} turn {deliverer}"
        scheduler = Scheduler(["queue-send", "-w", f"{channel}=1", "-w", traced])
        scheduler.start()
        try:
            for _ in range(2):
                for name in servers:
                    inject("one", f"a@{name}")
                for name, server in servers.items():
                    wait_until(server.take, fault, "a message for", name, scheduler.text())
            wait_until(scheduler.tend, "an empty queue")
        finally:
            program.release()
            scheduler.stop()

    explore(program, play, program.own)


def smtp_in_turn():
    _in_turn("remote", "deliver-smtp -C 1 -i 600", "smarthost")


def lmtp_in_turn():
    _in_turn("lmtp", "deliver-lmtp -c 1 -i 600", "lmtp")


# ---- queue-send --------------------------------------------------------------------------------------

def _clear():
    """What a play that failed has left would have the next ones fail."""
    for folder in "new", "state":
        for file in (QUEUE / folder).iterdir():
            file.unlink(missing_ok=True)
    for file in files_of("box"):
        file.unlink()


class Sending:
    """queue-send alone is disturbed. In a life of it something is done."""

    def __init__(self, act, **settings):
        for name, value in settings.items():
            (CHAIN / "conf" / name.replace("_", "-")).write_text(f"{value}\n")
        self.act, self.program = act, Family("errors", "send", follow=False)

    def play(self, fault):
        _clear()
        scheduler = Scheduler([TRACED, "send", "queue-send", "-w", "maildir=1", "-w", "pipe=1",
                               "-w", "pipe=deliver-pipe -r"])
        scheduler.start()
        try:
            self.act(scheduler)
            wait_until(self.is_empty, fault, "an empty queue", scheduler.text())
        finally:
            self.program.release()
            scheduler.stop()

    @staticmethod
    def is_empty():
        return not os.listdir(QUEUE / "new") and not os.listdir(QUEUE / "state")

    def run(self):
        explore(self.program, self.play, until_it_becomes)


def _take(box):
    """Waits for the one message, and takes it away."""
    wait_until(lambda: len(files_of(box)) == 1, "a message in", box)
    files_of(box)[0].unlink()


def injected():
    """What comes in while it sleeps is delivered at once."""
    def act(_):
        for _ in range(3):
            inject("one", "box@example.test")
            _take("box")

    Sending(act).run()


class Refusal:
    """A command that is not done before it is allowed."""

    def __init__(self):
        self.allowed, self.done = CHAIN / "allowed", CHAIN / "done"
        command = CHAIN / "refuse"
        command.write_text(f"#!/bin/sh\n[ -e {self.allowed} ] || exit 111\necho done >>{self.done}\n")
        command.chmod(0o755)
        _route(f"@refused.example pipe {command}")

    def await_refusal(self, scheduler):
        self.allowed.unlink(missing_ok=True)
        self.done.unlink(missing_ok=True)
        since = scheduler.log.stat().st_size
        inject("one", "a@refused.example")
        wait_until(lambda: "event=waiting" in scheduler.text(since), "a refusal", scheduler.text(since))
        self.allowed.touch()
        return next(path.name for path in (QUEUE / "new").iterdir())


def retries():
    """What is to be tried again in a second is."""
    refusal = Refusal()
    Sending(refusal.await_refusal, retry_schedule="1").run()


def orders():
    """What people ask of it is done at once."""
    refusal = Refusal()

    def act(scheduler):
        name = refusal.await_refusal(scheduler)
        for order in "hold", "release", "retry":
            command = [f"queue-{order}", name.partition(".")[0]]
            subprocess.run(command, check=order != "retry", capture_output=True, timeout=PATIENCE)

    Sending(act).run()


def woken():
    """A signal has all tried again at once."""
    refusal = Refusal()

    def act(scheduler):
        refusal.await_refusal(scheduler)
        scheduler.signal(signal.SIGALRM)

    Sending(act).run()


def _state(pid):
    """What the process does, and how often it has gone to sleep."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    state = re.search(r"State:\s+(\w)", status)[1]
    return state, int(re.search(r"\nvoluntary_ctxt_switches:\s+(\d+)", status)[1])


# Has so many descriptors open that all of poll's, which are no more than it may have, are fewer.
BURDENED = [sys.executable, "-c", "import os, sys\nfor _ in range(40): os.set_inheritable(os.dup(0), True)\n"
            "os.execvp(sys.argv[1], sys.argv[1:])"]


def wait_for(client):
    """True if it has got its answer; else it is ended."""
    try:
        return client.wait(PATIENCE) == 0
    except subprocess.TimeoutExpired:
        client.kill()
        return False


class Crowded:
    """Who asks queue-send when it has no descriptor left is heard when a second is over, even if that is
    while it looks at the clock."""

    def __init__(self):
        self.program = Family("errors", "send", follow=False)

    @staticmethod
    def ask_in_vain(pid):
        """The client's process; a connection for it could not be accepted, and now one could."""
        wait_until(lambda: _state(pid)[0] == "S", "it is at rest")
        sleeps = _state(pid)[1]
        taken = descriptors(pid)
        full = next(number for number in itertools.count() if number not in taken)
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (full, limits[1]))
        client = subprocess.Popen(["queue-list"], stdout=subprocess.DEVNULL)
        wait_until(lambda: _state(pid)[0] == "S" and _state(pid)[1] > sleeps, "it has tried")
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
        return client

    def play(self, _):
        scheduler = Scheduler([*BURDENED, TRACED, "send", "queue-send"])
        below = [os.dup(0) for _ in range(40)]  # what it tells that it is ready on leaves no gap there
        scheduler.start()
        for number in below:
            os.close(number)
        try:
            with self.ask_in_vain(scheduler.pid()) as client:
                heard = wait_for(client)
            check(heard, "not heard")
        finally:
            self.program.release()
            scheduler.stop()

    @staticmethod
    def behind_the_failure(calls):
        failed, again = [i for i, call in enumerate(calls) if call.name.startswith("accept")][:2]
        check(calls[failed].result < 0, "it was accepted")
        return [call for call in calls[failed:again] if call.name == "clock_gettime"]

    def run(self):
        explore(self.program, self.play, self.behind_the_failure, still=1200, seeds=0)


def crowded():
    Crowded().run()


# ---- those who take their time --------------------------------------------------------------------

class Silent:
    """A host that takes a connection, and says nothing."""

    def __init__(self, name):
        self.name, self.listener, self.peer = name, socket.create_server(("127.0.0.1", 0)), None
        self.listener.settimeout(PATIENCE)

    def route(self):
        return f"@{self.name} smarthost 127.0.0.1:{self.listener.getsockname()[1]}"

    def take(self):
        inject("one", f"a@{self.name}")
        self.peer, _ = self.listener.accept()

    def end(self):
        self.listener.close()
        if self.peer:
            self.peer.close()


class Slow:
    """deliver-smtp with two connections, and two hosts that are silent: one of them may be waited for,
    and a third host is served. They become slow one just after the other."""

    def __init__(self):
        self.program, self.receiver = Family("errors", "slow", follow=False), Receiver()
        self.command = ["queue-send", "-t", "0", "-w", "remote=1", "-w",
                        f"remote={TRACED} slow deliver-smtp -C 2 -t opening=1"]

    def lead_to(self, hosts):
        good = f"@good.example smarthost 127.0.0.1:{self.receiver.port}"
        (CHAIN / "conf/routes").write_text("\n".join([*(host.route() for host in hosts), good, ""]))
        subprocess.run(["route-compile", CHAIN / "conf/routes"], check=True)

    def play(self, fault):
        hosts, scheduler = [Silent("first.example"), Silent("second.example")], Scheduler(self.command)
        self.lead_to(hosts)
        scheduler.start()
        try:
            for host in hosts:
                host.take()
            inject("one", "a@good.example")
            wait_until(self.receiver.take, fault, "another one is served", scheduler.text())
        finally:
            self.program.release()
            for host in hosts:
                host.end()
            scheduler.stop()
            _clear()

    @staticmethod
    def when_the_first_is_slow(calls):
        return [call for call in calls if call.name == "recvmsg" and 9 <= call.number <= 10]

    def run(self):
        explore(self.program, self.play, until_it_becomes, self.when_the_first_is_slow)


def slow():
    Slow().run()


def hanging():
    """deliver-pipe ends a command when its time is over, and takes the next."""
    command = CHAIN / "hang"
    command.write_text("#!/bin/sh\nexec sleep 1000\n")
    command.chmod(0o755)
    _route(f"@hang.example pipe {command}")
    program = Family("errors", "pipe", follow=False)

    def play(fault):
        scheduler = Scheduler(["queue-send", "-t", "0", "-w", "pipe=1", "-w",
                               f"pipe={TRACED} pipe deliver-pipe -r -c 1 -t 1"])
        for user in "ab":
            inject("one", f"{user}@hang.example")
        scheduler.start()
        try:
            wait_until(lambda: scheduler.text().count("took too long") >= 2, fault, "both are ended",
                       scheduler.text())
        finally:
            program.release()
            scheduler.stop()
            _clear()

    explore(program, play, program.own)


# ---- sessions ------------------------------------------------------------------------------------

class Session:
    """One in the clear with all that the front waits for: commands one by one and together, DATA, and
    BDAT whose last chunk lies there before it is asked for."""

    def play(self, _):
        _clear()
        client = Client().greet()
        client.deliver("box", _deliveries.MESSAGES["two"])
        body = on_the_wire(_deliveries.MESSAGES["one"])[:-3]
        client.send(b"MAIL FROM:<me@client.example>\r\nRCPT TO:<box@example.test>\r\nBDAT 5\r\n" + body[:5] +
                    b"BDAT %d LAST\r\n" % (len(body) - 5) + body[5:] + b"NOOP\r\nQUIT\r\n")
        client.expect(b"250 ", b"250 ", b"250 ", b"250 ", b"250 ", b"221 ")
        client.expect_end()
        client.close()
        acceptor = int(os.environ["SMTP_PID"])
        wait_until(lambda: not children(acceptor) and len(files_of("box")) == 2, "the end, and both messages")
        wait_until(Sending.is_empty, "an empty queue")
        for file in files_of("box"):
            file.unlink()


def front():
    explore(Disturbed("front"), Session().play, until_it_becomes)


def queue_inject():
    explore(Disturbed("inject"), Session().play)


def _with_hook(script, seconds, reply):
    """The hook at MAIL has so much time."""
    (CHAIN / "conf/timeout-hook").write_text(f"{seconds}\n")
    (CHAIN / "hooks/mail").write_text(f"#!/bin/sh\n{script}\n")

    def play(_):
        client = Client().greet()
        client.say(b"MAIL FROM:<me@client.example>", reply)
        client.quit()
        wait_until(lambda: not children(int(os.environ["SMTP_PID"])), "the end of a session")

    explore(Disturbed("front"), play, until_it_becomes)


def hook_that_leaves():
    """One that leaves somebody behind who keeps its pipe is not waited for."""
    _with_hook("sleep 120 &", 60, b"250 ")


def hook_that_hangs():
    """It is ended when its time is over."""
    _with_hook("exec sleep 1000", 1, b"451 ")


def impatient():
    """A client that says one byte after the other has no more time for a command than another one."""
    (CHAIN / "conf/timeout-command").write_text("1\n")

    def play(_):
        client = Client()
        client.expect(b"220 ")
        while client.send_some(b"N") and client.is_silent():
            time.sleep(0.2)
        client.expect(b"421 ")
        client.expect_end()
        client.close()
        wait_until(lambda: not children(int(os.environ["SMTP_PID"])), "the end of a session")

    explore(Disturbed("front"), play, until_it_becomes)


def submission():
    """mail-inject, to a service on a socket."""
    with _deliveries.submission_service():
        submitted, boxes = Submitted("errors"), []

        def play(fault):
            submitted.play(fault)
            _, box, code, words = submitted.sent[-1]
            boxes.append(box)
            check(code == 0, words)

        explore(submitted.program, play)


if __name__ == "__main__":
    main(globals())
