/* Words taken apart. */
#include "../unit.h"
#include "dsn/internal.h"

static struct {
  dsn_action_t action;
  char const *status, *remote, *words;                /* as they came */
  char const *told_status, *told_remote, *told_words; /* as they are told */
  bool is_reply;
} const cases[] = {
    {DSN_FAILED, 0, 0, 0, "5.0.0", 0, "", false},
    {DSN_FAILED, 0, 0, "550 5.1.1 no", "5.1.1", 0, "550 5.1.1 no", false},
    {DSN_FAILED, 0, "mx", "550 5.1.1 no", "5.1.1", "mx", "550 5.1.1 no", true},
    {DSN_FAILED, 0, "mx", "550-5.1.1 no", "5.1.1", "mx", "550-5.1.1 no", true},
    {DSN_FAILED, 0, "mx", "550", "5.0.0", "mx", "550", true},
    {DSN_FAILED, 0, "mx", "5.10.100", "5.10.100", "mx", "5.10.100", false},
    {DSN_FAILED, 0, "mx", "550 no 5.1.1", "5.0.0", "mx", "550 no 5.1.1", true},
    {DSN_FAILED, 0, "mx", "5500 no", "5.0.0", "mx", "5500 no", false},
    {DSN_FAILED, 0, 0, "mx said: 550 5.1.1 no", "5.1.1", "mx", "550 5.1.1 no", true},
    {DSN_FAILED, 0, 0, "mx said: hello", "5.0.0", "mx", "hello", false},
    {DSN_FAILED, 0, 0, "5.7.0 mx said: 550 5.1.1 no", "5.7.0", "mx", "550 5.1.1 no", true},
    {DSN_FAILED, 0, 0, "550 5.7.0 mx said: 550 no", "5.7.0", "mx", "550 no", true},
    {DSN_FAILED, 0, "other", "mx said: 550 no", "5.0.0", "other", "550 no", true},
    {DSN_FAILED, 0, 0, "550 5.1.1 mx[192.0.2.1] said: no", "5.1.1", "mx[192.0.2.1]", "550 5.1.1 no",
     true},
    {DSN_FAILED, 0, 0, "550 mx[192.0.2.1] said: 5.1.1", "5.1.1", "mx[192.0.2.1]", "550 5.1.1",
     true},
    {DSN_FAILED, 0, 0, "550 5.1.1 mx said: ", "5.1.1", "mx", "550 5.1.1 ", true},
    {DSN_FAILED, 0, 0, "5.3.2 mx[192.0.2.1] said: 554 5.7.1 no", "5.3.2", "mx[192.0.2.1]",
     "554 5.7.1 no", true},
    {DSN_DELAYED, 0, 0, "4.4.1 mx[192.0.2.1]: timed out", "4.4.1", 0,
     "4.4.1 mx[192.0.2.1]: timed out", false},
    {DSN_FAILED, 0, 0, "he said: no", "5.0.0", "he", "no", false},
    {DSN_FAILED, 0, 0, "so he said: no", "5.0.0", 0, "so he said: no", false},
    {DSN_FAILED, 0, 0, " said: no", "5.0.0", 0, " said: no", false},
    {DSN_FAILED, "5.2.2", 0, "550 5.1.1 no", "5.2.2", 0, "550 5.1.1 no", false},
    {DSN_FAILED, "5.2.2 ", 0, "550 5.1.1 no", "5.1.1", 0, "550 5.1.1 no", false},
    {DSN_FAILED, "5.2.2222", 0, "", "5.0.0", 0, "", false},
    {DSN_FAILED, "2.0.0", 0, "", "5.0.0", 0, "", false},
    {DSN_FAILED, "4.4.7", 0, "", "4.4.7", 0, "", false},
    {DSN_DELAYED, 0, 0, "550 5.1.1 no", "4.0.0", 0, "550 5.1.1 no", false},
    {DSN_DELAYED, 0, 0, "4.4.1 no", "4.4.1", 0, "4.4.1 no", false},
    {DSN_RELAYED, 0, "mx", "250 2.6.0 ok", "2.6.0", "mx", "250 2.6.0 ok", true},
    {DSN_DELIVERED, 0, 0, "", "2.0.0", 0, "", false},
};

int main(void) {
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    dsn_result_t const result = {.action = cases[i].action,
                                 .recipient = "a@b",
                                 .status = cases[i].status,
                                 .words = cases[i].words,
                                 .remote = cases[i].remote};
    dsn_view_t view;
    dsn_view_init(&view, &result);
    char const *remote = cases[i].told_remote ? cases[i].told_remote : "";
    CHECK_STR(cases[i].words ? cases[i].words : "no words", view.status, cases[i].told_status);
    CHECK_MEM("host", view.remote ? view.remote : "", view.remote_len, remote, strlen(remote));
    char words[256];
    int const len = snprintf(words, sizeof words, "%.*s%.*s", (int)view.codes_len, view.codes,
                             (int)view.words_len, view.words);
    CHECK_MEM("words", words, (size_t)len, cases[i].told_words, strlen(cases[i].told_words));
    CHECK_INT("reply", view.is_reply, cases[i].is_reply);
  }
  return unit_done();
}
