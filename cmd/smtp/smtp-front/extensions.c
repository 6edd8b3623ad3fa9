#include <errno.h>
#include <string.h>
#include <time.h>

#include <skalibs/types.h>

#include "session.h"

typedef struct extension_entry {
  char const *keyword;
  bool (*stands_ready)(session_t const *session); /* NULL: always */
  /* Writes what stands after the keyword, or nothing; NULL: nothing. */
  void (*describe)(session_t const *session, char *text);
} extension_entry_t;

#define DESCRIPTION_MAX (2 * AUTH_LIST_MAX)

static bool tls_stands_ready(session_t const *session) {
  return session->tls == TLS_OFFERED || session->tls == TLS_REQUIRED;
}

static bool xclient_stands_ready(session_t const *session) {
  return session->xclient_trusted;
}

static void describe_size(session_t const *session, char *text) {
  text[uint64_fmt(text, session_size_limit(session))] = 0;
}

static void describe_limits(session_t const *session, char *text) {
  text = stpcpy(text, "RCPTMAX=");
  text += uint64_fmt(text, session->conf.number[CONF_RECIPIENTS]);
  if (session->options.messages) {
    text = stpcpy(text, " MAILMAX=");
    text += uint64_fmt(text, session->options.messages);
  }
  *text = 0;
}

/* The form with = is that of drafts of RFC 2554, which clients of their time wait for. */
static void describe_auth(session_t const *session, char *text) {
  auth_list(session, text);
  if (!session->options.auth_equals) return;
  text = stpcpy(text + strlen(text), "\nAUTH=");
  auth_list(session, text);
}

static void describe_xclient(session_t const *session, char *text) {
  (void)session;
  strcpy(text, smtp_xclient_names);
}

static void describe_deliverby(session_t const *session, char *text) {
  uint64_t min = session->conf.number[CONF_DELIVER_BY_MIN];
  text[min ? uint64_fmt(text, min) : 0] = 0;
}

/* For those who may relay, or may do so when they have logged in: many ask for no second list then.
 */
static bool futurerelease_stands_ready(session_t const *session) {
  bool for_someone = session_may_relay(session) || auth_configured(session);
  return for_someone && !session->options.lmtp && session->conf.number[CONF_FUTURE_RELEASE_MAX];
}

static void describe_futurerelease(session_t const *session, char *text) {
  uint64_t max = session->conf.number[CONF_FUTURE_RELEASE_MAX];
  text += uint64_fmt(text, max);
  *text++ = ' ';
  smtp_date_time_format(text, (uint64_t)time(NULL) + max);
}

static extension_entry_t const extensions[EXTENSION_COUNT] = {
    [EXTENSION_PIPELINING] = {"PIPELINING", NULL, NULL},
    [EXTENSION_SIZE] = {"SIZE", NULL, describe_size},
    [EXTENSION_8BITMIME] = {"8BITMIME", NULL, NULL},
    [EXTENSION_SMTPUTF8] = {"SMTPUTF8", NULL, NULL},
    [EXTENSION_CHUNKING] = {"CHUNKING", NULL, NULL},
    [EXTENSION_DSN] = {"DSN", NULL, NULL},
    [EXTENSION_MT_PRIORITY] = {"MT-PRIORITY", NULL, NULL},
    [EXTENSION_DELIVERBY] = {"DELIVERBY", NULL, describe_deliverby},
    [EXTENSION_FUTURERELEASE] = {"FUTURERELEASE", futurerelease_stands_ready,
                                 describe_futurerelease},
    [EXTENSION_ENHANCEDSTATUSCODES] = {"ENHANCEDSTATUSCODES", NULL, NULL},
    [EXTENSION_LIMITS] = {"LIMITS", NULL, describe_limits},
    [EXTENSION_STARTTLS] = {"STARTTLS", tls_stands_ready, NULL},
    [EXTENSION_AUTH] = {"AUTH", auth_stands_ready, describe_auth},
    [EXTENSION_XCLIENT] = {"XCLIENT", xclient_stands_ready, describe_xclient},
    [EXTENSION_HELP] = {"HELP", NULL, NULL},
};

static int switch_off(options_t *options, char const *keyword, size_t len) {
  for (size_t i = 0; i < EXTENSION_COUNT; i++)
    if (smtp_word_is(keyword, len, extensions[i].keyword)) {
      options->off[i] = true;
      return 0;
    }
  return errno = EINVAL, -1;
}

int extensions_switch_off(options_t *options, char const *list) {
  for (;;) {
    size_t len = strcspn(list, ",");
    if (switch_off(options, list, len) < 0) return -1;
    if (!list[len]) return 0;
    list += len + 1;
  }
}

bool extension_offered(session_t const *session, extension_t extension) {
  extension_entry_t const *entry = &extensions[extension];
  if (session->options.off[extension]) return false;
  return !entry->stands_ready || entry->stands_ready(session);
}

void extensions_list(session_t const *session, char *text, size_t size) {
  char *end = stpncpy(text, session->conf.text[CONF_ME], size - 1);
  for (extension_t extension = 0; extension < EXTENSION_COUNT; extension++) {
    if (!extension_offered(session, extension)) continue;
    char line[DESCRIPTION_MAX + 32] = "\n", *at = stpcpy(line + 1, extensions[extension].keyword);
    if (extensions[extension].describe) {
      *at = ' ';
      extensions[extension].describe(session, at + 1);
      if (!at[1]) *at = 0;
    }
    size_t len = strlen(line);
    if (len >= size - (size_t)(end - text)) break;
    memcpy(end, line, len);
    end += len;
  }
  *end = 0;
}
