#!/usr/bin/env python3
"""_relay.py SCENARIO: mail for others, from those who may not send it.

box@example.test is the one mailbox here; outside.example is not ours. What is offered as a recipient
must get a 5xx; the queue stays empty.
"""

import base64
import os

from _chain import Client, check, entries, main

SENDERS = [b"<stranger@client.example>", b"<>", b"<box@example.test>", b"<root@localhost>",
           b"<postmaster@example.test>", b"<box@[127.0.0.1]>", b"<user@outside.example>"]

# Whole paths, as they stand behind TO: (RFC 5321 4.1.2 and what was before it).
FOREIGN = [
    b"<user@outside.example>", b"user@outside.example", b"<USER@OUTSIDE.EXAMPLE>",
    b"<user@[192.0.2.99]>", b"<user@[IPv6:2001:db8::99]>", b"<user@[127.0.0.1]>",
    b"<user@[IPv6:::1]>", b"<user@127.0.0.1>", b"<user@mx.example.test>", b"<user@sub.example.test>",
    b"<user@test>", b"<user@notexample.test>", b"<user@example.test.outside.example>",
    # percent hack
    b"<user%outside.example@example.test>", b"<user%outside.example@localhost>",
    b"<user%outside.example@[127.0.0.1]>", b"<user%outside.example%other.example@example.test>",
    b"<box%outside.example@example.test>", b"<box%example.test@outside.example>",
    b"<user%outside.example>",
    # bang paths
    b"<outside.example!user>", b"<outside.example!user@example.test>",
    b"<example.test!user@outside.example>", b"<outside.example!user@[127.0.0.1]>",
    b"<example.test!outside.example!user>", b"<user@outside.example!box>",
    # source routes
    b"<@example.test:user@outside.example>", b"<@localhost:user@outside.example>",
    b"<@example.test,@localhost:user@outside.example>", b"<@outside.example:user@outside.example>",
    b"<@[127.0.0.1]:user@outside.example>", b"<@outside.example:user%outside.example@example.test>",
    b"<@example.test:user@outside.example@example.test>",
    # quotes
    b'<"user@outside.example">', b'<"user@outside.example"@example.test>',
    b'<"user%outside.example"@example.test>', b'<"outside.example!user"@example.test>',
    b'<"user"@outside.example>', b'<"user@outside.example"@localhost>',
    b'<"box@example.test"@outside.example>', b'<"\\box@example.test"@outside.example>',
    b'<"user\\@outside.example"@example.test>', b'<"<user@outside.example>"@example.test>',
    b'<box@example.test,user@outside.example>', b'<"box,user@outside.example"@example.test>',
    b'<"box user@outside.example"@example.test>', b'<"|sendmail user@outside.example"@example.test>',
    b'<"box@example.test user"@outside.example>',
    # several at signs, none, and pieces
    b"<user@outside.example@example.test>", b"<user@example.test@outside.example>",
    b"<box@example.test@outside.example>", b"<user>", b"<outside.example>", b"<@outside.example>",
    b"<user@>", b"<@>", b"<>", b"user", b"<user@outside.example.>", b"<user@.outside.example>",
    b"<user@outside..example>", b"<user @outside.example>", b"<user@ outside.example>",
    b"< user@outside.example>", b"<<user@outside.example>>", b"<box@example.test><user@outside.example>",
    b"<box@example.test> <user@outside.example>", b"box@example.test,user@outside.example",
    b"<box@example.test\tuser@outside.example>", b"<user@outside.example> <box@example.test>",
    # comments, and what is not ASCII
    b"<user(box@example.test)@outside.example>", b"<user@outside.example(@example.test)>",
    b"<user@(box@example.test)outside.example>", "<user＠outside.example@example.test>".encode(),
    "<user％outside.example@example.test>".encode(), "<user@outside。example>".encode(),
    "<user@öutside.example>".encode(), "<üser@outside.example>".encode(),
    "<box@ｅxample.test>".encode(), "<box@еxample.test>".encode(), b"<user\xc0\x80outside@example.test>",
    b"<user@xn--utside-vxa.example>", b"<user@outside.example\xff>",
    # other notations
    b"<=?utf-8?q?user=40outside.example?=@example.test>", b"<user=40outside.example@example.test>",
    b"<user+40outside.example@example.test>", b"<user+outside.example@example.test>",
    b"<user=outside.example@example.test>", b"<smtp:user@outside.example>", b"<RFC822:user@outside.example>",
    b"<IMCEASMTP-user+40outside+2Eexample@example.test>", b"</o=x/cn=user>", b"<user/outside.example@example.test>",
    b"<mailto:user@outside.example>", b"<user::outside.example>", b"<outside.example::user>",
    b"<postmaster@outside.example>", b"<postmaster%outside.example@example.test>",
    b"<abuse@[127.0.0.1]>", b"<POSTMASTER@example.test@outside.example>",
]

# Senders that are not alice's, who is box@example.test.
FALSE_SENDERS = [
    b"<bob@example.test>", b"<alice@example.test>", b"<alice>", b"<postmaster@example.test>",
    b"<box@outside.example>", b"<box@mx.example.test>", b"<box@example.test.outside.example>",
    b"<box@sub.example.test>", b"<box@xexample.test>", b"<xbox@example.test>", b"<boxx@example.test>",
    b"<bob+box@example.test>", b"<box%outside.example@example.test>", b"<box-bob@example.test>",
    b'<"box@example.test"@outside.example>', b'<"box@example.test,bob"@example.test>',
    b"<@example.test:bob@example.test>", b"<@box@example.test:bob@example.test>",
    b"<bob@example.test@box@example.test>", b"<box@example.test><bob@example.test>",
    b"<bob@example.test> AUTH=box@example.test", b"<bob@example.test> AUTH=<>",
    b'<"box "@example.test>', b'<" box"@example.test>', b'<"b\\ox2"@example.test>',
    "<bоx@example.test>".encode(), "<box@еxample.test> SMTPUTF8".encode(), b"<*@example.test>", b"<*>",
    b"<@example.test>", b"<box@>", b"<bob@example.test>\t", b"bob@example.test",
]


def greet():
    return Client().greet()


def ask(client, command):
    client.send(command + b"\r\n")
    return client.reply()


def offers_auth(client):
    return b"-AUTH " in ask(client, b"EHLO client.example")


def log_in(client, password=None):
    secret = b"\0alice\0" + (password or os.environ["PASSWORD"]).encode()
    return ask(client, b"AUTH PLAIN " + base64.b64encode(secret))


def begin(client, sender):
    client.say(b"RSET", b"250 ")
    reply = ask(client, b"MAIL FROM:" + sender)
    check(reply.startswith(b"250 "), sender, reply)


def check_refused(client, paths, code=b"5"):
    for path in paths:
        for parameters in (b"", b" NOTIFY=NEVER"):
            reply = ask(client, b"RCPT TO:" + path + parameters)
            check(reply.startswith(code), path + parameters, reply)
    client.say(b"DATA", b"503 ")
    client.say(b"BDAT 3 LAST\r\nx", b"503 ")


def check_nothing_queued():
    check(not entries(), "the queue has", entries())


def strangers():
    for sender in SENDERS + [b"<stranger@client.example> SMTPUTF8"]:
        client = greet()
        begin(client, sender)
        check_refused(client, FOREIGN)
    client = greet()
    client.say(b"XCLIENT ADDR=127.0.0.1 LOGIN=alice", b"550 ")
    client.say(b"EHLO mx.example.test", b"250")
    begin(client, b"<box@example.test> AUTH=box@example.test" if offers_auth(client) else SENDERS[2])
    check_refused(client, FOREIGN)
    begin(client, SENDERS[0])
    client.say(b"RCPT TO:<box@example.test>", b"250 ")  # it would have been seen
    check_nothing_queued()


def strangers_at_submission():
    client = greet()
    for sender in SENDERS:
        client.say(b"MAIL FROM:" + sender, b"530 5.7.0 ")
    for path in FOREIGN + [b"<box@example.test>"]:
        reply = ask(client, b"RCPT TO:" + path)
        check(reply.startswith(b"530 ") or reply.startswith(b"500 "), path, reply)
    client.say(b"DATA", b"530 5.7.0 ")
    client.say(b"BDAT 6 LAST\r\nQUIT", b"530 5.7.0 ")
    client.say(b"VRFY box", b"530 5.7.0 ")
    check_nothing_queued()


def login():
    client = greet()
    check(log_in(client).startswith(b"235 "), "alice is not let in")
    begin(client, b"<box@example.test>")
    client.say(b"RCPT TO:<user@outside.example>", b"250 ")
    client.say(b"RCPT TO:<nobody@example.test>", b"550 5.1.1 ")
    client.say(b"RCPT TO:<user%outside.example@example.test>", b"550 5.1.1 ")
    client.say(b'RCPT TO:<"user@outside.example"@example.test>', b"550 5.1.1 ")
    client.say(b"RCPT TO:<outside.example!user>", b"501 ")
    client.say(b"RCPT TO:<box@example.test>", b"250 ")


def false_senders():
    client = greet()
    check(log_in(client).startswith(b"235 "), "alice is not let in")
    for sender in FALSE_SENDERS:
        reply = ask(client, b"MAIL FROM:" + sender)
        check(reply.startswith(b"5"), sender, reply)
        client.say(b"RCPT TO:<user@outside.example>", b"503 ")
    begin(client, b"<BOX+x@example.test>")
    client.say(b"RCPT TO:<user@outside.example>", b"250 ")
    check_nothing_queued()


def failed_login():
    client = greet()
    check(log_in(client, "wrong").startswith(b"535 "), "a wrong password is right")
    begin(client, b"<box@example.test>")
    check_refused(client, FOREIGN)
    check_nothing_queued()


if __name__ == "__main__":
    main(globals())
