# checkpassword-pam: see confine(8).
# PAM's modules may do anything, some by setuid helpers.
outside
