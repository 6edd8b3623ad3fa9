"""What programs did to a tree of files and whom they told what, in order: read from a trace of
strace, which must have been made with the options STRACE.

A node is a file or folder, whatever its names; the tree's own folder is node 0. Calls that failed
are left out. A call that would change a file in a way that nobody here knows is an error, and so
is a tree that, after all calls, is not what lies on the disk (check_tree).
"""

import os
import pathlib
import re
from dataclasses import dataclass

WRITES = "write pwrite64 writev pwritev".split()
SYNCS = "fsync fdatasync".split()
NAMINGS = "link linkat rename renameat renameat2 unlink unlinkat mkdir mkdirat rmdir".split()
OTHERS = "open openat creat ftruncate lseek sendto sendmsg syncfs sync chdir fchdir".split()
# They change files too, and no program of ours uses them: an error, on a file of the tree.
UNKNOWN = ("truncate fallocate copy_file_range sendfile splice symlink symlinkat mknod mknodat "
           "pwritev2").split()

STRACE = ["strace", "-f", "-qq", "-y", "-xx", "-v", "-s", "2000000",
          "-e", "trace=" + ",".join(WRITES + SYNCS + NAMINGS + OTHERS + UNKNOWN)]


# ---- events ------------------------------------------------------------------------------------
#
# start and end are lines of the trace: a call may have its effect at any time between them.

@dataclass
class Event:
    start: int
    end: int


@dataclass
class Write(Event):
    node: int
    offset: int
    data: bytes


@dataclass
class Truncate(Event):
    node: int
    size: int


@dataclass
class Name(Event):
    """Entries of folders that change together: (folder, name, node), node None where one goes."""
    entries: tuple
    node: int


@dataclass
class Sync(Event):
    """node None: everything."""
    node: int


@dataclass
class Told(Event):
    """Bytes that went into a socket or a pipe."""
    pid: int
    data: bytes


# ---- lines -------------------------------------------------------------------------------------

LINE = re.compile(r"(\d+) +(?:<\.\.\. (?P<again>\w+) resumed>|(?P<name>\w+)\()(?P<words>.*)")
UNFINISHED = " <unfinished ...>"
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
FD = re.compile(r"(AT_FDCWD|\d+)<((?:\\x[0-9a-f]{2})*)>(\(deleted\))?")
DELETED = "(deleted)"


def unescape(text):
    return bytes.fromhex(text.replace("\\x", ""))


@dataclass
class Call:
    pid: int
    name: str
    words: str
    start: int
    end: int = 0
    result: int = -1

    def finish(self, words, end):
        self.words, _, result = (self.words + words).rpartition(" = ")
        self.opened = FD.match(result)
        self.end, self.result = end, int(re.match(r"-?\d+|", result)[0] or -1)
        return self

    def texts(self):
        return [unescape(text) for text in TEXT.findall(self.words)]

    def fds(self):
        """(number or AT_FDCWD, path) of each descriptor that is an argument."""
        return [(number, unescape(path).decode(errors="surrogateescape") + deleted)
                for number, path, deleted in FD.findall(self.words)]

    def numbers(self):
        """The plain numbers that the arguments end in."""
        found = re.search(r"(?:, \d+)+\)", self.words)
        return list(map(int, found[0][2:-1].split(", ")))


def read_calls(path):
    """Those that succeeded, in the order in which they began."""
    calls, unfinished = [], {}
    with open(path, errors="replace") as trace:
        for number, line in enumerate(trace):
            found = LINE.match(line)
            if not found:
                continue
            pid, words = int(found[1]), found["words"]
            if words.endswith(UNFINISHED):
                unfinished[pid] = Call(pid, found["name"], words[:-len(UNFINISHED)], number)
            elif " = " in words:
                call = unfinished.pop(pid, None) if found["again"] else None
                call = call or Call(pid, found["name"], "", number)
                calls.append(call.finish(words, number))
    return sorted((call for call in calls if call.result >= 0), key=lambda call: call.start)


# ---- the tree ----------------------------------------------------------------------------------

class Recording:
    """The events of a trace that begins with the tree as it lies on the disk."""

    def __init__(self, top):
        self.top = os.path.realpath(top)
        self.folders = {}   # node: {name: node}
        self.initial = {}   # node: bytes, or {name: node}, before the first event
        self.contents = {}  # node: bytearray, of files, as they are
        self.torn = set()   # nodes of files that were not whole before the first event
        self.nodes = 0
        self.events = []
        self.unnamed = {}   # what strace calls a file that has no name: node
        self.positions = {}
        self.appending = set()
        self.descriptors = {}  # (pid, number): path, as it was last seen
        self.cwd = {}
        self.load("")

    # -- before --

    def new_node(self):
        self.nodes += 1
        return self.nodes - 1

    def load(self, path):
        node, full = self.new_node(), os.path.join(self.top, path)
        if os.path.isdir(full):
            self.folders[node] = {name: child for name in sorted(os.listdir(full))
                                  if (child := self.load(os.path.join(path, name))) is not None}
            self.initial[node] = dict(self.folders[node])
        elif os.path.isfile(full):
            self.contents[node] = bytearray(pathlib.Path(full).read_bytes())
            self.initial[node] = bytes(self.contents[node])
        else:
            return None  # the FIFO: no crash takes anything from it
        return node

    # -- paths --

    def resolve(self, call, path, base=None):
        if base is None or base[0] == "AT_FDCWD":
            at = self.cwd.get(call.pid) or (base and base[1]) or "/"
        else:
            at = base[1]
        if path.startswith("/proc/self/fd/"):
            return self.descriptors[call.pid, path.rpartition("/")[2]]
        if path.startswith("/proc/self/cwd"):
            path = at + path[len("/proc/self/cwd"):]
        return os.path.normpath(os.path.join(at, path))

    def find(self, path):
        """The node of a path, None if it is none of the tree's."""
        if path.endswith(DELETED):
            return self.unnamed.get(path)
        if path != self.top and not path.startswith(self.top + "/"):
            return None
        node = 0
        for name in path[len(self.top):].split("/")[1:]:
            node = self.folders.get(node, {}).get(name)
        return node

    def place(self, path):
        """(folder, name) of a path, or None."""
        folder, _, name = path.rpartition("/")
        node = self.find(folder)
        return None if node is None else (node, name)

    # -- taking calls --

    def read(self, path):
        for call in read_calls(path):
            for number, fd_path in call.fds():
                if number != "AT_FDCWD":
                    self.descriptors[call.pid, number] = fd_path
            getattr(self, "take_" + call.name, self.take_unknown)(call)
        return self

    def add(self, kind, call, *fields):
        self.events.append(kind(call.start, call.end, *fields))

    def take_unknown(self, call):
        paths = [path for _, path in call.fds()]
        paths += [self.resolve(call, text.decode(errors="replace")) for text in call.texts()[:2]]
        if any(self.find(path) is not None or self.place(path) for path in paths):
            raise AssertionError(f"cannot model {call.name}({call.words}")

    def take_chdir(self, call):
        self.cwd[call.pid] = self.resolve(call, call.texts()[0].decode())

    # -- names --

    def paths(self, call):
        """The paths that are arguments, each with the descriptor before it, if there is one."""
        found = []
        for match in re.finditer(rf"(?:{FD.pattern}, )?{TEXT.pattern}", call.words):
            number, at, deleted, text = match.groups()
            base = (number, unescape(at).decode() + (deleted or "")) if number else None
            found.append(self.resolve(call, unescape(text).decode(), base))
        return found

    def set_names(self, call, entries, node):
        for folder, name, target in entries:
            if target is None:
                del self.folders[folder][name]
            else:
                self.folders[folder][name] = target
        self.add(Name, call, tuple(entries), node)

    def take_open(self, call):
        path, = self.paths(call)
        opened = unescape(call.opened[2]).decode() + (call.opened[3] or "")
        self.descriptors[call.pid, call.opened[1]] = opened
        self.appending.discard((call.pid, call.opened[1]))
        if "O_APPEND" in call.words:
            self.appending.add((call.pid, call.opened[1]))
        if "O_TMPFILE" in call.words:
            self.make_unnamed(path, opened)
        elif "O_CREAT" in call.words and self.place(path) and self.find(path) is None:
            self.make_file(call, path)
        elif "O_TRUNC" in call.words and self.find(path) is not None:
            self.resize(call, self.find(path), 0)
        node = self.find(opened)
        if node is not None and "O_APPEND" not in call.words:
            self.positions[node] = 0

    take_openat = take_creat = take_open

    def make_unnamed(self, folder, path):
        if self.find(folder) is not None:
            self.unnamed[path] = node = self.new_node()
            self.contents[node] = bytearray()

    def make_file(self, call, path):
        node = self.new_node()
        self.contents[node] = bytearray()
        self.set_names(call, [(*self.place(path), node)], node)

    def take_linkat(self, call):
        source, target = self.paths(call)
        if self.place(target):
            node = self.find(source)
            self.set_names(call, [(*self.place(target), node)], node)

    take_link = take_linkat

    def take_rename(self, call):
        source, target = self.paths(call)
        node = self.find(source)
        if node is not None or self.place(target):
            self.forget_name(target)
            self.set_names(call, [(*self.place(source), None), (*self.place(target), node)], node)

    take_renameat = take_renameat2 = take_rename

    def forget_name(self, path):
        node = self.find(path)
        if node is not None:
            self.unnamed[path + DELETED] = node

    def take_unlink(self, call):
        path, = self.paths(call)
        node = self.find(path)
        if node is not None:
            self.forget_name(path)
            self.set_names(call, [(*self.place(path), None)], node)

    take_unlinkat = take_rmdir = take_unlink

    def take_mkdir(self, call):
        path, = self.paths(call)
        if self.place(path):
            node = self.new_node()
            self.folders[node] = {}
            self.set_names(call, [(*self.place(path), node)], node)

    take_mkdirat = take_mkdir

    # -- bytes --

    def take_write(self, call):
        number, path = call.fds()[0]
        node = self.find(path)
        if node is None:
            return self.tell(call, path)
        if (call.pid, number) in self.appending:
            self.positions[node] = len(self.contents[node])
        self.write(call, node, self.positions[node])
        self.positions[node] += call.result

    take_writev = take_write

    def take_pwrite64(self, call):
        node = self.find(call.fds()[0][1])
        if node is not None:
            self.write(call, node, call.numbers()[-1])

    take_pwritev = take_pwrite64

    def write(self, call, node, offset):
        data = b"".join(call.texts())[:call.result]
        content = self.contents[node]
        content.extend(bytes(max(0, offset - len(content))))
        content[offset:offset + len(data)] = data
        self.add(Write, call, node, offset, data)

    def take_lseek(self, call):
        node = self.find(call.fds()[0][1])
        if node in self.contents:
            self.positions[node] = call.result

    def resize(self, call, node, size):
        content = self.contents[node]
        del content[size:]
        content.extend(bytes(size - len(content)))
        self.add(Truncate, call, node, size)

    def take_ftruncate(self, call):
        node = self.find(call.fds()[0][1])
        if node is not None:
            self.resize(call, node, call.numbers()[-1])

    # -- the rest --

    def take_fsync(self, call):
        node = self.find(call.fds()[0][1])
        if node is not None:
            self.add(Sync, call, node)

    take_fdatasync = take_fsync

    def take_syncfs(self, call):
        self.add(Sync, call, None)

    take_sync = take_syncfs

    def tell(self, call, path):
        if path.startswith(("socket:", "pipe:")):
            self.add(Told, call, call.pid, b"".join(call.texts())[:call.result])

    def take_sendto(self, call):
        self.tell(call, call.fds()[0][1])

    take_sendmsg = take_sendto

    # -- after --

    def paths_of(self, node=0, path=""):
        """(path, node) of everything below a folder."""
        for name, child in self.folders[node].items():
            yield (path + name, child)
            if child in self.folders:
                yield from self.paths_of(child, path + name + "/")

    def check_tree(self):
        there = Recording(self.top)
        ours, theirs = (
            {path: bytes(tree.contents.get(node, b"folder")) for path, node in tree.paths_of()}
            for tree in (self, there))
        wrong = sorted(path for path in ours | theirs if ours.get(path) != theirs.get(path))
        if wrong:
            raise AssertionError(f"the recording is not what happened to {wrong}")
        return self
