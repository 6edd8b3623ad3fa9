"""The servers that are measured: each can start in a mode, say where it listens, and stop.

Modes: accept   take a message and keep it in the queue
       deliver  take it and deliver it into a Maildir
       relay    take it and hand it on by SMTP, to a Sink
       tls      as accept, with STARTTLS offered
All have one recipient, box@example.test, and log to a file on the same disk.
"""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import time

RECIPIENT = "box@example.test"
SENDER = "sender@bench.example"
START_SECONDS = 10


class Server:
    """What is common: a folder on the disk, a process tree in the accounting group, a port."""

    name = ""
    modes = ("accept", "deliver", "relay", "tls")

    def __init__(self, disk, accounting):
        self.disk = disk
        self.accounting = accounting
        self.folder = None
        self.sink = None
        self.process = None
        self.is_wrapped = False
        self.port = 0
        self.started = 0  # seconds from its start to its greeting

    def start(self, mode, wrapper=(), sink=None):
        """wrapper: words that the server's command is put behind (strace)."""
        self.sink = sink
        self.folder = self.disk / "server"  # the last one's goes
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.folder.chmod(0o755)
        self.port = free_port()
        command, environment = self.prepare(mode)
        self.is_wrapped = bool(wrapper)
        start = time.monotonic()
        self.process = subprocess.Popen(
            [*wrapper, *command], env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=(self.folder / "stderr").open("w"),
            preexec_fn=self.enter)
        self.wait_ready()
        self.started = time.monotonic() - start

    def enter(self):
        os.setsid()
        self.accounting.enter()

    def prepare(self, mode):
        raise NotImplementedError

    def wait_ready(self):
        self.accounting.session = self.process.pid
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with open_session(self.port):
                    return
            except OSError:
                time.sleep(0.002)
        raise RuntimeError(f"{self.name} did not start\n" + self.tail())

    def delivered(self):
        """How many messages lie in the Maildir, or have come to the sink."""
        if self.sink:
            return self.sink.count()
        try:
            return sum(1 for _ in os.scandir(self.folder / "mail/box/new"))
        except FileNotFoundError:
            return 0

    def tail(self):
        """The ends of its logs, for the report of a failure."""
        logs = [self.folder / "stderr", self.folder / "log", *self.folder.glob("log/*/current")]
        return "\n".join(path.read_text()[-1000:] for path in logs if path.is_file())

    def stop(self):
        """A wrapper is left to end when there is nothing to wrap any more."""
        if not self.process:
            return
        self.accounting.end_all(self.process.pid if self.is_wrapped else None)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.accounting.end_all()
            self.process.wait()
        self.process = None


class Sink:
    """Postfix's smtp-sink: takes what is relayed, counts it, and keeps none of it."""

    def __init__(self, program, folder):
        self.port = free_port()
        self.counts = folder / "sink"
        with self.counts.open("w") as out:
            self.process = subprocess.Popen(
                [program, *(["-u", "nobody"] if os.geteuid() == 0 else []), "-c",
                 f"127.0.0.1:{self.port}", "1000"],
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL)
        wait_listening(self.port)

    def count(self):
        with self.counts.open("rb") as file:
            file.seek(max(0, self.counts.stat().st_size - 200))
            numbers = re.findall(rb"mesg=(\d+)[^\d]", file.read())
        return int(numbers[-1]) if numbers else 0

    def close(self):
        self.process.terminate()
        self.process.wait()


def wait_listening(port):
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"nothing listens on port {port}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def read_reply(file):
    while True:
        line = file.readline()
        if line[3:4] != b"-":
            return line


def open_session(port):
    """A connection whose greeting has been read, with EHLO said."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    with connection.makefile("rb") as replies:
        for line in (None, b"EHLO bench.example\r\n"):
            if line:
                connection.sendall(line)
            if not read_reply(replies).startswith(b"2"):
                connection.close()
                raise OSError("refused")
    return connection


# ---- chainmail ------------------------------------------------------------------------------

# As a real set-up has it: three services, each with a log of its own and a user.
CHAINMAIL_RUN = """
cd {folder}
export PATH={programs}:$PATH CHAINMAIL_CONF={folder}/conf CHAINMAIL_QUEUE={folder}/queue
export CHAINMAIL_RUN={folder}/run
log() {{ exec s6-log -b n10 s1000000 {folder}/log/$1; }}
env UID={mail} GID={mail} GIDLIST={mail} \\
  tcp-accept -m 0666 {drop} unix:{folder}/run/{deliverer} {deliverer} 2>&1 | log {deliverer} &
{send} 2>&1 | log queue-send &
{keyd}
env UID={smtp} GID={group} GIDLIST={group} \\
  tcp-accept -c 1000 -C 1000 -x conf/rules.cdb {drop} 127.0.0.1 {port} {front} 2>&1 | log smtp &
wait
"""

SEND = "{as_queue} queue-send {owner} -w {channel}=unix:{folder}/run/{deliverer}"

# What takes messages for a Chainmail, by its name.
FRONTS = {"chainmail": "smtp-front queue-inject", "chainmail -Q": "smtp-front -Q"}

# When it has said that it is ready the shell goes on.
KEYD = """mkfifo ready
tls-keyd -n 3 -m 666 -u {smtp} unix:{folder}/run/tls/keyd tls 3>ready 2>>log/tls-keyd &
read -r line <ready"""

# mode: channel, deliverer, route; {} is the sink's port
WAYS = {
    "accept": ("maildir", "deliver-maildir", "maildir %l"),
    "deliver": ("maildir", "deliver-maildir", "maildir %l"),
    "tls": ("maildir", "deliver-maildir", "maildir %l"),
    "relay": ("remote", "deliver-smtp", "smarthost [127.0.0.1]:{}"),
}


def lend_programs(disk, programs):
    """A copy of them: a checkout below /root cannot be reached by other users."""
    place = disk / "bin"
    shutil.copytree(programs, place)
    place.chmod(0o755)
    return place


class Chainmail(Server):
    """What tcp-accept runs, front, makes the difference between one and another."""

    smtp, queue, mail, group = 20530, 20531, 20532, 20533

    def __init__(self, disk, accounting, programs, name, front):
        super().__init__(disk, accounting)
        self.programs = programs
        self.name = name
        self.front = front
        self.keys = None  # a folder with certificate and key, for the mode tls

    def prepare(self, mode):
        channel, deliverer, route = WAYS[mode]
        self.make_folders()
        self.configure(route.format(self.sink and self.sink.port))
        root = os.geteuid() == 0
        as_queue = f"setpriv --reuid {self.queue} --regid {self.group} --clear-groups" if root else ""
        owner = f"-o {self.smtp}" if root else ""
        send = SEND.format(as_queue=as_queue, owner=owner, folder=self.folder, channel=channel,
                           deliverer=deliverer)
        delivers = mode in ("deliver", "relay")
        keyd, front = (self.offer_tls(), f"tls-wrap -u {self.front}") if mode == "tls" else (
            "", self.front)
        script = self.folder / "run.sh"
        script.write_text(CHAINMAIL_RUN.format(
            folder=self.folder, programs=self.programs, front=front, port=self.port, keyd=keyd,
            send=send if delivers else ":", drop="-U" if root else "", deliverer=deliverer,
            smtp=self.smtp, mail=self.mail, group=self.group))
        return ["/bin/sh", str(script)], {"PATH": os.environ["PATH"]}

    def offer_tls(self):
        for name, mine in (("certificate", "pem"), ("key", "key")):
            shutil.copy(self.keys / name, self.folder / "tls" / f"default.{mine}")
        return KEYD.format(folder=self.folder, smtp=self.smtp)

    def make_folders(self):
        for name, owner, group, access in (
                ("queue", self.queue, self.group, 0o750), ("queue/new", self.queue, self.group, 0o3730),
                ("queue/tmp", self.queue, self.group, 0o3730),
                ("queue/state", self.queue, self.group, 0o700),
                ("queue/bad", self.queue, self.group, 0o700), ("mail", self.mail, self.mail, 0o755),
                ("run", 0, 0, 0o755), ("run/tls", 0, 0, 0o755), ("tls", 0, 0, 0o700), ("log", 0, 0, 0o755), ("conf", 0, 0, 0o755)):
            path = self.folder / name
            path.mkdir()
            self.give(path, owner, group, access)
        trigger = self.folder / "queue/trigger"
        os.mkfifo(trigger)
        self.give(trigger, self.queue, self.group, 0o620)

    @staticmethod
    def give(path, owner, group, access):
        if os.geteuid() == 0:
            os.chown(path, owner, group)
        path.chmod(access)

    def configure(self, route):
        conf = self.folder / "conf"
        (conf / "me").write_text("mx.example.test\n")
        (conf / "routes").write_text(f"base {self.folder}/mail\n@example.test {route}\n"
                                     "postmaster alias box@example.test\n")
        (conf / "rules").write_text("127.0.0.1:allow\n:allow\n")
        for command in (["route-compile", "routes", "routes.cdb"],
                        ["tcp-rules-compile", "rules", "rules.cdb"]):
            subprocess.run([self.programs / command[0], *command[1:]], cwd=conf, check=True)


# ---- Postfix --------------------------------------------------------------------------------

POSTFIX_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
daemon_directory = {peer}/usr/lib/postfix/sbin
command_directory = {peer}/usr/sbin
shlib_directory = {peer}/usr/lib/postfix
meta_directory = {folder}/conf
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
import_environment = LD_LIBRARY_PATH MAIL_CONFIG
export_environment = LD_LIBRARY_PATH
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.example.test
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_transport = error:none
smtputf8_enable = no
smtpd_peername_lookup = no
smtpd_relay_restrictions =
smtpd_recipient_restrictions = reject_unauth_destination{hold}
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_client_message_rate_limit = 0
default_process_limit = 600
{tls}
in_flow_delay = 0
message_size_limit = 52428800
virtual_mailbox_limit = 0
virtual_mailbox_domains = {local}
relay_domains = {remote}
relay_transport = {relay}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{uid}
virtual_minimum_uid = 100
"""

POSTFIX_TLS = """smtpd_tls_security_level = may
smtpd_tls_cert_file = {keys}/certificate
smtpd_tls_key_file = {keys}/key
"""

# service, type, private, unprivileged, chroot, wake-up, most processes, command
POSTFIX_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
error     unix - - n - - error
retry     unix - - n - - error
proxymap  unix - - n - - proxymap
virtual   unix - n n - - virtual
smtp      unix - - n - - smtp
scache    unix - - n - 1 scache
anvil     unix - - n - 1 anvil
tlsmgr    unix - - n 1000? 1 tlsmgr
postlog   unix-dgram n - n - 1 postlogd
"""

SPOOL_OF_ROOT = ["pid"]
SPOOL_OF_POSTFIX = ["active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming",
                    "maildrop", "private", "public", "saved", "trace"]


class Postfix(Server):
    """Run from where it was unpacked; its users exist in our mount namespace alone."""

    name = "postfix"
    uid, gid, drop, box = 20525, 20525, 20526, 20527

    def __init__(self, disk, accounting, peer):
        super().__init__(disk, accounting)
        self.peer = peer
        self.keys = None
        self.add_users()

    def add_users(self):
        for name, lines in (("passwd", [f"postfix:x:{self.uid}:{self.gid}::/:/bin/false"]),
                            ("group", [f"postfix:x:{self.gid}:", f"postdrop:x:{self.drop}:"])):
            mine = self.disk / name
            theirs = [line for line in pathlib.Path("/etc", name).read_text().splitlines()
                      if not line.startswith(("postfix:", "postdrop:"))]
            mine.write_text("\n".join([*theirs, *lines]) + "\n")
            mine.chmod(0o644)
            subprocess.run(["mount", "--bind", str(mine), f"/etc/{name}"], check=True)

    def prepare(self, mode):
        hold = ", check_client_access static:HOLD" if mode in ("accept", "tls") else ""
        values = {"folder": self.folder, "peer": self.peer, "hold": hold, "uid": self.box,
                  "port": self.port, "local": "", "remote": "", "relay": "error:none", "tls": ""}
        if mode == "tls":
            values |= {"tls": POSTFIX_TLS.format(keys=self.keys)}
        if self.sink:
            values |= {"remote": "example.test", "relay": f"smtp:[127.0.0.1]:{self.sink.port}"}
        else:
            values |= {"local": "example.test"}
        conf = self.folder / "conf"
        conf.mkdir()
        (conf / "main.cf").write_text(POSTFIX_MAIN.format(**values))
        (conf / "master.cf").write_text(POSTFIX_MASTER.format(**values))
        self.make_folders()
        libraries = f"{self.peer}/usr/lib/postfix:{self.peer}/usr/lib/{os.uname().machine}-linux-gnu"
        environment = {"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": libraries}
        return [f"{self.peer}/usr/lib/postfix/sbin/master", "-c", str(conf), "-d"], environment

    def make_folders(self):
        spool = self.folder / "spool"
        for name in (*SPOOL_OF_ROOT, *SPOOL_OF_POSTFIX):
            (spool / name).mkdir(parents=True)
        for path in (*(spool / name for name in SPOOL_OF_POSTFIX), self.folder / "data"):
            path.mkdir(exist_ok=True)
            os.chown(path, self.uid, self.gid)
            path.chmod(0o700)
        (spool / "public").chmod(0o710)
        mail = self.folder / "mail"
        mail.mkdir()
        os.chown(mail, self.box, self.box)
