#!/bin/sh
# sysroot.sh OUTPUT.mk [LIBC]
#
# Decides which C library the links are built against and writes the decision to
# OUTPUT.mk, which the Makefile includes. With musl that means building skalibs,
# BearSSL, c-ares and libidn2 once, from Debian's source packages, into build/sysroot.
# Where that cannot be done the answer is the system's own libraries, unless LIBC
# asks for musl.
set -eu

output=$1
wanted=${2:-}
top=$(cd "$(dirname "$0")/.." && pwd)
build=$top/build
sysroot=$build/sysroot
work=$build/sysroot.work
log=$build/sysroot.log
stamp=$sysroot/complete # says which packages are in it
packages='skalibs bearssl c-ares libidn2'

is_complete() { [ "$(cat "$stamp" 2>/dev/null)" = "$packages" ]; }

say() { printf '%s\n' "sysroot: $*" >&2; }

decide() { # decide LIBC [MAKE LINES ON STDIN]
  mkdir -p "$(dirname "$output")"
  { printf '# Written by scripts/sysroot.sh; remove this file to decide anew.\n'
    printf 'LIBC := %s\n' "$1"
    cat
  } >"$output.new"
  mv "$output.new" "$output"
}

decide_musl_sysroot() {
  decide musl <<END
MUSL_CC := musl-gcc
SYSROOT := build/sysroot
END
}

decide_musl_native() {
  decide musl <<END
MUSL_CC := cc
SYSROOT :=
END
}

give_up() {
  if [ "$wanted" = musl ]; then
    say "$1"
    exit 1
  fi
  say "$1: building with the system's libraries instead"
  say "the links work the same and start slower; 'rm $output' and 'make' tries again"
  decide system </dev/null
  exit 0
}

# The machine's own apt sources, with deb turned into deb-src, in a private folder:
# neither its lists nor its caches are touched, and apt checks the signatures.
private_apt() {
  mkdir -p "$work/sources" "$work/lists/partial" "$work/cache/archives/partial"
  for list in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    [ -f "$list" ] || continue
    case $list in
      *.sources) sed 's/^Types:.*/Types: deb-src/' "$list" ;;
      *.list) sed -n 's/^[[:space:]]*deb[[:space:]]/deb-src /p' "$list" ;;
      *) continue ;;
    esac >"$work/sources/$(basename "$list")"
  done
  cat >"$work/apt.conf" <<END
#clear APT::Update;
#clear DPkg;
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$work/sources";
Dir::State::lists "$work/lists";
Dir::Cache "$work/cache";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
END
  [ "$(id -u)" -ne 0 ] || printf 'APT::Sandbox::User "root";\n' >>"$work/apt.conf"
}

fetch() {
  private_apt
  apt-get -c "$work/apt.conf" update || say 'apt-get update had errors; going on' # one dead list of many does not matter
  for package in $packages; do
    ( cd "$work" && apt-get -c "$work/apt.conf" source --download-only "$package" )
  done
}

unpack() {
  for package in $packages; do
    dpkg-source --no-check -x "$work/$package"_*.dsc "$work/$package"
  done
}

unset MAKEFLAGS MFLAGS # the options and variables of the make that called are not for these
flags='-O2 -fno-pie -ffunction-sections -fdata-sections'
flags="$flags -ffile-prefix-map=$work=/usr/src"
# Without the same in LDFLAGS each configure test that links would fail, quietly.
ldflags='-static -no-pie'

build_skalibs() {
  cd "$work/skalibs"
  CC=musl-gcc CFLAGS=$flags LDFLAGS=$ldflags ./configure --prefix="$sysroot" \
    --libdir="$sysroot/lib" --disable-shared --enable-static
  make
  make install
}

build_bearssl() {
  cd "$work/bearssl"
  make CC=musl-gcc LD=musl-gcc CFLAGS="-W -Wall $flags" DLL=no TOOLS=no TESTS=no
  cp build/libbearssl.a "$sysroot/lib/"
  cp inc/*.h "$sysroot/include/"
}

build_c_ares() {
  cd "$work/c-ares"
  CC=musl-gcc CFLAGS=$flags LDFLAGS=$ldflags ./configure --prefix="$sysroot" \
    --disable-shared --enable-static --disable-tests
  make -C include install
  make -C src/lib install
}

# With its own copy of what it needs of libunistring.
build_libidn2() {
  cd "$work/libidn2"
  CC=musl-gcc CFLAGS=$flags LDFLAGS=$ldflags ac_cv_libunistring=no ./configure \
    --prefix="$sysroot" --disable-shared --disable-doc --disable-nls --without-libunistring-prefix
  make -C gl
  make -C unistring
  make -C lib install
}

# musl brings no kernel headers, and everything else in /usr/include belongs to glibc.
link_headers() {
  ln -sfn /usr/include/linux "$sysroot/include/linux"
  ln -sfn /usr/include/asm-generic "$sysroot/include/asm-generic"
  ln -sfn "/usr/include/$(gcc -print-multiarch)/asm" "$sysroot/include/asm"
  cp /usr/include/xxhash.h "$sysroot/include/"
}

# Made beside its place: other makes may be using what is there.
build_all() {
  complete=$sysroot
  sysroot=$complete.new
  rm -rf "$sysroot" "$work"
  mkdir -p "$work" "$sysroot/include" "$sysroot/lib"
  fetch
  unpack
  link_headers
  say "building $packages"
  ( build_c_ares; build_bearssl ) & c_ares=$!
  ( build_skalibs; build_libidn2 ) & others=$!
  wait "$c_ares"
  wait "$others"
  printf '%s\n' "$packages" >"$sysroot/complete"
  rm -rf "$work" "$complete"
  mv "$sysroot" "$complete"
}

is_musl_system() {
  case $(cc -dumpmachine 2>/dev/null) in *-musl*) true ;; *) false ;; esac
}

has_static_skalibs() {
  echo 'int main(void) { return 0; }' | cc -x c - -static -o /dev/null -lskarnet 2>/dev/null
}

if is_musl_system; then
  has_static_skalibs || give_up 'this musl system has no static skalibs'
  decide_musl_native
  exit 0
fi
if is_complete; then
  decide_musl_sysroot
  exit 0
fi

mkdir -p "$build"
exec 9>"$build/sysroot.lock"
flock 9 2>/dev/null || true # two makes at once build it once
if ! is_complete; then
  "$top/scripts/packages.sh" musl || give_up 'no sysroot for musl without these packages'
  for tool in apt-get dpkg-source musl-gcc; do
    command -v "$tool" >/dev/null || give_up "no sysroot for musl without $tool"
  done
  say 'making build/sysroot from Debian source packages (once, about a minute)'
  # set -e is off inside a condition, hence a process of its own.
  ( set -e; build_all ) >"$log" 2>&1 & job=$!
  wait "$job" || give_up 'the sysroot for musl could not be built (build/sysroot.log)'
fi
decide_musl_sysroot
