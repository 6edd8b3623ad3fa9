#include <string.h>

#include "spf/evaluation.h"

static spf_string_t string_of(char const *s) {
  return (spf_string_t){.s = s, .len = strlen(s)};
}

/* How well a name of the client serves for %{p} (7.3): itself, below the domain, any. */
static bool serves(char const *name, char const *domain, unsigned int choice) {
  bool is_under = spf_name_is_under(name, domain);
  bool is_same = is_under && strlen(name) == strlen(domain);
  return choice == 0 ? is_same : choice == 1 ? is_under && !is_same : !is_under;
}

/* The question for the PTR records counts as a lookup (4.6.4), once. */
static char const *client_name(spf_evaluation_t *evaluation) {
  if (!evaluation->has_client_names && !evaluation->is_explaining) evaluation->report->lookups++;
  spf_find_client_names(evaluation);
  for (unsigned int choice = 0; choice < 3; choice++)
    for (size_t i = 0; i < evaluation->client_names_count; i++) {
      spf_client_name_t *name = evaluation->client_names + i;
      if (serves(name->name, evaluation->domain, choice) &&
          spf_validate_client_name(evaluation, name))
        return name->name;
    }
  return "unknown";
}

/* A local part in UTF-8 has no place in a name or a text: terms that use it do not match (RFC 8616
   section 4). */
bool spf_macro_value(void *data, char letter, spf_string_t *value) {
  spf_evaluation_t *evaluation = data;
  char const *receiver = evaluation->query->receiver;
  if (evaluation->has_utf8_local && (letter == 's' || letter == 'l')) return false;
  switch (letter) {
  case 's': *value = string_of(evaluation->sender); break;
  case 'l': *value = evaluation->local; break;
  case 'o': *value = evaluation->sender_domain; break;
  case 'd': *value = string_of(evaluation->domain); break;
  case 'i': *value = string_of(evaluation->ip_macro); break;
  case 'p': *value = string_of(client_name(evaluation)); break;
  case 'v': *value = string_of(ip46_is6(&evaluation->ip) ? "ip6" : "in-addr"); break;
  case 'h': *value = string_of(evaluation->helo); break;
  case 'c': *value = string_of(evaluation->ip_text); break;
  case 'r': *value = string_of(receiver ? receiver : "unknown"); break;
  case 't': *value = string_of(evaluation->now); break;
  default: return false;
  }
  return true;
}
