#!/bin/sh
# What hook writers use: reject, defer, facts, apply-edits.
. "$TOP/tests/queue/_queue.sh"

# check WANT PROGRAM [ARGUMENT...]: what is on the verdict pipe, and the exit code.
check() {
  want=$1
  shift
  assertEquals "$*" "$want" "$(call "$message" "$envelope" "$@" 2>"$FOLDER/log")"
}

testReject() {
  check 'Dnot from you
82' reject 'not from you'
  check 'D5.7.1 not from you
82' reject 5.7.1 'not from you'
  check 'D521 5.7.1 go away
82' reject -c 521 5.7.1 'go away'
  check 'D550 no
82' reject -c 550 no
  check 'D-c
82' reject -- -c
  assertEquals 'without a pipe' 31 "$(call --silent "$message" "$envelope" reject no)"
}

testDefer() {
  check 'Zlater
82' defer later
  check 'Z4.7.1 later
82' defer 4.7.1 later
  check 'Z421 4.3.2 back in an hour
82' defer -c 421 4.3.2 'back in an hour'
  assertEquals 'without a pipe' 71 "$(call --silent "$message" "$envelope" defer no)"
}

# A verdict of the wrong class would be a bug of the hook's: it says so and writes nothing.
testWrongWords() {
  for words in '' '-c 451 no' '-c 5xx no' '-c 5.7.1 no' '-c' '4.7.1 no' '550 no' '5.7 no' \
    '5.7.1 no no' '-x no'; do
    # shellcheck disable=SC2086 # words are wanted
    check 100 reject $words
    assertContains "$words" "$(cat "$FOLDER/log")" 'usage: reject [-c 5xx] [5.x.y] text'
  done
  check 100 defer -c 550 no
  check 100 defer 5.7.1 no
  for program in reject defer facts apply-edits; do
    $program -h 2>"$FOLDER/log"
    assertEquals "$program -h" 0 $?
    assertContains "$program -h" "$(cat "$FOLDER/log")" "usage: $program"
  done
}

testLongText() {
  long=$(printf %02000d 0)
  assertEquals 'the text is cut' 1002 "$(call "$message" "$envelope" reject "$long" | head -n 1 | wc -c)"
}

testFacts() {
  export X_MINE='a b' SPF_RESULT=pass AUTH_RESULTS='spf=pass
 smtp.mailfrom=x' RELAYCLIENT=''
  check '+X_MINE=a b
+SPF_RESULT=pass
+AUTH_RESULTS=spf=pass
 smtp.mailfrom=x
+RELAYCLIENT=
0' facts X_MINE SPF_RESULT X_NOT_SET AUTH_RESULTS RELAYCLIENT
  for name in PATH X_ _RESULT smtp_x QUEUE_ID X_A=b ''; do
    check 100 facts X_MINE "$name"
  done
  check 100 facts
  assertEquals 'without a pipe' 111 "$(call --silent "$message" "$envelope" facts X_MINE 2>/dev/null)"
  X_MINE=$(printf %020000d 0) check 111 facts X_MINE
  unset X_MINE SPF_RESULT AUTH_RESULTS RELAYCLIENT
}

# What the next program finds on fd 0, and what is left of the edits in its environment.
# shellcheck disable=SC2016 # for the inner shell
show='cat <&0 >"$FOLDER/copy"; env | grep -E "^(ADD_HEADERS|CUT_RANGES|MESSAGE_FILE)=" >"$FOLDER/env"'

testApplyEdits() {
  for way in --spooled --files --pipes --unlinked; do
    ADD_HEADERS='X-A: b' CUT_RANGES=12-14,0-11 call $way "$message" "$envelope" \
      apply-edits sh -c "$show" >/dev/null
    assertEquals "$way" 'X-A: b

llo' "$(cat "$FOLDER/copy")"
    assertEquals "$way: the environment" '' "$(cat "$FOLDER/env")"
  done
  assertEquals 'nothing is left' '' "$(list_leftovers)"
}

testApplyEditsAtAnOffset() {
  printf 'skippedSubject: x\n' >"$message"
  CUT_RANGES=0-9 call --skip=7 "$message" "$envelope" apply-edits sh -c "$show" >/dev/null
  assertEquals 'x' "$(cat "$FOLDER/copy")"
}

testApplyEditsLarge() {
  { echo 'Subject: x'; head -c 3000000 /dev/urandom; } >"$message"
  { echo 'X-A: b'; tail -c 3000000 "$message"; } >"$FOLDER/want"
  ADD_HEADERS='X-A: b' CUT_RANGES=0-11 call "$message" "$envelope" apply-edits sh -c "$show" \
    >/dev/null
  cmp "$FOLDER/want" "$FOLDER/copy"
  assertEquals 0 $?
}

# Nothing to do: the file stays the spooled one, and MESSAGE_FILE may still be believed.
testApplyNoEdits() {
  output=$(ADD_HEADERS='' call "$message" "$envelope" apply-edits queue-inject)
  assertContains "$output" 'Kqueued as'
  ADD_HEADERS='' call "$message" "$envelope" apply-edits sh -c "$show" >/dev/null
  assertContains "$(cat "$FOLDER/env")" MESSAGE_FILE=
  assertEquals "$(cat "$message")" "$(cat "$FOLDER/copy")"
}

# The copy is a message like any other, for our queue too.
testApplyEditsThenInject() {
  ADD_HEADERS='X-A: b' CUT_RANGES=0-11 call "$message" "$envelope" apply-edits queue-inject \
    >"$FOLDER/out"
  assertEquals 0 "$(tail -n 1 "$FOLDER/out")"
  assertEquals 'X-A: b

hello' "$(show_entries "$FOLDER"/queue/new/* | grep -v '^[IFTV]')"
}

testApplyEditsWithoutQueue() {
  ADD_HEADERS='X-A: b' CHAINMAIL_QUEUE=$FOLDER/none call --files "$message" "$envelope" \
    apply-edits sh -c "$show" >/dev/null
  assertEquals 'in memory then' "X-A: b
$(cat "$message")" "$(cat "$FOLDER/copy")"
}

testApplyBadEdits() {
  export ADD_HEADERS CUT_RANGES
  bad='Z451 4.3.5 a filter asked for a bad edit
82'
  ADD_HEADERS=x
  check "$bad" apply-edits true
  ADD_HEADERS='' CUT_RANGES=3-1
  check "$bad" apply-edits true
  assertContains "$(cat "$FOLDER/log")" 'apply-edits: event=failure step="parse CUT_RANGES"'
  CUT_RANGES=0-1
  check 127 apply-edits there-is-no-such-program
  check 100 apply-edits
}

# shellcheck source=/dev/null
. shunit2
