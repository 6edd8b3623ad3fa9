#include <string.h>

#include "mime/mime.h"
#include "submission.h"

/* What an address list comes to. */
typedef struct summary {
  size_t count, own;
  char address[SMTP_ADDRESS_MAX + 1]; /* the first, or the first that is not the login's */
} summary_t;

static void count_address(summary_t *summary, char const *address, rules_t const *rules) {
  bool const own =
      !rules->user || smtp_sender_allowed(rules->senders, rules->user, rules->me, address);
  bool const first_foreign = !own && summary->own == summary->count;
  if (!summary->count || first_foreign) memcpy(summary->address, address, strlen(address) + 1);
  summary->count++;
  if (own) summary->own++;
}

/* False if the field is no list of addresses that SMTP could carry, or too long a one. */
static bool summarize(summary_t *summary, field_t const *field, rules_t const *rules) {
  mime_list_t list;
  mime_mailbox_t mailbox;
  smtp_path_t path;
  size_t consumed;
  int found;
  *summary = (summary_t){.count = 0};
  mime_list_begin(&list, field->value, field->len);
  while ((found = mime_list_next(&list, &mailbox)) > 0) {
    unsigned int const allow = SMTP_PATH_BARE | SMTP_PATH_UTF8_OK;
    if (summary->count == MAILBOXES_MAX) return false;
    if (smtp_path_parse(&path, mailbox.address, mailbox.len, allow, &consumed)) return false;
    if (consumed != mailbox.len) return false;
    count_address(summary, path.address, rules);
  }
  return !found && summary->count;
}

static problem_t judge_form(head_t const *head, rules_t const *rules) {
  if (head->broken) return PROBLEM_BROKEN;
  if (head->too_many_cuts) return PROBLEM_TOO_MANY_CUTS;
  if (!head->fields[FIELD_FROM].count) return PROBLEM_NO_FROM;
  if (head->fields[FIELD_FROM].count > 1) return PROBLEM_MANY_FROM;
  if (head->fields[FIELD_SENDER].count > 1) return PROBLEM_MANY_SENDER;
  if (rules->at_once && head->too_often) return PROBLEM_TOO_OFTEN;
  if (rules->lines && head->long_line) return PROBLEM_LONG_LINE;
  return PROBLEM_NONE;
}

static void accuse(judgement_t *judgement, problem_t problem, summary_t const *summary) {
  if (judgement->problem) return;
  judgement->problem = problem;
  memcpy(judgement->address, summary->address, sizeof summary->address);
}

/* Judges whom the message is from: all of these addresses, or where they are several and sender
   tells who of them it was, one of them. */
static void judge_owner(judgement_t *judgement, summary_t const *from, summary_t const *sender) {
  bool const own_sender = sender->count && sender->own;
  bool const among = from->count > 1 && from->own && own_sender;
  judgement->has_own_sender = own_sender;
  if (from->own < from->count && !among) accuse(judgement, PROBLEM_FOREIGN_FROM, from);
  if (sender->own < sender->count) accuse(judgement, PROBLEM_FOREIGN_SENDER, sender);
}

/* Whom two fields name; the second one need not be there. */
typedef struct pair {
  summary_t from, sender;
} pair_t;

static void judge_pair(judgement_t *judgement, pair_t *pair, field_t const *from,
                       field_t const *sender, rules_t const *rules) {
  summary_t *const authors = &pair->from, *const agent = &pair->sender;
  *agent = (summary_t){.count = 0};
  if (!summarize(authors, from, rules)) accuse(judgement, PROBLEM_BAD_FROM, authors);
  if (sender->count && (!summarize(agent, sender, rules) || agent->count != 1))
    accuse(judgement, PROBLEM_BAD_SENDER, agent);
  if (judgement->problem) return;
  if (!sender->end) agent->own = agent->count; /* a link of ours has added it */
  memcpy(judgement->address, authors->address, sizeof authors->address);
}

/* Who resends a message is its sender: the first pair then need only be well formed. */
void head_judge(judgement_t *judgement, head_t const *head, rules_t const *rules) {
  field_t const *fields = head->fields;
  pair_t pair;
  *judgement = (judgement_t){.problem = judge_form(head, rules)};
  if (judgement->problem) return;
  judge_pair(judgement, &pair, &fields[FIELD_FROM], &fields[FIELD_SENDER], rules);
  if (!judgement->problem && rules->resent && fields[FIELD_RESENT_FROM].count)
    judge_pair(judgement, &pair, &fields[FIELD_RESENT_FROM], &fields[FIELD_RESENT_SENDER], rules);
  if (!judgement->problem && rules->user && !rules->anyone)
    judge_owner(judgement, &pair.from, &pair.sender);
}
