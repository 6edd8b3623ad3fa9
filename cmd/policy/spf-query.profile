# spf-query: see confine(8).
calls getrandom
include dns
