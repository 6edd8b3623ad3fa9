#!/bin/sh
# install-service.sh FROM TO PREFIX: copies the service trees, with PREFIX in them.
set -eu
from=$1 to=$2 prefix=$3
(cd "$from" && find . -type f) | while read -r file; do
  mkdir -p "$to/$(dirname "$file")"
  sed "s|@PREFIX@|$prefix|g" "$from/$file" >"$to/$file"
  if [ -x "$from/$file" ]; then chmod 755 "$to/$file"; else chmod 644 "$to/$file"; fi
done
