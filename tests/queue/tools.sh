#!/bin/sh
# The queue's tools with a real queue-send, without one, and beside load: what they select, what they
# show, and that what they order is done.
# shellcheck disable=SC2317 # shunit2 calls the functions

. "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/_chain.sh"
. "$TOP/tests/queue/_send.sh"

id_of_last() { basename "$(last_entry)" | cut -d . -f 1; }
states() { queue-list -p | cut -f 5,6; }
are_held() { [ "$(queue-list -p | cut -f 6 | grep -c held)" -eq "$1" ]; }
code_of() {
  "$@" >/dev/null 2>&1
  echo $?
}

# A queue-send and two messages that wait, and a third one that is held.
fill() {
  break_box b
  start_send
  inject one@example.org b@example.test
  ONE=$(id_of_last)
  inject two@example.org b@example.test a@example.test
  TWO=$(id_of_last)
  inject SMTP_HOLD=virus? three@example.org c@example.test
  THREE=$(id_of_last)
  logged event=waiting 2
  logged event=held
}

test_hold_release() {
  fill
  assertEquals "$ONE from one@example.org: held" "$(queue-hold -m 'a look' "$ONE")"
  assertTrue "queue-list | grep -q 'held: a look'"
  assertEquals "$ONE
$THREE" "$(queue-list -S held -p | cut -f 1)"
  mend_box b
  queue-retry -a >/dev/null
  deliveries b >/dev/null
  entries_left 2
  assertEquals 'the other ones' "$ONE
$THREE" "$(queue-list -p | cut -f 1)"
  assertEquals "$ONE from one@example.org: released
$THREE from three@example.org: released" "$(queue-release -a)"
  delivered_all
}

test_retry() {
  fill
  mend_box b
  assertEquals "$TWO from two@example.org: tried now" "$(queue-retry -s 'two@*')"
  deliveries b >/dev/null
  wait_until has_logged "id=$TWO.*delivered\|delivered.*id=$TWO"
  assertEquals "$THREE from three@example.org: held: release it first
1" "$(queue-retry "$THREE"; echo $?)"
}

test_drop() {
  fill
  assertEquals "$TWO from two@example.org: removed" "$(queue-drop -s TWO@example.org)"
  assertEquals "$ONE
$THREE" "$(queue-list -p | cut -f 1)"
  assertEquals "$ONE from one@example.org: removed
$THREE from three@example.org: removed" "$(queue-drop -a)"
  assertTrue 'is_empty'
}

test_drop_with_a_bounce() {
  start_send
  inject SMTP_HOLD=x sender@example.test a@example.test
  queue-drop -b -m 'no such thing' "$(id_of_last)" >/dev/null
  bounce=$(deliveries sender)
  assertTrue "grep -q 'administrator: no such thing' '$bounce'"
  delivered_all
  assertEquals 0 "$(count_box a)"
}

test_dry_run() {
  fill
  assertEquals "$ONE from one@example.org: would be removed
$TWO from two@example.org: would be removed
$THREE from three@example.org: would be removed" "$(queue-drop -n -a)"
  assertEquals 3 "$(count_entries)"
}

test_selections() {
  fill
  assertEquals "$TWO" "$(queue-list -p -s 'two@*' | cut -f 1)"
  assertEquals 'who has got it does not count' '' "$(queue-list -p -r a@example.test)"
  assertEquals "$ONE
$TWO
$THREE" "$(queue-list -p -d example.test | cut -f 1)"
  assertEquals "$THREE" "$(queue-list -p -d example.test -S held | cut -f 1)"
  assertEquals '' "$(queue-list -p -o 1h)"
  assertEquals 3 "$(queue-list -p -y 1h | wc -l)"
  assertEquals "$TWO" "$(queue-list -p "$TWO" | cut -f 1)"
  assertEquals 'nothing' 1 "$(code_of queue-drop -s nobody@example.org)"
  assertEquals 'an id of none' 1 "$(code_of queue-drop zzz)"
  assertEquals 'of several' 1 "$(code_of queue-drop h)"
  assertEquals 3 "$(count_entries)"
}

test_usage() {
  for tool in queue-retry queue-hold queue-release queue-drop; do
    assertEquals "$tool: nothing selected" 100 "$(code_of $tool)"
    assertEquals "$tool: all, but not all" 100 "$(code_of $tool -a -s x)"
    assertEquals 100 "$(code_of $tool -x)"
    assertEquals 100 "$(code_of $tool -o never)"
    assertEquals 100 "$(code_of $tool -S strange)"
    assertEquals 0 "$(code_of $tool -h)"
    assertEquals 111 "$(code_of $tool -q "$CHAIN/nowhere" -a)"
  done
  for tool in queue-stat queue-show; do
    assertEquals 100 "$(code_of $tool -x)"
    assertEquals 0 "$(code_of $tool -h)"
    assertEquals 111 "$(code_of $tool -q "$CHAIN/nowhere" x)"
  done
  assertEquals 100 "$(code_of queue-show)"
  assertEquals 1 "$(code_of queue-show zzz)"
}

# ---- without queue-send ----

test_orders_without_queue_send() {
  fill
  stop_send
  mend_box b
  assertEquals "$ONE from one@example.org: held" "$(queue-hold "$ONE")"
  assertEquals "$TWO from two@example.org: removed" "$(queue-drop "$TWO")"
  assertEquals "$THREE from three@example.org: released" "$(queue-release "$THREE")"
  assertEquals "queue-retry: fatal: queue-send does not run: nothing can be tried
111" "$(queue-retry -a 2>&1; echo $?)"
  start_send
  deliveries c >/dev/null
  kill -ALRM "$SEND_PID"
  entries_left 1
  assertTrue 'the held one' 'are_held 1'
  assertEquals "$ONE" "$(queue-list -p | cut -f 1)"
  stop_send
  queue-release "$ONE" >/dev/null
  start_send
  kill -ALRM "$SEND_PID"
  deliveries b >/dev/null
  delivered_all
}

# Who owns the queue can have put links into it. What root orders happens there with the owner's
# rights alone.
test_root_is_not_led_away() {
  is_root || { skip 'only root can be led to where the owner cannot go'; return; }
  inject me@example.org a@example.test
  : >"$QUEUE/lock"
  chown -R 65534:65534 "$QUEUE"
  mkdir "$CHAIN/roots"
  mv "$QUEUE/state" "$QUEUE/aside"
  ln -s "$CHAIN/roots" "$QUEUE/state"
  assertEquals "$(id_of_last) from me@example.org: that failed, see the log of queue-send
1" "$(queue-hold -a; echo $?)"
  assertEquals 'nothing is written there' '' "$(ls "$CHAIN/roots")"
  mv "$QUEUE/new" "$QUEUE/was-new"
  mv "$CHAIN/roots" "$CHAIN/entries"
  cp -p "$QUEUE"/was-new/* "$CHAIN/entries"
  ln -s "$CHAIN/entries" "$QUEUE/new"
  mkdir "$CHAIN/roots"
  assertEquals 1 "$(code_of queue-drop -a)"
  assertEquals 'nor removed' 1 "$(find "$CHAIN/entries" -type f | wc -l)"
  truncate -s -1 "$CHAIN"/entries/*
  assertEquals 111 "$(code_of queue-check)"
  assertEquals 'nor moved' 1 "$(find "$CHAIN/entries" -type f | wc -l)"
}

test_bounce_without_queue_send() {
  inject sender@example.test a@example.test
  start_send
  deliveries a >/dev/null
  delivered_all
  stop_send
  inject sender@example.test b@example.test
  assertTrue 'queue-drop -b -a >/dev/null'
  start_send
  deliveries sender >/dev/null
  delivered_all
  assertEquals 0 "$(count_box b)"
}

# ---- showing ----

test_show() {
  fill
  queue-show "$TWO" >"$CHAIN/shown"
  for line in "id          $TWO" 'sender      two@example.org' 'recipient   b@example.test' \
    'state       deferred' 'queue-send  waiting' 'Subject: x'; do
    assertTrue "$line" "grep -qx '$line' '$CHAIN/shown'"
  done
  for line in '^log .* a@example.test delivered' '^log .* b@example.test failed for now: 4' \
    '^next try .*(in '; do
    assertTrue "$line" "grep -q '$line' '$CHAIN/shown'"
  done
  assertFalse 'no body' "grep -q hello '$CHAIN/shown'"
  assertEquals 'the message' "$(cat "$CHAIN/message")" "$(queue-show -m "$TWO")"
  assertEquals 'its header' 'Subject: x' "$(queue-show -H "$TWO")"
}

# Characters lie across the pieces that a message is read in.
test_show_whole_characters() {
  for shift in 0 1 2; do
    { printf 'Subject: x\n\n' && head -c $shift /dev/zero | tr '\0' a &&
      yes "$(printf '\342\202\254')" | tr -d '\n' | head -c 150000; } >"$CHAIN/message"
    inject me@example.org a@example.test
    assertEquals "shifted by $shift" "$(md5sum <"$CHAIN/message")" \
      "$(queue-show -m "$(id_of_last)" | md5sum)"
  done
  printf 'x\n\n\342\202' >"$CHAIN/message"
  inject me@example.org a@example.test
  assertEquals 'x

??' "$(queue-show -m "$(id_of_last)")"
}

# What an administrator's link holds as it comes in.
test_a_link_holds() {
  cat >"$CHAIN/suspect" <<'END'
#!/bin/sh
case $SMTP_MAIL_FROM in *@spam.example) exec env SMTP_HOLD='looks like spam' "$@" ;; esac
exec "$@"
END
  chmod +x "$CHAIN/suspect"
  CHAIN_FRONT="smtp-front $CHAIN/suspect queue-inject"
  start_chain
  unset CHAIN_FRONT
  for sender in a@spam.example b@example.org; do
    swaks --silent 3 --server 127.0.0.1 --port "$SMTP_PORT" --from $sender --to box@example.test
  done
  deliveries box >/dev/null
  entries_left 1
  assertEquals 'a@spam.example box@example.test held looks like spam' \
    "$(queue-list -p | cut -f 4,5,6,9 | tr '\t' ' ')"
  assertEquals 1 "$(count_box box)"
  queue-release -a >/dev/null
  deliveries box 2 >/dev/null
}

# As many recipients as an entry can have, each with parameters and in the log: what is shown of one
# is not looked for among all.
test_show_many() {
  count=100000
  python3 -IS - "$count" >"$CHAIN/envelope" <<'END'
import sys
count = range(int(sys.argv[1]))
sys.stdout.write("Fme@example.org\0" + "".join(f"Tu{i}@x.example\0" for i in count) + "\0" +
                 "".join(f"Pu{i}@x.example\0NOTIFY=NEVER\0\0" for i in reversed(count)))
END
  queue-inject <"$CHAIN/message" 1<"$CHAIN/envelope"
  seq -f "1700000000000000 t %.0f - 0 4.2.2 full" 0 $((count - 1)) \
    >"$QUEUE/state/$(basename "$(last_entry)")"
  timeout 60 queue-show "$(id_of_last)" >"$CHAIN/shown"
  assertEquals "$count $count $count" "$(grep -c '^recipient ' "$CHAIN/shown") $(
    grep -c '^            NOTIFY=NEVER$' "$CHAIN/shown") $(
    grep -c '^log .* u[0-9]*@x.example failed for now: 4.2.2 full$' "$CHAIN/shown")"
  assertTrue "grep -q '^log .* u99999@x.example' '$CHAIN/shown'"
}

test_hostile_bytes() {
  printf 'Subject: \033[2J\302\233\342\200\256\377\n\n\033c\n' >"$CHAIN/message"
  inject SMTP_HOLD="$(printf '\033[31m')" SMTP_HELO="$(printf '\033]0;x\007')" \
    "$(printf '"\342\200\256"@example.org')" "$(printf 'gr\303\274n\377@x.example')"
  for command in queue-list 'queue-list -p' 'queue-list -j' queue-stat 'queue-stat -j' \
    "queue-show $(id_of_last)" "queue-show -m $(id_of_last)"; do
    assertEquals "$command" 0 "$($command 2>&1 | LC_ALL=C grep -c "$(printf '[\001-\010\013-\037\177\377]')")"
  done
  assertEquals "$(cat "$CHAIN/message")" "$(queue-show -r -m "$(id_of_last)")"
}

test_list_knows_what_queue_send_knows() {
  serve_remote
  answer x.example 'Z4.4.1 no answer'
  start_send
  inject me@example.org a@x.example
  logged event=down
  assertTrue "queue-list | grep -q '^    waits for remote x.example, next in [0-9]*s: 4.4.1 no answer'"
  assertEquals 'parked x.example None' "$(queue-list -j | python3 -IS -c 'import json, sys
row = json.loads(sys.stdin.read())
print(row["known"], row["destination"], row["held"])')"
  assertTrue "queue-stat | grep -q '^down: remote x.example since .*, next try in [0-9]*s, waited for by 1 message: 4.4.1'"
}

test_stat() {
  fill
  assertEquals '3 messages: 0 new, 2 deferred, 1 held; 0 bad
queue-send: 0 ready, 2 waiting, 0 parked, 1 held, 0 active' "$(queue-stat | head -n 2)"
  assertEquals '         3      3      0      0      0      0      0  example.test' \
    "$(queue-stat | tail -n 1)"
  assertEquals '2 1 3 example.test True 2' "$(queue-stat -j | python3 -IS -c 'import json, sys
stat = json.load(sys.stdin)
print(stat["deferred"], stat["held"], stat["recipients"], stat["domains"][0]["domain"],
      stat["running"], stat["entries"]["waiting"])')"
  stop_send
  assertTrue "queue-stat | grep -qx 'queue-send: does not run'"
}

test_stat_of_many() {
  for i in $(seq 30); do inject me@example.org "a@x$i.example" b@large.example; done
  assertEquals '        30     30      0      0      0      0      0  large.example' \
    "$(queue-stat | sed -n 5p)"
  assertEquals '        11 at 11 other domains' "$(queue-stat | tail -n 1)"
  assertTrue 'a bar on a terminal' \
    "script -qec 'queue-stat -n 1' /dev/null | grep -q 'large.example *####################'"
}

# ---- beside load ----

# Messages come in while tools hold, release and retry them at random: each is delivered once.
test_tools_beside_load() {
  start_send
  (while [ ! -e "$CHAIN/over" ]; do
    queue-hold -a
    queue-release -a
    queue-retry -a
    queue-list -j
    queue-stat
  done >/dev/null 2>&1) &
  tools=$!
  sent=0
  while [ "$sent" -lt 300 ] || { [ "$sent" -lt 3000 ] && ! was_held; }; do
    sent=$((sent + 1))
    inject "me$sent@example.org" "box$((sent % 7))@example.test" shared@example.test
  done
  : >"$CHAIN/over"
  wait "$tools"
  queue-release -a >/dev/null 2>&1
  kill -ALRM "$SEND_PID"
  delivered_all
  assertEquals 'each once' "$sent" "$(count_box shared)"
  assertEquals 'each once' $((2 * sent)) "$(find "$MAIL" -path '*/new/*' | wc -l)"
  assertTrue 'something was held' was_held
}
was_held() { has_logged 'order=hold.*answer=done'; }

# The same while some are dropped: those that a drop was confirmed of and the rest add up.
test_drops_beside_load() {
  start_send
  (while [ ! -e "$CHAIN/over" ]; do queue-drop -s 'drop*'; done >"$CHAIN/dropped" 2>/dev/null) &
  tools=$!
  for i in $(seq 150); do
    inject "keep$i@example.org" kept@example.test
    inject "drop$i@example.org" other@example.test
  done
  : >"$CHAIN/over"
  wait "$tools"
  delivered_all
  assertEquals 'none that was not meant' 150 "$(count_box kept)"
  dropped=$(grep -c ': removed$' "$CHAIN/dropped")
  assertEquals 'delivered or dropped' 150 $((dropped + $(count_box other)))
  assertEquals 'nobody was told' 0 "$(count_box sender)"
}

# shellcheck source=/dev/null
. shunit2
