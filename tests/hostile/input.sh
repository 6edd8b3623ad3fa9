#!/bin/sh
# Clients that send without end, or bytes that have no place where they are.
# shellcheck disable=SC2034 # _chain.sh reads the variables

# shellcheck source=tests/hostile/_hostile.sh
. "$(dirname "$0")/_hostile.sh"

input() { play _input.py "$@"; }

CHAIN_FRONT='smtp-front -o databytes=1000000 queue-inject'

test_endless_command() { input endless_command; }
test_long_command() { input long_command; }
test_gigabytes() { input gigabytes; }
test_gigabytes_in_a_chunk() { input gigabytes_in_a_chunk; }
test_endless_line_of_data() { input endless_line_of_data; }
test_endless_header() { input endless_header; }
test_large_line() { input large_line; }
test_every_byte_of_a_message() { input every_byte_of_a_message; }
test_rubbish() { input rubbish; }
test_chunk_sizes() { input chunk_sizes; }
test_chunks_of_one_octet() { input chunks_of_one_octet; }
test_chunk_of_the_largest_size() { input chunk_of_the_largest_size; }

test_every_byte() {
  CHAIN_FRONT='smtp-front -o bad-commands=1000' restart_smtp
  input every_byte
}

test_commands_without_end() {
  CHAIN_FRONT='smtp-front -o commands=1000' restart_smtp
  input commands_without_end
}

# Nobody delivers meanwhile: the entry is looked at.
test_recipients() {
  stop_send
  CHAIN_FRONT='smtp-front -o commands=1000000' restart_smtp
  input recipients 1000 '' 250
  CHAIN_FRONT='smtp-front -o commands=1000000 -o recipients=100000' restart_smtp
  input recipients 100000 '' 250
  parameter=" NOTIFY=FAILURE ORCPT=rfc822;$(printf %0400d 0)"
  input recipients 100000 "$parameter" '552 5.5.3 too many recipients'
  start_send
}

test_deaf() {
  CHAIN_FRONT='smtp-front -o timeout-command=8' restart_smtp
  input deaf
  input deaf_to_many_replies
}

# shellcheck source=/dev/null
. shunit2
