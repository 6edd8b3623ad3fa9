#!/bin/sh
# peer.sh NAME PACKAGE...        Debian packages, unpacked under build/peers/NAME
# peer.sh -n NAME PACKAGE@VERSION   an npm package, under build/peers/NAME
#
# Brings a mail program that tests or benches talk to, without installing it: mail
# servers conflict as packages, and none is to be started on this machine. With the
# packages come those of their dependencies that the machine lacks. Each program gets a
# wrapper build/peers/NAME/bin/PROGRAM, which finds the libraries unpacked beside it.
# Exits 1 with a message when it cannot be had; what needs it is then skipped.
set -eu

npm=
if [ "$1" = -n ]; then npm=yes; shift; fi
name=$1
shift
top=$(cd "$(dirname "$0")/.." && pwd)
peers=$top/build/peers
place=$peers/$name
peer=$place.new # renamed when it is complete
log=$peers/$name.log

say() { echo "peer.sh: $*" >&2; }

# The names of the packages themselves, and what an installation would add; nothing is installed.
with_dependencies() {
  { printf '%s\n' "$@"
    apt-get -s install --no-install-recommends "$@" | sed -n 's/^Inst \([^ ]*\) .*/\1/p'
  } | sort -u
}

fetch() {
  mkdir -p "$peer/debs"
  cd "$peer/debs"
  # shellcheck disable=SC2046 # a list of names
  apt-get -o APT::Sandbox::User=root download $(with_dependencies "$@")
}

write_wrapper() { # write_wrapper PROGRAM
  cat >"$peer/bin/$(basename "$1")" <<END
#!/bin/sh
LD_LIBRARY_PATH=$libraries\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
exec $place${1#"$peer"} "\$@"
END
  chmod 755 "$peer/bin/$(basename "$1")"
}

unpack() {
  for deb in "$peer"/debs/*.deb; do dpkg-deb -x "$deb" "$peer"; done
  rm -rf "$peer/debs"
  find "$peer" -type f -perm /6000 -exec chmod ug-s {} + # no one is to become root by these
  libraries=$(cd "$peer" && find . -name '*.so*' -exec dirname {} + | sort -u |
    sed "s|^\.|$place|" | tr '\n' ':')
  libraries=${libraries%:}
  mkdir -p "$peer/bin"
  for program in "$peer"/usr/sbin/* "$peer"/usr/bin/* "$peer"/sbin/* "$peer"/bin/*; do
    case $program in "$peer"/bin/*) continue ;; esac
    if [ -x "$program" ] && [ ! -d "$program" ]; then write_wrapper "$program"; fi
  done
}

bring_debian() {
  # Only root may renew the lists, and only where they do not know the package.
  fetch "$@" || { [ "$(id -u)" -eq 0 ] && apt-get -q update && fetch "$@"; }
  unpack
}

bring_npm() {
  mkdir -p "$peer"
  npm install --prefix "$peer" --no-save --no-package-lock --no-audit --no-fund --ignore-scripts "$@"
}

[ $# -gt 0 ] || { say 'usage: peer.sh [-n] NAME PACKAGE...'; exit 100; }
for package; do
  case $package in -*) say "not a package: $package"; exit 100 ;; esac
done
is_here() { [ "$(cat "$place/.complete" 2>/dev/null)" = "$*" ]; }
if is_here "$@"; then exit 0; fi

if [ -n "$npm" ]; then bring=bring_npm needed='node npm'
else bring=bring_debian needed='apt-get dpkg-deb'; fi
for tool in $needed; do
  command -v "$tool" >/dev/null || { say "no $name here: there is no $tool"; exit 1; }
done

mkdir -p "$peers"
exec 9>"$peers/.$name.lock"
flock 9
if is_here "$@"; then exit 0; fi
say "unpacking $* into build/peers/$name"
rm -rf "$peer"
# In a process of its own: set -e is off in a condition.
( set -e; "$bring" "$@" ) >"$log" 2>&1 </dev/null 9>&- & job=$!
wait "$job" || { say "no $name here: it could not be fetched (build/peers/$name.log)"; exit 1; }
printf '%s\n' "$*" >"$peer/.complete"
rm -rf "$place"
mv "$peer" "$place"
