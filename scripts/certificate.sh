#!/bin/sh
# certificate.sh [-o OWNER] FILE NAME...: makes a certificate for a first run.
#
# FILE gets a key (ECDSA, P-256) and a certificate for these names that it signed itself, for ten
# years; only OWNER (the caller) can read it. Clients do not trust it unless they are told to: put
# one from a real authority beside it, or in its place. What is there is left as it is.
set -eu

owner=
usage='usage: certificate.sh [-o OWNER] FILE NAME...'
while getopts o:h option; do
  case $option in
    o) owner=$OPTARG ;;
    h) echo "$usage"; exit 0 ;;
    *) echo "$usage" >&2; exit 100 ;;
  esac
done
shift $((OPTIND - 1))
[ $# -ge 2 ] || { echo "$usage" >&2; exit 100; }
file=$1
shift
[ ! -e "$file" ] || exit 0

for name; do
  case $name in
    *[!A-Za-z0-9.*_-]* | '') echo "certificate.sh: not a host name: $name" >&2; exit 100 ;;
  esac
done
names=$(printf ',DNS:%s' "$@")

umask 077
work=$(mktemp -d "${TMPDIR:-/tmp}/certificate.XXXXXX")
new=
trap 'rm -rf "$work" ${new:+"$new"}' EXIT
trap 'exit 1' HUP INT TERM
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days 3650 \
  -subj "/CN=$(printf %.64s "$1")" -addext "subjectAltName=${names#,}" -addext basicConstraints=critical,CA:FALSE \
  -keyout "$work/key" -out "$work/certificate" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
new=$file.new.$$
cat "$work/certificate" "$work/key" >"$new"
[ -z "$owner" ] || chown "$owner" "$new"
mv "$new" "$file"
