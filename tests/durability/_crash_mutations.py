"""Faults, put into a recording: what programs would have done that were written with less care. A
check that does not find them cannot find anything."""

import re

from _recording import Name, Sync, Told

REPLY = re.compile(rb"250 2\.0\.0 queued as ")


def named_in(recording, *folders):
    """The nodes that got a name in one of these folders."""
    places = {recording.find(f"{recording.top}/{folder}") for folder in folders}
    return {node for event in recording.events if isinstance(event, Name)
            for folder, _, node in event.entries if folder in places and node is not None}


def entries(recording):
    return named_in(recording, "queue/new")


def mailboxes(recording):
    return [path for path, node in recording.paths_of()
            if re.fullmatch(r"mail/\w+/new", path)]


def drop_syncs(recording, nodes):
    recording.events = [event for event in recording.events
                        if not isinstance(event, Sync) or event.node not in nodes]


def entries_not_synced(recording):
    drop_syncs(recording, entries(recording))


def mail_not_synced(recording):
    drop_syncs(recording, named_in(recording, *mailboxes(recording)))


def mailboxes_not_synced(recording):
    drop_syncs(recording, {recording.find(f"{recording.top}/{path}")
                           for path in mailboxes(recording)})


def move(event, line):
    event.start = event.end = line


def synced_before_named(recording):
    """As qmail did on file systems that kept names at once."""
    names = {event.node: event for event in recording.events if isinstance(event, Name)
             and event.node in entries(recording)}
    for event in reversed(recording.events):
        if isinstance(event, Name) and event.node in names:
            names[event.node] = event
    for event in recording.events:
        if isinstance(event, Sync) and event.node in names:
            move(event, names[event.node].start - 0.5)


def orders_not_synced(recording):
    drop_syncs(recording, named_in(recording, "queue/state"))


def told_before_synced(recording):
    """The 250 is written as soon as the sync has begun."""
    nodes, sync = entries(recording), None
    for event in recording.events:
        if isinstance(event, Sync) and event.node in nodes:
            sync = event
        elif isinstance(event, Told) and REPLY.search(event.data):
            move(event, sync.start - 0.5)


MUTATIONS = {mutation.__name__: mutation for mutation in (
    entries_not_synced, synced_before_named, told_before_synced, mail_not_synced,
    mailboxes_not_synced, orders_not_synced)}
