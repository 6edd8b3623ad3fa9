#include <string.h>
#include <sys/wait.h>

#include <skalibs/types.h>

#include "chain/chain.h"

void chain_reader_init(chain_reader_t *reader) {
  reader->recipient = NULL;
  reader->data = NULL;
  reader->has_accept = reader->has_refusal = reader->record_cut = false;
  reader->facts_len = reader->facts_count = reader->record_len = 0;
}

/* Keeps NAME=value, the later of two of one name too: who reads the facts takes the last. */
static void take_fact(chain_reader_t *reader, char const *fact, size_t len) {
  char const *equals = memchr(fact, '=', len);
  if (!equals || reader->record_cut || reader->facts_count == CHAIN_FACTS_MAX) return;
  if (!chain_fact_allowed(fact, (size_t)(equals - fact))) return;
  if (len + 1 > CHAIN_FACTS_BYTES - reader->facts_len) return;
  memcpy(reader->facts + reader->facts_len, fact, len);
  reader->facts_len += len;
  reader->facts[reader->facts_len++] = 0;
  reader->facts_count++;
}

static bool is_kind(char c) {
  return c == CHAIN_ACCEPT || c == CHAIN_DEFER || c == CHAIN_REJECT;
}

/* R<index> D|Z|K<text> */
static void take_recipient(chain_reader_t *reader, char const *s, size_t len) {
  size_t index, n = size_scan(s, &index);
  if (!n || n + 2 > len || s[n] != ' ' || !is_kind(s[n + 1])) return;
  chain_verdict_t verdict;
  chain_verdict_parse(&verdict, (chain_kind_t)s[n + 1], s + n + 2, len - n - 2);
  if (reader->recipient) reader->recipient(reader->data, index, &verdict);
}

static void take_verdict(chain_reader_t *reader, char const *s, size_t len) {
  bool accept = s[0] == CHAIN_ACCEPT;
  *(accept ? &reader->has_accept : &reader->has_refusal) = true;
  chain_verdict_parse(accept ? &reader->accept : &reader->refusal, (chain_kind_t)s[0], s + 1,
                      len - 1);
}

static void take_record(chain_reader_t *reader) {
  char *s = reader->record;
  size_t len = reader->record_len;
  s[len] = 0; /* the scanners stop there */
  if (!len) return;
  if (s[0] == '+')
    take_fact(reader, s + 1, len - 1);
  else if (s[0] == 'R')
    take_recipient(reader, s + 1, len - 1);
  else if (is_kind(s[0]))
    take_verdict(reader, s, len);
  reader->record_len = 0;
  reader->record_cut = false;
}

void chain_reader_feed(chain_reader_t *reader, char const *bytes, size_t len) {
  for (size_t i = 0; i < len; i++) {
    bool fact = reader->record_len && reader->record[0] == '+';
    if (!bytes[i] || (bytes[i] == '\n' && !fact))
      take_record(reader);
    else if (reader->record_len < sizeof reader->record - 1)
      reader->record[reader->record_len++] = bytes[i];
    else
      reader->record_cut = true;
  }
}

void chain_reader_end(chain_reader_t *reader) {
  take_record(reader);
}

/* The text that fits an exit code, where the link gave none. */
static void say(chain_verdict_t *verdict, chain_kind_t kind, char const *enhanced,
                char const *text) {
  verdict->kind = kind;
  verdict->code = 0;
  strcpy(verdict->enhanced, enhanced);
  strcpy(verdict->text, text);
}

/* qmail-queue's exit codes that say more than permanent or temporary. */
static struct exit_text {
  int code;
  char const *enhanced;
  char const *text;
} const exit_texts[] = {
    {11, "5.1.3", "envelope address too long"},
    {CHAIN_EXIT_REFUSED, "5.7.1", "message refused"},
    {CHAIN_EXIT_MEMORY, "4.3.0", "out of memory"},
    {CHAIN_EXIT_TIMEOUT, "4.3.0", "timed out"},
    {CHAIN_EXIT_WRITE, "4.3.1", "cannot write the message, disk full perhaps"},
    {CHAIN_EXIT_READ, "4.3.0", "cannot read the message"},
    {CHAIN_EXIT_CONFIG, "4.3.5", "cannot read the configuration"},
    {CHAIN_EXIT_QUEUE, "4.3.0", "no queue"},
    {CHAIN_EXIT_DEFERRED, "4.7.1", "message refused for now"},
    {CHAIN_EXIT_ENVELOPE, "4.3.0", "bad envelope"},
    {CHAIN_EXIT_EXEC, "4.3.5", "cannot run the mail chain"},
    {126, "4.3.5", "cannot run the mail chain"},
    {127, "4.3.5", "cannot run the mail chain"},
};

static void say_exit(chain_verdict_t *verdict, int code) {
  chain_kind_t kind = code >= 11 && code <= 40 ? CHAIN_REJECT : CHAIN_DEFER;
  for (size_t i = 0; i < sizeof exit_texts / sizeof *exit_texts; i++)
    if (exit_texts[i].code == code) {
      say(verdict, kind, exit_texts[i].enhanced, exit_texts[i].text);
      return;
    }
  say(verdict, kind, kind == CHAIN_REJECT ? "5.3.0" : "4.3.0",
      kind == CHAIN_REJECT ? "message refused" : "mail system trouble, try again later");
}

void chain_reader_verdict(chain_reader_t const *reader, int wait_status, chain_verdict_t *verdict) {
  int code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 111;
  bool with_text = code == CHAIN_EXIT_TEXT || code == CHAIN_EXIT_TEXT_OLD;
  if (code == 0 && reader->has_accept)
    *verdict = reader->accept;
  else if (code == 0)
    say(verdict, CHAIN_ACCEPT, "", "");
  else if (with_text && reader->has_refusal)
    *verdict = reader->refusal;
  else
    say_exit(verdict, code);
}
