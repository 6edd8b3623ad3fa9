#!/bin/sh
# bench.sh: what chainmail costs, with queue-inject in its chain and with smtp-front -Q, beside Postfix;
# `make bench` calls it.
#
# What TLS costs is measured apart, by tests/bench/tls.py.
#
# Environment: ROUNDS=3 of everything; SECONDS_EACH=2 that one measure shall take; QUICK=1: one
# short round; BIN: the folder of the programs. Results: a table, and build/bench/result.json.
# WHOLE=1: the whole table instead, with Exim, OpenSMTPD, chasquid and a Go server too, for root;
# ROUNDS=1 and SECONDS_EACH=0.5 then, which takes about a quarter of an hour; what has not been
# measured after MINUTES (25 a round) is left out, and said. Results: a table, and
# build/bench/whole.json and whole.svg.
# STEPS=1: what each program and each system call of the path of a message costs instead, for root;
# COUNT=2000 messages. BEFORE=FILE: the results of another run beside it. Programs that were made with
# SYMBOLS=1 (make bench STEPS=1 SYMBOLS=1 BUILD=build/symbols) are told by function. Results: a table,
# and build/bench/steps.json.
# DISK=FOLDER: queues and Maildirs of the first table lie on the disk that this folder lies on (all
# users must be able to reach it), not on an ext4 in a file. DISK=hurried: on an ext4 in a file whose
# threads in the kernel go before all others, as a disk does not wait for a CPU.
# TOOLS=build/bench: where results go, and all that is made meanwhile.
#
# As root it runs in a mount and a network namespace of its own: it mounts a journaled ext4, lends
# Postfix its users, and nothing of it can reach the machine or remains on it. As an ordinary user
# it measures chainmail alone, on the file system that build/ lies on.
set -eu
cd "$(dirname "$0")/.."

rounds=${ROUNDS:-3} seconds=${SECONDS_EACH:-2}
if [ -n "${WHOLE:-}" ]; then rounds=${ROUNDS:-1} seconds=${SECONDS_EACH:-0.5}; fi
if [ -n "${QUICK:-}" ]; then rounds=1 seconds=1; fi
mkdir -p "${TOOLS:=build/bench}"
tools=$(cd "$TOOLS" && pwd)
programs=${BIN:-$PWD/build/musl/bin}

library=${BUILD:-$PWD/build/musl}/libchainmail.a
static="$(command -v musl-gcc || echo gcc) -static"
bearssl=gcc # what the library was built with
case ${LIBC:-musl} in musl) bearssl="$static -isystem build/sysroot/include -Lbuild/sysroot/lib" ;; esac
for source in tests/bench/*.c; do
  name=$(basename "$source" .c)
  cc=gcc libs=
  case $name in
    trivial) cc=$static ;;
    tls_floor) cc="$bearssl -Ilib" libs="$library -lbearssl -lskarnet" ;;
    dataload) libs=-lm ;;
    tls_load) libs='-lssl -lcrypto' ;;
  esac
  # shellcheck disable=SC2086 # words are wanted
  $cc -O2 -std=c11 -D_GNU_SOURCE -o "$tools/$name" "$source" $libs
done

postfix=
if scripts/peer.sh postfix postfix; then
  postfix=$PWD/build/peers/postfix
  source=$postfix/bin/smtp-source sink=$postfix/bin/smtp-sink
elif ! source=$(command -v smtp-source) || ! sink=$(command -v smtp-sink); then
  echo "bench.sh: no smtp-source and smtp-sink here, and they cannot be fetched" >&2
  exit 1
fi

# A server of one process: golang-github-emersion-go-smtp-dev does not name what it needs.
if scripts/peer.sh go golang-go golang-github-emersion-go-smtp-dev golang-github-emersion-go-sasl-dev; then
  go=$PWD/build/peers/go
  env GOROOT="$(echo "$go"/usr/lib/go-*)" GOPATH="$go/usr/share/gocode" GOCACHE="$tools/gocache" \
    GO111MODULE=off CGO_ENABLED=0 GOFLAGS= "$go/bin/go" build -o "$tools/gosmtp" tests/bench/gosmtp.go
fi

isolated=
if [ "$(id -u)" -eq 0 ] && unshare --mount --net --propagation private true 2>/dev/null; then
  isolated='unshare --mount --net --propagation private'
else
  echo "bench.sh: no namespace of its own: without Postfix, on this folder's file system" >&2
  postfix=
fi
if [ -n "${STEPS:-}" ]; then
  [ -n "$isolated" ] || { echo "bench.sh: the steps need root" >&2; exit 1; }
  scripts/packages.sh steps
  # shellcheck disable=SC2086 # words are wanted
  exec $isolated tests/bench/steps.py --rounds "$rounds" --seconds "$seconds" \
    --count "${COUNT:-2000}" --programs "$programs" --tools "$tools" --source "$source" \
    --sink "$sink" ${postfix:+--postfix "$postfix"} ${BEFORE:+--before "$BEFORE"} --out "$tools/steps.json"
fi
if [ -n "${WHOLE:-}" ]; then
  if [ -z "$isolated" ] || [ -z "$postfix" ]; then
    echo "bench.sh: the whole table needs root, and Postfix" >&2
    exit 1
  fi
  scripts/peer.sh exim4 exim4-daemon-light libnss-wrapper || true
  scripts/peer.sh opensmtpd opensmtpd || true
  scripts/peer.sh chasquid chasquid || true
  # shellcheck disable=SC2086 # words are wanted
  exec $isolated tests/bench/whole.py --rounds "$rounds" --seconds "$seconds" \
    --minutes "${MINUTES:-$((25 * rounds))}" \
    --programs "$programs" --tools "$tools" --source "$source" --sink "$sink" \
    --postfix "$postfix" --peers "$PWD/build/peers" --out "$tools/whole.json"
fi
tests/bench/checks.py --programs "$programs" --tools "$tools"
# shellcheck disable=SC2086 # words are wanted
ROUNDS=$rounds SECONDS_EACH=$seconds $isolated tests/bench/tls.py --programs "$programs" \
  --tools "$tools" ${isolated:+--isolated}
# shellcheck disable=SC2086 # words are wanted
exec $isolated tests/bench/bench.py --rounds "$rounds" --seconds "$seconds" \
  --programs "$programs" --tools "$tools" --source "$source" --sink "$sink" \
  ${isolated:+--isolated} ${postfix:+--postfix "$postfix"} ${DISK:+--disk "$DISK"} --out "$tools/result.json"
