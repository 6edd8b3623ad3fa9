"""A mail host in this process that keeps what it was given: SMTP, with STARTTLS if it has a
certificate, or LMTP, on a free port of 127.0.0.1."""

import pathlib
import socketserver
import ssl
import sys
import threading

from _chain import PATIENCE

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "deliver"))
from _keeper import Session  # noqa: E402  # the path is needed first


class ReceiverSession(Session):
    timeout = PATIENCE  # no client may keep it for longer
    is_secure = False

    def offers(self):
        more = [] if self.is_secure or not self.server.context else ["250 STARTTLS"]
        return super().offers() + more

    def do_starttls(self, _):
        self.say("220 2.0.0 go on")
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        self.is_secure = True
        self.setup()

    def note(self, message, recipients):
        text = message.replace(b"\r\n", b"\n")
        with self.server.lock:
            self.server.kept += [(recipient, text, self.is_secure) for recipient in recipients]


class Receiver(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads, request_queue_size = True, True, 100

    def __init__(self, certificate=None):
        self.lock, self.kept, self.context = threading.Lock(), [], None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate)
        super().__init__(("127.0.0.1", 0), ReceiverSession)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def take(self):
        """What it has got since the last time: recipient, message and whether TLS was on."""
        with self.lock:
            kept, self.kept = self.kept, []
        return kept

    def handle_error(self, *_):
        """Who came has gone, or never finished its handshake."""
