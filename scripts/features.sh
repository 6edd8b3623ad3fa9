#!/bin/sh
# features.sh OUTPUT.mk
#
# Writes to OUTPUT.mk, which the Makefile includes, which libraries are there that a few programs
# cannot do without. As root on Debian they are installed; without one, its programs are left out.
set -eu

output=$1
top=$(cd "$(dirname "$0")/.." && pwd)

"$top/scripts/packages.sh" features ||
  echo 'features.sh: going on; programs that need what is missing are left out' >&2

has() { [ -f "/usr/include/$1" ]; }

mkdir -p "$(dirname "$output")"
{
  echo '# Written by scripts/features.sh; remove this file to look again.'
  if has openssl/ssl.h; then echo 'HAVE_OPENSSL := yes'; fi    # tls-wrap-openssl
  # As archives, too: a compiler that finds one prints where it is.
  case $(gcc -print-file-name=libcrypt.a 2>/dev/null) in /*) echo 'HAVE_CRYPT_STATIC := yes' ;; esac
  case $(gcc -print-file-name=libcrypto.a 2>/dev/null) in /*) echo 'HAVE_OPENSSL_STATIC := yes' ;; esac
  if has security/pam_appl.h; then echo 'HAVE_PAM := yes'; fi  # checkpassword-pam
} >"$output.new"
mv "$output.new" "$output"
