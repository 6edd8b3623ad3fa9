#!/bin/sh
# not confined: it confines what it starts by itself
# confine(8): options, profiles, what is told and what is fatal. What profiles forbid is tried by
# attempts_test.c.

. "$(dirname "$0")/../_chain.sh"

# Under the sanitizers a refused call is another story: their run time makes some of its own.
is_sanitized && skip_all 'profiles are for programs without sanitizers'
can_confine || skip_all 'this kernel cannot confine'
[ -w "${ELSEWHERE:=/var/lib}" ] || skip_all "this user may not write to $ELSEWHERE"

# A folder of its own, below which nothing is in a profile, with a place for profiles.
oneTimeSetUp() {
  ROOM=$(mktemp -d "$ELSEWHERE/confine.XXXXXX")
  export CHAINMAIL_CONF="$ROOM/conf" CHAINMAIL_QUEUE="$ROOM/queue" CHAINMAIL_RUN="$ROOM/run"
  unset CHAINMAIL_MAIL QMAILQUEUE
  mkdir -p "$ROOM/conf/confine" "$ROOM/conf/hooks" "$ROOM/queue" "$ROOM/run" "$ROOM/place/deep"
  echo text >"$ROOM/place/file"
  : >"$ROOM/place/deep/file"
}

oneTimeTearDown() { [ ! -d "${ROOM:-}" ] || rm -rf "$ROOM"; }

profile() { cat >"$ROOM/conf/confine/$1"; } # profile NAME: from stdin

# A profile that lets system programs run and do nothing to files outside the system's.
system_profile() {
  profile system <<END
include libc-dynamic
calls dup dup2 pipe lstat getuid geteuid getgid getegid getppid getcwd kill unlink unlinkat rename
calls fork clone vfork wait4 socket bind connect listen getdents64 umask fadvise64 statfs prctl
calls mkdir renameat renameat2 utimensat copy_file_range getpgrp sigaltstack getpeername getsockname
calls setsockopt getsockopt select pselect6 recvfrom sendto shutdown epoll_create1 getrlimit sendfile
exec /usr/bin /bin
read /etc /dev /proc
write /dev/null
$*
END
}

refused() { # refused COMMAND...: it fails for want of permission
  output=$("$@" 2>&1 </dev/null)
  assertNotEquals "$*: $output" 0 $?
  assertContains "$*" "$output" 'ermission denied'
}
allowed() {
  output=$("$@" 2>&1 </dev/null)
  assertEquals "$*: $output" 0 $?
}

# ---- files ---------------------------------------------------------------------------------------

test_reading() {
  system_profile
  refused confine -p system cat "$ROOM/place/file"
  allowed confine -p system -r "$ROOM/place" cat "$ROOM/place/file"
  allowed confine -p system -r "$ROOM/place/file" cat "$ROOM/place/file"
  refused confine -p system -r "$ROOM/place/file" ls "$ROOM/place"
  refused confine -p system -r "$ROOM/place" dd of="$ROOM/place/file"
}

test_writing() {
  system_profile
  allowed confine -p system -w "$ROOM/place" dd conv=notrunc of="$ROOM/place/file"
  refused confine -p system -w "$ROOM/place" touch "$ROOM/place/new"
  refused confine -p system -w "$ROOM/place" rm -f "$ROOM/place/file"
}

test_making() {
  system_profile
  allowed confine -p system -m "$ROOM/place" touch "$ROOM/place/new"
  allowed confine -p system -m "$ROOM/place" mv "$ROOM/place/new" "$ROOM/place/deep/moved"
  allowed confine -p system -m "$ROOM/place" rm -f "$ROOM/place/deep/moved"
  refused confine -p system -m "$ROOM/place/deep" touch "$ROOM/place/new"
}

test_executing() {
  system_profile
  cp /bin/true "$ROOM/place/program"
  refused confine -p system env "$ROOM/place/program"
  allowed confine -p system -x "$ROOM/place" env "$ROOM/place/program"
}

test_paths_that_are_not_there() {
  system_profile "read $ROOM/nowhere" 'read $NOT_SET/x'
  allowed confine -p system -r "$ROOM/nothing" true
}

test_variables() {
  system_profile 'read $PLACES/file'
  refused confine -p system cat "$ROOM/place/file"
  allowed env PLACES="/nowhere:$ROOM/place" confine -p system cat "$ROOM/place/file"
  system_profile 'read $CHAINMAIL_QUEUE'
  allowed confine -p system ls "$ROOM/queue"
}

# queue-send's own sockets are in the queue, and to others it only connects.
test_queue_send_makes_nothing_among_the_sockets() {
  allowed confine -p queue-send,foreign touch "$ROOM/queue/new"
  refused confine -p queue-send,foreign touch "$ROOM/run/new"
}

# ---- ports ---------------------------------------------------------------------------------------

connect='import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])))'
bind='import socket, sys; socket.socket().bind(("127.0.0.1", int(sys.argv[1])))'

test_ports() {
  port=$(free_port)
  refused confine -p foreign python3 -c "$bind" "$port"
  allowed confine -p foreign -b "$port" python3 -c "$bind" "$port"
  allowed confine -p foreign -b "1,$port" python3 -c "$bind" "$port"
  allowed confine -p foreign -b '*' python3 -c "$bind" "$port"
  python=$(command -v python3)
  system_profile 'read /' 'exec /' 'calls lseek ioctl'
  output=$(confine -a errno -p system "$python" -c "$connect" "$port" 2>&1)
  assertContains "$output" 'Permission denied'
  output=$(confine -a errno -p system -c "$port" "$python" -c "$connect" "$port" 2>&1)
  assertContains 'nobody is there' "$output" 'Connection refused'
}

# ---- system calls --------------------------------------------------------------------------------

set_host_name='import ctypes; l = ctypes.CDLL(None, use_errno=True)
l.sethostname(None, -1); print(ctypes.get_errno())'

test_answers() {
  confine -p foreign python3 -c "$set_host_name" >/dev/null 2>&1
  assertEquals 'it is killed with SIGSYS' 159 $?
  assertEquals EPERM 1 "$(confine -a errno -p foreign python3 -c "$set_host_name")"
  assertEquals 'EINVAL, from the kernel itself' 22 \
    "$(confine -a log -p foreign python3 -c "$set_host_name")"
}

test_conditions() {
  system_profile 'read /' 'exec /' 'calls lseek ioctl'
  open_socket='import _socket, sys; _socket.socket(getattr(_socket, sys.argv[1]))'
  sed -i 's/ socket / socket(unix) /' "$ROOM/conf/confine/system"
  allowed confine -p system "$(command -v python3)" -c "$open_socket" AF_UNIX
  output=$(confine -a errno -p system "$(command -v python3)" -c "$open_socket" AF_INET 2>&1)
  assertContains "$output" 'Operation not permitted'
}

# ---- signals, privileges, limits -----------------------------------------------------------------

test_signals_stay_inside() {
  sleep 60 & other=$!
  output=$(confine -p foreign sh -c "kill -0 $other" 2>&1)
  assertNotEquals 0 $?
  assertContains "$output" 'not permitted'
  allowed confine -p foreign sh -c 'sleep 60 & kill $!'
  end_process "$other"
}

test_privileges() {
  assertContains "$(confine -p foreign grep NoNewPrivs /proc/self/status)" 1
  assertContains "$(grep NoNewPrivs /proc/self/status)" 0
}

test_limits() {
  assertEquals 'no core' 0 "$(confine -p foreign sh -c 'ulimit -c')"
  assertEquals 100 "$(confine -l nofile=100 -p foreign sh -c 'ulimit -n')"
  printf 'limit nofile=50 nofile=70 nofile=60\n' | profile narrow
  assertEquals 'the highest' 70 "$(confine -p foreign,narrow sh -c 'ulimit -n')"
  assertEquals 'an option first' 40 "$(confine -p narrow -l nofile=40 -p foreign sh -c 'ulimit -n')"
  assertEquals 'a lower one stays' 30 \
    "$(prlimit --nofile=30 confine -l nofile=40 -p foreign sh -c 'ulimit -n')"
}

# ---- where profiles come from --------------------------------------------------------------------

test_words() {
  allowed confine tcp-rules-query -h
  output=$(confine cat "$ROOM/place/file" 2>&1)
  assertEquals 100 $?
  assertContains "$output" 'no profile for cat'
}

# facts may not open a file in the queue; in a chain with submission, it may.
count_rules() { # count_rules WORDS: what confine asks of the kernel for these
  strace -e trace=landlock_add_rule -o "$ROOM/trace" confine "$@" >/dev/null 2>&1
  grep -c landlock_add_rule "$ROOM/trace"
}
test_words_behind_the_first() {
  needs_strace || return 0
  mkdir -p "$ROOM/queue/tmp"
  alone=$(count_rules facts)
  assertEquals 'a word that is no program adds nothing' "$alone" "$(count_rules facts nothing)"
  assertTrue "more than $alone" "[ $(count_rules facts submission) -gt $alone ]"
}

test_administrators_replace_ours() {
  printf 'include libc-musl\nlimit nofile=1\noutside\n' | profile facts
  output=$(confine facts 2>&1)
  assertEquals 100 $?
  assertContains "$output" "$ROOM/conf/confine/facts: this program cannot be confined"
  rm "$ROOM/conf/confine/facts"
}

test_pam_stays_outside() {
  [ -x "$BIN/checkpassword-pam" ] || { skip 'no PAM here'; return; }
  output=$(confine tcp-accept unix:/x sasl-auth checkpassword-pam sasl-ok 2>&1)
  assertEquals 100 $?
  assertContains "$output" 'checkpassword-pam: this program cannot be confined'
}

test_hooks() {
  refused_by=$(confine -p smtp-front sh -c : 2>&1)
  assertNotEquals 'smtp-front starts no shells' 0 $?
  printf '#!/bin/sh\nexit 0\n' >"$ROOM/conf/hooks/mail"
  allowed_as_it_is=$(confine -p smtp-front "$ROOM/conf/hooks/mail" 2>&1)
  assertNotEquals "a file that cannot be executed is no hook: $refused_by $allowed_as_it_is" 0 $?
  chmod 755 "$ROOM/conf/hooks/mail"
  allowed confine -p smtp-front "$ROOM/conf/hooks/mail"
  ln -sf "$BIN/reject" "$ROOM/conf/hooks/mail"
  confine -p smtp-front sh -c : >/dev/null 2>&1
  assertNotEquals 'a link to a program of ours adds that' 0 $?
  rm "$ROOM/conf/hooks/mail"
}

# ---- mistakes ------------------------------------------------------------------------------------

bad_profile() { # bad_profile TEXT WORDS: line 2 of a profile
  printf '# bad\n%s\n' "$1" | profile bad
  output=$(confine -p bad -p foreign true 2>&1)
  assertEquals "$1" 100 $?
  assertContains "$1" "$output" "$2"
}

test_bad_profiles() {
  bad_profile 'calls opne' 'not a system call: opne'
  bad_profile 'call open' 'line 2'
  bad_profile 'read' 'line 2'
  bad_profile 'bind many' 'not a port: many'
  bad_profile 'connect 65536' 'not a port: 65536'
  bad_profile 'limit files=3' 'not a limit: files=3'
  bad_profile 'limit nofile' 'not a limit: nofile'
  bad_profile 'include nobody' 'no profile nobody'
  bad_profile 'include ../conf/routes' 'no profile ../conf/routes'
}

test_includes_end() {
  printf 'include two\n' | profile one
  printf 'include one\n' | profile two
  allowed confine -p one,foreign true
}

test_usage() {
  for options in '' '-z' '-a' '-a often true' '-b x true' '-l nofile=x true' '-p nobody true'; do
    # shellcheck disable=SC2086 # words are wanted
    confine $options >/dev/null 2>&1
    assertEquals "$options" 100 $?
  done
  confine -h 2>/dev/null
  assertEquals 0 $?
  confine no-such-program >/dev/null 2>&1
  assertEquals 127 $?
}

# ---- kernels that cannot -------------------------------------------------------------------------

# As an old kernel does: without Landlock, without seccomp.
old_kernel() { # old_kernel CALL OPTIONS
  call=$1
  shift
  strace -f -o /dev/null -e inject="$call":error=ENOSYS confine "$@" 2>&1
}

test_what_is_missing_is_told() {
  needs_strace || return 0
  output=$(old_kernel landlock_create_ruleset -p foreign true)
  assertEquals "$output" 0 $?
  assertEquals 'confine: event=unconfined program=true missing=files,ports,scope' "$output"
  output=$(old_kernel landlock_create_ruleset -s -p foreign true)
  assertEquals 'strict' 111 $?
  assertContains "$output" 'files,ports,scope'
}

# The versions of Landlock, by what it answers when it is asked.
test_versions() {
  needs_strace || return 0
  for version in 1:files,ports,scope 2:ports,scope 4:scope; do
    output=$(strace -f -o "$ROOM/trace" -e trace=landlock_create_ruleset \
      -e inject="landlock_create_ruleset:retval=${version%%:*}:when=1" confine -p foreign true 2>&1)
    assertEquals "$output" 0 $?
    assertContains "$output" "missing=${version#*:}"
  done
}

. shunit2
