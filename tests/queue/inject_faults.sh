#!/bin/sh
# not confined: it traces programs and disturbs their system calls
# queue-inject when things go wrong: killed before any of its system calls, and each of them failing.
# What it said it had accepted must be there, whole; what it refused must not be there at all.
# check-crash: 300
. "$TOP/tests/queue/_queue.sh"

export ASAN_OPTIONS=detect_leaks=0 # the leak check does not work under strace
id=hock9tq2oeauptqs

# Ways in that make every call between them: a copy that is named, and one in tmp/ that is renamed.
ways='--files --unlinked'

# trace WAY [OPTION...]: runs it under strace; the words go to out, the calls to trace.
trace() {
  way=$1
  shift
  call "$way" "$message" "$envelope" strace -o "$FOLDER/trace" "$@" queue-inject \
    >"$FOLDER/out" 2>"$FOLDER/log"
}

# The calls of the last trace from main's first on, each with its number among those of its name,
# as strace counts them for when=.
list_calls() {
  awk -F '(' '/^[a-z]/ { n[$1]++ }
    /SIGPIPE, \{sa_handler=SIG_IGN/ { main = 1 }
    main && /^[a-z]/ { print $1, n[$1] }' "$FOLDER/trace"
}

count_calls() { list_calls | grep -c "^$1 "; }

code() { tail -n 1 "$FOLDER/out"; }

testCost() {
  needs_strace || return 0
  QUEUE_ID=$id trace --spooled
  assertEquals 0 "$(code)"
  assertEquals 'one sync' 1 "$(list_calls | grep -c sync)"
  assertEquals 'one name' 1 "$(grep -c '^linkat(.* = 0$' "$FOLDER/trace")"
  assertEquals 'one write of the entry' 1 "$(count_calls pwrite64)"
  assertEquals 'one write besides, of the verdict' 1 "$(count_calls write)"
  is_sanitized && return # the sanitizers make calls of their own
  assertTrue "$(list_calls | wc -l) calls" "[ $(list_calls | wc -l) -le 16 ]"
}

# Who may not name a file by its descriptor asks once more, by way of /proc.
list_steps() {
  list_calls | awk '/^(pwrite64|linkat|fsync|rename|write) / {
    if ($1 != "linkat" || last != $1) print $1
    last = $1 }' | xargs
}

testOrder() {
  needs_strace || return 0
  trace --spooled
  assertEquals 'the trailer, the name, the sync, the word' 'pwrite64 linkat fsync write' \
    "$(list_steps)"
  trace --unlinked
  assertEquals 'the copy, the sync, the name, the sync of the folder, the word' \
    'pwrite64 linkat pwrite64 pwrite64 fsync rename fsync write' \
    "$(list_steps)"
}

# musl's alarm() is a setitimer.
list_timers() { grep -E '^(alarm|setitimer)\(' "$FOLDER/trace"; }

# A caller's pipes get a day; a spooled file needs none.
testTimeLimit() {
  needs_strace || return 0
  trace --files
  assertContains "$(list_timers)" 86400
  trace --spooled
  assertEquals '' "$(list_timers)"
}

# Killed before each call in turn. Entries that nobody was told of may be there, but whole.
testKill() {
  needs_strace || return 0
  for way in $ways; do
    trace "$way"
    assertEquals 0 "$(code)"
    accepted=1
    for point in $(list_calls | tr ' ' :); do
      trace "$way" -e "inject=${point%:*}:signal=KILL:when=${point#*:}"
      if [ "$(code)" = 0 ]; then accepted=$((accepted + 1)); fi
    done
    assertTrue "$way: it was killed" "[ $accepted -le 3 ]"
    show_entries "$FOLDER"/queue/new/* >/dev/null
    assertEquals "$way: all entries are whole" 0 $?
    assertTrue "$way: $accepted accepted" "[ $(count_new) -ge $accepted ]"
    rm -f "$FOLDER"/queue/new/* "$FOLDER"/queue/tmp/*
  done
}

# What was told is there: killed after the verdict was written, before the exit.
testKillAfterVerdict() {
  needs_strace || return 0
  QUEUE_ID=$id trace --files -e inject=exit_group:signal=KILL
  assertContains "$(cat "$FOLDER/out")" "Kqueued as $id"
  show_entries "$FOLDER/queue/new/$id".* >/dev/null
  assertEquals 0 $?
}

# check_fault WAY CALL:NUMBER ERROR VERDICT
check_fault() {
  trace "$1" -e "inject=${2%:*}:error=$3:when=${2#*:}"
  assertContains "$1 $2 $3: it happened" "$(grep INJECTED "$FOLDER/trace")" "$3"
  assertEquals "$1 $2 $3" "$4
82" "$(cat "$FOLDER/out")"
  assertEquals "$1 $2 $3: a line of log" 1 "$(grep -c event=failure "$FOLDER/log")"
  assertEquals "$1 $2 $3: nothing is left" '' "$(list_leftovers)"
}

full='Z452 4.3.1 no space left in the queue'
unwritable='Z451 4.3.0 cannot write the message'
unreadable='Z451 4.3.0 cannot read the message'

# last CALL: its last number in a run without faults, whose trace is at hand.
last() { list_calls | awk -v name="$1" '$1 == name { n = $2 } END { print name ":" n }'; }
first() { list_calls | awk -v name="$1" '$1 == name { print name ":" $2; exit }'; }

clear() { rm -f "$FOLDER"/queue/new/* "$FOLDER"/queue/tmp/*; }

testFaultsOfSpooled() {
  needs_strace || return 0
  trace --spooled
  write=$(last pwrite64) link=$(last linkat) sync=$(last fsync)
  envelope_read=$(first pread64) message_read=$(last pread64)
  clear
  check_fault --spooled "$write" EIO "$unwritable"
  check_fault --spooled "$write" ENOSPC "$full"
  check_fault --spooled "$write" EDQUOT "$full"
  check_fault --spooled "$link" ENOSPC "$full"
  check_fault --spooled "$link" EIO "$unwritable"
  check_fault --spooled "$sync" EIO "$unwritable"
  check_fault --spooled "$sync" ENOSPC "$full"
  check_fault --spooled "$envelope_read" EIO "$unreadable"
  check_fault --spooled "$message_read" EIO "$unwritable"
  check_fault --spooled "$message_read" ENOMEM 'Z451 4.3.0 out of memory'
}

testFaultsOfCopies() {
  needs_strace || return 0
  trace --files
  message_read=$(first read) envelope_read=$(last read) write=$(first write) sync=$(last fsync)
  clear
  check_fault --files "$message_read" EIO "$unreadable"
  check_fault --files "$envelope_read" EIO "$unreadable"
  check_fault --files "$write" EIO "$unwritable"
  check_fault --files "$write" ENOSPC "$full"
  check_fault --files "$sync" EIO "$unwritable"
  trace --unlinked
  copy_write=$(last pwrite64) rename=$(last rename) file_sync=$(first fsync) sync=$(last fsync)
  clear
  check_fault --unlinked "$copy_write" ENOSPC "$full"
  check_fault --unlinked "$rename" EIO "$unwritable"
  check_fault --unlinked "$file_sync" EIO "$unwritable"
  check_fault --unlinked "$sync" EIO "$unwritable"
}

# Without a word on the pipe it is an exit code of qmail-queue's.
testFaultsWithoutPipe() {
  needs_strace || return 0
  trace --pipes
  sync=$(last fsync)
  clear
  trace --pipes -e "inject=fsync:error=EIO:when=${sync#*:}"
  assertEquals 53 "$(code)"
  assertEquals '' "$(list_leftovers)"
}

# An interrupted call is made again.
testInterruptions() {
  needs_strace || return 0
  for way in $ways; do
    clear
    trace "$way"
    points=$(list_calls | grep -E '^(open|read|pread64|write|pwrite64|linkat|fsync) ' | tr ' ' :)
    runs=1
    for point in $points; do
      trace "$way" -e "inject=${point%:*}:error=EINTR:when=${point#*:}"
      assertEquals "$way: $point" 0 "$(code)"
      runs=$((runs + 1))
    done
    assertEquals "$way" $runs "$(count_new)"
    show_entries "$FOLDER"/queue/new/* >/dev/null
    assertEquals "$way: all entries are whole" 0 $?
  done
}

# A file system without O_TMPFILE, a machine without /proc: it is copied.
testWithoutUnnamedFiles() {
  needs_strace || return 0
  trace --files
  open=$(list_calls | grep '^open' | head -n 1)
  for error in EOPNOTSUPP EISDIR; do
    trace --files -e "inject=${open% *}:error=$error:when=${open#* }"
    assertEquals $error 0 "$(code)"
  done
  for error in ENOENT EXDEV EOPNOTSUPP EPERM; do
    trace --spooled -e inject=linkat:error=$error
    assertEquals "linkat $error" 0 "$(code)"
  done
  assertEquals 7 "$(count_new)"
  assertEquals '' "$(ls "$FOLDER/queue/tmp")"
  show_entries "$FOLDER"/queue/new/* >"$FOLDER/out"
  assertEquals 'all are whole' 0 $?
  assertEquals 'all have the message' 7 "$(grep -c '^hello$' "$FOLDER/out")"
}

# A tiny file system is filled up: each message is there, or was refused.
testDiskFull() {
  can_mount || { skip 'cannot mount here'; return; }
  head -c 20000 /dev/zero | tr '\0' x >"$message"
  # shellcheck disable=SC2016 # for the inner shell
  unshare -m sh -c '
    mount -t tmpfs -o size=160k none "$CHAINMAIL_QUEUE" || exit 1
    mkdir "$CHAINMAIL_QUEUE/new" "$CHAINMAIL_QUEUE/tmp"
    for i in $(seq 12); do
      python3 -IS "$TOP/tests/queue/_caller.py" --files "$@" queue-inject 2>/dev/null
    done >"$FOLDER/words"
    find "$CHAINMAIL_QUEUE" -type f >"$FOLDER/files"
    python3 -IS "$TOP/tests/queue/_entry.py" "$CHAINMAIL_QUEUE"/new/* >/dev/null &&
      echo whole >>"$FOLDER/words"' sh "$message" "$envelope"
  accepted=$(grep -c '^Kqueued' "$FOLDER/words")
  assertTrue "$accepted accepted" "[ $accepted -gt 0 ] && [ $accepted -lt 12 ]"
  assertEquals 'the rest was refused' $((12 - accepted)) "$(grep -c "^$full" "$FOLDER/words")"
  assertEquals 'nothing else is there' "$accepted" "$(wc -l <"$FOLDER/files")"
  assertEquals whole "$(tail -n 1 "$FOLDER/words")"
}

# shellcheck source=/dev/null
. shunit2
