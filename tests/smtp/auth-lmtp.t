# There are no logins in LMTP.
options -L -A {folder}/auth
closed
exit 100
