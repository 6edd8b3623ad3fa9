#include "spf/evaluation.h"

static bool is_ascii(char const *s, size_t len) {
  for (size_t i = 0; i < len; i++)
    if (s[i] & 0x80) return false;
  return true;
}

void spf_explain(spf_evaluation_t *evaluation, spf_term_t const *exp) {
  spf_report_t *report = evaluation->report;
  char target[DNS_NAME_MAX + 1];
  dns_answer_t const *answer;
  evaluation->is_explaining = true;
  if (spf_target(evaluation, target, exp) != SPF_MATCH ||
      spf_ask(evaluation, &answer, target, DNS_TXT) != SPF_MATCH || answer->count != 1)
    return;
  spf_string_t string = {.s = answer->records->data, .len = answer->records->len};
  spf_text_t text = spf_text(report->explanation, sizeof report->explanation);
  if (!is_ascii(string.s, string.len) || !spf_macro_string_valid(string, SPF_PLACE_EXPLANATION) ||
      !spf_macro_expand(&text, string, SPF_PLACE_EXPLANATION, spf_macro_value, evaluation))
    *report->explanation = 0;
}
