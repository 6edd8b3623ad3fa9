/* tls-check: see tls-check(1). */
#include "tls-check.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "../../shared/option.h"
#include "conf/conf.h"
#include "keyd/keyd.h"

#define USAGE     "tls-check [-jq] [-w days] [-c days] [-a file] [folder]"
#define DAYS_MAX  36500
#define FILES_MAX KEYD_FILES_MAX

char const *PROG = "tls-check";

/* ---- options --------------------------------------------------------------------------------- */

static void parse_options(settings_t *settings, int argc, char const *const *argv) {
  static char preset[4096];
  subgetopt state = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, argv, "hjqw:c:a:", &state)) != -1;) switch (option) {
    case 'j': settings->is_json = true; break;
    case 'q': settings->is_quiet = true; break;
    case 'w': settings->warning = option_number(option, state.arg, 0, DAYS_MAX); break;
    case 'c': settings->critical = option_number(option, state.arg, 0, DAYS_MAX); break;
    case 'a': settings->anchors = state.arg; break;
    default: strerr_dieusage(option == 'h' ? 0 : 100, USAGE);
    }
  if (argc - state.ind > 1) strerr_dieusage(100, USAGE);
  if (conf_path(preset, sizeof preset, "tls") < 0) strerr_diefu1sys(111, "find tls");
  settings->folder = state.ind < argc ? argv[state.ind] : preset;
}

/* ---- the default: whatever a client gets that names nothing ---------------------------------- */

static unsigned char defaults[3][KEYD_ID_SIZE];
static size_t defaults_count;

static char const *read_me(void) {
  static conf_t conf;
  char const *culprit;
  return conf_load(&conf, &culprit) == 0 ? conf.text[CONF_ME] : NULL;
}

static void find_defaults(char const *folder) {
  static uint16_t const schemes[] = {KEYD_RSA_PKCS1_SHA256, KEYD_ECDSA_SHA256, KEYD_ECDSA_SHA384};
  static keyd_identity_t identity;
  char const *reason;
  keyd_store_t *const store = keyd_store_open(folder, read_me(), NULL, NULL, &reason);
  if (!store) return;
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
    if (keyd_store_choose(store, "", &schemes[i], 1, 0, &identity) == 0)
      memcpy(defaults[defaults_count++], identity.id, KEYD_ID_SIZE);
  keyd_store_close(store);
}

static bool is_default(cert_pair_t const *pair) {
  for (size_t i = 0; i < defaults_count; i++)
    if (!memcmp(defaults[i], pair->id, sizeof pair->id)) return true;
  return false;
}

/* ---- pairs ----------------------------------------------------------------------------------- */

typedef struct list {
  size_t count, width; /* of the widest name */
  cert_files_t files[FILES_MAX];
} list_t;

static char *copy(char const *s) {
  char *const copied = strdup(s);
  if (!copied) strerr_diefu1sys(111, "get memory");
  return copied;
}

static int keep(void *data, cert_files_t const *files) {
  list_t *const list = data;
  size_t const len = strlen(files->name);
  if (list->count == FILES_MAX) strerr_dief1x(3, "too many files");
  if (len > list->width) list->width = len;
  list->files[list->count++] =
      (cert_files_t){copy(files->name), copy(files->chain), files->key ? copy(files->key) : NULL};
  return 0;
}

static int compare(void const *a, void const *b) {
  return strcmp(((cert_files_t const *)a)->chain, ((cert_files_t const *)b)->chain);
}

static verdict_t check(settings_t const *settings, cert_files_t const *files, int64_t now) {
  static cert_pair_t pair;
  static report_t report;
  char const *const wrong = cert_pair_read(&pair, files);
  report = (report_t){.name = files->name, .path = files->chain, .pair = wrong ? NULL : &pair};
  report.is_default = !wrong && is_default(&pair);
  inspect(&report, settings, files, wrong, now);
  cert_key_wipe(&pair.key);
  reports_add(&report);
  return report.verdict;
}

/* The worst of them. None at all is as bad as can be: nobody can be served. */
static verdict_t check_all(settings_t const *settings, list_t *list) {
  verdict_t worst = list->count ? VERDICT_OK : VERDICT_CRITICAL;
  int64_t const now = time(NULL);
  qsort(list->files, list->count, sizeof *list->files, compare);
  reports_begin(settings, list->width);
  for (size_t i = 0; i < list->count; i++) {
    verdict_t const verdict = check(settings, &list->files[i], now);
    if (verdict > worst) worst = verdict;
  }
  if (reports_end() < 0) strerr_diefu1sys(111, "write to standard output");
  if (!list->count) strerr_warnw2x("there is no certificate in ", settings->folder);
  return worst;
}

int main(int argc, char const *const *argv) {
  static settings_t settings = {.warning = 21, .critical = 7};
  static list_t list;
  parse_options(&settings, argc, argv);
  if (settings.anchors && anchors_read(settings.anchors) < 0)
    strerr_diefu2sys(VERDICT_UNKNOWN, "read ", settings.anchors);
  if (cert_folder_each(settings.folder, keep, &list) < 0)
    strerr_diefu2sys(VERDICT_UNKNOWN, "read ", settings.folder);
  find_defaults(settings.folder);
  return (int)check_all(&settings, &list);
}
