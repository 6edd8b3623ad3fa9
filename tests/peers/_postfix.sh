# shellcheck shell=sh
# Postfix on 192.0.2.10, run by _in_place: all mail for postfix.example to one Maildir, LAB/mail/postfix.
# nobody@ is not known there, later@ is put off; a transaction has 10 recipients at most.
echo 'postfix:x:901:901::/:/bin/false' >>/etc/passwd
printf 'postfix:x:901:\npostdrop:x:902:\n' >>/etc/group
echo 'nameserver 192.0.2.53' >/etc/resolv.conf
cat >/etc/postfix/main.cf <<END_CONF
compatibility_level = 3.6
myhostname = postfix.example
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
maillog_file = $LAB/postfix.log
maillog_file_prefixes = $LAB
alias_maps =
local_header_rewrite_clients =
message_size_limit = 3000000
smtpd_recipient_limit = 10
smtpd_recipient_overshoot_limit = 50
virtual_mailbox_domains = postfix.example
virtual_mailbox_base = $LAB/mail
virtual_mailbox_maps = static:postfix/
virtual_uid_maps = static:901
virtual_gid_maps = static:901
smtpd_recipient_restrictions = check_recipient_access inline:{
  {nobody@postfix.example=550 5.1.1 no such user}, {later@postfix.example=450 4.2.1 later}}
smtpd_tls_security_level = may
smtpd_tls_cert_file = $LAB/certificate
smtpd_tls_key_file = $LAB/key
smtpd_tls_loglevel = 1
END_CONF
cat >/etc/postfix/master.cf <<'END_CONF'
192.0.2.10:25 inet  n  -  n  -     -  smtpd
cleanup   unix  n  -  n  -     0  cleanup
qmgr      unix  n  -  n  300   1  qmgr
rewrite   unix  -  -  n  -     -  trivial-rewrite
bounce    unix  -  -  n  -     0  bounce
defer     unix  -  -  n  -     0  bounce
trace     unix  -  -  n  -     0  bounce
tlsmgr    unix  -  -  n  1000? 1  tlsmgr
proxymap  unix  -  -  n  -     -  proxymap
smtp      unix  -  -  n  -     -  smtp
retry     unix  -  -  n  -     -  error
virtual   unix  -  n  n  -     -  virtual
anvil     unix  -  -  n  -     1  anvil
postlog   unix-dgram n - n -   1  postlogd
END_CONF
cd /var/spool/postfix || exit
mkdir -p active bounce corrupt defer deferred flush hold incoming private saved trace pid public maildrop
chown postfix active bounce corrupt defer deferred flush hold incoming private saved trace public \
  maildrop /var/lib/postfix
chgrp postdrop public maildrop
exec /usr/lib/postfix/sbin/master -i
