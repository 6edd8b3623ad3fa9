# shellcheck shell=sh
# _exim.sh: Exim's SMTP client, run from where it was unpacked (build/peers/exim4), as no one
# special: nss_wrapper lends it the user that Debian compiled into it.

# make_exim FOLDER PORT: the program, and a configuration that sends all mail to that port.
make_exim() {
  EXIM=$1
  peer=$(cd "$PEERS/exim4" && pwd)
  EXIM_UID=$(id -u)
  [ "$EXIM_UID" -ne 0 ] || EXIM_UID=65534
  mkdir -p "$EXIM/spool" "$EXIM/log" "$EXIM/lib"
  # Copies: the user that Exim runs as may not reach the checkout.
  cp "$peer/usr/sbin/exim4" "$EXIM/exim"
  find "$peer" -name '*.so*' -exec cp -P {} "$EXIM/lib" \;
  echo "Debian-exim:x:$EXIM_UID:$EXIM_UID::/:/bin/false" >"$EXIM/passwd"
  echo "Debian-exim:x:$EXIM_UID:" >"$EXIM/group"
  cat >"$EXIM/conf" <<END
exim_path = $EXIM/exim
primary_hostname = client.example
spool_directory = $EXIM/spool
log_file_path = $EXIM/log/%s
keep_environment = LD_LIBRARY_PATH : LD_PRELOAD : ^NSS_WRAPPER
local_from_check = false
untrusted_set_sender = *
message_size_limit = 100M
begin routers
all:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = smtp
begin transports
smtp:
  driver = smtp
  port = $2
  allow_localhost
  hosts_try_chunking = *
  message_linelength_limit = 1000000
END
  if is_root; then
    chown -R "$EXIM_UID:$EXIM_UID" "$EXIM"
    chmod 711 "$(dirname "$EXIM")"
  fi
}

with_exim() { # with_exim FILE RECIPIENT
  file=$1
  recipient=$2
  set -- env LD_LIBRARY_PATH="$EXIM/lib" LD_PRELOAD=libnss_wrapper.so \
    NSS_WRAPPER_PASSWD="$EXIM/passwd" NSS_WRAPPER_GROUP="$EXIM/group" \
    "$EXIM/exim" -C "$EXIM/conf" -odf -oi -f "$FROM" "$recipient"
  if is_root; then
    set -- setpriv --reuid "$EXIM_UID" --regid "$EXIM_UID" --clear-groups "$@"
  fi
  "$@" <"$file" && grep -q "=> $recipient " "$EXIM/log/main"
}
