#!/bin/sh
# scripts/setup.sh, and make install's copy of the service trees.

. "$TOP/tests/_needs.sh"

setUp() {
  ROOT=$(mktemp -d "${TMPDIR:-/tmp}/setup.XXXXXX")
}

tearDown() {
  [ ! -d "${ROOT:-}" ] || rm -rf "$ROOT"
}

mode() { stat -c %a "$ROOT/$1"; }

test_makes_the_queue_a_drop_box() {
  "$TOP/scripts/setup.sh" -1 -r "$ROOT" -m mx.example.test
  assertEquals 0 $?
  assertEquals 750 "$(mode var/spool/chainmail)"
  assertEquals 3730 "$(mode var/spool/chainmail/new)"
  assertEquals 3730 "$(mode var/spool/chainmail/tmp)"
  assertEquals 700 "$(mode var/spool/chainmail/state)"
  assertEquals 700 "$(mode var/spool/chainmail/bad)"
  assertEquals 620 "$(mode var/spool/chainmail/trigger)"
  assertTrue '[ -p "$ROOT/var/spool/chainmail/trigger" ]'
  assertEquals mx.example.test "$(cat "$ROOT/etc/chainmail/me")"
  assertTrue '[ -f "$ROOT/etc/chainmail/rules.cdb" ]'
}

# Whom the services run as, and whom setup makes.
test_users_of_the_trees_are_made() {
  made=$(sed -n 's/^#   users \(.*\) and group.*/\1/p' "$TOP/scripts/setup.sh")
  for user in $(sed -n 's/^[A-Z]*_USER=//p' "$TOP/service/s6/settings") \
    $(sed -n 's/^User=//p' "$TOP"/service/systemd/*.service); do
    assertContains "$user" " $made " " $user "
    assertTrue "$user is made" "sed -n '/^make_users/,/^}/p' '$TOP/scripts/setup.sh' | grep -qw $user"
  done
}

# Accounts of a made-up machine, for the commands behind.
with_accounts() {
  for account in root:0 smtp:7001 queue:7002 vmail:7003 pipe:7004 relay:7005 sasl:7006 \
    tlskey:7007 chainlog:7008; do
    echo "${account%:*}:*:${account#*:}:${account#*:}::/:/bin/sh" >>"$ROOT/passwd"
    echo "${account%:*}:*:${account#*:}:" >>"$ROOT/group"
  done
  echo 'chainq:*:7009:smtp,queue' >>"$ROOT/group"
  chmod 644 "$ROOT/passwd" "$ROOT/group"
  unshare -m sh -euc 'mount --bind "$0/passwd" /etc/passwd; mount --bind "$0/group" /etc/group
    "$@"' "$ROOT" "$@"
}

# Who owns the queue is not to become root by what root does there.
test_links_in_the_queue_are_not_followed() {
  { is_root && can_mount; } || { skip 'only root can make users up'; return; }
  with_accounts "$TOP/scripts/setup.sh" -r "$ROOT" -m mx.example.test
  assertEquals 0 $?
  assertEquals '7002 7009 3730' "$(stat -c '%u %g %a' "$ROOT/var/spool/chainmail/new")"
  assertEquals '7002 7009 620' "$(stat -c '%u %g %a' "$ROOT/var/spool/chainmail/trigger")"
  before=$(stat -c '%u %g %a' "$ROOT/etc")
  rmdir "$ROOT/var/spool/chainmail/bad"
  ln -s "$ROOT/etc" "$ROOT/var/spool/chainmail/bad"
  rm "$ROOT/passwd" "$ROOT/group"
  with_accounts "$TOP/scripts/setup.sh" -r "$ROOT" >"$ROOT/output" 2>&1
  assertNotEquals 'it is told' 0 $?
  assertEquals "$before" "$(stat -c '%u %g %a' "$ROOT/etc")"
}

test_says_that_me_is_missing() {
  assertContains "$("$TOP/scripts/setup.sh" -1 -r "$ROOT" 2>&1)" "host's name"
  assertFalse '[ -e "$ROOT/etc/chainmail/me" ]'
}

test_makes_a_secret_for_the_auth_service() {
  "$TOP/scripts/setup.sh" -1 -r "$ROOT" -m mx.example.test
  "$TOP/scripts/setup.sh" -1 -r "$ROOT/other" -m mx.example.test
  assertEquals 640 "$(mode etc/chainmail/auth-secret)"
  assertEquals 32 "$(wc -c <"$ROOT/etc/chainmail/auth-secret")"
  assertFalse 'each host has its own' \
    "cmp -s '$ROOT/etc/chainmail/auth-secret' '$ROOT/other/etc/chainmail/auth-secret'"
}

test_leaves_what_is_there() {
  "$TOP/scripts/setup.sh" -1 -r "$ROOT" -m mx.example.test
  secret=$(cksum <"$ROOT/etc/chainmail/auth-secret")
  echo '@example.test maildir %l' >"$ROOT/etc/chainmail/routes"
  echo kept >"$ROOT/var/spool/chainmail/new/entry"
  output=$("$TOP/scripts/setup.sh" -1 -r "$ROOT" 2>&1)
  assertEquals 0 $?
  assertEquals '' "$output"
  assertEquals mx.example.test "$(cat "$ROOT/etc/chainmail/me")"
  assertEquals '@example.test maildir %l' "$(cat "$ROOT/etc/chainmail/routes")"
  assertEquals kept "$(cat "$ROOT/var/spool/chainmail/new/entry")"
  assertEquals "$secret" "$(cksum <"$ROOT/etc/chainmail/auth-secret")"
}

test_the_routes_it_writes_compile() {
  "$TOP/scripts/setup.sh" -1 -r "$ROOT" -m mx.example.test
  sed -i -e 's/^#@/@/' -e 's/^#postmaster/postmaster/' "$ROOT/etc/chainmail/routes"
  output=$(CHAINMAIL_CONF=$ROOT/etc/chainmail route-compile 2>&1)
  assertEquals "$output" 0 $?
  for address in anyone@example.org anyone+work@example.org postmaster postmaster@example.org; do
    assertContains "$(CHAINMAIL_CONF=$ROOT/etc/chainmail route-query "$address")" \
      "$ROOT/var/vmail/example.org/anyone"
  done
}

test_service_trees_know_the_prefix() {
  "$TOP/scripts/install-service.sh" "$TOP/service" "$ROOT/service" /opt/mail
  assertEquals '' "$(grep -r @PREFIX@ "$ROOT/service")"
  assertContains "$(cat "$ROOT/service/s6/settings")" 'PATH=/opt/mail/lib/chainmail:$PATH'
  for run in "$ROOT"/service/*/*/run "$ROOT"/service/*/*/log/run; do
    assertTrue "$run can be run" "[ -x '$run' ]"
    assertTrue "$run parses" "sh -n '$run'"
  done
}

test_the_tree_of_runit_has_its_words() {
  "$TOP/scripts/install-service.sh" "$TOP/service" "$ROOT/service" /opt/mail
  assertEquals 'as many services' "$(cd "$ROOT/service/daemontools" && find . -name run | sort)" \
    "$(cd "$ROOT/service/runit" && find . -name run | sort)"
  assertEquals 'nothing of daemontools' '' "$(grep -rE 'envuidgid|setuidgid|multilog' "$ROOT/service/runit")"
  assertContains "$(cat "$ROOT/service/runit/smtp/run")" 'exec 2>&1 chpst -U smtp'
  assertContains "$(cat "$ROOT/service/runit/queue-send/run")" 'exec 2>&1 chpst -u queue'
  assertContains "$(cat "$ROOT/service/runit/smtp/log/run")" 'exec chpst -u chainlog svlogd -tt "$LOG/smtp"'
}

test_systemd_understands_the_units() {
  needs_program systemd-analyze || return 0
  # Units name programs where they are installed; --man=no: their pages are not.
  "$TOP/scripts/install-service.sh" "$TOP/service" "$ROOT/service" "$ROOT/prefix"
  mkdir -p "$ROOT/prefix/lib"
  ln -s "$BIN" "$ROOT/prefix/lib/chainmail"
  output=$(systemd-analyze verify --man=no "$ROOT"/service/systemd/*.socket \
    "$ROOT"/service/systemd/*.service 2>&1 | grep chainmail)
  assertEquals '' "$output"
}

. shunit2
