#!/bin/sh
# user-add, user-passwd, user-del, user-list and user-compile, as an administrator uses them.
# shellcheck disable=SC1091 # shunit2 is found in PATH
# shellcheck disable=SC2016 # dollars are those of hashes

here=$(dirname "$0")
# What is cheap to make, where what is made does not matter.
cheap='-m none -i 4096'

# shellcheck source=tests/_wait.sh
. "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/_wait.sh"
# shellcheck source=tests/_needs.sh
. "$TOP/tests/_needs.sh"
# shellcheck source=tests/_commands.sh
. "$TOP/tests/_commands.sh"

setUp() {
  FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/users.XXXXXX")
  export CHAINMAIL_CONF="$FOLDER"
  users=$FOLDER/users
  cat >"$users" <<'END'
# the family

alice hash=$6$salt$made home=/home/alice
END
}

tearDown() {
  [ -z "${FOLDER:-}" ] || rm -rf "$FOLDER"
  FOLDER=
}

# add PASSWORD OPTION... NAME
add() {
  password=$1
  shift
  printf '%s\n' "$password" | user-add -p 0 "$@"
}

passwd() {
  password=$1
  shift
  printf '%s\n' "$password" | user-passwd -p 0 "$@"
}

# login NAME PASSWORD: says USER if they are right.
login() { printf '%s\0%s\0\0' "$1" "$2" | checkpassword-file printenv USER 3<&0; }

names() { sed -n 's/^\([^# ][^ ]*\).*/\1/p' "$users" | tr '\n' ' '; }

# ---- one at a time ----

testAddsAUser() {
  assertRun 0 '' add secret bob@example.test
  assertEquals 'comments and others stay' '# the family

alice hash=$6$salt$made home=/home/alice' "$(head -n 3 "$users")"
  assertEquals 'what is kept' 'hash right
scram-sha-256 right' "$(python3 "$here/_hashes.py" "$users" bob@example.test secret)"
  assertContains "$(cat "$users")" 'bob@example.test hash=$y$'
  assertContains "$(cat "$users")" 'scram-sha-256=SCRAM-SHA-256$100000:'
  assertRun 0 bob@example.test login bob@example.test secret
  assertRun 1 '' login bob@example.test Secret
}

testAddsTheFirstUser() {
  rm "$users"
  # shellcheck disable=SC2086 # words
  assertRun 0 '' add secret $cheap alice
  assertEquals 'only the owner may read' '600 600' "$(stat -c %a "$users" "$users.cdb" | xargs)"
  assertRun 0 alice login alice secret
}

testAddsWhatIsSaid() {
  hash=$(printf %064d 7)
  assertRun 0 '' user-add -n -H '/home/a b' -u 1000 -g 1001 -s 'a@b.test @c.test' \
    -c "SHA256:$hash" 'bob'
  assertEquals "bob home=\"/home/a b\" uid=1000 gid=1001 senders=\"a@b.test @c.test\"\
 certificates=SHA256:$hash" "$(tail -n 1 "$users")"
}

testMethods() {
  # The hash's beginning says the method, and what it costs.
  for case in 'yescrypt=$y$j9T$' 'yescrypt:1=$y$j75$' 'sha512crypt=$6$rounds=100000$' \
    'sha256crypt:1000=$5$rounds=1000$' 'bcrypt:4=$2b$04$'; do
    assertRun 0 '' add secret -i 0 -m "${case%%=*}" "${case%%=*}"
    assertContains "$case" "$(grep "^${case%%=*} " "$users")" " hash=${case#*=}"
    assertEquals 'hash right' "$(python3 "$here/_hashes.py" "$users" "${case%%=*}" secret)"
    assertRun 0 "${case%%=*}" login "${case%%=*}" secret
  done
}

testVerifiers() {
  assertRun 0 '' add 'pÄss \word"' -m none -i 4096 -1 bob
  assertEquals 'scram-sha-256 right
scram-sha-1 right' "$(python3 "$here/_hashes.py" "$users" bob 'pÄss \word"')"
  assertRun 0 bob login bob 'pÄss \word"'
}

testThePasswordItself() {
  # shellcheck disable=SC2086 # words
  assertRun 0 "user-add: warning: bob's password itself, which CRAM-MD5 and APOP need, is in $users" \
    add 'se cret' $cheap -P bob
  assertEquals 'scram-sha-256 right
plain right' "$(python3 "$here/_hashes.py" "$users" bob 'se cret')"
}

testChangesAPassword() {
  # shellcheck disable=SC2086 # words
  add old $cheap -1 -P -s '*' bob 2>/dev/null
  # shellcheck disable=SC2086 # words
  run passwd new $cheap bob
  assertEquals 0 "$code"
  assertEquals 'all of it is made anew' 'scram-sha-256 right
scram-sha-1 right
plain right' "$(python3 "$here/_hashes.py" "$users" bob new)"
  assertContains 'the rest stays' "$(cat "$users")" ' senders=*'
  assertRun 0 bob login bob new
  assertRun 1 '' login bob old
  assertRun 1 "user-passwd: fatal: no user carol in $users" passwd new carol
}

testNamesHaveNoCase() {
  assertRun 1 "user-add: fatal: there is a user ALICE in $users" add secret ALICE
  assertRun 0 '' user-passwd -l Alice
  assertContains "$(cat "$users")" 'alice disabled'
  assertRun 0 '' user-del aLICE
  assertEquals '' "$(names)"
}

testLocksAUser() {
  # shellcheck disable=SC2086 # words
  add secret $cheap bob
  assertRun 0 '' user-passwd -l bob
  assertRun 1 '' login bob secret
  # shellcheck disable=SC2086 # words
  passwd new $cheap bob
  assertRun 1 '' login bob new
  assertRun 0 '' user-passwd -u bob
  assertRun 0 bob login bob new
}

testDeletesAUser() {
  # shellcheck disable=SC2086 # words
  add secret $cheap bob
  assertRun 0 '' user-del alice
  assertEquals 'bob ' "$(names)"
  assertContains "$(cat "$users")" '# the family'
  assertRun 1 "user-del: fatal: no user alice in $users" user-del alice
  assertRun 0 bob login bob secret
  assertRun 0 '' user-del bob
  assertRun 1 '' login bob secret
}

testLists() {
  # shellcheck disable=SC2086 # words
  add hunter2 -m bcrypt:4 -i 4096 -P -s 'a@b.test *' -H '/a "b"' 'bob' 2>/dev/null
  user-passwd -l bob
  assertRun 0 'alice                       enabled   sha512crypt home="/home/alice"
bob                         disabled  bcrypt,scram-sha-256,plain home="/a "b"" senders="a@b.test *"' \
    user-list
  assertRun 0 'bcrypt 4096 True /a "b" a@b.test,* None' python3 -c '
import json, subprocess
users = json.loads(subprocess.check_output(["user-list", "-j"]))
assert [user["name"] for user in users] == ["alice", "bob"]
bob = users[1]
print(bob["hash"], bob["scram-sha-256"], bob["plain"], bob["home"], ",".join(bob["senders"]), bob["uid"])'
  for option in '' -j; do
    # shellcheck disable=SC2086 # no word, or one
    run user-list $option
    for secret in hunter2 made salt '\$' $(grep -o 'SCRAM[^ ]*' "$users" | tr ':$' '  '); do
      case $secret in SCRAM* | 4096) continue ;; esac
      assertNotContains "a secret with ${option:-no option}" "$output" "$secret"
    done
  done
  assertRun 1 '' user-list carol
}

# ---- what is wrong ----

testRefusesWhatIsNoPassword() {
  before=$(cat "$users")
  long=$(printf %0255d 0)
  no='user-add: fatal: a password is 1 to 254 bytes of UTF-8 without control characters'
  assertRun 100 "$no" add '' bob
  assertRun 100 "$no" add "$(printf 'a\tb')" bob
  assertRun 100 "$no" add "$(printf 'a\303')" bob
  assertRun 100 'user-add: fatal: a password has at most 254 bytes' add "$long" bob
  assertRun 100 'user-add: fatal: bcrypt looks at no more than 72 bytes' \
    add "$(printf %073d 0)" -m bcrypt bob
  assertEquals "$before" "$(cat "$users")"
}

testRefusesWhatCannotBe() {
  before=$(cat "$users")
  assertRun 100 "user-add: fatal: bob: home: not an absolute path" user-add -n -H there bob
  assertRun 100 "user-add: fatal: bob: senders: not addresses, @domains or *" user-add -n -s all bob
  assertRun 100 \
    'user-add: fatal: a name is 1 to 255 bytes of UTF-8 without control characters' user-add -n ''
  for option in '-m rot13' '-m none:3' '-i 4095' '-i x' '-p x' '-u 0' '-g -1' -x; do
    # shellcheck disable=SC2086 # words
    run user-add -n $option bob
    assertEquals "$option" 100 "$code"
  done
  assertRun 100 'user-add: fatal: not a cost of bcrypt, or the library does not know it' \
    add secret -m bcrypt:99 bob
  assertEquals "$before" "$(cat "$users")"
}

testChangesNothingThatHasErrors() {
  add secret -m none -i 4096 bob
  echo 'carol word' >>"$users"
  before=$(cat "$users")
  for command in 'user-add -n dave' 'user-passwd -l alice' 'user-del alice'; do
    # shellcheck disable=SC2086 # words
    assertRun 1 "$users: line 5: a word that is no key
${command%% *}: fatal: $users has errors: nothing was changed" $command
    assertEquals "$before" "$(cat "$users")"
  done
  assertRun 0 bob login bob secret
  assertEquals 'nothing is left behind' 'users users.cdb ' "$(find "$FOLDER" -type f -printf '%f\n' |
    sort | tr '\n' ' ')"
}

testCompilesByHand() {
  printf 'alice\nAlice\nbob hash=*\n' >"$users"
  errors="$users: line 3: hash: not a hash of crypt(5)
$users: line 2: this user is on line 1 already"
  assertRun 1 "$errors" user-compile
  assertFalse 'no table' "[ -e '$users.cdb' ]"
  printf 'alice\n' >"$users"
  chmod 640 "$users"
  assertRun 0 '' user-compile -n
  assertFalse 'no table yet' "[ -e '$users.cdb' ]"
  assertRun 0 '' user-compile
  assertEquals 'its mode is the text'"'"'s' 640 "$(stat -c %a "$users.cdb")"
  assertRun 0 '' user-compile "$users" "$FOLDER/other"
  assertTrue "[ -s '$FOLDER/other' ]"
  assertRun 111 "user-compile: fatal: unable to open $FOLDER/none: No such file or directory" \
    user-compile "$FOLDER/none"
}

# ---- the file ----

testKeepsModeAndOwner() {
  chmod 640 "$users"
  ! is_root || chown 12345:23456 "$users"
  before=$(stat -c '%a %u:%g' "$users")
  assertRun 0 '' user-add -n bob
  assertEquals "$before" "$(stat -c '%a %u:%g' "$users")"
  assertEquals "$before" "$(stat -c '%a %u:%g' "$users.cdb")"
}

testFollowsALink() {
  mkdir "$FOLDER/real"
  mv "$users" "$FOLDER/real/people"
  ln -s real/people "$users"
  assertRun 0 '' user-add -n bob
  assertTrue 'it is still a link' "[ -L '$users' ]"
  assertContains "$(cat "$FOLDER/real/people")" bob
  assertTrue 'the table is beside the link' "[ -s '$users.cdb' ]"
}

testManyAtOnce() {
  pids=
  for number in 1 2 3 4 5 6 7 8 9 10 11 12; do
    add secret -m none -i 4096 "u$number" &
    pids="$pids $!"
    user-add -n "v$number" &
    pids="$pids $!"
    user-passwd -l alice &
    pids="$pids $!"
    user-compile &
    pids="$pids $!"
  done
  for pid in $pids; do
    wait "$pid"
    assertEquals 'each succeeds' 0 $?
  done
  assertEquals 25 "$(user-list | wc -l)"
  for number in 1 2 3 4 5 6 7 8 9 10 11 12; do
    assertContains "$(user-list "v$number")" "v$number "
    assertEquals "u$number" "$(login "u$number" secret)"
  done
}

# Killed at each system call that changes something, it leaves the old text or the new one.
testKilledAnywhere() {
  needs_strace || return 0
  user-compile
  killed=0
  for call in flock fsync rename fchmod unlink write; do
    for count in 1 2 3 4; do
      cp "$users" "$FOLDER/old"
      strace -qq -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$count" \
        user-add -n "new$call$count" 2>/dev/null
      [ "$?" -ne 137 ] || killed=$((killed + 1))
      { cat "$FOLDER/old"; echo "new$call$count"; } >"$FOLDER/new"
      cmp -s "$users" "$FOLDER/old" || cmp -s "$users" "$FOLDER/new" ||
        fail "killed at $call $count: the text is neither the old nor the new one"
      assertRun 0 '' user-compile
      cp "$FOLDER/old" "$users"
      assertRun 0 '' user-add -n "after$call$count"
    done
  done
  # flock, fsync, rename, fchmod, unlink and write: some of them more than once
  assertTrue "killed only $killed times" "[ $killed -ge 12 ]"
}

# Somebody else has the lock: the file that was waited for has been replaced since.
testWaitsForTheLock() {
  mkfifo "$FOLDER/fifo"
  flock "$users" sh -c "
    echo locked >'$FOLDER/fifo'
    read -r line <'$FOLDER/fifo'
    { cat '$users'; echo carol; } >'$users.other'
    mv '$users.other' '$users'" &
  locker=$!
  read -r line <"$FOLDER/fifo"
  assertEquals locked "$line"
  user-add -n bob &
  adder=$!
  wait_until grep -q "^[0-9]*: -> FLOCK .*:$(stat -c %i "$users") " /proc/locks
  assertEquals 'it waits' 0 $?
  echo go >"$FOLDER/fifo"
  wait "$locker"
  wait "$adder"
  assertEquals 'alice carol bob ' "$(names)"
}

# ---- the terminal ----

testAsksOnATerminal() {
  assertRun 0 'Password of bob: 
Once more: 
echo: off at 2 questions, on at the end' \
    python3 "$here/_terminal.py" secret secret -- user-add -m none -i 4096 bob
  assertRun 0 bob login bob secret
  assertRun 0 'Password of bob: 
Once more: 
echo: off at 2 questions, on at the end' \
    python3 "$here/_terminal.py" new new -- user-passwd -m none -i 4096 bob
  assertRun 0 bob login bob new
}

testAsksTwice() {
  before=$(cat "$users")
  assertRun 100 'Password of bob: 
Once more: 
user-add: fatal: these are two passwords: nothing was changed
echo: off at 2 questions, on at the end' \
    python3 "$here/_terminal.py" secret secrets -- user-add -m none -i 4096 bob
  assertRun 111 'Password of bob: 
user-add: fatal: interrupted
echo: off at 1 questions, on at the end' \
    python3 "$here/_terminal.py" ^C -- user-add -m none -i 4096 bob
  assertEquals "$before" "$(cat "$users")"
}

testDoesNotAskForNothing() {
  assertRun 1 "user-add: fatal: there is a user alice in $users
echo: off at 0 questions, on at the end" python3 "$here/_terminal.py" -- user-add alice
  assertRun 1 "user-passwd: fatal: no user bob in $users
echo: off at 0 questions, on at the end" python3 "$here/_terminal.py" -- user-passwd bob
}

. shunit2
