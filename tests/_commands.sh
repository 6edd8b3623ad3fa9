# shellcheck shell=sh
# shellcheck disable=SC2034 # what it sets is for suites
# _commands.sh: what a command says, and how it exits. Suites source it.
#
#   run COMMAND...                       its output of both kinds is in $output, its exit code in $code
#   assertRun CODE OUTPUT COMMAND...

run() {
  output=$("$@" 2>&1)
  code=$?
}

assertRun() {
  wanted_code=$1 wanted_output=$2
  shift 2
  run "$@"
  assertEquals "$* exits" "$wanted_code" "$code"
  assertEquals "$* says" "$wanted_output" "$output"
}
