#!/usr/bin/env python3
"""_handshakes.py SCENARIO COUNT: clients by the hundred that begin a TLS handshake and never end it.
See tests/tls/_tls.sh for the host."""

import os
import pathlib
import re
import select
import socket
import ssl

from _chain import ACCEPTOR, SANITIZED, Client, check, check_clean, main, messages_of, peak, wait_until

ENGINE = os.environ["ENGINE"]
KEYD = int(os.environ["KEYD_PID"])
MODE = os.environ["MODE"]  # implicit or starttls
# KB that are a session's alone while it shakes hands: smtp-front's and the engine's.
MEMORY = {"tls-wrap": 160, "tls-wrap-openssl": 480}[ENGINE]


def client_hello():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="mx.example.test")
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()


HELLO = client_hello()
# How far they get: nothing, a part of the first record, all of the client's first words.
PARTS = (b"", HELLO[:3], HELLO[:-1], HELLO)


def begin(number, source):
    client = Client(source=source)
    if MODE == "starttls":
        client.greet().say(b"STARTTLS", b"220 ")
    client.send_some(PARTS[number % len(PARTS)])
    return client


def open_session(source, small=False):
    """A session with TLS, greeted."""
    client = Client(source=source, small=small)
    if MODE == "starttls":
        client.greet().say(b"STARTTLS", b"220 ")
    context = ssl.create_default_context(cafile=os.environ["TRUSTED"])
    client.socket = context.wrap_socket(client.socket, server_hostname="mx.example.test")
    if MODE == "starttls":
        client.say(b"EHLO client.example", b"250")
    else:
        client.greet()
    return client


def deliver(box, source):
    client = open_session(source)
    client.deliver(box, b"Subject: x\n\nx\n")
    client.say(b"QUIT", b"221 ")
    client.close()


def private(pid):
    """KB that are a process's alone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return sum(int(n) for n in re.findall(r"Private_\w+:\s+(\d+)", text))


def parents():
    """Of each process, by one look at all."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            stat = pathlib.Path("/proc", pid, "stat").read_text()
        except OSError:
            continue
        found[int(pid)] = int(stat.rpartition(")")[2].split()[1])
    return found


def sessions():
    """The memory of each session, its helper's with it."""
    tree = parents()
    used = {pid: private(pid) for pid, parent in tree.items() if parent == ACCEPTOR}
    for pid, parent in tree.items():
        if parent in used:
            used[parent] += private(pid)
    return sorted(used.values())


def check_memory(count):
    each = sessions()
    check(len(each) == count, len(each), "sessions")
    check(SANITIZED or sum(each) <= MEMORY * len(each), "memory in KB: median",
          each[len(each) // 2], "most", each[-1])
    check(SANITIZED or peak(KEYD) < 8192, "tls-keyd has", peak(KEYD), "KB")


def stuck(count):
    """As many as an address may have. Others shake hands beside them, and deliver; one more of that
    address is refused; and when they have gone nothing is left of them."""
    count, box = int(count), f"{ENGINE}-{MODE}"
    crowd = [begin(number, "127.0.0.2") for number in range(count)]
    Client(source="127.0.0.2").expect_end(b"421 4.7.0 too many connections")
    check_memory(count)
    deliver(box, "127.0.0.3")
    for number, client in enumerate(crowd):
        (client.reset if number % 2 else client.close)()
    check_clean()
    deliver(box, "127.0.0.2")
    check(len(messages_of(box, 2)) == 2)


def given_up(count):
    """The time for a handshake ends it, whatever the client has said until then, or says now and
    then."""
    crowd = [begin(number, "127.0.0.2") for number in range(int(count))]
    dribbling = begin(0, "127.0.0.4")
    for byte in HELLO:
        ended = select.select([dribbling.socket], [], [], 0.1)[0]
        if ended or not dribbling.send_some(bytes([byte])):
            break
    else:
        check(False, "it goes on and on")
    for client in crowd:
        while client.read_more():
            pass
        client.close()
    dribbling.close()
    check_clean()


def open_in_time():
    """None if there was too little of it, as the machine stood still."""
    try:
        return open_session("127.0.0.2", small=True)
    except (OSError, AssertionError):
        return None


def deaf():
    """A client that reads no reply, however many there are: the session ends, and its helper, too."""
    client = wait_until(open_in_time, "a session")
    client.socket.settimeout(0.3)
    while client.send_some(b"HELP\r\n" * 1000):
        pass
    check_clean()
    client.close()


# ---- tls-keyd ----------------------------------------------------------------------------------

CHOOSE = b"c\0\0\1\x04\x03"  # the default certificate, if it can sign with ECDSA and SHA-256


def ask_keyd(question):
    """A connection to tls-keyd on which this was said."""
    keyd = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    keyd.settimeout(30)
    keyd.connect(os.path.join(os.environ["CHAINMAIL_RUN"], "tls/keyd"))
    if question:
        keyd.send(question)
    return keyd


def is_answered():
    keyd = ask_keyd(CHOOSE)
    answer = keyd.recv(65536)
    keyd.close()
    return answer[:1] == b"\0"


def silent_peers(count):
    """Somebody has the rights to ask tls-keyd, and asks it nothing, or a part of a question, on more
    connections than it takes. Those that say nothing make way, and handshakes go on."""
    peers = [ask_keyd(CHOOSE[:number % 3]) for number in range(int(count))]
    wait_until(is_answered, "an answer beside them")
    deliver(f"{ENGINE}-{MODE}-keyd", "127.0.0.3")
    check(SANITIZED or peak(KEYD) < 8192, "tls-keyd has", peak(KEYD), "KB")
    for peer in peers:
        peer.close()


main(globals())
