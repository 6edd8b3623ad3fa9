# deliver-pipe: see confine(8).
# Commands of routes are anybody's programs.
read $CHAINMAIL_CONF
include foreign
make $CHAINMAIL_MAIL /tmp /var/tmp
