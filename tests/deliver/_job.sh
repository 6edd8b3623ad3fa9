# shellcheck shell=sh
# shellcheck disable=SC2034 # what it sets is for suites
# _job.sh: a deliverer, spoken to as queue-send speaks to it. Suites source it.
#
#   job_start HOME, job_stop   the folder DIR with a queue, the working folder $DIR/HOME; their end
#   entry FILE                 puts a message into the queue, prints the entry's path
#   WORKER                     _worker.py, which gives the jobs

# shellcheck source=tests/_wait.sh
. "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/_wait.sh"
# shellcheck source=tests/_needs.sh
. "$TOP/tests/_needs.sh"
WORKER=$TOP/tests/deliver/_worker.py

job_start() {
  DIR=$(mktemp -d "${TMPDIR:-/tmp}/job.XXXXXX")
  mkdir -p "$DIR/queue/new" "$DIR/queue/tmp" "$DIR/queue/state" "$DIR/queue/bad" "$DIR/$1" "$DIR/conf"
  export CHAINMAIL_CONF="$DIR/conf"
  printf 'Fs@example.org\0Tr@example.test\0\0' >"$DIR/envelope"
  cd "$DIR/$1" || exit 111
}

job_stop() {
  cd / || exit 111
  [ -z "${DIR-}" ] || rm -rf "$DIR"
  DIR=
}

entry() {
  rm -f "$DIR"/queue/new/*
  queue-inject -q "$DIR/queue" <"$1" 1<"$DIR/envelope" || return
  ls "$DIR"/queue/new/*
}
