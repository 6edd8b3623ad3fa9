#!/bin/sh
# profile.sh COMMAND...: runs a command, and prints what a profile of confine(8) must have for what
# it did: its system calls, and the files, folders and ports that it came to. Each line is a wish to
# be looked at, not a verdict: paths are widened to what a program means by them, and what it does on
# paths that this run did not take is not there. Programs that it starts are in it too.
set -eu
[ $# -gt 0 ] || { echo 'usage: profile.sh command...' >&2; exit 100; }
trace=$(mktemp "${TMPDIR:-/tmp}/profile.XXXXXX")
trap 'rm -f "$trace"' EXIT
status=0
strace -f -qq -s 4096 -e signal=none -o "$trace" -- "$@" || status=$?

echo "# $1, as it ran: $*"
sed -E 's/^[0-9]+ +//; s/^<\.\.\. ([a-z0-9_]+) resumed>.*/\1(/' "$trace" |
  grep -oE '^[a-z0-9_]+\(' | tr -d '(' | sort -u | tr '\n' ' ' | fold -s -w 92 |
  sed 's/^/calls /; s/ *$//'
echo

# words KEYWORD: the paths or ports on stdin, once each
words() { sort -u | sed "s|^|$1 |"; }
parent() { sed -E 's|/[^/]*$||; s|^$|/|'; }
succeeded() { grep -vE ' = -1 ' "$trace"; }
opened() { succeeded | sed -nE 's/.*\bopen(at)?\((AT_FDCWD, )?"(\/[^"]*)", ([A-Z_|]*).*/\4 \3/p'; }

opened | grep -vE 'O_(WRONLY|RDWR|CREAT)' | sed 's/^[^ ]* //' | words read
opened | grep -E 'O_(WRONLY|RDWR)' | grep -v O_CREAT | sed 's/^[^ ]* //' | words write
{
  opened | grep O_CREAT | sed 's/^[^ ]* //' | parent
  succeeded | sed -nE 's/.*\b(mkdir|mknod|unlink|rmdir)(at)?\((AT_FDCWD, )?"(\/[^"]*)".*/\4/p' | parent
  succeeded | grep -E '\b(rename|link)(at2?)?\(' | grep -oE '"/[^"]*"' | tr -d '"' | parent
} | words make
succeeded | sed -nE 's/.*\bexecve\("(\/[^"]*)".*/\1/p' | words exec
for call in bind connect; do
  sed -nE "s/.*\\b$call\\([0-9]+, \\{sa_family=AF_INET6?, sin6?_port=htons\\(([0-9]+)\\).*/\\1/p" "$trace" |
    words "$call"
done
exit "$status"
