#!/usr/bin/env python3
"""_entry.py FILE...: prints queue entries, read by other code than lib/queue.

A line a trailer record, NUL shown as |, then the message. Exits 1 at a file that is no whole entry.
"""

import re
import struct
import sys

PRIMES = (11400714785074694791, 14029467366897019727, 1609587929392839161, 9650029242287828579,
          2870177450012600261)
MASK = (1 << 64) - 1
FOOTER = re.compile(rb"\nchainmail 1 (\d{20}) (\d{10}) ([0-9a-f]{16})\n\Z")


def rotate(value, bits):
    return ((value << bits) | (value >> (64 - bits))) & MASK


def mix(lane, word):
    return rotate((lane + word * PRIMES[1]) & MASK, 31) * PRIMES[0] & MASK


def xxh64(data):
    """XXH64 with seed 0, from the format's description."""
    size, at = len(data), 0
    if size >= 32:
        lanes = [(PRIMES[0] + PRIMES[1]) & MASK, PRIMES[1], 0, -PRIMES[0] & MASK]
        while size - at >= 32:
            words = struct.unpack_from("<4Q", data, at)
            lanes = [mix(lane, word) for lane, word in zip(lanes, words)]
            at += 32
        result = sum(map(rotate, lanes, (1, 7, 12, 18))) & MASK
        for lane in lanes:
            result = ((result ^ mix(0, lane)) * PRIMES[0] + PRIMES[3]) & MASK
    else:
        result = PRIMES[4]
    result = (result + size) & MASK
    while size - at >= 8:
        word, = struct.unpack_from("<Q", data, at)
        result = (rotate(result ^ mix(0, word), 27) * PRIMES[0] + PRIMES[3]) & MASK
        at += 8
    if size - at >= 4:
        word, = struct.unpack_from("<I", data, at)
        result = (rotate(result ^ (word * PRIMES[0] & MASK), 23) * PRIMES[1] + PRIMES[2]) & MASK
        at += 4
    for byte in data[at:]:
        result = rotate(result ^ (byte * PRIMES[4] & MASK), 11) * PRIMES[0] & MASK
    result = (result ^ (result >> 33)) * PRIMES[1] & MASK
    result = (result ^ (result >> 29)) * PRIMES[2] & MASK
    return result ^ (result >> 32)


def show(path):
    with open(path, "rb") as file:
        data = file.read()
    footer = FOOTER.search(data[-62:])
    if not footer:
        sys.exit(f"{path}: no footer")
    message_size, trailer_size, checksum = int(footer[1]), int(footer[2]), int(footer[3], 16)
    if message_size + trailer_size + 62 != len(data):
        sys.exit(f"{path}: sizes do not add up")
    if xxh64(data[:-17]) != checksum:
        sys.exit(f"{path}: wrong checksum")
    trailer = data[message_size:-62]
    for record in re.findall(rb"P[^\0]*\0(?:[^\0]+\0)*\0|[IFTHCV][^\0]*\0", trailer):
        print(record.decode(errors="replace").replace("\0", "|").replace("\n", "\\n"))
    sys.stdout.flush()
    sys.stdout.buffer.write(data[:message_size])


for name in sys.argv[1:]:
    show(name)
