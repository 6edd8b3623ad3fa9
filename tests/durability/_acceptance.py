#!/usr/bin/env python3
"""_acceptance.py SCENARIO: what happens, in which order, before a client is told 250; read from a
trace of smtp-front and what it starts."""

import re
import time

from _chain import QUEUE, Client, check, clear_queue, entries, main, on_the_wire
from _inject import Program, Tracing

FRONT = Program("front")
WRITES = {"write", "writev", "pwrite64", "pwritev", "pwritev2"}
SYNCS = {"fsync", "fdatasync", "sync", "syncfs", "sync_file_range", "msync"}
COPIES = {"sendfile", "splice", "copy_file_range", "rename", "renameat", "renameat2"}


# ---- traces ------------------------------------------------------------------------------------

class Call:
    def __init__(self, name, words, start):
        self.name, self.words, self.start, self.end, self.result = name, words, start, None, None

    def finish(self, words, end):
        self.words, _, result = (self.words + words).rpartition(" = ")
        self.end, self.result = end, int(re.match(r"-?\d+|", result)[0] or 0)


LINE = re.compile(r"(\d+) +(?:<\.\.\. (?P<again>\w+) resumed>|(?P<name>\w+)\()(?P<words>.*)")
UNFINISHED = " <unfinished ...>"


def read_trace():
    """All calls, in the order in which they began; start and end are lines of the trace."""
    calls, open_calls = [], {}
    for number, line in enumerate(FRONT.read_trace().splitlines()):
        found = LINE.match(line)
        if not found:
            continue
        pid, words = found[1], found["words"]
        if found["name"]:
            calls.append(Call(found["name"], "", number))
            open_calls[pid] = calls[-1]
        call = open_calls[pid]
        if words.endswith(UNFINISHED):
            call.words += words[:-len(UNFINISHED)]
        elif " = " in words:
            call.finish(words, number)
    return calls


def begin_session(options, verb=b"EHLO"):
    with FRONT.under(Tracing(options)):
        return Client().greet(verb)


def trace(options, converse):
    """Has a session under strace, and returns its calls."""
    client = begin_session(options)
    converse(client)
    client.quit()
    FRONT.await_end()
    return read_trace()


def by_data(message):
    return lambda client: client.deliver("box", message)


def by_chunks(message):
    wire = message.replace(b"\n", b"\r\n")
    pieces = [wire[at:at + 100000] for at in range(0, len(wire), 100000)]

    def converse(client):
        client.begin("box")
        for piece in pieces:
            client.send(b"BDAT %d\r\n" % len(piece) + piece)
            client.expect(b"250 ")
        client.say(b"BDAT 0 LAST", b"250 2.0.0 queued as")
    return converse


def of_size(size):
    return b"Subject: x\n\n" + (b"0123456789" * 7 + b"\n") * (size // 71)


# ---- order -------------------------------------------------------------------------------------

def first(calls, name, words):
    for call in calls:
        if call.name == name and words in call.words:
            return call
    raise AssertionError(f"no {name} with {words}")


def check_order(calls):
    link = first(reversed(calls), "linkat", str(QUEUE / "new"))  # not root's way is the second one
    sync = first(calls, "fsync", str(QUEUE / "new"))
    word = first(calls, "write", '"Kqueued as ')
    reply = first(calls, "sendto", '"250 2.0.0 queued as ')
    writes = [call for call in calls if call.name in WRITES and str(QUEUE / "new") in call.words]
    check(writes and all(call.end < link.start for call in writes), "written before it was named")
    check(link.result == 0 and sync.result == 0, "both without an error")
    check(link.end < sync.start, "named before the sync")
    check(sync.end < word.start, "synced before queue-inject's word")
    check(word.end < reply.start, "its word before the reply")


def order():
    check_order(trace("-f -y", by_data(of_size(4000))))
    check_order(trace("-f -y", by_chunks(of_size(300000))))


def silence():
    """The sync takes a second longer; until then the client hears nothing."""
    for when in ("delay_enter", "delay_exit"):
        client = begin_session(f"-f -e trace=fsync -e inject=fsync:{when}=1000000")
        client.begin("box")
        client.say(b"DATA", b"354 ")
        began = time.monotonic()
        client.send(on_the_wire(of_size(4000)))
        client.expect(b"250 2.0.0 queued as")
        check(time.monotonic() - began >= 1, "the reply came before the sync was done")
        client.quit()


def silence_in_lmtp():
    """No recipient's reply comes before."""
    client = begin_session("-f -e trace=fsync -e inject=fsync:delay_exit=1000000", b"LHLO")
    client.begin("box")
    client.say(b"RCPT TO:<other@example.test>", b"250 ")
    client.say(b"DATA", b"354 ")
    began = time.monotonic()
    client.send(on_the_wire(of_size(4000)))
    client.expect(b"250 2.0.0 queued as")
    check(time.monotonic() - began >= 1, "the reply came before the sync was done")
    client.expect(b"250 2.0.0 queued as")
    client.quit()


# ---- cost --------------------------------------------------------------------------------------

def check_cost(converse, what):
    """Each byte of the entry is written once, in one file, and synced once."""
    clear_queue()
    calls = trace("-f -y", converse)
    check(len(entries()) == 1, what, "entries:", entries())
    size = entries()[0].stat().st_size
    in_queue = [call for call in calls if str(QUEUE) in call.words]
    written = sum(call.result for call in in_queue if call.name in WRITES
                  and "trigger" not in call.words)
    check(written == size, what, "written:", written, "bytes for an entry of", size)
    syncs = [call.name for call in calls if call.name in SYNCS]
    check(syncs == ["fsync"], what, "syncs:", syncs)
    check(not [call.name for call in calls if call.name in COPIES], what, "copied or renamed")
    check(not [call for call in calls if re.search(r"O_D?SYNC|RWF_D?SYNC", call.words)])
    made = [call for call in in_queue if re.search("O_CREAT|O_TMPFILE", call.words)]
    check(len(made) == 1, what, "files made:", [call.words for call in made])


def cost():
    for size in (0, 1000, 4000, 60000, 300000, 5000000):
        check_cost(by_data(of_size(size)), f"DATA of {size} bytes:")
        check_cost(by_chunks(of_size(size)), f"BDAT of {size} bytes:")


main(globals())
