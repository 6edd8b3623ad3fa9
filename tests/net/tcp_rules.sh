#!/bin/bash
# tcp-rules, tcp-rules-compile and tcp-rules-query; ucspi-tcp's programs agree with them.
# shellcheck disable=SC2016,SC2119,SC2317,SC2329,SC2154 # programs for sh; shunit2 calls the functions

HERE=$(dirname "$0")
# shellcheck source=tests/net/_net.sh
. "$HERE/_net.sh"

setUp() {
  rm -rf "${folder:?}/conf"
  mkdir "$folder/conf"
  rules=$folder/conf/rules
}

# ---- tcp-rules-compile ----

test_compile() {
  echo ':deny' >"$rules"
  tcp-rules-compile "$rules"
  assertEquals 0 $?
  assertEquals 'nothing else is left' 'rules rules.cdb' "$(cd "$folder/conf" && echo *)"
  assertEquals deny "$(tcp-rules-query "$rules.cdb" 192.0.2.1 | tail -n 1)"
  assertEquals "tcp-rules-query: fatal: unable to use the rules: $rules.gone: No such file or directory" \
    "$(tcp-rules-query "$rules.gone" 192.0.2.1 2>&1)"
  echo ':allow' | tcp-rules-compile - "$folder/conf/other"
  assertEquals allow "$(tcp-rules-query "$folder/conf/other" 192.0.2.1 | tail -n 1)"
}

test_compile_replaces_in_one_step() {
  echo ':deny' >"$rules"
  tcp-rules-compile "$rules"
  ln "$rules.cdb" "$folder/conf/old"
  echo ':allow' >"$rules"
  tcp-rules-compile "$rules"
  assertEquals 'the old file is as it was' deny "$(tcp-rules-query "$folder/conf/old" 192.0.2.1 | tail -n 1)"
  assertEquals allow "$(tcp-rules-query "$rules.cdb" 192.0.2.1 | tail -n 1)"
}

test_compile_syncs_before_it_renames() {
  needs_tracing || return 0
  echo ':deny' >"$rules"
  strace -o "$folder/trace" -e trace=fsync,rename,renameat,renameat2 tcp-rules-compile "$rules" 2>/dev/null
  assertEquals 'fsync rename fsync' "$(sed -n 's/^\([a-z]*\).*(.*/\1/p' "$folder/trace" | sed 's/at2*//' | xargs)"
}

test_compile_errors() {
  printf '# fine\n:allow\n1.2.3:deny\n' >"$rules"
  echo old >"$rules.cdb"
  tcp-rules-compile "$rules" 2>"$folder/error"
  assertEquals 100 $?
  assertEquals "tcp-rules-compile: fatal: $rules: line 3: a part of an IPv4 address ends in a dot: 10.1." \
    "$(cat "$folder/error")"
  assertEquals 'the old table stays' old "$(cat "$rules.cdb")"
  assertEquals 'rules rules.cdb' "$(cd "$folder/conf" && echo *)"
  tcp-rules-compile -n "$rules" 2>"$folder/error"
  assertEquals 'only checked' 100 $?
  assertTrue "grep -q 'line 3' '$folder/error'"
  tcp-rules-compile - "$rules.cdb" </dev/null 2>"$folder/error"
  assertEquals 'nothing at all' 100 $?
  tcp-rules-compile "$folder/none" 2>"$folder/error"
  assertEquals 111 $?
  tcp-rules-compile 2>"$folder/error"
  assertEquals 100 $?
}

test_compile_on_a_full_disk() {
  mkdir "$folder/disk"
  mount -t tmpfs -o size=16k none "$folder/disk" 2>/dev/null || { skip 'cannot mount a small disk'; return; }
  echo ':deny' | tcp-rules-compile - "$folder/disk/rules.cdb"
  awk 'BEGIN { for (i = 0; i < 4000; i++) print "10." int(i / 256) "." i % 256 ".1:allow" }' |
    tcp-rules-compile - "$folder/disk/rules.cdb" 2>"$folder/error"
  assertEquals 111 $?
  assertEquals deny "$(tcp-rules-query "$folder/disk/rules.cdb" 10.0.0.1 | tail -n 1)"
  assertEquals rules.cdb "$(cd "$folder/disk" && echo *)"
  umount "$folder/disk"
}

# ---- ucspi-tcp ----

classic='joe@127.0.0.1:allow,A="first"
18.23.0.32:deny
:allow,A="third"
127.:allow,A="fourth",RELAYCLIENT=""
1.2.3.37-53:deny
10.2-3.:allow,A=/five/
=.example.com:deny
=host.example.com:allow,A="six"
# comment'

test_classic_text_means_the_same() {
  needs_program tcprules || return 0
  echo "$classic" >"$rules"
  tcprules "$folder/conf/theirs" "$folder/conf/tmp" <"$rules"
  tcp-rules-compile "$rules"
  local ip host
  while read -r ip host; do
    # shellcheck disable=SC2086 # no host, no argument
    tcp-rules-query "$folder/conf/theirs" "$ip" $host >"$folder/theirs"
    # shellcheck disable=SC2086
    tcp-rules-query "$rules.cdb" "$ip" $host >"$folder/ours"
    # shellcheck disable=SC2086
    tcp-rules-query "$rules" "$ip" $host >"$folder/text"
    assertEquals "their table, $ip $host" "$(cat "$folder/ours")" "$(cat "$folder/theirs")"
    assertEquals "the text, $ip $host" "$(cat "$folder/ours")" "$(cat "$folder/text")"
    assertEquals "their program, $ip $host" \
      "$(TCPREMOTEIP=$ip TCPREMOTEHOST=$host tcprulescheck "$folder/conf/theirs")" \
      "$(TCPREMOTEIP=$ip TCPREMOTEHOST=$host tcprulescheck "$rules.cdb")"
  done <<END
127.0.0.1
18.23.0.32
18.23.0.33
1.2.3.36
1.2.3.37
1.2.3.53
1.2.3.54
10.2.1.1
10.4.1.1
99.0.0.1 x.example.com
99.0.0.1 host.example.com
99.0.0.1 other.org
END
}

# ---- tcp-rules-query ----

test_query_explains() {
  printf '%s\n' '10.1.0.0/20:allow,A="b"' '10.1.2.:deny' '=.example.com:deny' '2001:db8::/32:deny' >"$rules"
  assertEquals 'no rule 10.1.3.4|no rule =mx.example.com|no rule 10.1.3.|rule    10.1.0.0/20|allow|set A=b' \
    "$(tcp-rules-query "$rules" 10.1.3.4 MX.example.com | paste -sd '|')"
  tcp-rules-query "$rules" 2001:db8::7 >/dev/null
  assertEquals 'denied' 1 $?
  tcp-rules-query "$rules" 2001:db9::7 >/dev/null
  assertEquals 'let in' 0 $?
  tcp-rules-query "$rules" nonsense 2>/dev/null
  assertEquals 100 $?
  tcp-rules-query "$folder/none" 10.0.0.1 2>/dev/null
  assertEquals 111 $?
}

# ---- tcp-rules ----

# link [NAME=value...]: what a chain behind tcp-rules has of A and RELAYCLIENT, or what is said.
link() { env -i PATH="$PATH" PROTO=TCP "$@" tcp-rules "$rules" sh -c 'echo "${A-none} ${RELAYCLIENT-none}"' 2>"$log"; }

test_link_sets_variables() {
  printf '%s\n' '10.:allow,A="ten",RELAYCLIENT=""' '=mx.example.com:allow,A="name"' 'joe@11.0.0.1:allow,A="joe"' \
    '2001:db8::/32:allow,A="six"' ':allow' >"$rules"
  assertEquals 'ten ' "$(link TCPREMOTEIP=10.0.0.1)"
  assertEquals 'ten ' "$(link TCPREMOTEIP=::ffff:10.0.0.1)"
  assertEquals 'name none' "$(link TCPREMOTEIP=11.0.0.1 TCPREMOTEHOST=mx.example.com)"
  assertEquals 'joe none' "$(link TCPREMOTEIP=11.0.0.1 TCPREMOTEINFO=joe)"
  assertEquals 'six none' "$(link TCPREMOTEIP=2001:db8::1)"
  assertEquals 'a stale RELAYCLIENT is no fact' 'none none' "$(link TCPREMOTEIP=11.0.0.1 RELAYCLIENT=old)"
  assertEquals 'another protocol' 'ten ' "$(link PROTO=SSL SSLREMOTEIP=10.0.0.1)"
}

test_link_over_unix() {
  printf '%s\n' 'uid:7:allow,A="seven"' 'unix:deny' ':allow' >"$rules"
  assertEquals 'seven none' "$(link PROTO=IPC IPCREMOTEEUID=7)"
  assertEquals '' "$(link PROTO=IPC IPCREMOTEEUID=8)"
  assertTrue "logged 'reason=denied rule=unix'"
}

test_link_without_a_client() {
  echo :allow >"$rules"
  link >/dev/null
  assertEquals 100 $?
  link TCPREMOTEIP=junk >/dev/null
  assertEquals 100 $?
}

test_link_refuses_in_smtp() {
  printf '127.0.0.2:deny\n:allow\n' >"$rules"
  start tcp-accept READY 127.0.0.1 0 tcp-rules "$rules" echo hello
  assertEquals hello "$(ask)"
  assertEquals $'554 5.7.1 access denied\r' "$(ask_from 127.0.0.2)"
  assertTrue "wait_until logged '^tcp-rules: session=[0-9a-z]+ event=refuse remote=127.0.0.2 reason=denied rule=127.0.0.2$'"
  assertTrue "wait_until logged 'event=end .*exit=1 '"
  rm "$rules"
  assertEquals $'421 4.3.0 temporary trouble here, try again later\r' "$(ask)"
  assertTrue "wait_until logged '^tcp-rules: .*event=refuse remote=127.0.0.1 reason=rules error='"
  finish
}

test_link_refuses_in_other_words() {
  echo ':deny' >"$rules"
  start tcp-accept READY 127.0.0.1 0 sh -c 'read -r how; case $how in
    pop3) exec tcp-rules -P pop3 "$0" true;; imap) exec tcp-rules -P imap "$0" true;;
    none) exec tcp-rules -P none "$0" true;; own) exec tcp-rules -D "own words" "$0" true;; esac' "$rules"
  say() { echo "$1" | timeout "$PATIENCE" socat -t "$PATIENCE" - "TCP:127.0.0.1:$port"; }
  assertEquals $'-ERR [SYS/PERM] access denied\r' "$(say pop3)"
  assertEquals $'* BYE [NOPERM] access denied\r' "$(say imap)"
  assertEquals '' "$(say none)"
  assertEquals $'own words\r' "$(say own)"
  finish
}

# The plain side of TLS may be a pipe.
test_link_refuses_through_a_pipe() {
  echo ':deny' >"$rules"
  assertEquals $'554 5.7.1 access denied\r' "$(link TCPREMOTEIP=10.0.0.1 | cat)"
}

# shellcheck source=/dev/null
. shunit2
