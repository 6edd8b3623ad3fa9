#!/bin/sh
# packages.sh GOAL...
#
# Sees to it that the Debian packages a goal needs are there: as root on Debian it
# installs what is missing, by name; otherwise it says what is missing and fails.
set -eu

# One line per goal. "a|b" is satisfied by either; the first is the one installed.
needs() {
  case $1 in
    musl) echo gcc make dpkg-dev patch musl-tools linux-libc-dev libxxhash-dev ;;
    system)
      echo gcc make skalibs-dev libbearssl-dev libc-ares-dev libidn2-dev libxxhash-dev libcrypt-dev ;;
    features) echo libssl-dev libpam0g-dev ;;
    run) echo s6 openssl 'swaks|curl' ;;
    check)
      echo s6 shunit2 python3 swaks curl msmtp socat strace procps util-linux e2fsprogs openssl \
        gnutls-bin testssl.sh gsasl mutt s-nail perl iproute2 ;;
    bench) echo s6 python3 strace procps util-linux e2fsprogs openssl libssl-dev ;;
    steps) needs bench; echo linux-perf valgrind ;;
    lint) echo clang-tidy clang-format cppcheck shellcheck mandoc ;;
    fuzz) needs system; echo clang libclang-rt-dev ;;
    *) echo "packages.sh: no goal is named $1" >&2; exit 100 ;;
  esac
}

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing_of() { # missing_of PACKAGE...
  for wish; do
    found=
    for choice in $(echo "$wish" | tr '|' ' '); do
      if is_installed "$choice"; then found=yes; fi
    done
    [ -n "$found" ] || echo "${wish%%|*}"
  done
}

wishes=$(for goal; do needs "$goal"; done)
if ! command -v dpkg-query >/dev/null; then
  exit 0 # not Debian: INSTALL names the packages, and the build says what it lacks
fi
# shellcheck disable=SC2046,SC2086 # words are wanted
missing=$(missing_of $wishes | sort -u | tr '\n' ' ')
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
  echo "packages.sh: $* needs packages that are not installed. As root:" >&2
  echo "    apt-get install --no-install-recommends $missing" >&2
  exit 1
fi

echo "packages.sh: installing $missing" >&2
DEBIAN_FRONTEND=noninteractive
export DEBIAN_FRONTEND
install() {
  # shellcheck disable=SC2086 # words are wanted
  apt-get -o DPkg::Lock::Timeout=300 install -y -q --no-install-recommends $missing </dev/null >&2
}
# The lists on a fresh machine are empty or old: update once, only when it is needed.
install || { apt-get update -q </dev/null >&2 && install; }
