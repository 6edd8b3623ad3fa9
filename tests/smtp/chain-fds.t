# A link has fd 0, 1, 2, 4 and 6 and no other, whatever smtp-front was started with; 0 is a regular
# file, 1 cannot be written, both are at offset 0; it leads its own process group; no signal is
# ignored or blocked (but for those above 31, which are libc's).
env RELAYCLIENT=
stray 20
chain look
link look
  ls /proc/self/fd >"$RECORD/fds" # 1 is the redirection, 3 is what ls itself opened
  set -- $(cat "$RECORD/fds")
  [ "$*" = "0 1 2 3 4 6" ] || { printf 'D%s' "fds $*" >&4; exit 82; }
  [ -f /proc/self/fd/0 ] || { printf 'Dno file' >&4; exit 82; }
  (echo stray >&1) 2>/dev/null && { printf 'Dwritable' >&4; exit 82; }
  grep -q '^pos:.0$' /proc/$$/fdinfo/0 || { printf 'Doffset 0' >&4; exit 82; }
  grep -q '^pos:.0$' /proc/$$/fdinfo/1 || { printf 'Doffset 1' >&4; exit 82; }
  set -- $(cat /proc/$$/stat)
  [ "$5" = $$ ] || { printf 'Dno group' >&4; exit 82; }
  grep -q '^SigBlk:.0*$' /proc/self/status || { printf 'Dblocked' >&4; exit 82; }
  grep -q '^SigIgn:.[0-9a-f]*[08]0000000$' /proc/self/status || { printf 'Dignored' >&4; exit 82; }
  printf 'Kas it should be' >&4
S~ 220 .*
C: HELO client.example
S~ 250 .*
C: MAIL FROM:<a@example.net>
C: RCPT TO:<b@example.org>
C: DATA
C: Subject: test
C: .
S: 250 2.1.0 Sender ok
S: 250 2.1.5 Recipient ok
S~ 354 .*
S: 250 2.0.0 as it should be
C: QUIT
S~ 221 .*
closed
