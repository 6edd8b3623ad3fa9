#include "spf/evaluation.h"

/* What a client's PTR records make us ask is not the domain's doing: it counts for nothing. */

void spf_find_client_names(spf_evaluation_t *evaluation) {
  char name[DNS_NAME_MAX + 1];
  dns_answer_t const *answer;
  if (evaluation->has_client_names) return;
  evaluation->has_client_names = true;
  if (dns_reverse_name(name, &evaluation->ip, NULL) < 0 ||
      spf_ask(evaluation, &answer, name, DNS_PTR) != SPF_MATCH)
    return;
  for (size_t i = 0; i < answer->count && i < SPF_NAMES_MAX; i++)
    evaluation->client_names[evaluation->client_names_count++] =
        (spf_client_name_t){.name = answer->records[i].data, .state = SPF_NAME_UNKNOWN};
}

static bool has_our_address(spf_evaluation_t *evaluation, char const *name) {
  dns_answer_t const *answer;
  if (!*name) return false;
  spf_ask(evaluation, &answer, name, spf_address_type(evaluation));
  for (size_t i = 0; i < answer->count; i++)
    if (spf_address_matches(evaluation, &answer->records[i].ip, 128)) return true;
  return false;
}

bool spf_validate_client_name(spf_evaluation_t *evaluation, spf_client_name_t *name) {
  if (name->state == SPF_NAME_UNKNOWN)
    name->state = has_our_address(evaluation, name->name) ? SPF_NAME_VALID : SPF_NAME_INVALID;
  return name->state == SPF_NAME_VALID;
}
