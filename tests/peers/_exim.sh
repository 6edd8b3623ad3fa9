# shellcheck shell=sh
# Exim on 192.0.2.11, run by _in_place: all mail for exim.example to one Maildir, LAB/mail/exim. On the
# ports 587 and 588 alice may log in, by PLAIN or CRAM-MD5, and send anywhere: it gets there too.
# A connection is good for 4 messages.
echo 'Debian-exim:x:903:903::/:/bin/false' >>/etc/passwd
echo 'Debian-exim:x:903:' >>/etc/group
echo 'nameserver 192.0.2.53' >/etc/resolv.conf
install -d -o Debian-exim -g Debian-exim /var/spool/exim4 /var/log/exim4 "$LAB/mail/exim"
install -m 640 -g Debian-exim "$LAB/key" /etc/exim4.key
cat >/etc/exim4.test <<END_CONF
primary_hostname = exim.example
domainlist local_domains = exim.example
local_interfaces = <; 192.0.2.11.25; 192.0.2.11.587; 192.0.2.11.588
log_file_path = /var/log/exim4/%s
keep_environment =
host_lookup =
rfc1413_hosts =
message_size_limit = 3M
smtp_accept_max_per_connection = 4
tls_advertise_hosts = *
tls_certificate = $LAB/certificate
tls_privatekey = /etc/exim4.key
smtputf8_advertise_hosts = *
chunking_advertise_hosts = *
dsn_advertise_hosts = *
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
begin acl
rcpt:
  deny  local_parts = nobody
        message = 5.1.1 no such user
  accept domains = +local_domains
  accept authenticated = *
  deny message = 5.7.1 relay not permitted
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_advertise_condition = \${if and{{def:tls_in_cipher}{eq{\$received_port}{587}}}}
  server_prompts = :
  server_condition = \${if and{{eq{\$auth2}{alice}}{eq{\$auth3}{open sesame}}}}
  server_set_id = \$auth2
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_advertise_condition = \${if eq{\$received_port}{588}}
  server_secret = \${if eq{\$auth1}{alice}{open sesame}fail}
  server_set_id = \$auth1
begin routers
box:
  driver = accept
  transport = box
begin transports
box:
  driver = appendfile
  directory = $LAB/mail/exim
  maildir_format
  delivery_date_add
  envelope_to_add
  return_path_add
  user = Debian-exim
END_CONF
exec /usr/sbin/exim4 -C /etc/exim4.test -bdf
