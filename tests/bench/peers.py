"""Other mail servers beside whom we are measured, from Debian's packages.

Each was unpacked by scripts/peer.sh and runs where its package puts it, over the machine's own
folders, in namespaces of its own (tests/peers/_in_place). Its spool, mail and log lie on the disk
that is measured. Modes: accept, deliver (see servers.py), and tls: accept, with STARTTLS offered.
"""

import os
import pathlib
import subprocess
import time

from servers import START_SECONDS, Server

TOP = pathlib.Path(__file__).resolve().parents[2]
IN_PLACE = TOP / "tests/peers/_in_place"


class InPlace(Server):
    """Shell does what is to be done in the namespace, before program takes its place."""

    peer = ""
    binaries = ()  # below build/peers/<peer>, for their size
    modes = ("accept", "deliver", "tls")
    lacks = ""     # what it cannot do, and so is not measured in

    def __init__(self, disk, accounting, place, keys):
        super().__init__(disk, accounting)
        self.place, self.keys = place, keys

    @classmethod
    def is_here(cls, peers):
        return all((peers / cls.peer / name).exists() for name in cls.binaries)

    def script(self, mode):
        raise NotImplementedError

    def prepare(self, mode):
        for name in ("spool", "log", "mail"):
            (self.folder / name).mkdir()
        return [str(IN_PLACE), self.peer, "sh", "-euc", "ulimit -n 20000\n" + self.script(mode)], {
            "PATH": os.environ["PATH"], "PEERS": str(self.place)}


EXIM = """
printf 'Debian-exim:x:20540:20540::/:/bin/false\\n' >>/etc/passwd
printf 'Debian-exim:x:20540:\\n' >>/etc/group
mkdir -p /var/spool/exim4 /var/log/exim4
mount --bind {folder}/spool /var/spool/exim4
mount --bind {folder}/log /var/log/exim4
chown Debian-exim:Debian-exim /var/spool/exim4 /var/log/exim4 {folder}/mail
cp {keys}/key /etc/exim4.key && chgrp Debian-exim /etc/exim4.key && chmod 640 /etc/exim4.key
cat >/etc/exim4.bench <<END
primary_hostname = mx.example.test
domainlist local_domains = example.test
local_interfaces = <; 127.0.0.1.{port}
log_file_path = /var/log/exim4/%slog
keep_environment =
host_lookup =
rfc1413_hosts =
helo_verify_hosts =
prdr_enable = false
smtp_accept_max = 1000
smtp_accept_queue = 0
smtp_accept_queue_per_connection = 0
smtp_accept_max_per_connection = 1000000
smtp_accept_reserve = 0
smtp_connect_backlog = 1000
message_size_limit = 50M
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
never_users =
{more}
begin acl
rcpt:
  accept domains = +local_domains
  deny message = relay not permitted
begin routers
box:
  driver = accept
  transport = box
begin transports
box:
  driver = appendfile
  directory = {folder}/mail/box
  maildir_format
  user = Debian-exim
END
exec /usr/sbin/exim4 -C /etc/exim4.bench -bdf
"""


class Exim(InPlace):
    name, peer = "exim", "exim4"
    binaries = ("usr/sbin/exim4",)
    modes_text = {"accept": "queue_only = true\ntls_advertise_hosts =",
                  "deliver": "tls_advertise_hosts =",
                  "tls": "queue_only = true\ntls_advertise_hosts = *\n"
                         "tls_certificate = {keys}/certificate\ntls_privatekey = /etc/exim4.key"}

    def script(self, mode):
        more = self.modes_text[mode].format(keys=self.keys)
        return EXIM.format(folder=self.folder, keys=self.keys, port=self.port, more=more)


OPENSMTPD = """
for user in opensmtpd:20541 opensmtpq:20542 box:20543; do
  echo "${{user%:*}}:x:${{user#*:}}:${{user#*:}}::/var/lib/opensmtpd/empty:/bin/false" >>/etc/passwd
  echo "${{user%:*}}:x:${{user#*:}}:" >>/etc/group
done
printf 'nameserver 127.0.0.1\\nlookup file\\n' >/etc/resolv.conf
echo mx.example.test >/etc/mailname
mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd
chmod 755 /var/lib/opensmtpd/empty
mount --bind {folder}/spool /var/spool/smtpd
chmod 711 /var/spool/smtpd
chgrp opensmtpq /usr/sbin/smtpctl && chmod 2755 /usr/sbin/smtpctl
chown box:box {folder}/mail
cat >/etc/smtpd.conf <<END
table users {{ "@" = box }}
smtp max-message-size 50M
smtp limit max-mails 1000000
smtp limit max-rcpt 1000000
listen on 127.0.0.1 port {port} hostname mx.example.test
action "box" maildir "{folder}/mail/box" virtual <users>
match from any for domain example.test action "box"
END
{pause}
exec /usr/sbin/smtpd -d
"""


PAUSE = "(until smtpctl pause mda; do sleep 0.1; done; touch {folder}/paused) >>{folder}/log/pause 2>&1 &"


class OpenSMTPD(InPlace):
    name = peer = "opensmtpd"
    binaries = ("usr/sbin/smtpd", "usr/libexec/opensmtpd/mail.maildir")
    modes = ("accept", "deliver")
    lacks = ("no TLS: Debian 12's 6.8 cannot, with OpenSSL 3; it syncs nothing; its listen queue takes "
             "5, so that of many who connect at once some try again a second later")
    is_accepting = False

    def script(self, mode):
        self.is_accepting = mode == "accept"
        pause = PAUSE.format(folder=self.folder) if mode == "accept" else ""
        return OPENSMTPD.format(folder=self.folder, port=self.port, pause=pause)

    def wait_ready(self):
        super().wait_ready()
        end = time.monotonic() + START_SECONDS
        while self.is_accepting and not (self.folder / "paused").exists():
            if time.monotonic() > end:
                raise RuntimeError("opensmtpd cannot be kept from delivering\n" + self.tail())
            time.sleep(0.02)


CHASQUID = """
mkdir -p /etc/chasquid/domains/example.test /etc/chasquid/certs/mx.example.test
cp {keys}/certificate /etc/chasquid/certs/mx.example.test/fullchain.pem
cp {keys}/key /etc/chasquid/certs/mx.example.test/privkey.pem
echo 'nameserver 127.0.0.1' >/etc/resolv.conf
cat >/etc/chasquid/chasquid.conf <<END
hostname: "mx.example.test"
max_data_size_mb: 50
smtp_address: "127.0.0.1:{port}"
submission_address: "127.0.0.1:{other}"
mail_delivery_agent_bin: "/bin/true"
data_dir: "{folder}/spool"
mail_log_path: "{folder}/log/mail"
END
chasquid-util -C=/etc/chasquid user-add box@example.test --password=x >/dev/null
exec chasquid -config_dir=/etc/chasquid
"""


class Chasquid(InPlace):
    name = peer = "chasquid"
    binaries = ("usr/bin/chasquid",)
    modes = ("accept", "tls")
    lacks = ("no Maildir, and it cannot keep what it takes: each message goes to a program that drops "
             "it; nothing is synced")

    def script(self, mode):
        return CHASQUID.format(folder=self.folder, keys=self.keys, port=self.port,
                               other=self.port - 1)


ALL = (Exim, OpenSMTPD, Chasquid)


class GoSmtp(Server):
    """One process: tests/bench/gosmtp.go. It writes no log, and stays root."""

    modes = ("accept",)
    variants = {"go-smtp": "directory", "go-smtp, file": "file"}  # what it fsyncs; see gosmtp.go

    def __init__(self, disk, accounting, program, name):
        super().__init__(disk, accounting)
        self.program, self.name = program, name

    def prepare(self, mode):
        (self.folder / "mail").mkdir()
        return [str(self.program), str(self.port), str(self.folder / "mail"),
                self.variants[self.name]], {"PATH": os.environ["PATH"]}


GO_TEXT = {
    "go-smtp": "one process, a file for each message; fsyncs the file, renames it, fsyncs its folder",
    "go-smtp, file": "fsyncs the file alone, under the name that it has from the start",
}


def go_servers(disk, accounting, program):
    """No server where it could not be built."""
    if not program.exists():
        return []
    return [GoSmtp(disk, accounting, program, name) for name in GoSmtp.variants]


def make_keys(folder):
    """A certificate that nobody trusts, and its key: paths folder/certificate, folder/key."""
    folder.mkdir()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-sha256", "-days", "3650", "-subj", "/CN=mx.example.test", "-addext",
         "subjectAltName=DNS:mx.example.test", "-keyout", str(folder / "key"), "-out",
         str(folder / "certificate")], check=True, capture_output=True)
    folder.chmod(0o755)
    (folder / "certificate").chmod(0o644)
    return folder
