# For suites: a host that mail is relayed to. They have read _chain.sh.
# shellcheck shell=sh disable=SC2034

# Another host, that of far.example; what it hears is in $CHAIN/heard.
serve_elsewhere() {
  mkdir "$CHAIN/heard"
  mkfifo "$CHAIN/port"
  python3 -IS "$TOP/tests/deliver/_smtp_server.py" -s "$CHAIN/heard" "$@" >"$CHAIN/port" &
  HOST_PID=$!
  read -r port <"$CHAIN/port"
  printf '#!/bin/sh\nexec deliver-smtp -H me.example\n' >"$CHAIN/remote"
  chmod +x "$CHAIN/remote"
  CHAIN_SEND="-w remote=1 -w remote=$CHAIN/remote"
  echo "@far.example  smarthost [127.0.0.1]:$port" | add_routes
}

end_elsewhere() {
  [ -z "${HOST_PID-}" ] || kill "$HOST_PID"
  HOST_PID=
}
