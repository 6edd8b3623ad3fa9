#!/bin/sh
# A second message behind what is not the end of the first is part of the first, or refused with it:
# all strings of CR, LF and dots, and what else some server has taken for an end; by DATA and BDAT,
# in SMTP and LMTP.
# shellcheck disable=SC2034 # _chain.sh reads the variables

# shellcheck source=tests/hostile/_hostile.sh
. "$(dirname "$0")/_hostile.sh"

oneTimeSetUp() { make_chain && start_smtp || exit 1; }

smuggle() { play _smuggling.py "$@"; }

# speak OPTIONS...: of smtp-front
speak() {
  rm -f "$CHAIN"/queue/new/*
  CHAIN_FRONT="smtp-front $* queue-inject" restart_smtp
}

test_data() { speak && smuggle everything EHLO DATA 6; }
test_bdat() { speak && smuggle everything EHLO BDAT 6; }
test_lmtp_data() { speak -L && smuggle everything LHLO DATA 5; }
test_lmtp_bdat() { speak -L && smuggle everything LHLO BDAT 5; }
# Each refused chunk counts as a bad command.
test_chunks_cut() { speak -o bad-commands=1000 && smuggle chunks_cut EHLO 4; }
test_lmtp_chunks_cut() { speak -L -o bad-commands=1000 && smuggle chunks_cut LHLO 3; }
test_data_in_pieces() { speak && smuggle pieces DATA; }
test_bdat_in_pieces() { speak && smuggle pieces BDAT; }
test_behind_the_end() { speak && smuggle behind_the_end; }
test_data_refused() { speak && smuggle data_refused; }
test_bdat_never_begun() { speak && smuggle bdat_never_begun; }

# shellcheck source=/dev/null
. shunit2
