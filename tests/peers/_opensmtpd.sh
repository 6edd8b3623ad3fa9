# shellcheck shell=sh
# OpenSMTPD on 192.0.2.12, run by _in_place: all mail for opensmtpd.example to one Maildir,
# LAB/mail/opensmtpd. It offers TLS, which Debian 12's cannot do (6.8 with OpenSSL 3).
{
  echo 'opensmtpd:x:904:904::/var/lib/opensmtpd/empty:/bin/false'
  echo 'opensmtpq:x:905:905::/var/lib/opensmtpd/empty:/bin/false'
  echo 'box:x:906:906::/:/bin/false'
} >>/etc/passwd
printf 'opensmtpd:x:904:\nopensmtpq:x:905:\nbox:x:906:\n' >>/etc/group
printf 'nameserver 192.0.2.53\nlookup file bind\n' >/etc/resolv.conf
echo opensmtpd.example >/etc/mailname
install -d -m 755 /var/lib/opensmtpd/empty
install -d -m 711 /var/spool/smtpd
install -d -o box -g box "$LAB/mail/opensmtpd"
install -m 600 "$LAB/key" /etc/smtpd.key
install -m 644 "$LAB/certificate" /etc/smtpd.certificate
cat >/etc/smtpd.conf <<END_CONF
pki opensmtpd.example cert "/etc/smtpd.certificate"
pki opensmtpd.example key "/etc/smtpd.key"
table users { "@" = box }
smtp max-message-size 3M
listen on 192.0.2.12 port 25 tls pki opensmtpd.example hostname opensmtpd.example
action "box" maildir "$LAB/mail/opensmtpd" virtual <users>
match from any for domain opensmtpd.example action "box"
END_CONF
exec /usr/sbin/smtpd -d
