# So it is after a time-out.
conf timeout-command 1
hook disconnect
  echo end >"$RECORD/disconnected"
S~ 220 .*
S~ 421 4.4.2 .*
closed
recorded disconnected end\n
