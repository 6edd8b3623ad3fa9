#!/bin/bash
# sasl-auth and sasl-ok behind tcp-accept, with a front that is a script: checkers that behave and such
# that do not, stored verifiers, what is offered, abuse, attackers.
# shellcheck disable=SC2119,SC2154,SC2317,SC2329 # shunit2 calls the functions

HERE=$(dirname "$0")
# shellcheck source=tests/net/_net.sh
. "$HERE/../net/_net.sh"

all='PLAIN LOGIN CRAM-MD5 APOP SCRAM-SHA-1 SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-256-PLUS EXTERNAL OAUTHBEARER XOAUTH2'

eval "$(declare -f oneTimeSetUp | sed 's/oneTimeSetUp/prepare_net/')"
oneTimeSetUp() {
  prepare_net
  export CHAINMAIL_CONF="$folder/conf" KEPT=1
  mkdir "$CHAINMAIL_CONF"
  echo mx.example.test >"$CHAINMAIL_CONF/me"
  echo "$all" >"$CHAINMAIL_CONF/auth-mechanisms"
  front write_users "$CHAINMAIL_CONF/users"
  user-compile
  make_checkers
}

# serve ARGUMENTS OF SASL-AUTH...
serve() { start tcp-accept READY -m 600 "unix:$folder/socket" sasl-auth "$@"; }

# front SCENARIO [ARGUMENT...]
front() {
  PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$HERE/.." \
    timeout 120 python3 "$HERE/_sasl.py" "$folder/socket" "$@"
}

# plays WHAT SCENARIO [ARGUMENT...]: it must go well; then the service ends.
plays() {
  local what=$1
  shift
  front "$@"
  assertTrue "$what" $?
  finish
}

# ---- checkers, as others write them: sh, with what Debian has ----

# checker NAME: its text from stdin, behind what reads descriptor 3 into $1 to $3
checker() {
  { echo '#!/bin/bash' && echo 'mapfile -d "" -u 3 -t words; exec 3<&-' && cat; } >"$folder/$1"
  chmod 755 "$folder/$1"
}

make_checkers() {
  checker good <<'END'
[ "${words[0]}:${words[1]}" = alice:secret ] || exit 1
export USER=alice HOME=/home/alice
exec "$@"
END
  checker nameless <<'END'
[ "${words[1]}" = secret ] || exit 1
exec "$@"
END
  checker generous <<'END'
export USER=alice UID_=1 AUTH_SENDERS='alice@example.test *'
exec env UID=4711 GID=4712 "$@"
END
  checker impostor <<'END'
export USER='alice
AUTH_USER=root'
exec "$@"
END
  checker exits <<'END'
exit "$CODE"
END
  checker executes <<'END'
exec sh -c 'exit 1'
END
  checker crashes <<'END'
kill -SEGV $$
END
  checker noisy <<'END'
for fd in /proc/self/fd/*; do echo noise >"$fd"; done 2>/dev/null
exec "$@"
END
  checker tells <<'END'
env >&4
cat /proc/$$/environ >&4
END
  checker forges <<'END'
printf '\0sasl-ok 00000000000000000000000000000000\0AUTH_USER=root\0\0' >&4
END
  checker hangs <<'END'
echo $$ >"$PID_FILE"
exec sleep 600
END
  checker hangs_first <<'END'
[ -e "$PID_FILE" ] || { echo $$ >"$PID_FILE" && exec sleep 600; }
exec "$@"
END
  checker hangs_aside <<'END'
sleep 600 & echo $! >"$PID_FILE"
wait
END
  checker lingers <<'END'
sleep 600 & echo $! >"$PID_FILE"
exec env USER=alice "$@"
END
  checker forks <<'END'
env USER=alice "$@"
exit $?
END
  checker answers <<'END'
case $SASL_MECHANISM in
  CRAM-MD5) want=$(printf %s "${words[2]}" | openssl dgst -md5 -hmac secret) ;;
  APOP) want=$(printf %ssecret "${words[2]}" | openssl dgst -md5) ;;
esac
[ "${words[0]} ${want##* }" = "alice ${words[1]}" ] || exit 1
exec "$@"
END
  checker token <<'END'
case ${words[1]} in good | ttt*) exec "$@" ;; *) exit 1 ;; esac
END
  # These read descriptor 3 in ways of their own.
  printf '#!/bin/sh\nexec "$@"\n' >"$folder/blind"
  printf '#!/bin/bash\nread -r -d "" name <&3; export USER=$name; exec "$@"\n' >"$folder/hasty"
  cat >"$folder/looks" <<'END'
#!/usr/bin/env python3
import os

def is_open(fd):
    try:
        return os.fstat(fd)
    except OSError:
        return None

fds = [fd for fd in range(256) if is_open(fd)]
with open(os.environ["SEEN"], "w") as file:
    print(*(f"{name}={value}" for name, value in os.environ.items()), sep="\n", file=file)
    print("fds", *fds, file=file)
    print("input", len(os.read(0, 100)), file=file)
raise SystemExit(1)
END
  chmod 755 "$folder/blind" "$folder/hasty" "$folder/looks"
}

test_passwords() {
  serve "$folder/good" sasl-ok
  plays 'PLAIN and LOGIN' logs_in
  assertTrue 'a line for each login' "logged_times 'event=login remote=192.0.2.7 service=smtp method=(PLAIN|LOGIN) user=alice\$' 4"
  assertTrue 'a line for each failure' \
    "logged_times 'sasl-auth: session=0gmnj7qkzp5b2s1x event=fail remote=192.0.2.7 service=smtp method=(PLAIN|LOGIN) user=alice reason=credentials\$' 2"
  assertTrue 'none with a password' "! logged 'secret|c2VjcmV0|wrong'"
}

test_record() {
  serve "$folder/good" sasl-ok
  plays 'what the checker sets' record AUTH_USER=alice AUTH_HOME=/home/alice AUTH_UID= AUTH_GID=
  serve "$folder/nameless" sasl-ok
  plays 'a checker that sets nothing' record AUTH_USER=alice AUTH_HOME=
  serve "$folder/generous" sasl-ok
  plays 'all there is' record AUTH_USER=alice AUTH_UID=4711 AUTH_GID=4712 'AUTH_SENDERS=alice@example.test *'
  serve "$folder/impostor" sasl-ok
  plays 'more than one line' results 'NO temporary'
  is_root || { skip 'not root: a checker cannot change its user'; return; }
  serve "$folder/good" setpriv --reuid 4713 --regid 4714 --clear-groups -- sasl-ok
  plays 'a checker that changes its user' record AUTH_USER=alice AUTH_UID=4713 AUTH_GID=4714
}

# Bytes in the pipe that is descriptor 7.
pending() {
  python3 -c 'import fcntl, struct, termios
print(*struct.unpack("i", fcntl.ioctl(7, termios.FIONREAD, bytes(4))))'
}

is_full() { [ "$(pending)" -eq "$full" ]; }

# Once a checker has become a user, other programs of that user must not get at the token. A record of
# more bytes than the pipe has room for keeps sasl-ok there, once it has begun to write.
test_token_is_hidden() {
  local full pid
  mkfifo "$folder/pipe" && exec 7<>"$folder/pipe"
  dd if=/dev/zero of="$folder/pipe" bs=4096 oflag=nonblock 2>/dev/null
  full=$(pending)
  dd bs=4096 count=1 of=/dev/null <&7 2>/dev/null
  set -- # what makes one an ordinary user, as whom root may read everything
  ! is_root || set -- setpriv --reuid 4713 --regid 4714 --clear-groups --
  SASL_OK_FD=7 SASL_OK_TOKEN=0123456789abcdef0123456789abcdef HOME=/$(printf %07000d 0) "$@" "$BIN/sasl-ok" &
  pid=$!
  assertTrue 'it writes' 'wait_until is_full'
  assertFalse 'its environment' "$* cat /proc/$pid/environ 2>/dev/null | grep -q 0123"
  assertFalse 'its descriptors' "$* ls /proc/$pid/fd 2>/dev/null | grep -q 7"
  kill "$pid"
  wait "$pid" 2>/dev/null
  exec 7>&-
}

# The table of sasl-auth(8).
test_exit_codes() {
  local code want
  while read -r code want; do
    CODE=$code serve "$folder/exits" sasl-ok
    plays "exit $code" results "$want"
  done <<END
0 NO temporary
1 NO failed
2 NO temporary
3 NO temporary
100 NO temporary
111 NO temporary
END
  CODE=3 serve -x 3,15 "$folder/exits" sasl-ok
  plays 'exit 3, which means wrong' results 'NO failed'
}

test_later_programs() {
  serve "$folder/executes" sasl-ok
  plays 'a program of its own exits 1' results 'NO failed'
  serve -k executes "$folder/executes" sasl-ok
  plays 'the same, when that is no checker' results 'NO temporary'
  assertTrue 'which is told' "logged 'reason=\"exit 1 of sh\"'"
  serve -k good "$folder/good" false sasl-ok
  plays 'a program between exits 1' results 'NO temporary' 'NO failed'
  serve env -u NOTHING "$folder/good" sasl-ok
  plays 'a program before it' results OK 'NO failed'
  serve -x 100 "$folder/impostor" sasl-ok
  plays 'sasl-ok exits as if credentials were wrong' results 'NO temporary'
  SASL_OK_TOKEN=x SASL_OK_FD=4 sasl-ok 2>/dev/null
  assertEquals 'sasl-ok without sasl-auth' 100 $?
}

test_what_is_no_record() {
  local checker
  for checker in crashes noisy tells forges blind; do
    serve "$folder/$checker" sasl-ok
    plays "$checker" results 'NO temporary'
  done
  assertTrue 'nobody has read' "logged 'reason=\"nobody has read the credentials\"'"
  serve "$folder/hasty" sasl-ok
  plays 'who reads what it needs is none of them' results OK
}

test_nothing_but_sasl_ok() {
  sasl-auth sasl-ok sasl-ok 2>/dev/null </dev/null
  assertEquals 'sasl-ok is no checker' 100 $?
  sasl-auth "$folder/good" 2>/dev/null </dev/null
  assertEquals 'it must be there' 100 $?
  serve sasl-ok
  plays 'without a checker no passwords' offered PLAIN='NO unknown' LOGIN='NO unknown' CRAM-MD5='NO unknown' \
    SCRAM-SHA-256=+ OAUTHBEARER='NO unknown'
  serve "$folder/missing" sasl-ok
  plays 'a checker that is not there' results 'NO temporary'
}

ends() { ! ps -o stat= -p "$1" | grep -qv '^Z'; }

test_time() {
  export PID_FILE=$folder/pid
  local checker
  for checker in hangs hangs_aside; do
    rm -f "$PID_FILE"
    serve -o timeout-auth=1 "$folder/$checker" sasl-ok
    plays "$checker" results 'NO temporary'
    assertTrue "$checker is killed" "wait_until ends $(cat "$PID_FILE")"
  done
  assertTrue 'and why' "logged 'reason=\"it took too long\"'"
  serve "$folder/lingers" sasl-ok
  plays 'a process that stays behind' results OK
  kill "$(cat "$PID_FILE")"
  serve "$folder/forks" sasl-ok
  plays 'sasl-ok as a child' results OK
}

test_checker_sees() {
  export SEEN=$folder/seen
  USER=old HOME=/old UID_OLD=1 AUTH_SENDERS=old TCPREMOTEHOST=old SASL_AUTHZID=old serve "$folder/looks" sasl-ok
  plays 'its environment' environment "$SEEN"
}

test_no_secrets() {
  export PID_FILE=$folder/pid
  rm -f "$PID_FILE"
  serve "$folder/hangs" sasl-ok
  plays 'in processes and logs' no_secrets "$PID_FILE" "$log"
}

test_identities() {
  serve "$folder/good" sasl-ok
  plays 'authorization identities' identities
  assertTrue 'are told of in the log' "logged_times 'event=fail .* user=alice reason=identity\$' 4"
  serve -z "$folder/good" sasl-ok
  plays 'the checker is told with -z' results OK 'NO failed'
}

test_digests() {
  serve "$folder/answers" sasl-ok
  plays 'CRAM-MD5 and APOP' digests
  serve checkpassword-file sasl-ok
  plays 'the same with checkpassword-file' digests
}

test_tokens() {
  serve -t "$folder/token" "$folder/good" sasl-ok
  plays 'OAUTHBEARER and XOAUTH2' tokens
  serve -f "$folder/guesses" -F 10,600 -t "$folder/token" "$folder/good" sasl-ok
  plays 'guesses that do not wait for their refusal' token_guesses
  assertTrue 'are told of' "logged_times 'event=fail remote=192.0.2.7 .* user=alice reason=credentials\$' 10"
}

test_checkpassword_file() {
  serve checkpassword-file sasl-ok
  plays 'PLAIN against a verifier' logs_in
  serve checkpassword-file sasl-ok
  plays 'what it knows' record AUTH_USER=alice AUTH_HOME=/home/alice AUTH_UID=4242 'AUTH_SENDERS=alice@example.test @alice.test'
}

# ---- stored verifiers ----

test_scram() {
  serve sasl-ok
  plays 'SCRAM' scram
  serve sasl-ok
  plays 'SCRAM, and somebody between' scram_downgrade
  assertTrue 'is told of' "logged_times 'event=fail .* reason=binding\$' 4"
}

test_strangers() {
  head -c 32 /dev/urandom >"$CHAINMAIL_CONF/auth-secret"
  serve sasl-ok
  plays 'salts' scram_strangers
  rm "$CHAINMAIL_CONF/auth-secret"
}

# What a failed login does does not tell whether there is such a user.
test_strangers_cost_the_same() {
  local name
  needs_strace || return 0
  for name in alice nobody dora carol; do
    serve sasl-ok
    strace -f -qq -e 'trace=!poll,ppoll,restart_syscall,read' -o "$folder/trace" -p "$server" 2>/dev/null &
    tracer=$!
    wait_until grep -q "TracerPid:.$tracer\$" "/proc/$server/status"
    plays "a failure of $name" scram_failure "$name"
    wait "$tracer"
    # Of the service and sasl-auth's pid, the one that executes.
    sed -n "s/^$(sed -n 's/^\([0-9]*\) *execve.*/\1/p' "$folder/trace" | head -n 1) *\([a-z0-9_]*\)(.*/\1/p" \
      "$folder/trace" >"$folder/$name.calls"
  done
  assertTrue 'there are some' "[ -s '$folder/alice.calls' ]"
  for name in nobody dora carol; do
    assertEquals "$name" "$(cat "$folder/alice.calls")" "$(cat "$folder/$name.calls")"
  done
}

test_external() {
  serve sasl-ok
  plays 'EXTERNAL' external
}

test_no_users() {
  serve -u "$folder/nothing.cdb" "$folder/good" sasl-ok
  plays 'SCRAM is said to fail for now, passwords do not' logs_in
  serve -u "$folder/nothing.cdb" sasl-ok
  front scram_failure alice 2>/dev/null
  assertFalse 'not that it is wrong' $?
  finish
  assertTrue 'and why' "logged 'event=error .* method=SCRAM-SHA-256 user=alice reason=users'"
}

test_gsasl() {
  serve checkpassword-file sasl-ok
  plays "GNU SASL's client" gsasl
}

# ---- what is offered, abuse, attackers ----

test_offered() {
  serve -t "$folder/token" "$folder/good" sasl-ok
  plays 'without TLS' offered PLAIN='NO unfit' LOGIN='NO unfit' OAUTHBEARER='NO unfit' XOAUTH2='NO unfit' \
    EXTERNAL='NO unfit' SCRAM-SHA-256-PLUS='NO unfit' SCRAM-SHA-256=+ CRAM-MD5=+ ANONYMOUS='NO unknown'
  serve -o auth-clear-text=yes "$folder/good" sasl-ok
  plays 'passwords, if the setting says so' offered PLAIN=+ LOGIN=+ EXTERNAL='NO unfit'
  serve -o 'auth-mechanisms=PLAIN' -o auth-clear-text=yes "$folder/good" sasl-ok
  plays 'what is listed' offered PLAIN=+ LOGIN='NO unknown' SCRAM-SHA-256='NO unknown'
}

test_abuse() {
  serve "$folder/good" sasl-ok
  plays 'messages' malformed
  serve "$folder/good" sasl-ok
  plays 'fronts' bad_fronts
}

test_throttle() {
  serve -f "$folder/failures" -F 3,600 "$folder/good" sasl-ok
  plays 'three failures' throttle
  assertTrue 'are told of' "logged 'event=refuse remote=192.0.2.7 .* reason=throttled'"
  rm "$folder/failures"
  CODE=1 serve -k other -f "$folder/failures" -F 1,600 "$folder/exits" sasl-ok
  plays 'what may be a guess counts' results 'NO temporary' 'NO throttled'
  echo something >"$folder/failures"
  sasl-auth -f "$folder/failures" sasl-ok </dev/null 2>"$folder/err"
  assertEquals 'a file that is no such one' 111 $?
}

# With one place a checker that hangs has others wait; then the next one's turn comes.
test_turns() {
  export PID_FILE=$folder/pid
  rm -f "$PID_FILE"
  serve -j 1 -f "$folder/turns" "$folder/hangs_first" sasl-ok
  plays 'one checker at a time' turns "$PID_FILE"
  assertTrue 'is told of' "logged_times 'event=error .* reason=busy\$' 1"
  sasl-auth -j 1 "$folder/good" sasl-ok </dev/null 2>/dev/null
  assertEquals 'places are in a file' 100 $?
}

test_names_in_log() {
  serve "$folder/good" sasl-ok
  plays 'names' names_in_log
  assertTrue 'in quotes' "logged 'event=fail .* user=\"a.\" event=login user=root\" reason=credentials'"
  assertTrue 'in one line' "logged 'event=fail .* user=\"eve.x0asasl-auth: event=login\" reason=name'"
}

# ---- what it costs ----

# A login is one process more, which executes the checker, and the checker sasl-ok.
test_cost() {
  is_confined && skip 'the stand-ins of tests/_confined are shell scripts, and would be counted' && return
  is_sanitized && skip 'sanitizers have processes of their own' && return
  needs_strace || return 0
  printf 'SERVICE=smtp\nSSL_PROTOCOL=TLSv1.3\n\nAUTH PLAIN %s\n' "$(printf '\0alice\0secret' | base64)" |
    strace -f -qq -e trace=process -o "$folder/trace" sasl-auth "$BIN/checkpassword-file" "$BIN/sasl-ok" \
      >"$folder/out" 2>"$log"
  assertEquals OK "$(head -n 1 "$folder/out")"
  assertEquals 'one process' 1 "$(grep -Ec ' (vfork|fork|clone|clone3)\(' "$folder/trace")"
  assertEquals 'two programs in it' 2 "$(($(grep -Ec ' (execve\(|<... execve).* = 0$' "$folder/trace") - 1))"
}

. shunit2
