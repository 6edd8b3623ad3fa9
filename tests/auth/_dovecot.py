"""_dovecot.py SOCKET ANSWER: an auth service that shakes hands as Dovecot does, and gives one ANSWER
(backslash escapes) to the first request, which it prints. ANSWER "hang" gives none; "close" ends the
connection; "babble" says no line. Serves one connection."""
import socket
import sys

path, answer = sys.argv[1:]
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen()
listener.settimeout(60)
connection, _ = listener.accept()
connection.settimeout(60)
stream = connection.makefile("rwb")
if answer == "babble":
    try:
        connection.sendall(b"x" * 100000)
    except OSError:
        pass
    sys.exit()
version = answer.startswith("VERSION") and answer.encode() or b"VERSION\t1\t2"
stream.write(version + b"\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t00\nDONE\n")
stream.flush()
for line in stream:
    if line.startswith(b"AUTH"):
        print(line.decode(), end="", flush=True)
        break
if answer == "hang":
    stream.read()  # until the client has gone
elif answer != "close":
    stream.write(answer.encode().decode("unicode_escape").encode() + b"\n")
    stream.flush()
