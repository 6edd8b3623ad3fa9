# disconnect is run however the session ends; its verdict is ignored; 0 and 1 are /dev/null.
hook disconnect
  files=$(readlink /proc/$$/fd/0 /proc/$$/fd/1)
  echo "$files" >"$RECORD/disconnected"
  exit 31
S~ 220 .*
C: HELO client.example
S~ 250 .*
reset
recorded disconnected /dev/null\n/dev/null\n
