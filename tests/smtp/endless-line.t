# A line without an end is not read to its end.
S~ 220 .*
C*40000+ 0123456789
S: 421 4.7.0 mail.example.test line without an end
closed
log event=end reason=endless-line
