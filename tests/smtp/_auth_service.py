"""_auth_service: a stand-in for the auth service (sasl-auth(8), PROTOCOL) that follows a script.

  front NAME=value   the front has said this fact about itself and its client
  no NAME            it has not said anything of that name
  hears text         the front says this line
  says text          the service does; in texts \\0 \\n \\xHH are bytes, {A*5} is AAAAA
  record NAME=value  a line of the success record; `record` alone ends it
  dies               it closes the connection
  gone               the front closes it, without a word more

An exchange has a connection of its own. It is over with an answer that is no challenge, or with `dies`
or `gone`; what is said before the next one is a difference. What does not come as the script says is
one, too, and so is a script that was not played to its end.
"""

import contextlib
import re
import socket
import threading


def repeated(line):
    return re.sub(r"\{(.)\*(\d+)\}", lambda match: match[1] * int(match[2]), line)


class AuthService(threading.Thread):
    def __init__(self, path, script, patience, to_bytes):
        super().__init__(daemon=True)
        self.script = [repeated(line) for line in script]
        self.patience, self.to_bytes = patience, to_bytes
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(8)
        self.listener.settimeout(patience)
        self.stream = self.lines = None
        self.facts = []
        self.over = True
        self.difference = None
        self.start()

    def run(self):
        line = ""
        try:
            for line in self.script:
                word, _, rest = line.partition(" ")
                getattr(self, "do_" + word)(rest)
            if self.stream and self.lines:
                self.do_gone("")
        except (AssertionError, AttributeError, OSError) as error:
            self.difference = f"auth service: {line}: {error}"
        finally:
            if self.stream:
                self.stream.close()
            self.listener.close()

    def begin(self):
        """Takes the connection of an exchange, if there is none."""
        if not self.over:
            return
        if self.lines:
            self.do_gone("")
        self.stream, _ = self.listener.accept()
        self.stream.settimeout(self.patience)
        self.lines = self.stream.makefile("rb")
        self.over = False
        self.facts = []
        while (fact := self.hear()) != b"":
            self.facts.append(fact)

    def hear(self):
        line = self.lines.readline()
        assert line.endswith(b"\n"), f"the front has gone, after {line!r}"
        return line[:-1]

    def say(self, text):
        with contextlib.suppress(BrokenPipeError):  # the front need not hear it to its end
            self.stream.sendall(self.to_bytes(text) + b"\n")

    def finish(self):
        """What was different, or None."""
        self.join(self.patience)
        return "auth service: the script is not played to its end" if self.is_alive() else self.difference

    def do_front(self, rest):
        self.begin()
        assert self.to_bytes(rest) in self.facts, f"facts are {self.facts}"

    def do_no(self, rest):
        self.begin()
        found = [fact for fact in self.facts if fact.startswith(rest.encode() + b"=")]
        assert not found, f"there is {found}"

    def do_hears(self, rest):
        self.begin()
        line = self.hear()
        assert line == self.to_bytes(rest), f"heard {line!r}"

    def do_says(self, rest):
        self.say(rest)
        self.over = not rest.startswith("+") and rest != "OK"

    def do_record(self, rest):
        self.say(rest)
        self.over = not rest

    def do_dies(self, _):
        self.lines.close()
        self.stream.close()
        self.lines, self.over = None, True

    def do_gone(self, _):
        with contextlib.suppress(ConnectionResetError):  # it left words of ours unread
            line = self.lines.readline()
            assert not line, f"heard {line!r}"
        self.lines, self.over = None, True
