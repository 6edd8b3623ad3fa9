#include <string.h>
#include <strings.h>

#include "sasl/sasl.h"

sasl_mechanism_entry_t const sasl_mechanism_table[SASL_MECHANISMS] = {
    [SASL_PLAIN] = {"PLAIN", .shows_secret = true},
    [SASL_LOGIN] = {"LOGIN", .shows_secret = true},
    [SASL_CRAM_MD5] = {"CRAM-MD5", .has_no_initial = true},
    [SASL_SCRAM_SHA_1] = {.name = "SCRAM-SHA-1"},
    [SASL_SCRAM_SHA_1_PLUS] = {"SCRAM-SHA-1-PLUS", .binds_channel = true},
    [SASL_SCRAM_SHA_256] = {.name = "SCRAM-SHA-256"},
    [SASL_SCRAM_SHA_256_PLUS] = {"SCRAM-SHA-256-PLUS", .binds_channel = true},
    [SASL_EXTERNAL] = {"EXTERNAL", .needs_certificate = true},
    [SASL_OAUTHBEARER] = {"OAUTHBEARER", .shows_secret = true},
    [SASL_XOAUTH2] = {"XOAUTH2", .shows_secret = true},
};

static bool is_named(char const *name, char const *s, size_t len) {
  return strlen(name) == len && !strncasecmp(name, s, len);
}

sasl_mechanism_t sasl_mechanism_find(char const *name, size_t len) {
  sasl_mechanism_t mechanism = 0;
  while (mechanism < SASL_MECHANISMS && !is_named(sasl_mechanism_table[mechanism].name, name, len))
    mechanism++;
  return mechanism;
}

bool sasl_name_listed(char const *list, char const *name) {
  static char const blanks[] = " \t";
  for (char const *word = list + strspn(list, blanks); *word; word += strspn(word, blanks)) {
    size_t const len = strcspn(word, blanks);
    if (is_named(name, word, len)) return true;
    word += len;
  }
  return false;
}

bool sasl_mechanism_listed(char const *list, sasl_mechanism_t mechanism) {
  return mechanism < SASL_MECHANISMS &&
         sasl_name_listed(list, sasl_mechanism_table[mechanism].name);
}

bool sasl_mechanism_fits(sasl_mechanism_t mechanism, sasl_channel_t const *channel) {
  sasl_mechanism_entry_t const *entry = &sasl_mechanism_table[mechanism];
  if (entry->shows_secret && !channel->tls && !channel->clear_text) return false;
  if (entry->binds_channel && !(channel->tls && channel->end_point)) return false;
  return !entry->needs_certificate || (channel->tls && channel->certificate);
}

bool sasl_mechanism_offered(char const *list, sasl_mechanism_t mechanism,
                            sasl_channel_t const *channel) {
  return sasl_mechanism_listed(list, mechanism) && sasl_mechanism_fits(mechanism, channel);
}
