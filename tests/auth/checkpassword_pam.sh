#!/bin/sh
# checkpassword-pam, with PAM's own modules and a service of the test's: pam_exec asks a script.
# shellcheck disable=SC1091 # shunit2 is found in PATH

. "$(dirname "$0")/../_needs.sh"

command -v checkpassword-pam >/dev/null || skip_all 'no PAM here: checkpassword-pam was not built'

setUp() {
  FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/pam.XXXXXX")
  unset SASL_MECHANISM PROTO
  # pam_exec gives it the password and a NUL, and the name in PAM_USER.
  cat >"$FOLDER/ask" <<END
#!/bin/sh
password=\$(tr -d '\\000')
echo "\$PAM_USER \$PAM_RHOST" >>"$FOLDER/asked"
[ "\$PAM_USER=\$password" = 'alice=secret' ] || [ "\$PAM_USER=\$password" = 'root=secret' ]
END
  chmod 755 "$FOLDER/ask" "$FOLDER"
}

tearDown() {
  [ -z "${FOLDER:-}" ] || rm -rf "$FOLDER"
  FOLDER=
}

# service ACCOUNT-MODULE: the service "chainmail". What pam_exec's script refuses is a system error to
# it, so the verdict is pam_deny's.
service() {
  cat >"$FOLDER/chainmail" <<END
auth    [success=1 default=ignore] pam_exec.so expose_authtok quiet $FOLDER/ask
auth    requisite pam_deny.so
auth    required pam_permit.so
account required $1
END
}

check() { # check LOGIN PASSWORD PROGRAM...
  printf '%s\0%s\0\0' "$1" "$2" >"$FOLDER/credentials"
  shift 2
  # shellcheck disable=SC2086 # words
  checkpassword-pam -d "$FOLDER" ${OPTIONS-} "$@" 3<"$FOLDER/credentials"
}

assertLogin() { # assertLogin CODE LOGIN PASSWORD
  check "$2" "$3" true 2>"$FOLDER/errors"
  assertEquals "$2 with $3: $(cat "$FOLDER/errors")" "$1" $?
}

testWhoGetsIn() {
  service pam_permit.so
  assertLogin 0 alice secret
  assertLogin 1 alice Secret
  assertLogin 1 bob secret
  assertLogin 1 alice ''
  assertLogin 1 '' secret
}

testTheAccountMustBeGood() {
  service pam_deny.so
  assertLogin 1 alice secret
}

# pam_debug gives what it is told.
testWhatModulesSay() {
  for verdict in auth=user_unknown auth=perm_denied acct=acct_expired acct=new_authtok_reqd \
    acct=cred_expired; do
    printf 'auth required pam_debug.so %s\naccount required pam_debug.so %s\n' $verdict $verdict \
      >"$FOLDER/chainmail"
    assertLogin 1 alice secret
  done
  for verdict in auth=authinfo_unavail auth=system_err acct=buf_err; do
    printf 'auth required pam_debug.so %s\naccount required pam_debug.so %s\n' $verdict $verdict \
      >"$FOLDER/chainmail"
    assertLogin 111 alice secret
  done
  printf 'auth required pam_debug.so\naccount required pam_debug.so\n' >"$FOLDER/chainmail"
  assertLogin 0 alice secret
}

testNoService() {
  assertLogin 111 alice secret
  service pam_permit.so
  OPTIONS='-s other'
  assertLogin 111 alice secret
  printf 'auth required pam_nosuch.so\n' >"$FOLDER/other"
  assertLogin 111 alice secret
  OPTIONS=
}

testAnotherService() {
  service pam_deny.so
  sed 's/pam_deny/pam_permit/' "$FOLDER/chainmail" >"$FOLDER/other"
  OPTIONS='-s other'
  assertLogin 0 alice secret
  OPTIONS='-s ../other'
  assertLogin 2 alice secret
  OPTIONS=
}

testModulesAreToldWhereTheClientIs() {
  service pam_permit.so
  PROTO=TCP TCPREMOTEIP=192.0.2.7 check alice secret true
  assertEquals 'alice 192.0.2.7' "$(cat "$FOLDER/asked")"
}

testDigestsCannotBeChecked() {
  service pam_permit.so
  for mechanism in CRAM-MD5 APOP; do
    SASL_MECHANISM=$mechanism check alice secret true 2>/dev/null
    assertEquals $mechanism 111 $?
  done
  SASL_MECHANISM=PLAIN check alice secret true
  assertEquals 0 $?
}

facts() {
  HOME=/stale UID=8 GID=9 AUTH_SENDERS='*' check "$1" secret python3 -c '
import os
names = "USER HOME SHELL UID GID AUTH_SENDERS"
print(",".join(os.environ.get(name, "-") for name in names.split()))'
}

testFacts() {
  service pam_permit.so
  assertEquals 'alice,-,/bin/false,-,-,-' "$(facts alice)"
  assertEquals "root,$(getent passwd root | cut -d : -f 6,7 | tr : ,),-,-,-" "$(facts root)"
}

testNobodyBecomesRoot() {
  service pam_permit.so
  OPTIONS=-U
  assertLogin 111 root secret
  assertLogin 111 alice secret
  OPTIONS=
}

testBecomesTheUser() {
  is_root || { skip 'only root can become another'; return; }
  service pam_permit.so
  sed -i 's/alice=secret/daemon=secret/' "$FOLDER/ask"
  OPTIONS=-U
  assertEquals "$(id -u daemon) $(id -g daemon) $(id -G daemon)" \
    "$(check daemon secret sh -c 'echo "$(id -u) $(id -g) $(id -G)"')"
  OPTIONS=
}

testMisuse() {
  checkpassword-pam true 3<&- 2>/dev/null
  assertEquals 2 $?
  checkpassword-pam 3</dev/null 2>/dev/null
  assertEquals 2 $?
  checkpassword-pam -d "$FOLDER" true 3</dev/null 2>/dev/null
  assertEquals 2 $?
}

. shunit2
