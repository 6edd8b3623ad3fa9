# shellcheck shell=bash disable=SC2034 # variables are for the suites
# What the suites about keys share: certificates, a tls-keyd, waiting for its log.

HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/net/_net.sh
. "$HERE/../net/_net.sh"

p256='ec -pkeyopt ec_paramgen_curve:P-256'
p384='ec -pkeyopt ec_paramgen_curve:P-384'
export CHAINMAIL_CONF=/nonexistent

# self FILE ALGORITHM NAMES [DAYS]: a certificate that signed itself, and its key, in one file.
# NAMES: DNS:a.example,DNS:b.example
self() {
  # shellcheck disable=SC2086 # words are wanted
  openssl req -x509 -newkey $2 -nodes -keyout "$1.key" -out "$1.new" -days "${4:-90}" -subj / \
    -addext "subjectAltName=$3" 2>/dev/null && cat "$1.key" >>"$1.new" && rm "$1.key" &&
    chmod 600 "$1.new" && mv "$1.new" "$1"
}

# authority NAME [DAYS]: NAME.crt and NAME.key, which issue certificates.
authority() {
  # shellcheck disable=SC2086 # words are wanted
  openssl req -x509 -newkey $p256 -nodes -keyout "$1.key" -out "$1.crt" -days "${2:-90}" \
    -subj "/CN=$1" 2>/dev/null
}

# issue AUTHORITY FILE NAMES [DAYS [EXTENSION...]]: FILE.crt and FILE.key
issue() {
  local authority=$1 file=$2 names=$3 days=${4:-90}
  [ $# -lt 5 ] || printf '%s\n' "${@:5}" >"$file.ext"
  [ $# -ge 5 ] || echo "subjectAltName=$names" >"$file.ext"
  # shellcheck disable=SC2086 # words are wanted
  openssl req -new -newkey $p256 -nodes -keyout "$file.key" -subj "/CN=${file##*/}" -out "$file.csr" 2>/dev/null &&
    openssl x509 -req -in "$file.csr" -CA "$authority.crt" -CAkey "$authority.key" -CAcreateserial \
      -days "$days" -extfile "$file.ext" -out "$file.crt" 2>/dev/null &&
    chmod 600 "$file.key" && rm "$file.csr" "$file.ext"
}

# keyd [OPTION...]: a tls-keyd for the folder keys; its socket is $socket
keyd() {
  socket=$folder/socket
  start tls-keyd READY -w 2 "$@" "unix:$socket" "$folder/keys"
}

# client WORD...: _keyd.py, a client of its protocol
client() { timeout $((2 * PATIENCE)) python3 "$HERE/_keyd.py" "$socket" "$@"; }

# The processes that serve.
workers() { pgrep -P "$server"; }
