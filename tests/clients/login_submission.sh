#!/bin/sh
# What a submission service does for users, over both engines, after STARTTLS and in implicit TLS; and
# logins that programs of other makes check: any checkpassword program, PAM, Dovecot.
# shellcheck disable=SC2329 # shunit2 calls the functions

# shellcheck source=tests/clients/_login.sh
. "$(dirname "$0")/_login.sh"
# shellcheck source=tests/auth/_dovecot.sh
. "$HERE/../auth/_dovecot.sh"

oneTimeSetUp() {
  make_submission && printf 'From: alice@mx.example.test\r\n\r\nhello\r\n' >"$CHAIN/message" || exit 1
}
oneTimeTearDown() { end_submission; }

# ---- the service ---------------------------------------------------------------------------------

submission() { each_service play_submission "$@"; }

play_submission() {
  export ALICE MODE
  PASSWORD=$PASSWORD play _submission.py "$@"
}

test_nothing_without_a_login() { submission nothing_without_a_login; }
test_nobody_else() { submission nobody_else; }
test_what_is_completed() { submission what_is_completed; }
test_parameters() { submission parameters; }
test_three_failures() { submission attempts; }
test_one_login() { submission twice; }

# ---- checkers of other makes ---------------------------------------------------------------------

# checks CHECKER...: with it alice gets in by "secret", and is refused, not put off, with another word.
checks() {
  ENGINE=tls-wrap
  offer PLAIN LOGIN
  { start_auth "$@" && serve_mail implicit; } || fail "$*"
  for mechanism in PLAIN LOGIN; do
    assertEquals "$* $mechanism: $(tail -n 5 "$CHAIN/auth.log")" '235' "$(verdict_of secret)"
    assertEquals "$* $mechanism: $(tail -n 5 "$CHAIN/auth.log")" '535' "$(verdict_of wrong)"
  done
}

verdict_of() { # verdict_of PASSWORD
  new_lines >/dev/null
  curl --silent --show-error --cacert "$TRUSTED" --resolve "$NAME:$SMTP_PORT:127.0.0.1" \
    --user "alice:$1" --login-options "AUTH=$mechanism" --mail-from alice@mx.example.test \
    --mail-rcpt bob@example.test --upload-file "$CHAIN/message" \
    "smtps://$NAME:$SMTP_PORT/client.example" >"$CHAIN/client.log" 2>&1
  new_lines | sed -n 's/.* event=auth .*verdict=\([0-9]*\).*/\1/p'
}

# As somebody wrote it in another century, for another server: no word of ours in it.
test_any_checkpassword() {
  cat >"$CHAIN/checkpassword" <<'END'
#!/usr/bin/perl
open(my $in, "<&=3") or exit 111;
my $got = sysread($in, my $buffer, 513);
exit 2 if !$got || $got > 512;
my ($login, $password) = split /\0/, $buffer, -1;
exit 1 unless $login eq "alice" && $password eq "secret";
$ENV{USER} = $login;
$ENV{HOME} = "/";
chdir "/" or exit 111;
exec { $ARGV[0] } @ARGV or exit 111;
END
  chmod +x "$CHAIN/checkpassword"
  checks "$CHAIN/checkpassword"
}

needs_pam() {
  { ! is_confined || ! skip 'not confined: PAM cannot be'; } &&
    { command -v checkpassword-pam >/dev/null || ! skip 'no PAM here: checkpassword-pam was not built'; }
}

test_pam() {
  needs_pam || return 0
  printf '#!/bin/sh\n[ "$(tr -d '"'\\\\000'"')" = secret ]\n' >"$CHAIN/ask"
  chmod +x "$CHAIN/ask"
  cat >"$CHAIN/chainmail" <<END
auth    [success=1 default=ignore] pam_exec.so expose_authtok quiet $CHAIN/ask
auth    requisite pam_deny.so
auth    required pam_permit.so
account required pam_permit.so
END
  checks checkpassword-pam -d "$CHAIN"
}

# The accounts of a system of the test's own: in a mount namespace, its passwd and shadow.
test_pam_unix() {
  needs_pam || return 0
  is_sanitized && skip 'the sanitizer stands before a crypt that only pam_unix has loaded' && return
  can_mount || { skip 'no mount namespaces here'; return; }
  printf 'auth required pam_unix.so nodelay\naccount required pam_unix.so\n' >"$CHAIN/chainmail"
  { cat /etc/passwd && echo 'alice:x:4711:4711::/home/alice:/bin/sh'; } >"$CHAIN/passwd"
  echo "alice:$(openssl passwd -6 secret):20000:0:99999:7:::" >"$CHAIN/shadow"
  cat >"$CHAIN/among-them" <<END
#!/bin/sh
mount --bind "$CHAIN/passwd" /etc/passwd && mount --bind "$CHAIN/shadow" /etc/shadow || exit 111
exec "\$@"
END
  chmod +x "$CHAIN/among-them"
  checks unshare --mount "$CHAIN/among-them" checkpassword-pam -d "$CHAIN"
}

test_dovecot() {
  make_dovecot
  if [ -z "$DOVECOT_PID" ]; then
    skip 'there is no Dovecot here'
  else
    checks checkpassword-dovecot -f "$DOVECOT/run/auth-client"
  fi
  end_dovecot
}

# shellcheck source=/dev/null
. shunit2
