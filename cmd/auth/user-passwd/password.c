#include "password.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <termios.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

/* A client does them at each login, on a telephone too. */
#define ITERATIONS_DEFAULT 100000
#define ITERATIONS_MIN     4096 /* RFC 7677, section 4 */
#define SALT_SIZE          16

/* sha512crypt's and bcrypt's own defaults are of another time. */
static password_method_t const methods[] = {
    {"yescrypt", "$y$", 0, USERS_PASSWORD_MAX},
    {"sha512crypt", "$6$", 100000, USERS_PASSWORD_MAX},
    {"sha256crypt", "$5$", 100000, USERS_PASSWORD_MAX},
    {"bcrypt", "$2b$", 10, 72},
    {"none", NULL, 0, USERS_PASSWORD_MAX},
};

/* ---- options --------------------------------------------------------------------------------- */

void password_settings_init(password_settings_t *settings) {
  *settings = (password_settings_t){
      .fd = -1, .method = methods, .cost = methods->cost, .iterations = ITERATIONS_DEFAULT};
}

static bool fd_option(password_settings_t *settings, char const *argument) {
  return int0_scan(argument, &settings->fd) && settings->fd >= 0;
}

static bool method_option(password_settings_t *settings, char const *argument) {
  size_t const len = strcspn(argument, ":");
  for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
    if (strlen(methods[i].name) != len || memcmp(methods[i].name, argument, len)) continue;
    settings->method = &methods[i];
    settings->cost = methods[i].cost;
    return !argument[len] ||
           (methods[i].prefix && ulong0_scan(argument + len + 1, &settings->cost));
  }
  return false;
}

static bool iterations_option(password_settings_t *settings, char const *argument) {
  uint32_t *const iterations = &settings->iterations;
  return uint320_scan(argument, iterations) &&
         (!*iterations || (*iterations >= ITERATIONS_MIN && *iterations <= USERS_ITERATIONS_MAX));
}

bool password_option(password_settings_t *settings, int option, char const *argument) {
  switch (option) {
  case 'p': return fd_option(settings, argument);
  case 'm': return method_option(settings, argument);
  case 'i': return iterations_option(settings, argument);
  case '1': return settings->sha1 = true;
  case 'P': return settings->plain = true;
  default: return false;
  }
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* Reads a line without its newline, a byte at a time: what follows is not ours. While it waits,
   signals are blocked as mask says; NULL: as they are. False: errno (EMSGSIZE: it does not fit). */
static bool line_read(char *line, size_t size, int fd, sigset_t const *mask) {
  struct pollfd ready = {.fd = fd, .events = POLLIN};
  size_t len = 0;
  for (;;) {
    if (mask && ppoll(&ready, 1, NULL, mask) < 0) return false;
    ssize_t const count = read(fd, line + len, 1);
    if (count < 0) return false;
    if (!count || line[len] == '\n') break;
    if (++len == size) return errno = EMSGSIZE, false;
  }
  line[len] = 0;
  return true;
}

static void interrupted(int signal) {
  (void)signal;
}

static int const signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
#define SIGNALS (sizeof signals / sizeof *signals)

typedef struct signals_before {
  struct sigaction actions[SIGNALS];
  sigset_t mask;
} signals_before_t;

/* Signals end a wait, so that the terminal is not left without echo; those that come before it do,
   too. */
static void signals_catch(signals_before_t *before) {
  struct sigaction const action = {.sa_handler = interrupted};
  sigset_t blocked;
  sigemptyset(&blocked);
  for (size_t i = 0; i < SIGNALS; i++) sigaddset(&blocked, signals[i]);
  sigprocmask(SIG_BLOCK, &blocked, &before->mask);
  for (size_t i = 0; i < SIGNALS; i++) sigaction(signals[i], &action, &before->actions[i]);
}

static void signals_restore(signals_before_t const *before) {
  for (size_t i = 0; i < SIGNALS; i++) sigaction(signals[i], &before->actions[i], NULL);
  sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

static bool prompt(int terminal, char const *const question[3], char *line, size_t size) {
  struct termios before, silent;
  signals_before_t signals_before;
  if (tcgetattr(terminal, &before) < 0) return false;
  silent = before;
  silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
  silent.c_cc[VSUSP] = _POSIX_VDISABLE;
  signals_catch(&signals_before);
  bool good = tcsetattr(terminal, TCSAFLUSH, &silent) == 0;
  for (size_t i = 0; good && i < 3; i++)
    good = allwrite(terminal, question[i], strlen(question[i])) == strlen(question[i]);
  good = good && line_read(line, size, terminal, &signals_before.mask);
  int const error = errno;
  tcsetattr(terminal, TCSAFLUSH, &before);
  allwrite(terminal, "\n", 1);
  signals_restore(&signals_before);
  return errno = error, good;
}

static _Noreturn void die_unread(char const *from) {
  if (errno == EMSGSIZE) strerr_dief1x(100, "a password has at most 254 bytes");
  if (errno == EINTR) strerr_dief1x(111, "interrupted");
  strerr_diefu2sys(111, "read the password from ", from);
}

static void terminal_ask(password_t *password, char const *name) {
  char again[sizeof password->text];
  int const terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (terminal < 0) strerr_diefu1sys(111, "open the terminal (-p reads a descriptor)");
  if (!prompt(terminal, (char const *[3]){"Password of ", name, ": "}, password->text,
              sizeof password->text) ||
      !prompt(terminal, (char const *[3]){"Once more", "", ": "}, again, sizeof again))
    die_unread("the terminal");
  close(terminal);
  bool const same = !strcmp(password->text, again);
  explicit_bzero(again, sizeof again);
  if (!same) strerr_dief1x(100, "these are two passwords: nothing was changed");
}

void password_ask(password_t *password, password_settings_t const *settings, char const *name) {
  if (settings->fd < 0)
    terminal_ask(password, name);
  else if (!line_read(password->text, sizeof password->text, settings->fd, NULL))
    die_unread("the descriptor");
  size_t const len = strlen(password->text);
  if (!users_password_valid(password->text, len))
    strerr_dief1x(100, "a password is 1 to 254 bytes of UTF-8 without control characters");
  if (len > settings->method->longest)
    strerr_dief2x(100, settings->method->name, " looks at no more than 72 bytes");
}

/* ---- keeping --------------------------------------------------------------------------------- */

void password_hash(password_t *password, password_settings_t const *settings) {
  static struct crypt_data data;
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  *password->hash = 0;
  if (!settings->method->prefix) return;
  char const *const made =
      crypt_gensalt_rn(settings->method->prefix, settings->cost, NULL, 0, setting, sizeof setting);
  if (!made && errno == EINVAL)
    strerr_dief3x(100, "not a cost of ", settings->method->name,
                  ", or the library does not know it");
  char const *const hash = made ? crypt_rn(password->text, setting, &data, sizeof data) : NULL;
  if (!hash) strerr_diefu1sys(111, "make the hash");
  strcpy(password->hash, hash);
  explicit_bzero(&data, sizeof data);
}

static void scram_set(users_scram_t *scram, br_hash_class const *hash, password_t const *password,
                      uint32_t iterations) {
  *scram = (users_scram_t){.iterations = iterations, .salt_len = SALT_SIZE};
  if (!iterations) return;
  if (getrandom(scram->salt, SALT_SIZE, 0) != SALT_SIZE) strerr_diefu1sys(111, "get random bytes");
  users_scram_make(scram, hash, password->text, strlen(password->text));
}

void password_set(users_user_t *user, password_t const *password,
                  password_settings_t const *settings) {
  user->hash = *password->hash ? password->hash : NULL;
  user->plain = settings->plain ? password->text : NULL;
  scram_set(&user->scram_sha256, &br_sha256_vtable, password, settings->iterations);
  scram_set(&user->scram_sha1, &br_sha1_vtable, password,
            settings->sha1 ? settings->iterations : 0);
}

void password_wipe(password_t *password) {
  explicit_bzero(password, sizeof *password);
}
