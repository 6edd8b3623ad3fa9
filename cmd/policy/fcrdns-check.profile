# fcrdns-check: see confine(8).
calls lstat sendmsg shutdown tkill
include dns
