# shellcheck shell=sh
# shellcheck disable=SC2034 # what it sets is for suites
# _login.sh: a submission service of a suite's own, with everything real: TLS by each engine in front
# of smtp-front, submission and queue-inject; tls-keyd; the auth service with a users file.
#
#   make_submission               the host, its user and client certificate; tls-keyd, auth service
#   end_submission
#   serve_mail MODE [OPTION...]   the engine of now; MODE is starttls (587) or implicit (465), the
#                                 options are the engine's
#   each_service COMMAND...       runs it with ENGINE and MODE set, for both engines and both modes
#   start_auth OPTION... CHECKER...  of sasl-auth; ends the one before
#   offer [MECHANISM...]          from now on; none: the default. It begins with all of them
#   new_lines LOG                 of smtp.log or auth.log, since the last time
#
# alice has the password in PASSWORD, SCRAM verifiers, a plain= for CRAM-MD5, and the certificate
# alice.pem of CHAIN, which authority.pem has signed. The token "of-alice-..." in TOKEN is hers, too.

# shellcheck source=tests/tls/_tls.sh
. "$(dirname "$0")/../tls/_tls.sh"

ALL_MECHANISMS='SCRAM-SHA-256-PLUS SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 PLAIN LOGIN EXTERNAL OAUTHBEARER XOAUTH2'
AUTH_PID=
ALICE=alice@example.test
NAME=mx.example.test
SMTP_LOG_AT=0

make_submission() {
  make_host && make_client_certificate && make_user && make_token_checker &&
    start_auth -t "$CHAIN/token" checkpassword-file
}

end_submission() {
  stop_auth
  end_host
}

# Secrets that are nowhere else in the world, for suites that look for them.
make_user() {
  PASSWORD="right $(random_word)"
  WRONG="wrong $(random_word)"
  TOKEN=of-alice-$(random_word)
  echo 0 >"$CHAINMAIL_CONF/auth-delay"
  # shellcheck disable=SC2086 # words
  offer $ALL_MECHANISMS
  printf '%s\n' "$PASSWORD" |
    user-add -1 -P -i 4096 -p 0 -c "SHA256:$CERTIFICATE" "$ALICE" 2>>"$CHAIN/users.log"
}

# offer [MECHANISM...]: those, or by none the default
offer() {
  rm -f "$CHAINMAIL_CONF/auth-mechanisms"
  [ $# -eq 0 ] || echo "$*" >"$CHAINMAIL_CONF/auth-mechanisms"
}

random_word() { od -An -N 9 -tx1 /dev/urandom | tr -d ' \n'; }

make_client_certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 -subj /CN=users \
    -keyout "$CHAIN/authority.key" -out "$CHAIN/authority.pem" 2>"$CHAIN/openssl.log" &&
    sign_certificate alice && sign_certificate stranger || return
  CERTIFICATE=$(openssl x509 -in "$CHAIN/alice.pem" -outform DER | sha256sum | cut -d ' ' -f 1)
}

sign_certificate() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" \
    -keyout "$CHAIN/$1.key" -out "$CHAIN/$1.request" 2>>"$CHAIN/openssl.log" &&
    openssl x509 -req -in "$CHAIN/$1.request" -CA "$CHAIN/authority.pem" -CAkey "$CHAIN/authority.key" \
      -CAcreateserial -days 90 -out "$CHAIN/$1.pem" 2>>"$CHAIN/openssl.log"
}

# As a site's own would be: it asks somebody whose token it is. Here it is a file.
make_token_checker() {
  printf '%s' "$TOKEN" >"$CHAIN/token.known"
  cat >"$CHAIN/token" <<END
#!/bin/sh
tr '\\0' '\\n' <&3 | { read -r name && read -r token && [ "\$token" = "\$(cat '$CHAIN/token.known')" ]; } || exit 1
USER=$ALICE exec "\$@"
END
  chmod +x "$CHAIN/token"
}

start_auth() {
  stop_auth
  start_program auth.log tcp-accept -n 3 "unix:$CHAINMAIL_RUN/auth" sasl-auth "$@" sasl-ok || return
  AUTH_PID=$STARTED
}

stop_auth() {
  [ -z "$AUTH_PID" ] || end_process "$AUTH_PID"
  AUTH_PID=
}

serve_mail() {
  MODE=$1
  shift
  FRONT_OPTIONS='-S submission'
  export UCSPITLS=!
  serve "$MODE" -c "$CHAIN/authority.pem" "$@"
}

each_service() { each each_mode "$@"; }

each_mode() {
  for MODE in starttls implicit; do
    serve_mail "$MODE" || fail "$ENGINE does not start"
    "$@"
  done
}

new_lines() {
  tail -c "+$((SMTP_LOG_AT + 1))" "$CHAIN/smtp.log" >"$CHAIN/smtp.new"
  SMTP_LOG_AT=$((SMTP_LOG_AT + $(wc -c <"$CHAIN/smtp.new")))
  cat "$CHAIN/smtp.new"
}
