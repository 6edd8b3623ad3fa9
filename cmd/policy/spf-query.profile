# spf-query: see confine(8).
calls tkill
include dns
