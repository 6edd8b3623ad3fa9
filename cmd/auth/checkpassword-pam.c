/* checkpassword-pam: see checkpassword-pam(8). */
#include <errno.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/env.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include "shared/checker.h"

#define USAGE "checkpassword-pam [-U] [-s service] [-d folder] program..."

char const *PROG = "checkpassword-pam";

typedef struct options {
  char const *service, *folder;
  bool become;
} options_t;

/* ---- the conversation ------------------------------------------------------------------------ */

typedef struct talk {
  char const *password;
  bool asked; /* there is one password, and one answer */
} talk_t;

static bool answer(talk_t *talk, struct pam_message const *message, struct pam_response *response) {
  if (message->msg_style == PAM_TEXT_INFO || message->msg_style == PAM_ERROR_MSG) return true;
  if (message->msg_style != PAM_PROMPT_ECHO_OFF || talk->asked) return false;
  talk->asked = true;
  response->resp = strdup(talk->password);
  return response->resp;
}

static void responses_free(struct pam_response *responses, int count) {
  for (int i = 0; i < count; i++) {
    if (responses[i].resp) explicit_bzero(responses[i].resp, strlen(responses[i].resp));
    free(responses[i].resp);
  }
  free(responses);
}

static int converse(int count, struct pam_message const **messages, struct pam_response **responses,
                    void *data) {
  if (count <= 0 || count > PAM_MAX_NUM_MSG) return PAM_CONV_ERR;
  struct pam_response *const made = calloc((size_t)count, sizeof *made);
  if (!made) return PAM_BUF_ERR;
  for (int i = 0; i < count; i++)
    if (!answer(data, messages[i], &made[i])) {
      responses_free(made, count);
      return PAM_CONV_ERR;
    }
  *responses = made;
  return PAM_SUCCESS;
}

static void delay_nothing(int status, unsigned int microseconds, void *data) {
  (void)status, (void)microseconds, (void)data;
}

/* ---- the check ------------------------------------------------------------------------------- */

/* Those that say that this user cannot log in with this password; all others are our own trouble.
 */
static int const refusals[] = {PAM_AUTH_ERR,     PAM_USER_UNKNOWN,    PAM_MAXTRIES,
                               PAM_PERM_DENIED,  PAM_ACCT_EXPIRED,    PAM_NEW_AUTHTOK_REQD,
                               PAM_CRED_EXPIRED, PAM_AUTHTOK_EXPIRED, PAM_CRED_INSUFFICIENT,
                               PAM_CONV_ERR};

static _Noreturn void refuse(pam_handle_t *pam, int status) {
  char const *const reason = pam_strerror(pam, status);
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
    if (status == refusals[i]) {
      pam_end(pam, status);
      _exit(CHECKER_WRONG);
    }
  strerr_dief2x(CHECKER_TEMPORARY, "PAM: ", reason);
}

static pam_handle_t *begin(options_t const *options, char const *login,
                           struct pam_conv const *conversation) {
  pam_handle_t *pam = NULL;
  int const status = options->folder ? pam_start_confdir(options->service, login, conversation,
                                                         options->folder, &pam)
                                     : pam_start(options->service, login, conversation, &pam);
  if (status != PAM_SUCCESS) strerr_dief2x(CHECKER_TEMPORARY, "PAM: ", pam_strerror(pam, status));
  return pam;
}

/* PAM takes the function as an object, which ISO C has no cast for. */
static void set_items(pam_handle_t *pam) {
  char const *const host = ucspi_get("REMOTEIP");
  union {
    void (*function)(int, unsigned int, void *);
    void const *item;
  } const delay = {delay_nothing};
  int status = pam_set_item(pam, PAM_FAIL_DELAY, delay.item);
  if (status == PAM_SUCCESS && host) status = pam_set_item(pam, PAM_RHOST, host);
  if (status != PAM_SUCCESS) strerr_dief2x(CHECKER_TEMPORARY, "PAM: ", pam_strerror(pam, status));
}

/* Dies unless the login may pass. Writes the name that it has in the end. */
static void check(options_t const *options, credentials_t const *credentials,
                  char name[CREDENTIALS_MAX]) {
  talk_t talk = {.password = credentials->secret};
  struct pam_conv const conversation = {.conv = converse, .appdata_ptr = &talk};
  void const *user = NULL;
  pam_handle_t *const pam = begin(options, credentials->login, &conversation);
  set_items(pam);
  int status = pam_authenticate(pam, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
  if (status == PAM_SUCCESS) status = pam_acct_mgmt(pam, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
  if (status == PAM_SUCCESS) status = pam_get_item(pam, PAM_USER, &user);
  if (status != PAM_SUCCESS) refuse(pam, status);
  if (!user || strlen(user) >= CREDENTIALS_MAX)
    strerr_dief1x(CHECKER_TEMPORARY, "PAM: no name, or one too long");
  strcpy(name, user);
  pam_end(pam, PAM_SUCCESS);
}

/* ---- who it is ------------------------------------------------------------------------------- */

static _Noreturn void pass(char const *name, options_t const *options, char const *const *argv) {
  checker_account_t account = {.name = name, .has_groups = true};
  errno = 0;
  struct passwd const *const entry = getpwnam(name);
  if (!entry && errno && errno != ENOENT && errno != ESRCH)
    strerr_diefu2sys(CHECKER_TEMPORARY, "look up ", name);
  if (entry) {
    account.home = entry->pw_dir;
    account.shell = entry->pw_shell;
    account.uid = entry->pw_uid;
    account.gid = entry->pw_gid;
  }
  if (options->become) checker_become(&account);
  checker_pass(&account, argv);
}

/* PAM wants passwords: a digest cannot be checked. */
static void check_mechanism(void) {
  char const *const mechanism = getenv("SASL_MECHANISM");
  if (mechanism && (!strcmp(mechanism, "CRAM-MD5") || !strcmp(mechanism, "APOP")))
    strerr_dief2x(CHECKER_TEMPORARY, "PAM cannot check ", mechanism);
}

static void options_read(options_t *options, int argc, char const *const **argv) {
  subgetopt state = SUBGETOPT_ZERO;
  for (int option; (option = subgetopt_r(argc, *argv, "Us:d:h", &state)) != -1;) switch (option) {
    case 'U': options->become = true; break;
    case 's': options->service = state.arg; break;
    case 'd': options->folder = state.arg; break;
    default: checker_usage(option, USAGE);
    }
  *argv += state.ind;
  if (!**argv || strchr(options->service, '/')) checker_usage('?', USAGE);
}

int main(int argc, char const *const *argv) {
  options_t options = {.service = "chainmail"};
  credentials_t credentials;
  char name[CREDENTIALS_MAX];
  options_read(&options, argc, &argv);
  check_mechanism();
  checker_read(&credentials);
  if (!*credentials.login || !*credentials.secret) return CHECKER_WRONG;
  check(&options, &credentials, name);
  credentials_wipe(&credentials);
  pass(name, &options, argv);
}
