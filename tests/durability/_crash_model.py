"""What a disk may hold after the power went, given what programs did to it (_recording.py).

A cut is a line of the trace: what began before it may have happened, what ended before it has. A
sync holds what had ended when the sync began, once the sync has ended. The rules, by model:

journal: what ext4 (data=ordered, the default) and XFS do.
  Names   All changes of names, of all folders, go to the disk in the order in which they were made:
          it has a prefix of them. A sync of a file or folder brings the prefix up to the last
          change that the node was part of: its creation, link, rename or unlink, and, of a folder,
          each change of an entry.
  Bytes   A sync of a file brings all its bytes and its size, of no other file anything. What was
          written since goes to the disk in pages, each as it was after any of the writes, in any
          order; the size may be that after any of the writes, or between two pages. What lies
          below the size and was never brought is zeros.

strict: less order than any file system in use gives, and no more than programs may rely on.
  Names   Each change is on the disk or not, whatever the others are, until it is synced. A sync of
          a folder brings the changes of its entries. A sync of a file brings the names that it was
          given (and, for a rename, takes the old one): Linux' file systems do that, POSIX does not
          say it, and DESIGN.md, section 2, builds on it. A sync of a folder does not bring its own
          name. A rename may be on the disk with both its names, never with none of them.
  Bytes   As above; behind what is held, pages may also have other bytes than were ever in the
          file, as where blocks are reused.

Both: a page is written whole or not. A sync of everything brings everything. Owners, modes and
times are not modelled. Nothing on the disk decays.
"""

import bisect
import random
from dataclasses import dataclass, field

from _recording import Name, Sync, Told, Truncate, Write

PAGE = 4096
NEVER = 1 << 60


@dataclass
class State:
    """A tree: path below its top: bytes, or None for a folder. whole: the paths of those files
    that have all that was ever written to them."""
    tree: dict = field(default_factory=dict)
    whole: set = field(default_factory=set)

    def torn(self):
        return [path for path, content in self.tree.items()
                if content is not None and path not in self.whole]

    def digest(self):
        """In this process only. Most contents are shared by many states, and know their hash."""
        return hash(frozenset(self.tree.items()))


def apply(content, event):
    if isinstance(event, Truncate):
        return content[:event.size].ljust(event.size, b"\0")
    end = event.offset + len(event.data)
    return content[:event.offset].ljust(event.offset, b"\0") + event.data + content[end:]


# ---- bytes -------------------------------------------------------------------------------------

class File:
    """The bytes of one node: versions[n] is the content after n of its events."""

    def __init__(self, initial, events, held):
        self.events, self.held, self.versions = events, held, [initial]
        for event in events:
            self.versions.append(apply(self.versions[-1], event))

    def is_whole(self, content):
        return content == self.versions[-1]

    def range(self, cut):
        """(versions that are held, versions that may be)"""
        begun = sum(event.start < cut for event in self.events)
        held = sum(held < cut for held in self.held[:begun])
        return held, begun

    def content(self, cut, how, dice):
        held, begun = self.range(cut)
        if how == "kept" or held == begun:
            return self.versions[begun]
        if how == "lost":
            return self.versions[held]
        versions = self.versions[held:begun + 1]
        if how == "zeros":
            return versions[0].ljust(len(versions[-1]), b"\0")
        if how == "hole":
            return make_hole(versions, dice)
        return mix_pages(versions, how == "garbage", dice)


def make_hole(versions, dice):
    """All but one page."""
    before, after = versions[0].ljust(len(versions[-1]), b"\0"), versions[-1]
    at = dice.choice([at for at in range(0, len(after), PAGE)
                      if before[at:at + PAGE] != after[at:at + PAGE]] or [0])
    return after[:at] + before[at:at + PAGE] + after[at + PAGE:]


def mix_pages(versions, garbage, dice):
    """Pages of any of the versions, or of none, up to a size of any of them, or a page's end."""
    size = len(dice.choice(versions))
    if dice.random() < 0.3:
        end = dice.randrange(len(versions[0]), size + PAGE + 1) // PAGE * PAGE
        size = min(size, max(end, len(versions[0])))
    pages = []
    for at in range(0, size, PAGE):
        choices = {version[at:at + PAGE].ljust(PAGE, b"\0") for version in versions}
        if garbage and len(choices) > 1:
            held = versions[0][at:at + PAGE]
            choices.add(held + dice.randbytes(PAGE - len(held)))
        pages.append(dice.choice(sorted(choices)))
    return b"".join(pages)[:size]


# ---- names -------------------------------------------------------------------------------------

class Journal:
    """Which changes of names a disk may have: a prefix that is at least as long as was synced."""

    hows = ("kept", "lost", "zeros", "hole", "hole", "mixed", "mixed")

    def held_at(self, names, syncs):
        held = [NEVER] * len(names)
        for sync in syncs:
            last = max((number for number, event in enumerate(names)
                        if event.end < sync.start and self.covers(sync, event)), default=-1)
            for number in range(last + 1):
                held[number] = min(held[number], sync.end)
        return held

    @staticmethod
    def covers(sync, event):
        return sync.node is None or sync.node == event.node or sync.node in {
            folder for folder, _, _ in event.entries}

    @staticmethod
    def choices(held, pending, _dice):
        for count in range(len(pending) + 1):
            yield held + pending[:count]


class Strict:
    """Any of those that were not synced."""

    hows = ("kept", "lost", "hole", "mixed", "garbage")
    random_choices = 10

    def held_at(self, names, syncs):
        return [min((sync.end for sync in syncs
                     if event.end < sync.start and self.covers(sync, event)), default=NEVER)
                for event in names]

    @staticmethod
    def covers(sync, event):
        if sync.node is None or sync.node in {folder for folder, _, _ in event.entries}:
            return True
        return sync.node == event.node and any(node == event.node for _, _, node in event.entries)

    def choices(self, held, pending, dice):
        yield held
        yield held + pending
        for one in pending:
            yield held + [one]
            yield held + [other for other in pending if other != one]
        for _ in range(self.random_choices if len(pending) > 2 else 0):
            yield held + [one for one in pending if dice.random() < 0.5]


MODELS = {"journal": Journal(), "strict": Strict()}


# ---- states ------------------------------------------------------------------------------------

class Disk:
    def __init__(self, recording, model):
        self.recording, self.model = recording, MODELS[model]
        self.strict = model == "strict"
        events = sorted(recording.events, key=lambda event: event.start)
        self.names = [event for event in events if isinstance(event, Name)]
        self.syncs = [event for event in events if isinstance(event, Sync)]
        self.held = self.model.held_at(self.names, self.syncs)
        self.cuts = self.find_cuts(events)
        self.files = {node: self.make_file(node, events) for node in recording.contents}

    @staticmethod
    def find_cuts(events):
        """Just after the beginning, and at the end, of each event."""
        return sorted({event.start + 1 for event in events} | {event.end + 1 for event in events
                                                               if isinstance(event, (Sync, Told))})

    def make_file(self, node, events):
        changes = [event for event in events
                   if isinstance(event, (Write, Truncate)) and event.node == node]
        ends = sorted((sync.start, sync.end) for sync in self.syncs if sync.node in (node, None))
        held, starts = [], [start for start, _ in ends]
        for event in changes:
            after = bisect.bisect_right(starts, event.end)
            held.append(min((end for _, end in ends[after:]), default=NEVER))
        initial = self.recording.initial.get(node, b"")
        return File(initial, changes, held)

    def recipes(self, cut, dice):
        """What makes one state each, for make: those that a model must not leave out, and some by
        chance."""
        begun = [number for number, event in enumerate(self.names) if event.start < cut]
        held = [number for number in begun if self.held[number] < cut]
        pending = [number for number in begun if self.held[number] >= cut]
        for chosen in self.model.choices(held, pending, dice):
            for how in self.model.hows:
                yield cut, sorted(chosen), how, dice.randrange(1 << 32)

    def describe(self, recipe):
        """The last event before the cut, and the changes of names that the disk has not got."""
        cut, chosen, how, _ = recipe
        last = max((event for event in self.recording.events if event.start < cut),
                   key=lambda event: event.start)
        missing = [[("+" if node is not None else "-") + name for _, name, node in event.entries]
                   for number, event in enumerate(self.names)
                   if event.start < cut and number not in chosen]
        return f"cut at {last!r:.200}, bytes {how}, without {missing}"

    def make(self, recipe):
        cut, chosen, how, seed = recipe
        dice, state = random.Random(seed), State()
        folders = {node: dict(entries) for node, entries in self.recording.initial.items()
                   if isinstance(entries, dict)}
        for number in chosen:
            self.change(folders, self.names[number], self.held[number] < cut, dice)
        self.fill(state, folders, 0, "", (cut, how, dice))
        return state

    def change(self, folders, event, held, dice):
        both = self.strict and not held and len(event.entries) > 1 and dice.random() < 0.2
        for folder, name, node in event.entries:
            entries = folders.setdefault(folder, {})
            if node is not None:
                entries[name] = node
            elif not both:
                entries.pop(name, None)

    def fill(self, state, folders, node, path, how):
        for name, child in folders.get(node, {}).items():
            if child in self.files:
                content = self.files[child].content(*how)
                state.tree[path + name] = content
                if child not in self.recording.torn and self.files[child].is_whole(content):
                    state.whole.add(path + name)
            else:
                state.tree[path + name] = None
                self.fill(state, folders, child, path + name + "/", how)


def states(disk, cuts, dice):
    """Recipes of different states. The last cut comes first: where the same state can be found
    after several, most has been promised at the last."""
    seen = set()
    for cut in sorted(cuts, reverse=True):
        for recipe in disk.recipes(cut, dice):
            digest = disk.make(recipe).digest()
            if digest not in seen:
                seen.add(digest)
                yield recipe
