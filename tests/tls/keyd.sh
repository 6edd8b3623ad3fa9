#!/bin/bash
# tls-keyd: what it answers and to whom, renewal, processes that die, what it gives up.
# shellcheck disable=SC2016,SC2119,SC2120,SC2317,SC2329,SC2154,SC2034 # shunit2 calls the functions

HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/tls/_keyd.sh
. "$HERE/_keyd.sh"

setUp() {
  rm -rf "$folder/keys"
  mkdir "$folder/keys"
  cd "$folder" || exit
  [ -s ecdsa.pem ] || self ecdsa.pem "$p256" DNS:mail.example,DNS:imap.example
  [ -s rsa.pem ] || self rsa.pem rsa:2048 DNS:mail.example
  [ -s other.pem ] || self other.pem "$p384" DNS:other.example,DNS:*.other.example
  cp -p ecdsa.pem keys/mail.ecdsa.pem
}

use() { cp -p "$1" "keys/$2"; }

# ---- answers ----

test_chooses() {
  use rsa.pem mail.rsa.pem
  use other.pem other.pem
  keyd
  assertEquals 'P-256 1 mail.example imap.example' "$(client choose mail.example ECDSA PSS)"
  assertEquals 'RSA 1 mail.example' "$(client choose mail.example PSS ECDSA)"
  assertEquals 'P-384 1 other.example *.other.example' "$(client choose a.other.example ECDSA)"
  assertEquals 'the default' 'P-256 1 mail.example imap.example' "$(client choose unknown.example ECDSA)"
  assertEquals 'strict' none "$(client strict unknown.example)"
  assertEquals 'no path' none "$(client strict ../keys/mail.example)"
  finish
  assertEquals 0 "$status"
}

test_signs() {
  use rsa.pem mail.rsa.pem
  use other.pem other.pem
  keyd
  assertContains "$(client sign mail.example ECDSA)" Success
  assertContains "$(client sign other.example ECDSA)" Success
  assertContains "$(client sign mail.example PSS)" Success
  assertContains "$(client sign mail.example PKCS1)" Success
  finish
}

test_sessions() {
  keyd
  client sessions
  assertEquals 0 $?
  finish
}

test_sessions_end() {
  keyd -l 1
  assertEquals 'done' "$(client put key)"
  assertTrue 'too old' 'wait_until has_gone'
  finish
}
has_gone() { [ "$(client get key)" = none ]; }

test_no_sessions() {
  keyd -s 0
  assertEquals 'done' "$(client put key)"
  assertEquals none "$(client get key)"
  finish
}

test_wrong_questions() {
  keyd
  client wrong
  assertEquals 0 $?
  finish
}

test_malformed_questions() {
  keyd
  client malformed
  assertEquals 0 $?
  assertTrue 'logged' 'wait_until logged "event=malformed uid=[0-9]+"'
  finish
}

# ---- peers ----

# A folder that other users reach, and the socket in it.
reachable() {
  public=$(mktemp -d "${TMPDIR:-/tmp}/keyd.XXXXXX")
  chmod 755 "$public"
  socket=$public/socket
}

test_strangers() {
  keyd -u 4294967294
  assertEquals stranger "$(client refused)"
  assertEquals 'an answer that nobody waited for' stranger "$(client choose mail.example ECDSA)"
  assertTrue 'logged' "wait_until logged 'event=refuse uid=$(id -u) reason=stranger'"
  finish
}

test_peers_of_other_users() {
  is_root || { skip 'needs root'; return; }
  reachable
  start tls-keyd READY -m 666 -u 65534,65533 "unix:$socket" "$folder/keys"
  assertEquals 'P-256 1 mail.example imap.example' "$(client as_user 65534 choose '' ECDSA)"
  assertEquals 'nor root, if it is not named' stranger "$(client choose '' ECDSA)"
  assertEquals stranger "$(client as_user 65532 choose '' ECDSA)"
  assertEquals 'done' "$(client as_user 65534 put key)"
  assertEquals 'it has its session' 'done' "$(client as_user 65534 get key)"
  assertEquals 'nobody else has it' none "$(client as_user 65533 get key)"
  finish
  rm -r "$public"
}

test_mode_of_the_socket() {
  keyd -m 620
  assertEquals 620 "$(stat -c %a "$socket")"
  finish
}

test_crowd() {
  keyd -w 1 -c 4
  assertEquals served "$(client crowd 12)"
  finish
}

test_slow_peers() {
  keyd -w 1 -i 3600
  client slow
  assertEquals 0 $?
  finish
}

test_idle_peers() {
  keyd -i 1
  assertEquals closed "$(client idle)"
  finish
}

# ---- the folder ----

test_bad_files_are_skipped() {
  echo nonsense >keys/bad.pem
  openssl pkey -in other.pem -aes128 -passout pass:x >keys/secret.key
  openssl x509 -in other.pem >keys/secret.pem
  openssl x509 -in other.pem >keys/half.pem
  ln -s nowhere keys/dangling.pem
  keyd
  assertEquals 'P-256 1 mail.example imap.example' "$(client choose mail.example ECDSA)"
  assertTrue 'the good one' 'logged "change=added path=[^ ]*mail.ecdsa.pem name=mail.example names=2 type=P-256 hash=SHA256:[0-9a-f]{64} days=(89|90)"'
  assertTrue 'nonsense' 'logged "change=refused path=[^ ]*bad.pem reason=.no certificate"'
  assertTrue 'encrypted' 'logged "change=refused path=[^ ]*secret.pem reason=.the private key is encrypted"'
  assertTrue 'without a key' 'logged "change=refused path=[^ ]*half.pem reason=.no private key"'
  finish
}

test_nothing_to_serve() {
  rm keys/*
  keyd
  ended
  assertEquals 'an empty folder' 111 "$status"
  assertTrue 'logged' 'logged "there is no certificate"'
  openssl x509 -in other.pem >keys/half.pem
  keyd
  ended
  assertEquals 'nothing good' 111 "$status"
  assertTrue 'its reason' 'logged "no private key in it"'
  rm -r keys
  keyd
  ended
  assertEquals 'no folder' 111 "$status"
  assertFalse 'never ready' '[ -n "$ready" ]'
  mkdir keys
}

chosen() { [ "$(client choose "$1" ECDSA)" = "$2" ]; }

test_renewal() {
  keyd
  self keys/mail.ecdsa.pem "$p256" DNS:mail.example,DNS:new.example
  assertTrue 'served' "wait_until chosen new.example 'P-256 1 mail.example new.example'"
  kill -HUP "$server"
  assertTrue 'logged' 'wait_until logged "change=replaced path=[^ ]*mail.ecdsa.pem"'
  use other.pem other.pem
  assertTrue 'a new one' "wait_until chosen other.example 'P-384 1 other.example *.other.example'"
  rm keys/mail.ecdsa.pem
  assertTrue 'one that has gone' "wait_until chosen mail.example 'P-384 1 other.example *.other.example'"
  finish
}

test_renewal_in_two_steps() {
  rm keys/*
  openssl x509 -in ecdsa.pem >keys/x.pem
  openssl pkey -in ecdsa.pem >keys/x.key
  keyd -w 1
  self new.pem "$p256" DNS:new.example
  openssl x509 -in new.pem >x.tmp
  mv x.tmp keys/x.pem
  kill -HUP "$server"
  assertTrue 'half of it is refused' 'wait_until half_is_refused'
  assertEquals 'the old pair serves' 'P-256 1 mail.example imap.example' "$(client choose mail.example ECDSA)"
  openssl pkey -in new.pem >x.tmp
  mv x.tmp keys/x.key
  assertTrue 'all of it serves' "wait_until chosen new.example 'P-256 1 new.example'"
  assertTrue 'told once' 'logged_times change=refused 1'
  finish
}
half_is_refused() {
  client choose '' ECDSA >/dev/null
  logged 'change=refused path=[^ ]*x.pem reason="the private key is not that'
}

# As certbot has it: live/ has links into archive/, and a renewal makes new ones.
test_certbot() {
  mkdir -p keys/archive/mail keys/live/mail
  echo 'not a certificate' >keys/live/README
  generation 1
  mv keys/mail.ecdsa.pem keys/archive
  start tls-keyd READY "unix:$folder/socket" "$folder/keys/live"
  socket=$folder/socket
  assertEquals 'P-256 1 gen1.example' "$(client choose '' ECDSA)"
  generation 2
  assertTrue 'the next generation' "wait_until chosen '' 'P-256 1 gen2.example'"
  finish
}
generation() {
  self "gen$1.pem" "$p256" "DNS:gen$1.example"
  openssl x509 -in "gen$1.pem" >"keys/archive/mail/fullchain$1.pem"
  openssl pkey -in "gen$1.pem" >"keys/archive/mail/privkey$1.pem"
  ln -sf "../../archive/mail/privkey$1.pem" keys/live/mail/privkey.pem
  ln -sf "../../archive/mail/fullchain$1.pem" keys/live/mail/fullchain.pem
}

test_links_out_of_the_folder() {
  rm -rf away
  mkdir away
  mv keys/mail.ecdsa.pem away/mail.pem
  ln -s ../away/mail.pem keys/mail.pem
  keyd
  self away/mail.pem "$p256" DNS:new.example
  assertTrue 'renewed where the link leads to' "wait_until chosen new.example 'P-256 1 new.example'"
  finish
}

test_default_by_name() {
  mkdir conf
  echo b.other.example >conf/me
  use other.pem z.pem
  CHAINMAIL_CONF=$folder/conf keyd
  assertEquals 'that of me' 'P-384 1 other.example *.other.example' "$(client choose '' ECDSA)"
  finish
  use ecdsa.pem default.pem
  CHAINMAIL_CONF=$folder/conf keyd
  assertEquals 'that called default' 'P-256 1 mail.example imap.example' "$(client choose '' ECDSA)"
  finish
}

# ---- processes ----

all_replaced() { [ "$(workers | wc -l)" = 2 ] && ! workers | grep -qx "$1"; }

test_killed_process_is_replaced() {
  keyd
  assertEquals 'done' "$(client put key)"
  local pid
  for pid in $(workers); do
    kill -9 "$pid"
    assertTrue 'another comes' "wait_until all_replaced $pid"
  done
  assertTrue 'logged' 'wait_until logged_times "event=died pid=[0-9]+ signal=9" 2'
  assertEquals 'they serve' 'P-256 1 mail.example imap.example' "$(client choose '' ECDSA)"
  assertEquals 'sessions are still there' 'done' "$(client get key)"
  finish
  assertEquals 0 "$status"
}

none_left() {
  local pid
  for pid; do has_ended "$pid" || return 1; done
}

test_processes_end_with_the_first() {
  keyd
  local -a pids
  mapfile -t pids < <(workers)
  finish KILL
  assertEquals 2 "${#pids[@]}"
  assertTrue "wait_until none_left ${pids[*]}"
}

test_end() {
  keyd
  local -a pids
  mapfile -t pids < <(workers)
  finish
  assertEquals 0 "$status"
  assertTrue 'nobody is left' "none_left ${pids[*]}"
  assertFalse 'nor is the socket' '[ -e "$socket" ]'
}

test_keys_are_where_they_must_be() {
  is_root || { skip 'needs root'; return; }
  is_sanitized && skip 'a sanitized process has terabytes to look through' && return
  keyd
  local pid
  assertEquals 'the first process has none' no "$(client holds_key "$server" keys/mail.ecdsa.pem)"
  for pid in $(workers); do
    assertEquals 'those that sign have it' yes "$(client holds_key "$pid" keys/mail.ecdsa.pem)"
  done
  rm keys/*
  use other.pem other.pem
  finish
}

test_what_is_given_up() {
  keyd
  local pid
  for pid in $(workers); do
    assertContains "$(grep NoNewPrivs "/proc/$pid/status")" 1
    is_sanitized || assertContains "$(grep Seccomp: "/proc/$pid/status")" 2
    assertContains "$(grep 'Max core file size' "/proc/$pid/limits")" ' 0 '
    assertEquals 'only root owns it' 0 "$(stat -c %u "/proc/$pid/mem")"
    assertNotContains "$(ls -l "/proc/$pid/fd")" "$folder/ready"
  done
  assertContains "$(grep NoNewPrivs "/proc/$server/status")" 1
  finish
}

test_root_is_dropped() {
  is_root || { skip 'needs root'; return; }
  reachable
  cp -rp keys "$public"
  start tls-keyd READY -U "unix:$socket" "$public/keys"
  ended
  assertEquals 'no UID' 100 "$status"
  as_tlskey
  ended
  assertEquals 'keys that it may not read' 111 "$status"
  assertTrue 'logged' 'logged "Permission denied"'
  chown 65534 "$public/keys/mail.ecdsa.pem"
  as_tlskey
  assertEquals "$(printf 'Uid:\t65534\t65534\t65534\t65534')" "$(grep ^Uid: "/proc/$server/status")"
  assertEquals "$(printf 'Uid:\t65534\t65534\t65534\t65534')" "$(grep ^Uid: "/proc/$(workers)/status")"
  assertEquals 'P-256 1 mail.example imap.example' "$(client choose '' ECDSA)"
  finish
  rm -r "$public"
}
as_tlskey() {
  start env UID=65534 GID=65533 GIDLIST=65533 tls-keyd READY -U -u 0 -w 1 "unix:$socket" "$public/keys"
}

# ---- sockets ----

test_socket_of_systemd() {
  socket=$folder/activated
  start python3 -c '
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind(sys.argv[1]); s.listen(); os.dup2(s.fileno(), 9); os.set_inheritable(9, True)
os.dup2(3, 4); os.dup2(9, 3); os.closerange(5, 100)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execvp("tls-keyd", ["tls-keyd", "-n", "4", "systemd", sys.argv[2]])' "$socket" "$folder/keys"
  assertEquals yes "$ready"
  assertEquals 'P-256 1 mail.example imap.example' "$(client choose '' ECDSA)"
  finish
  rm "$socket"
}

test_wrong_usage() {
  local words
  for words in '-u x' '-u 1,x' '-w 0' '-c 0' '-m 9' 'tcp:1' 'fd:x' 'fd:0' 'systemd' 'a b c'; do
    # shellcheck disable=SC2086 # words are wanted
    timeout "$PATIENCE" tls-keyd $words </dev/null 2>/dev/null
    assertEquals "$words" 100 $?
  done
}

test_socket_in_use() {
  keyd
  timeout "$PATIENCE" tls-keyd "unix:$socket" keys 2>error
  assertEquals 111 $?
  assertContains "$(cat error)" 'listen on'
  assertEquals 'the first one goes on' 'P-256 1 mail.example imap.example' "$(client choose '' ECDSA)"
  finish
}

# shellcheck source=/dev/null
. shunit2
