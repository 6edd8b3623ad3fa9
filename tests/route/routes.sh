#!/bin/sh
# route-compile and route-query as an administrator uses them.
# shellcheck disable=SC1091 # shunit2 is found in PATH

# shellcheck source=tests/_commands.sh
. "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/_commands.sh"
# shellcheck source=tests/_needs.sh
. "$TOP/tests/_needs.sh"

setUp() {
  FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/route.XXXXXX")
  export CHAINMAIL_CONF="$FOLDER"
  routes=$FOLDER/routes
  cat >"$routes" <<'END'
# everyone's Maildir is below this folder
base /var/mail

alice@example.test    maildir example.test/alice
bob@example.test      maildir example.test/bob
                      alias   alice@example.test
@old.example          domain  example.test
postmaster            alias   alice@example.test
END
}

tearDown() {
  [ -z "${FOLDER:-}" ] || rm -rf "$FOLDER"
  FOLDER=
}

testCompilesByDefault() {
  assertRun 0 '' route-compile
  assertRun 0 "bob@old.example: old.example is the same as example.test (line 7)
bob@example.test: has a rule (line 5)
  maildir /var/mail/example.test/bob
  alias alice@example.test
alice@example.test: has a rule (line 4)
  maildir /var/mail/example.test/alice
goes to maildir /var/mail/example.test/bob (bob@example.test)
goes to maildir /var/mail/example.test/alice (alice@example.test)" route-query Bob@old.example
}

testPathsAreNamed() {
  assertRun 0 '' route-compile "$routes" "$FOLDER/other.cdb"
  assertFalse 'routes.cdb was made' "[ -e '$routes.cdb' ]"
  assertRun 0 'a@b.example: b.example is not a domain of ours
goes to remote b.example (a@b.example)' \
    route-query -f "$FOLDER/other.cdb" a@b.example
  mkdir "$FOLDER/sub"
  (cd "$FOLDER/sub" && cp ../routes mine && route-compile mine)
  assertTrue 'mine.cdb was not made' "[ -s '$FOLDER/sub/mine.cdb' ]"
}

testEveryoneMayRead() {
  (umask 077 && route-compile)
  assertEquals 644 "$(stat -c %a "$routes.cdb")"
}

testErrorsLeaveTheOldTable() {
  route-compile
  cp "$routes.cdb" "$FOLDER/before"
  echo 'carol@example.test  maildir' >>"$routes"
  echo 'dave@example.test   pipe "/bin/sh -c x' >>"$routes"
  assertRun 1 "$routes: line 9: maildir needs a folder
$routes: line 10: a quote is not closed" route-compile
  assertTrue 'the table was changed' "cmp '$routes.cdb' '$FOLDER/before'"
  assertEquals 'files left behind' 'before routes routes.cdb' "$(cd "$FOLDER" && echo *)"
}

testWarningsDoNotStopIt() {
  echo 'alice@example.test maildir /a' >"$routes"
  assertRun 0 "$routes: line 1: warning: nobody is postmaster@example.test, and somebody must be \
(RFC 5321)" route-compile
  assertTrue "[ -s '$routes.cdb' ]"
}

testOnlyChecks() {
  assertRun 0 '' route-compile -n
  assertEquals routes "$(ls "$FOLDER")"
  echo nobody >>"$routes"
  assertRun 1 "$routes: line 9: a pattern without an action" route-compile -n
  assertEquals routes "$(ls "$FOLDER")"
}

# The order that survives a power cut: contents synced, then the name, then the folder.
testWriteOrder() {
  needs_tracing || return 0
  strace -o "$FOLDER/trace" -e trace=fsync,fdatasync,rename,renameat,renameat2 route-compile
  assertEquals 'fsync rename fsync' \
    "$(sed -n 's/^\([a-z]*\)[a-z0-9]*(.* = 0$/\1/p' "$FOLDER/trace" | sed 's/^renameat.*/rename/' | xargs)"
}

testNoTable() {
  assertRun 0 'alice@example.test: example.test is not a domain of ours
goes to remote example.test (alice@example.test)' \
    route-query alice@example.test
}

testNotATable() {
  echo 'not a table' >"$routes.cdb"
  assertRun 111 'route-query: fatal: unable to open routes.cdb in the conf folder: Protocol error' \
    route-query alice@example.test
}

# A table whose aliases lead in a circle, as no route-compile makes them: the target of one alias is
# changed in the compiled file.
testBrokenTable() {
  cat >"$routes" <<'END'
postmaster      maildir /p
aa@x.test       alias bb@x.test
bb@x.test       alias cc@x.test
cc@x.test       maildir /c
END
  route-compile
  LC_ALL=C sed 's/acc@x\.test/aaa@x.test/' "$routes.cdb" >"$FOLDER/broken.cdb"
  assertRun 111 "aa@x.test: has a rule (line 2)
  alias bb@x.test
bb@x.test: has a rule (line 3)
  alias aa@x.test
goes nowhere: aliases go in a circle, or too many follow each other" \
    route-query -f "$FOLDER/broken.cdb" aa@x.test
}

testExitCodeIsTheHighest() {
  route-compile
  run route-query alice@example.test
  assertEquals 0 "$code"
  run route-query alice@example.test nobody@example.test bob@example.test
  assertEquals 1 "$code"
  assertContains "$output" 'nobody@example.test: nobody here has that name'
}

testUsage() {
  assertRun 0 'route-compile: usage: route-compile [-n] [routes [routes.cdb]]' route-compile -h
  assertRun 0 'route-query: usage: route-query [-f routes.cdb] address...' route-query -h
  run route-compile -x
  assertEquals 100 "$code"
  run route-compile a b c
  assertEquals 100 "$code"
  run route-query
  assertEquals 100 "$code"
}

testSystemCallsThatFail() {
  assertRun 111 "route-compile: fatal: unable to read $FOLDER/none: No such file or directory" \
    route-compile "$FOLDER/none"
  run route-compile "$routes" "$FOLDER/none/routes.cdb"
  assertEquals 111 "$code"
  mkdir "$FOLDER/folder.cdb"
  run route-compile "$routes" "$FOLDER/folder.cdb"
  assertEquals 111 "$code"
  assertEquals 'files left behind' 'folder.cdb routes' "$(cd "$FOLDER" && echo *)"
}

# The example of the manual, told by the manual.
testTheManual() {
  page=$TOP/cmd/queue/route-compile.1
  sed -n '/^# everyone/,/^\.Ed/p' "$page" | grep -v '^\.Ed' >"$routes"
  assertRun 0 '' route-compile
  run route-query Info@old.example
  assertEquals "$(sed -n '/^info@old\.example:/,/^\.Ed/p' "$TOP/cmd/queue/route-query.1" |
    grep -v '^\.Ed')" "$output"
  run route-query alice+work@example.test bob@shop.example postmaster
  assertEquals 0 "$code"
  assertContains "$output" 'goes to maildir /var/mail/example.test/alice/.work '
}

. shunit2
