#!/bin/sh
# install-service.sh FROM TO PREFIX: copies the service trees, with PREFIX in them. runit's is that of
# daemontools, with runit's names for what becomes a user and what keeps a log.
set -eu
from=$1 to=$2 prefix=$3

# copy TREE COPY SCRIPT: the files of a tree, each put through sed SCRIPT
copy() {
  (cd "$from/$1" && find . -type f) | while read -r file; do
    mkdir -p "$to/$2/$(dirname "$file")"
    sed "$3" "$from/$1/$file" >"$to/$2/$file"
    if [ -x "$from/$1/$file" ]; then chmod 755 "$to/$2/$file"; else chmod 644 "$to/$2/$file"; fi
  done
}

copy . . "s|@PREFIX@|$prefix|g"
copy daemontools runit "s|@PREFIX@|$prefix|g
  s|envuidgid |chpst -U |
  s|setuidgid |chpst -u |
  s|multilog t n10 s1000000 |svlogd -tt |"
