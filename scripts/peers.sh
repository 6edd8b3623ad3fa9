#!/bin/sh
# peers.sh: the programs of others that `make check` talks to. Each that cannot be had
# is reported, and the tests that need it skip. None is installed or started here.
top=$(cd "$(dirname "$0")/.." && pwd)
"$top/scripts/peer.sh" postfix postfix # a receiver; smtp-source, smtp-sink
"$top/scripts/peer.sh" exim4 exim4-daemon-light libnss-wrapper # a client that sends BDAT; a receiver
"$top/scripts/peer.sh" opensmtpd opensmtpd # a receiver
"$top/scripts/peer.sh" inetd openbsd-inetd
"$top/scripts/peer.sh" nsd nsd
"$top/scripts/peer.sh" dovecot dovecot-core dovecot-lmtpd # its auth service, and its LMTP server
"$top/scripts/peer.sh" fail2ban fail2ban # its reading of our logs
"$top/scripts/peer.sh" pyspf python3-spf python3-dns # an SPF implementation, and suites
"$top/scripts/peer.sh" sisimai libsisimai-perl # readers of bounces
"$top/scripts/peer.sh" bounceparser libmail-deliverystatus-bounceparser-perl
"$top/scripts/peer.sh" -n nodemailer nodemailer@10.6.0
exit 0
