# facts: see confine(8).
calls lstat
