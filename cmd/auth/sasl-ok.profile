# sasl-ok: see confine(8).
calls getgid getuid prctl
