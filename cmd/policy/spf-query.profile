# spf-query: see confine(8).
include dns
