"""_terminal.py ANSWER... -- COMMAND...: runs a command on a terminal of its own, as a person does.

Each ANSWER is typed, with Enter, when the command has asked (its output ends in ": "); ^C is the key.
What the terminal showed is printed, and what its echo was: "echo: off at 2 questions, on at the end".
Exits as the command does; 120 if it does not ask or end in time."""
import os
import pty
import select
import sys
import termios
import time

LIMIT = time.monotonic() + 60
split = sys.argv.index("--")
answers, command = sys.argv[1:split], sys.argv[split + 1 :]
shown = b""


def has_echo(terminal):
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


def read_until(terminal, is_done):
    global shown
    start = len(shown)
    while not is_done(shown[start:]):
        if not select.select([terminal], [], [], max(0, LIMIT - time.monotonic()))[0]:
            print(shown.decode(errors="replace"), "\n_terminal.py: out of time")
            os.kill(child, 9)
            sys.exit(120)
        try:
            some = os.read(terminal, 4096)
        except OSError:  # EIO: nobody has the other side any more
            return
        if not some:
            return
        shown += some


child, terminal = pty.fork()
if child == 0:
    os.execvp(command[0], command)
silent = 0
for answer in answers:
    read_until(terminal, lambda text: text.endswith(b": "))
    silent += not has_echo(terminal)
    os.write(terminal, b"\x03" if answer == "^C" else answer.encode() + b"\n")
read_until(terminal, lambda text: False)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
# The child is gone, the terminal is not: its state is what the child left.
echo = "on" if has_echo(terminal) else "off"
print(shown.decode().replace("\r\n", "\n"), end="")
print(f"echo: off at {silent} questions, {echo} at the end")
sys.exit(code)
