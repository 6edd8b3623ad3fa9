/* lib/keyd: signatures that OpenSSL verifies, folders of certificates, sessions, messages. */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../unit.h"
#include "keyd/keyd.h"
#include "openssl.h"

#define QUIET " 2>/dev/null"

static char const p256[] = "ec -pkeyopt ec_paramgen_curve:P-256";
static char const p384[] = "ec -pkeyopt ec_paramgen_curve:P-384";

/* Makes chain and key, for names such as DNS:a.example,DNS:b.example. */
static void make(char const *chain, char const *key, char const *algorithm, char const *names,
                 int days) {
  run("openssl req -x509 -newkey %s -nodes -keyout new.key -out new.crt -days %d -subj / -addext "
      "subjectAltName=%s" QUIET,
      algorithm, days, names);
  run("mv new.crt %s && %s new.key %s %s", chain, strcmp(chain, key) ? "mv" : "cat",
      strcmp(chain, key) ? "" : ">>", key);
}

/* ---- signatures ------------------------------------------------------------------------------ */

static struct {
  keyd_scheme_t scheme;
  char const *name, *digest, *options;
  size_t hash_len;
} const schemes[] = {
    {KEYD_RSA_PKCS1_SHA256, "PKCS#1 SHA-256", "sha256", "", 32},
    {KEYD_RSA_PKCS1_SHA384, "PKCS#1 SHA-384", "sha384", "", 48},
    {KEYD_RSA_PKCS1_SHA512, "PKCS#1 SHA-512", "sha512", "", 64},
#define PSS "-pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:digest"
    {KEYD_RSA_PSS_SHA256, "PSS SHA-256", "sha256", PSS, 32},
    {KEYD_RSA_PSS_SHA384, "PSS SHA-384", "sha384", PSS, 48},
    {KEYD_RSA_PSS_SHA512, "PSS SHA-512", "sha512", PSS, 64},
    {KEYD_ECDSA_SHA256, "ECDSA SHA-256", "sha256", "", 32},
    {KEYD_ECDSA_SHA384, "ECDSA SHA-384", "sha384", "", 48},
    {KEYD_ECDSA_SHA512, "ECDSA SHA-512", "sha512", "", 64},
};

#define SCHEMES (sizeof schemes / sizeof *schemes)

static unsigned char const hash[64] =
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde";

static void file_write(char const *name, void const *bytes, size_t len) {
  FILE *const file = fopen(name, "w");
  if (!file || fwrite(bytes, 1, len, file) != len || fclose(file)) abort();
}

static void check_signature(char const *title, cert_pair_t const *pair, size_t scheme) {
  unsigned char signature[KEYD_SIGNATURE_MAX];
  char name[128];
  size_t len = 0;
  snprintf(name, sizeof name, "%s: %s", title, schemes[scheme].name);
  CHECK_INT(
      name,
      keyd_sign_with(pair, schemes[scheme].scheme, hash, schemes[scheme].hash_len, signature, &len),
      0);
  file_write("hash", hash, schemes[scheme].hash_len);
  file_write("signature", signature, len);
  snprintf(name, sizeof name, "%s: OpenSSL verifies %s", title, schemes[scheme].name);
  char command[512];
  snprintf(command, sizeof command,
           "openssl pkeyutl -verify -certin -inkey pair.pem -in hash -sigfile signature -pkeyopt "
           "digest:%s %s >/dev/null 2>&1",
           schemes[scheme].digest, schemes[scheme].options);
  CHECK(name, system(command) == 0);
}

static void test_signatures(char const *title, char const *algorithm) {
  static cert_pair_t pair;
  cert_files_t const files = {"pair", "pair.pem", NULL};
  unsigned char signature[KEYD_SIGNATURE_MAX];
  size_t len, other = 0;
  make("pair.pem", "pair.pem", algorithm, "DNS:x.example", 3);
  CHECK_STR(title, cert_pair_read(&pair, &files), NULL);
  for (size_t i = 0; i < SCHEMES; i++)
    if (keyd_can_sign(pair.key.type, schemes[i].scheme))
      check_signature(title, &pair, i);
    else
      other = i;
  CHECK_INT(
      "a scheme of another kind",
      keyd_sign_with(&pair, schemes[other].scheme, hash, schemes[other].hash_len, signature, &len),
      -1);
  CHECK_INT("is refused", errno, EINVAL);
  CHECK_INT("a hash of another length",
            keyd_sign_with(&pair, schemes[pair.key.type == CERT_RSA ? 0 : 8].scheme, hash, 20,
                           signature, &len),
            -1);
}

/* A key whose factor is damaged makes signatures that would tell the other. */
static void test_fault(void) {
  static cert_pair_t pair;
  cert_files_t const files = {"pair", "pair.pem", NULL};
  unsigned char signature[KEYD_SIGNATURE_MAX] = {0};
  size_t len;
  make("pair.pem", "pair.pem", "rsa:2048", "DNS:x.example", 3);
  if (cert_pair_read(&pair, &files)) abort();
  pair.key.rsa.dp[9] ^= 1;
  CHECK_INT("a faulty RSA signature",
            keyd_sign_with(&pair, KEYD_RSA_PSS_SHA256, hash, 32, signature, &len), -1);
  CHECK("is not given away", !signature[0] && !signature[1] && !signature[100]);
}

/* ---- choosing -------------------------------------------------------------------------------- */

static uint16_t const ecdsa_first[] = {KEYD_ECDSA_SHA256, KEYD_RSA_PSS_SHA256};
static uint16_t const rsa_first[] = {KEYD_RSA_PKCS1_SHA256, KEYD_ECDSA_SHA256};
static uint16_t const rsa_only[] = {KEYD_RSA_PKCS1_SHA256};
static uint16_t const p384_only[] = {KEYD_ECDSA_SHA384};
#define LIST(schemes) schemes, sizeof(schemes) / sizeof *(schemes)

static keyd_identity_t identity;

/* The first name of the certificate that is chosen, with its key's type, or "none". */
static char const *choose(keyd_store_t *store, char const *name, uint16_t const *list, size_t count,
                          int strict) {
  static char text[300];
  cert_names_t names;
  cert_bytes_t one;
  if (keyd_store_choose(store, name, list, count, strict, &identity) < 0)
    return errno == ENOENT ? "none" : "error";
  cert_names_begin(&names, identity.chain[0].der, identity.chain[0].len);
  if (!cert_names_next(&names, &one)) return "nameless";
  snprintf(text, sizeof text, "%.*s %s", (int)one.len, one.at,
           cert_key_type_name((cert_key_type_t)identity.type));
  return text;
}

/* What the store says of its changes. */
static char changes[4096];
static void note(void *data, keyd_change_t change, cert_files_t const *files,
                 cert_pair_t const *pair, char const *reason) {
  static char const *const words[] = {"added", "replaced", "removed", "refused"};
  (void)data;
  char const *const base = strrchr(files->chain, '/');
  size_t const len = strlen(changes);
  snprintf(changes + len, sizeof changes - len, "%s %s %s\n", words[change],
           base ? base : files->chain, reason ? reason : "");
  if (!pair == (change != KEYD_REFUSED)) abort();
}

static keyd_store_t *open_store(char const *path, char const *me) {
  char const *reason = "";
  changes[0] = 0;
  keyd_store_t *const store = keyd_store_open(path, me, note, NULL, &reason);
  if (!store) fprintf(stderr, "  %s: %s\n", path, reason);
  return store;
}

static void test_choosing(void) {
  run("mkdir c");
  make("c/a.rsa.pem", "c/a.rsa.pem", "rsa:2048", "DNS:a.example", 9);
  make("c/a.ecdsa.pem", "c/a.ecdsa.pem", p256, "DNS:a.example,DNS:b.example", 9);
  make("c/wild.pem", "c/wild.key", p256, "DNS:*.net.example", 9);
  make("c/exact.crt", "c/exact.key", p256, "DNS:exact.net.example", 9);
  make("c/default.pem", "c/default.pem", "rsa:2048", "DNS:me.example", 9);
  run("mkdir -p c/live/lineage c/certs; cp c/a.rsa.pem c/live/README");
  make("c/live/lineage/fullchain.pem", "c/live/lineage/privkey.pem", p384, "DNS:lineage.example",
       9);
  keyd_store_t *const store = open_store("c", NULL);
  CHECK("a folder", store);
  CHECK_STR("ECDSA if it comes first", choose(store, "a.example", LIST(ecdsa_first), 0),
            "a.example P-256");
  CHECK_STR("RSA if it comes first", choose(store, "a.example", LIST(rsa_first), 0),
            "a.example RSA");
  CHECK_STR("RSA if there is nothing else", choose(store, "A.Example", LIST(rsa_only), 0),
            "a.example RSA");
  CHECK_STR("one of several names", choose(store, "b.example", LIST(ecdsa_first), 1),
            "a.example P-256");
  CHECK_STR("a wildcard", choose(store, "x.net.example", LIST(ecdsa_first), 1),
            "*.net.example P-256");
  CHECK_STR("exact before wildcard", choose(store, "exact.net.example", LIST(ecdsa_first), 1),
            "exact.net.example P-256");
  CHECK_STR("certbot's folder", choose(store, "lineage.example", LIST(p384_only), 1),
            "lineage.example P-384");
  CHECK_STR("P-384 with SHA-256, in TLS 1.2",
            choose(store, "lineage.example", LIST(ecdsa_first), 1), "lineage.example P-384");
  CHECK_STR("an unknown name: the default", choose(store, "no.example", LIST(rsa_only), 0),
            "me.example RSA");
  CHECK_STR("an unknown name, strict", choose(store, "no.example", LIST(rsa_only), 1), "none");
  CHECK_STR("no name: the default", choose(store, "", LIST(rsa_only), 1), "me.example RSA");
  CHECK_STR("no name at all", choose(store, NULL, LIST(rsa_only), 1), "me.example RSA");
  CHECK_STR("nothing that the client can do", choose(store, "a.example", NULL, 0, 0), "none");
  CHECK_STR("names are no paths", choose(store, "../c/a.example", LIST(rsa_only), 1), "none");
  keyd_store_close(store);
}

static void test_default(void) {
  run("rm c/default.pem");
  keyd_store_t *store = open_store("c", "x.net.example");
  CHECK_STR("the default: that of this host", choose(store, "", LIST(ecdsa_first), 0),
            "*.net.example P-256");
  keyd_store_close(store);
  store = open_store("c", "no.example");
  CHECK_STR("the default: the first", choose(store, "", LIST(ecdsa_first), 0), "a.example P-256");
  CHECK_STR("the default: its sister too", choose(store, "", LIST(rsa_only), 0), "a.example RSA");
  keyd_store_close(store);
  store = open_store("c/live/lineage", NULL);
  CHECK("a lineage's own folder", store);
  keyd_store_close(store);
  store = open_store("c/exact.crt", NULL);
  CHECK("a file, its key beside it", store);
  keyd_store_close(store);
}

/* An expired certificate stands behind one that is not. */
static void test_expired(void) {
  run("mkdir e");
  make("e/old.pem", "e/old.pem", p256, "DNS:a.example", 9);
  run("openssl req -new -newkey rsa:2048 -nodes -keyout e/new.key -subj /CN=a.example -out "
      "csr" QUIET);
  run("openssl x509 -req -in csr -signkey e/new.key -days 9 -out e/new.pem" QUIET);
  run("mv e/old.pem key.pem; openssl ca -help >/dev/null 2>&1; mkdir -p ca/new; : >ca/index; echo "
      "01 >ca/serial");
  run("printf "
      "'[ca]\\ndefault_ca=x\\n[x]\\ndatabase=ca/index\\nserial=ca/serial\\nnew_certs_dir=ca/new\\n"
      "default_md=sha256\\npolicy=p\\nunique_subject=no\\n[p]\\ncommonName=optional\\n' >ca/conf");
  run("openssl req -new -key key.pem -subj /CN=a.example -out csr" QUIET);
  run("openssl ca -batch -config ca/conf -selfsign -keyfile key.pem -in csr -out e/old.pem -notext "
      "-startdate 20200101000000Z -enddate 20210101000000Z" QUIET);
  run("openssl pkey -in key.pem >>e/old.pem");
  keyd_store_t *const store = open_store("e", NULL);
  CHECK_STR("a valid one before an expired one", choose(store, "a.example", LIST(ecdsa_first), 0),
            "a.example RSA");
  uint16_t const ecdsa[] = {KEYD_ECDSA_SHA256};
  CHECK_STR("an expired one before none", choose(store, "a.example", LIST(ecdsa), 0),
            "a.example P-256");
  keyd_store_close(store);
}

/* ---- changes --------------------------------------------------------------------------------- */

/* True as soon as the store has told this, for a minute at most. */
static bool is_told(keyd_store_t *store, char const *change) {
  for (int tries = 0; tries < 3000; tries++) {
    struct timespec const pause = {.tv_nsec = 20000000};
    keyd_store_refresh(store);
    if (strstr(changes, change)) return true;
    nanosleep(&pause, NULL);
  }
  fprintf(stderr, "  never told: %s; told:\n%s", change, changes);
  return false;
}

static int sign(keyd_store_t *store, unsigned char const *id) {
  unsigned char signature[KEYD_SIGNATURE_MAX];
  size_t len;
  return keyd_store_sign(store, id, KEYD_ECDSA_SHA256, hash, 32, signature, &len);
}

static void test_renewal(void) {
  unsigned char old[KEYD_ID_SIZE];
  run("mkdir r && echo nonsense >r/bad.pem");
  make("r/x.pem", "r/x.key", p256, "DNS:x.example", 9);
  keyd_store_t *const store = open_store("r", NULL);
  CHECK("a bad file is told", strstr(changes, "refused /bad.pem no certificate in it"));
  CHECK_STR("and the good one serves", choose(store, "x.example", LIST(ecdsa_first), 1),
            "x.example P-256");
  memcpy(old, identity.id, sizeof old);

  make("r/new.tmp", "r/new.key.tmp", p256, "DNS:x.example", 9);
  changes[0] = 0;
  run("mv r/new.tmp r/x.pem");
  CHECK("half a renewal is refused", is_told(store, "refused /x.pem the private key is not that"));
  choose(store, "x.example", LIST(ecdsa_first), 1);
  CHECK_MEM("the old pair stays", (char *)identity.id, sizeof old, (char *)old, sizeof old);
  CHECK("a bad file is told once", !strstr(changes, "bad.pem"));
  run("mv r/new.key.tmp r/x.key");
  CHECK("a whole one replaces it", is_told(store, "replaced /x.pem"));
  choose(store, "x.example", LIST(ecdsa_first), 1);
  CHECK("the new pair is chosen", memcmp(identity.id, old, sizeof old));
  CHECK_INT("it signs", sign(store, identity.id), 0);
  CHECK_INT("the old one still signs", sign(store, old), 0);
  memcpy(old, identity.id, sizeof old);

  make("r/y.pem", "r/y.pem", p256, "DNS:y.example", 9);
  run("rm r/x.pem");
  CHECK("another one comes", is_told(store, "added /y.pem"));
  CHECK("one goes", is_told(store, "removed /x.pem"));
  CHECK_STR("it is chosen no more", choose(store, "x.example", LIST(ecdsa_first), 1), "none");
  CHECK_INT("it still signs", sign(store, old), 0);
  changes[0] = 0;
  run("mv r r.away");
  keyd_store_reread(store);
  keyd_store_reread(store);
  CHECK_STR("a folder that has gone takes nothing away",
            choose(store, "y.example", LIST(ecdsa_first), 1), "y.example P-256");
  CHECK_STR("is told, and once", changes, "refused r No such file or directory\n");
  run("mv r.away r");
  keyd_store_reread(store);
  run("mv r r.away");
  changes[0] = 0;
  keyd_store_reread(store);
  CHECK_STR("and told again", changes, "refused r No such file or directory\n");
  keyd_store_close(store);
}

/* Descriptors are lower than this from now on; returns how low they were. */
static rlim_t limit_files(rlim_t most) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) abort();
  rlim_t const before = limit.rlim_cur;
  limit.rlim_cur = most;
  if (setrlimit(RLIMIT_NOFILE, &limit) < 0) abort();
  return before;
}

static void test_shortage(void) {
  run("mkdir s");
  make("s/x.pem", "s/x.pem", p256, "DNS:x.example", 9);
  keyd_store_t *const store = open_store("s", NULL);
  make("x.tmp", "x.tmp", p256, "DNS:x.example", 9);
  run("mv x.tmp s/x.pem");
  changes[0] = 0;
  char want[128];
  snprintf(want, sizeof want, "refused /x.pem %s\n", strerror(EMFILE));
  int const next = dup(0);
  close(next);
  rlim_t const before = limit_files((rlim_t)next + 1);
  keyd_store_reread(store);
  keyd_store_reread(store);
  limit_files(before);
  CHECK_STR("no descriptor but for the folder", changes, want);
  changes[0] = 0;
  keyd_store_reread(store);
  CHECK_STR("a renewal is not forgotten for that", changes, "replaced /x.pem \n");
  keyd_store_close(store);
}

static void test_nothing(void) {
  char const *reason = "";
  run("mkdir n");
  CHECK("an empty folder", !keyd_store_open("n", NULL, NULL, NULL, &reason));
  CHECK_STR("has a reason", reason, "there is no certificate");
  CHECK("no folder", !keyd_store_open("nowhere", NULL, NULL, NULL, &reason));
  CHECK_STR("has another", reason, "No such file or directory");
  run("mkdir m && cd m && touch $(seq -f %%g.pem 4097)");
  CHECK("too many files", !keyd_store_open("m", NULL, NULL, NULL, &reason));
  CHECK_STR("have one, too", reason, "there are too many files in it");
  run("openssl genrsa -aes128 -passout pass:x >n/x.key" QUIET "; cp e/new.pem n/x.pem");
  CHECK("an encrypted key", !keyd_store_open("n", NULL, NULL, NULL, &reason));
  CHECK("is called so", strstr(reason, "encrypted"));
}

static void test_file(void) {
  keyd_t keyd;
  char const *reason = "";
  unsigned char signature[KEYD_SIGNATURE_MAX];
  size_t len = 1;
  CHECK_INT("a file of one's own", keyd_open_file(&keyd, "c/wild.pem", &reason), 0);
  CHECK_INT("is chosen", keyd_choose(&keyd, "a.net.example", LIST(ecdsa_first), 1, &identity), 0);
  CHECK_INT("and signs",
            keyd_sign(&keyd, identity.id, KEYD_ECDSA_SHA256, hash, 32, signature, &len), 0);
  CHECK_INT("keeps no session", keyd_session_put(&keyd, hash, 32, hash, 64), 0);
  CHECK_INT("and has none", keyd_session_get(&keyd, hash, 32, signature, &len), -1);
  keyd_close(&keyd);
}

/* ---- sessions -------------------------------------------------------------------------------- */

static cert_bytes_t bytes_of(char const *s) {
  return (cert_bytes_t){(unsigned char const *)s, strlen(s)};
}

/* The session of this key, or "none". */
static char const *session_of(keyd_sessions_t *sessions, size_t part, uint32_t now,
                              char const *key) {
  static unsigned char session[KEYD_SESSION_MAX + 1];
  size_t len;
  if (keyd_sessions_get(sessions, part, now, bytes_of(key), session, &len) < 0) return "none";
  session[len] = 0;
  return (char const *)session;
}

static void test_sessions(void) {
  keyd_sessions_t *const sessions = keyd_sessions_new(2, 16, 100);
  keyd_sessions_put(sessions, 0, 10, bytes_of("a"), bytes_of("first"));
  keyd_sessions_put(sessions, 1, 10, bytes_of("a"), bytes_of("second"));
  CHECK_STR("a session", session_of(sessions, 0, 11, "a"), "first");
  CHECK_STR("a peer has its own", session_of(sessions, 1, 11, "a"), "second");
  CHECK_STR("no session", session_of(sessions, 0, 11, "b"), "none");
  keyd_sessions_put(sessions, 0, 20, bytes_of("a"), bytes_of("third"));
  CHECK_STR("a new one of the same key", session_of(sessions, 0, 21, "a"), "third");
  CHECK_STR("just before its end", session_of(sessions, 0, 119, "a"), "third");
  CHECK_STR("its end", session_of(sessions, 0, 120, "a"), "none");
  CHECK_STR("it does not come back", session_of(sessions, 0, 21, "a"), "none");
  CHECK_INT("dropping", keyd_sessions_drop(sessions, 1, bytes_of("a")), 0);
  CHECK_INT("dropping twice", keyd_sessions_drop(sessions, 1, bytes_of("a")), -1);
  CHECK_STR("dropped", session_of(sessions, 1, 11, "a"), "none");
  keyd_sessions_put(sessions, 1, 10, bytes_of("mine"), bytes_of("kept"));
  char key[16];
  int found = 0;
  for (int i = 0; i < 1000; i++) {
    snprintf(key, sizeof key, "%d", i);
    keyd_sessions_put(sessions, 0, (uint32_t)(10 + i / 100), bytes_of(key), bytes_of(key));
  }
  CHECK_STR("the last of many is there", session_of(sessions, 0, 20, "999"), "999");
  for (int i = 0; i < 1000; i++) {
    snprintf(key, sizeof key, "%d", i);
    found += !strcmp(session_of(sessions, 0, 20, key), key);
  }
  CHECK("and as many as there is room for", found > 8 && found <= 16);
  CHECK_STR("another peer's are not pushed out", session_of(sessions, 1, 20, "mine"), "kept");
  keyd_sessions_sweep(sessions, 1000);
  CHECK_STR("swept", session_of(sessions, 1, 20, "mine"), "none");
}

_Noreturn static void put_for_ever(keyd_sessions_t *sessions) {
  for (;;) keyd_sessions_put(sessions, 0, 1, bytes_of("child"), bytes_of("child's"));
}

/* A process that dies at any time keeps no other one waiting. */
static void test_killed(void) {
  keyd_sessions_t *const sessions = keyd_sessions_new(1, 64, 100);
  for (int i = 0; i < 50; i++) {
    struct timespec const pause = {.tv_nsec = 1000000 + 10000 * i};
    pid_t const pid = fork();
    if (!pid) put_for_ever(sessions);
    nanosleep(&pause, NULL);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    alarm(60);
    keyd_sessions_put(sessions, 0, 1, bytes_of("mine"), bytes_of("mine"));
  }
  alarm(0);
  CHECK_STR("sessions after a process was killed", session_of(sessions, 0, 1, "mine"), "mine");
}

/* ---- messages -------------------------------------------------------------------------------- */

static int parse(keyd_request_t *request, char const *bytes, size_t len) {
  return keyd_request_parse(request, (unsigned char const *)bytes, len);
}

static void test_requests(void) {
  unsigned char bytes[KEYD_REQUEST_MAX];
  keyd_request_t request = {.operation = KEYD_CHOOSE,
                            .name = "a.example",
                            .strict = true,
                            .count = 2,
                            .schemes = {0x0403, 0x0804}},
                 got;
  size_t len = keyd_request_write(bytes, &request);
  CHECK_MEM("choose", (char *)bytes, len, "c\1\11a.example\2\4\3\10\4", 17);
  CHECK_INT("choose: is parsed", keyd_request_parse(&got, bytes, len), 0);
  CHECK_STR("choose: the name", got.name, "a.example");
  CHECK("choose: the rest", got.strict && got.count == 2 && got.schemes[1] == 0x0804);
  CHECK_INT("a cut one", keyd_request_parse(&got, bytes, len - 1), -1);
  CHECK_INT("a longer one", keyd_request_parse(&got, bytes, len + 1), -1);
  request = (keyd_request_t){
      .operation = KEYD_PUT, .key = bytes_of("key"), .session = bytes_of("session")};
  len = keyd_request_write(bytes, &request);
  CHECK_MEM("put", (char *)bytes, len, "p\3keysession", 12);
  CHECK_INT("put: is parsed", keyd_request_parse(&got, bytes, len), 0);
  CHECK_MEM("put: the session", (char const *)got.session.at, got.session.len, "session", 7);
  CHECK_INT("no bytes", parse(&got, "", 0), -1);
  CHECK_INT("an unknown operation", parse(&got, "x", 1), -1);
  CHECK_INT("a name with a NUL", parse(&got, "c\0\1\0\0", 5), -1);
  CHECK_INT("too many schemes", parse(&got, "c\0\0\41", 4), -1);
  CHECK_INT("no key", parse(&got, "g\0", 2), -1);
  CHECK_INT("no session", parse(&got, "p\1a", 3), -1);
}

static void test_answers(void) {
  static unsigned char bytes[KEYD_ANSWER_MAX];
  static keyd_identity_t got;
  keyd_store_t *const store = open_store("c", NULL);
  choose(store, "lineage.example", LIST(p384_only), 1);
  size_t const len = keyd_identity_write(bytes, &identity);
  CHECK_INT("identity: is parsed", keyd_identity_parse(&got, bytes, len), 0);
  CHECK_INT("identity: its type", got.type, KEYD_EC_P384);
  CHECK_MEM("identity: its leaf", (char const *)got.chain[0].der, got.chain[0].len,
            (char const *)identity.chain[0].der, identity.chain[0].len);
  CHECK_INT("a cut one", keyd_identity_parse(&got, bytes, len - 1), -1);
  CHECK_INT("a longer one", keyd_identity_parse(&got, bytes, len + 1), -1);
  bytes[33] = 9;
  CHECK_INT("too many certificates", keyd_identity_parse(&got, bytes, len), -1);
  CHECK_INT("a status", keyd_status_error(keyd_status(EPERM)), EPERM);
  CHECK_INT("success", keyd_status(0), 0);
  CHECK_INT("an unknown status", keyd_status_error(200), EPROTO);
  keyd_store_close(store);
}

/* ---- the client ------------------------------------------------------------------------------ */

/* What a tls-keyd says to one question after another, on one connection until it closes that. */
typedef struct script {
  char const *bytes; /* NULL: it closes the connection instead */
  size_t len;        /* 0: it says nothing */
} script_t;

#define SAYS(s) ((script_t){s, sizeof(s) - 1})
#define SILENCE ((script_t){"", 0})
#define CLOSES  ((script_t){NULL, 0})

_Noreturn static void play(int listening, script_t const *script, size_t count) {
  unsigned char question[KEYD_REQUEST_MAX];
  int fd = -1;
  for (size_t i = 0; i < count; i++) {
    if (fd < 0) fd = accept(listening, NULL, NULL);
    if (script[i].bytes && recv(fd, question, sizeof question, 0) > 0 && script[i].len)
      send(fd, script[i].bytes, script[i].len, MSG_NOSIGNAL);
    if (script[i].bytes) continue;
    close(fd);
    fd = -1;
  }
  for (;;) pause();
}

static pid_t player;

static void begin_play(keyd_t *keyd, script_t const *script, size_t count) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
  int const fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  unlink("socket");
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 9) < 0) abort();
  player = fork();
  if (!player) play(fd, script, count);
  close(fd);
  keyd_open(keyd, "socket", 60000);
}

static void end_play(keyd_t *keyd) {
  keyd_close(keyd);
  kill(player, SIGKILL);
  waitpid(player, NULL, 0);
}

/* 0, or the error. */
static int get(keyd_t *keyd) {
  unsigned char session[8];
  size_t len = sizeof session;
  return keyd_session_get(keyd, hash, 9, session, &len) < 0 ? errno : 0;
}

static void test_reconnecting(void) {
  keyd_t keyd;
  script_t const restarted[] = {SAYS("\0session"), CLOSES, SAYS("\0again")};
  script_t const broken[] = {CLOSES, CLOSES, CLOSES};
  keyd_open(&keyd, "nobody", 60000);
  CHECK_INT("nobody is there", get(&keyd), ECONNREFUSED);
  begin_play(&keyd, restarted, 3);
  CHECK_INT("an answer", get(&keyd), 0);
  CHECK_INT("a restarted tls-keyd", get(&keyd), 0);
  end_play(&keyd);
  begin_play(&keyd, broken, 3);
  CHECK_INT("one that only ends connections", get(&keyd), ECONNRESET);
  end_play(&keyd);
}

static void test_refusals(void) {
  keyd_t keyd;
  script_t const refusing[] = {SAYS("\3"), CLOSES, SAYS("\4"), CLOSES, SAYS("\1"), SAYS("\0")};
  begin_play(&keyd, refusing, 6);
  CHECK_INT("one that does not serve us", get(&keyd), EPERM);
  CHECK_INT("one that serves too many", get(&keyd), EAGAIN);
  CHECK_INT("no session", get(&keyd), ENOENT);
  CHECK_INT("an empty one", get(&keyd), 0);
  end_play(&keyd);
}

static void test_bad_answers(void) {
  keyd_t keyd;
  script_t const wrong[] = {SAYS("\0too long a session"), CLOSES, SAYS("\77"), CLOSES,
                            SAYS("\0no identity"),        CLOSES, SILENCE};
  begin_play(&keyd, wrong, 7);
  CHECK_INT("a session without room for it", get(&keyd), EPROTO);
  CHECK_INT("a status that nobody knows", get(&keyd), EPROTO);
  CHECK_INT("no identity", keyd_choose(&keyd, "a", LIST(rsa_only), 0, &identity), -1);
  CHECK_INT("is no good", errno, EPROTO);
  keyd.timeout = 50;
  CHECK_INT("one that says nothing", get(&keyd), ETIMEDOUT);
  end_play(&keyd);
}

static int64_t milliseconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * INT64_C(1000) + time.tv_nsec / 1000000;
}

/* Without the deadline it would be asked for ten minutes. */
static void test_deadline(void) {
  keyd_t keyd;
  script_t const silent[] = {SILENCE};
  begin_play(&keyd, silent, 1);
  keyd.timeout = 600000;
  keyd.deadline = milliseconds() + 50;
  CHECK_INT("an answer that comes too late for all", get(&keyd), ETIMEDOUT);
  CHECK_INT("the next one is not waited for", get(&keyd), ETIMEDOUT);
  end_play(&keyd);
}

int main(void) {
  folder_make();
  test_signatures("RSA-2048", "rsa:2048");
  test_signatures("RSA-2049", "rsa:2049");
  test_signatures("RSA-4096", "rsa:4096");
  test_signatures("P-256", p256);
  test_signatures("P-384", p384);
  test_fault();
  test_choosing();
  test_default();
  test_expired();
  test_renewal();
  test_shortage();
  test_nothing();
  test_file();
  test_sessions();
  test_killed();
  test_requests();
  test_answers();
  test_reconnecting();
  test_refusals();
  test_bad_answers();
  test_deadline();
  folder_remove();
  return unit_done();
}
