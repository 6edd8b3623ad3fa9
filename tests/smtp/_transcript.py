#!/usr/bin/env python3
"""_transcript.py FILE...: plays sessions against smtp-front and compares every byte.

No network: smtp-front's fd 0 and 1 are one end of a socket pair, its environment is made up.
Says `ok FILE`, or `not ok FILE` and the first difference. The exit code is 1 if there is one.

The conversation
  C: text          the client sends text and CRLF; client lines in a row go out in one write
  C+ text          the client sends text as it is, with nothing behind it
  C*N: text        the same line N times; {n} in it counts from 1
  S: text          the server says exactly this line; <id> stands for any id
  S~ regex         the server says a line that this matches as a whole
  S*N: text        N such lines
  shut             the client will send no more (half-closes); it goes on listening
  reset            the client is gone
  closed           the server ends the connection
  tls NAME=value.. the TLS provider takes the command, says these records and connects both ends
  tls decline      it closes the control socket without a byte;   tls fail   after one
  tls flood        it sends more than anyone wants to know
  descriptors N    from now on smtp-front cannot open any above fd N - 1
In text: \\r \\n \\t \\0 \\\\ \\xHH are bytes, all else is UTF-8.

Before it
  options ...      of smtp-front          chain ...     the message chain (record)
  env NAME=value   an environment variable              conf NAME value    a setting
  routes, texts    indented lines: the file routes, compiled; a file of reply texts
  hook NAME        indented lines: a hook's script;     link NAME   a link's, found in PATH
  pipes            fd 0 and 1 are pipes                 provider VALUE     UCSPITLS=VALUE, with fds
  auth             indented lines: a script for the auth service at {folder}/auth (_auth_service.py)
  limit N          no file may have more than N bytes    stray N     it is started with fd N open, too
After it (what the link `record` was given, the last time)
  message          indented lines: exactly these, ended by LF; `*N: text` is N of them
  bytes text       exactly these bytes
  envelope text    the bytes of fd 1
  fact NAME=value  in its environment                   no fact NAME
  trace regex      the Received field, unfolded
  no message       the chain was not run                log regex   a line of the log
  recorded NAME t  what a hook wrote to $RECORD/NAME    gone NAME   the process of that id ended
  exit N           smtp-front's exit code (0)
"""

import concurrent.futures
import fcntl
import os
import pathlib
import re
import resource
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from _auth_service import AuthService

HERE = pathlib.Path(__file__).resolve().parent
PATIENCE = 180  # seconds: a time limit of eight, for one, is that much of its process's own time
ID = "[0-9a-z]{16}"
ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.)")
ESCAPES = {"r": "\r", "n": "\n", "t": "\t", "0": "\0", "\\": "\\"}


# A process that is about to become another program has, until then, the files open that threads write; and a
# script that is open for writing cannot be executed.
STARTING = threading.Lock()


class Difference(Exception):
    pass


def to_bytes(text):
    """UTF-8, but \\xHH is the byte itself."""
    out, at = b"", 0
    for match in ESCAPE.finditer(text):
        out += text[at:match.start()].encode()
        code = match.group(1)
        out += bytes([int(code[1:], 16)]) if code[0] == "x" else ESCAPES[code].encode()
        at = match.end()
    return out + text[at:].encode()


class Session:
    """The folder, the program, and the client's end of the connection."""

    def __init__(self, folder):
        self.folder = folder
        self.options, self.chain, self.environment = [], ["record"], {}
        self.process = self.stream = None
        self.pipes = False
        self.provider = None
        self.provided = None  # the provider's copy of the server's end
        self.auth = None
        self.received = b""
        self.exit_code = 0
        self.file_limit = None
        self.stray = []
        for name in ("conf", "queue/new", "queue/tmp", "hooks", "links", "record"):
            (folder / name).mkdir(parents=True)
        self.configure("me", "mail.example.test")

    def configure(self, name, value):
        (self.folder / "conf" / name).write_text(value + "\n")

    def script(self, folder, name, lines):
        path = self.folder / folder / name
        with STARTING:
            path.write_text("#!/bin/sh\n" + "\n".join(lines) + "\n")
        path.chmod(0o755)

    def compile_routes(self, lines):
        (self.folder / "conf" / "routes").write_text("\n".join(lines) + "\n")
        command = ["route-compile", self.folder / "conf" / "routes", self.folder / "conf" / "routes.cdb"]
        with STARTING:
            compiler = subprocess.Popen(command)
        if compiler.wait(PATIENCE):
            raise Difference("the routes are not compiled")

    # -- start --

    def start(self, first=b""):
        """What the client sends first is there before the program starts, as far as there is room: no
        server waits too long for it."""
        own = {
            "PATH": f"{self.folder}/links:{HERE}/links:{os.environ['PATH']}",
            "CHAINMAIL_CONF": f"{self.folder}/conf",
            "CHAINMAIL_QUEUE": f"{self.folder}/queue",
            "RECORD": f"{self.folder}/record",
            "PROTO": "TCP",
            "TCPREMOTEIP": "192.0.2.1",
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LLVM_PROFILE_FILE"):
            if name in os.environ:
                own[name] = os.environ[name]
        own.update(self.environment)
        hooks = ["-H", str(self.folder / "hooks")] if any((self.folder / "hooks").iterdir()) else []
        inherited = self.make_provider(own) if self.provider is not None else []
        inherited += self.stray
        command = ["smtp-front", *hooks, *self.options, *self.chain]
        with open(self.folder / "log", "wb") as log:
            sent = self.connect(command, own, log, inherited, first)
        for fd in inherited:
            os.close(fd)
        return first[sent:]

    def connect(self, command, environment, log, inherited, first):
        ours, theirs = socket.socketpair()
        self.stream = ours
        ends = [theirs.fileno(), theirs.fileno()]
        sent = 0 if self.pipes or not first else ours.send(first, socket.MSG_DONTWAIT)
        if self.pipes:
            ends, self.stream = self.make_pipes()
        with STARTING:
            self.process = subprocess.Popen(command, stdin=ends[0], stdout=ends[1], stderr=log,
                                            env=environment, pass_fds=inherited, cwd=self.folder,
                                            preexec_fn=self.limit_files if self.file_limit else None)
        if self.provider is not None:
            self.provided = theirs.dup()
        theirs.close()
        if self.pipes:
            ours.close()
            for fd in ends:
                os.close(fd)
        return sent

    def limit_files(self):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.file_limit, self.file_limit))

    @staticmethod
    def make_pipes():
        (their_in, our_out), (our_in, their_out) = os.pipe(), os.pipe()

        class Pair:
            sendall = staticmethod(lambda data: os.write(our_out, data))
            recv = staticmethod(lambda n: os.read(our_in, n))
            settimeout = staticmethod(lambda seconds: None)
            shutdown = staticmethod(lambda how: os.close(our_out))
            close = staticmethod(lambda: None)
        return (their_in, their_out), Pair()

    def make_provider(self, environment):
        self.control, control = socket.socketpair()
        self.tunnel, tunnel = socket.socketpair()
        environment.update(SSLCTLFD=str(control.fileno()), SSLREADFD=str(tunnel.fileno()),
                           SSLWRITEFD=str(tunnel.fileno()), UCSPITLS=self.provider)
        return [control.detach(), tunnel.detach()]

    # -- the conversation --

    def need(self):
        if not self.process:
            self.start()
        self.stream.settimeout(PATIENCE)

    def send(self, data):
        rest = data if self.process else self.start(data)
        self.need()
        try:
            self.stream.sendall(rest)
        except OSError as error:
            if not self.received and not self.read_some():
                raise Difference(f"cannot send: {error}") from error

    def read_some(self):
        try:
            data = self.stream.recv(65536)
        except ConnectionResetError:
            data = b""
        except TimeoutError as error:
            raise Difference(f"the server says nothing; so far {self.received!r}") from error
        self.received += data
        return bool(data)

    def read_line(self):
        self.need()
        while b"\n" not in self.received:
            if not self.read_some():
                raise Difference(f"the connection is closed; so far {self.received!r}")
        line, self.received = self.received.split(b"\n", 1)
        if not line.endswith(b"\r"):
            raise Difference(f"not ended by CRLF: {line!r}")
        return line[:-1]

    def expect(self, pattern, shown):
        line = self.read_line()
        if not re.fullmatch(pattern, line):
            raise Difference(f"got  S: {line.decode(errors='backslashreplace')}\n  want {shown}")

    def expect_end(self):
        self.need()
        if self.provided:
            self.provided.close()
        while self.read_some():
            pass
        if self.received:
            raise Difference(f"the server said more: {self.received!r}")

    def tls(self, words):
        if self.control.recv(1) != b"Y":
            raise Difference("STARTTLS did not ask the provider with Y")
        if any(self.provided.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16)):
            raise Difference("the provider's reads end by themselves")
        self.provided.close()
        if words == ["decline"] or words == ["fail"]:
            self.control.sendall(b"" if words == ["decline"] else b"S")
            self.control.close()
            return
        if words == ["flood"]:
            self.control.sendall(b"SSL_X=" + b"x" * 20000)
            return
        self.control.sendall(b"".join(to_bytes(word) + b"\0" for word in words) + b"\0")
        self.stream = self.tunnel

    def finish(self):
        if not self.process:
            self.start()
        try:
            self.stream.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        self.expect_end()
        code = self.process.wait(PATIENCE)
        if code != self.exit_code:
            raise Difference(f"exit code {code}, want {self.exit_code}")
        if list((self.folder / "queue").glob("*/*")):
            raise Difference("the queue is not empty")
        difference = self.auth.finish() if self.auth else None
        if difference:
            raise Difference(difference)

    # -- what is left --

    def recorded(self, name):
        path = self.folder / "record" / name
        if not path.exists():
            raise Difference("the chain was not run")
        return path.read_bytes()

    def check_same(self, what, got, want):
        if got != want:
            raise Difference(f"{what}\n  got  {got!r}\n  want {want!r}")

    def facts(self):
        return self.recorded("environment").split(b"\0")


def has_ended(pid):
    """A zombie has; who adopts it is not ours to say."""
    try:
        status = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return status.rpartition(")")[2].split()[0] == "Z"


def indented(lines, at):
    """The lines after at that are indented, without their indent."""
    block = []
    while at + 1 < len(lines) and (lines[at + 1].startswith("  ") or not lines[at + 1].strip()):
        at += 1
        block.append(lines[at][2:])
    while block and not block[-1].strip():
        block.pop()
    return block, at


def repeated(block):
    for line in block:
        many = re.match(r"\*(\d+): (.*)$", line)
        if not many:
            yield line
            continue
        for n in range(1, int(many.group(1)) + 1):
            yield many.group(2).replace("{n}", str(n))


def id_pattern(data):
    return re.escape(data).replace(re.escape(b"<id>"), ID.encode())


def split_trace(message):
    """The Received field that smtp-front wrote, and the rest."""
    match = re.match(rb"Received: (?:[^\n]*\n)(?:[ \t][^\n]*\n)*", message)
    if not match:
        raise Difference(f"no Received field: {message[:80]!r}")
    return match.group(0), message[match.end():]


class Player:
    def __init__(self, session, path):
        self.session = session
        self.lines = path.read_text().split("\n")
        self.at = 0
        self.outgoing = bytearray()

    def flush(self):
        if self.outgoing:
            data, self.outgoing = bytes(self.outgoing), bytearray()
            self.session.send(data)

    def play(self):
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.strip() and not line.startswith("#"):
                self.step(line)
            self.at += 1
        self.flush()
        if not self.session.process or self.session.process.returncode is None:
            self.session.finish()

    def step(self, line):
        session = self.session
        client = re.match(r"C(?:\*(\d+))?(: ?|\+ )(.*)$", line)
        server = re.match(r"S(?:\*(\d+))?([:~]) ?(.*)$", line)
        if client:
            for n in range(1, int(client.group(1) or 1) + 1):
                self.outgoing += to_bytes(client.group(3).replace("{n}", str(n)))
                self.outgoing += b"" if client.group(2)[0] == "+" else b"\r\n"
            return
        self.flush()
        if server:
            text = server.group(3)
            exact = server.group(2) == ":"
            pattern = id_pattern(to_bytes(text)) if exact else text.encode()
            for _ in range(int(server.group(1) or 1)):
                session.expect(pattern, line)
            return
        word, _, rest = line.partition(" ")
        if not hasattr(self, "do_" + word):
            raise Difference(f"what is {line!r}?")
        getattr(self, "do_" + word)(rest)

    # -- before --

    def do_options(self, rest):
        self.session.options = [o.replace("{folder}", str(self.session.folder))
                                for o in shlex.split(rest)]

    def do_chain(self, rest):
        self.session.chain = shlex.split(rest)

    def do_env(self, rest):
        name, _, value = rest.partition("=")
        self.session.environment[name] = value

    def do_conf(self, rest):
        name, _, value = rest.partition(" ")
        self.session.configure(name, value)

    def block(self):
        block, self.at = indented(self.lines, self.at)
        return block

    def do_routes(self, _):
        self.session.compile_routes(self.block())

    def do_texts(self, _):
        path = self.session.folder / "texts"
        path.write_text("\n".join(self.block()) + "\n")

    def do_hook(self, rest):
        self.session.script("hooks", rest, self.block())

    def do_link(self, rest):
        self.session.script("links", rest, self.block())

    def do_auth(self, _):
        self.session.auth = AuthService(self.session.folder / "auth", self.block(), PATIENCE, to_bytes)

    def do_limit(self, rest):
        self.session.file_limit = int(rest)

    def do_stray(self, rest):
        null = os.open(os.devnull, os.O_RDONLY)
        self.session.stray.append(fcntl.fcntl(null, fcntl.F_DUPFD_CLOEXEC, int(rest)))
        os.close(null)

    def do_pipes(self, _):
        self.session.pipes = True

    def do_provider(self, rest):
        self.session.provider = rest

    # -- meanwhile --

    def do_shut(self, _):
        self.session.need()
        self.session.stream.shutdown(socket.SHUT_WR)

    def do_reset(self, _):
        self.session.need()
        self.session.stream.close()
        self.session.process.wait(PATIENCE)

    def do_closed(self, _):
        self.session.expect_end()

    def do_descriptors(self, rest):
        pid = self.session.process.pid
        _, most = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (int(rest), most))

    def do_tls(self, rest):
        self.session.tls(shlex.split(rest))

    # -- after --

    def after(self):
        if not self.session.process or self.session.process.returncode is None:
            self.session.finish()

    def do_exit(self, rest):
        self.session.exit_code = int(rest)
        self.after()

    def do_message(self, _):
        self.after()
        want = "".join(line + "\n" for line in repeated(self.block()))
        _, body = split_trace(self.session.recorded("message"))
        self.session.check_same("message", body, to_bytes(want))

    def do_bytes(self, rest):
        self.after()
        _, body = split_trace(self.session.recorded("message"))
        self.session.check_same("message", body, to_bytes(rest))

    def do_trace(self, rest):
        self.after()
        trace, _ = split_trace(self.session.recorded("message"))
        unfolded = re.sub(rb"\n[ \t]+", b" ", trace).strip()
        if not re.fullmatch(rest.encode(), unfolded):
            raise Difference(f"trace\n  got  {unfolded!r}\n  want {rest}")

    def do_envelope(self, rest):
        self.after()
        self.session.check_same("envelope", self.session.recorded("envelope"), to_bytes(rest))

    def do_fact(self, rest):
        self.after()
        pattern = id_pattern(to_bytes(rest))
        if not any(re.fullmatch(pattern, fact) for fact in self.session.facts()):
            name = rest.partition("=")[0].encode()
            has = [fact for fact in self.session.facts() if fact.startswith(name)]
            raise Difference(f"no fact {rest}; {has}")

    def do_no(self, rest):
        self.after()
        if rest == "message":
            if (self.session.folder / "record" / "message").exists():
                raise Difference("the chain was run")
            return
        kind, _, name = rest.partition(" ")
        for fact in self.session.facts() if kind == "fact" else []:
            if fact.partition(b"=")[0] == name.encode():
                raise Difference(f"there is a fact {fact!r}")

    def do_recorded(self, rest):
        self.after()
        name, _, want = rest.partition(" ")
        self.session.check_same(name, self.session.recorded(name), to_bytes(want))

    def do_gone(self, rest):
        self.after()
        pid = int(self.session.recorded(rest))
        for _ in range(PATIENCE * 100):
            if has_ended(pid):
                return
            time.sleep(0.01)
        raise Difference("the process is still there")

    def do_log(self, rest):
        self.after()
        log = (self.session.folder / "log").read_bytes()
        if not re.search(rest.encode(), log, re.M):
            raise Difference(f"no line of the log matches {rest}\n{log.decode()}")


def run(path):
    """Plays one file. What is different, or ""."""
    with tempfile.TemporaryDirectory(prefix="smtp-front.", ignore_cleanup_errors=True) as folder:
        session = Session(pathlib.Path(folder))
        player = Player(session, path)
        try:
            player.play()
            return ""
        except (Difference, OSError, subprocess.SubprocessError) as error:
            log = pathlib.Path(folder) / "log"
            text = log.read_text(errors="backslashreplace") if log.exists() else ""
            return f"{path.name}:{player.at + 1}: {error}\n{text}"
        finally:
            if session.process and session.process.poll() is None:
                session.process.kill()
                session.process.wait()


def main():
    paths = [pathlib.Path(name) for name in sys.argv[1:]]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:  # those first for which time must pass
        played = {path: pool.submit(run, path) for path in sorted(paths, key=lambda path: "timeout" not in path.name)}
    differences = {path: played[path].result() for path in paths}
    for path, difference in differences.items():
        print(f"not ok {path}\n{difference}" if difference else f"ok {path}")
    sys.exit(any(differences.values()))


if __name__ == "__main__":
    main()
