/* The body machine: every smuggling sequence by name, and all of its behaviour against a model. */

#include "../unit.h"
#include "body_model.h"

/* ---- sequences by name ---- */

typedef struct named {
  char const *name;
  char const *in;
  size_t taken; /* 0: all */
  bool ended, bare;
  char const *out;
} named_t;

/* What smuggling is: "a", the sequence, then a second message that must stay in the first. */
#define BEHIND "MAIL FROM:<x@y>\r\n"
#define END    "\r\n.\r\n"

static named_t const data_cases[] = {
    {"an empty message", ".\r\n", 0, true, false, ""},
    {"an empty line alone", "\r\n.\r\n", 0, true, false, "\n"},
    {"text", "a\r\nb" END, 0, true, false, "a\nb\n"},
    {"what is behind the end is not taken", "a" END BEHIND, 6, true, false, "a\n"},
    {"dots are unstuffed", "..\r\n..a\r\n.b\r\na.b\r\n..." END, 0, true, false,
     ".\n.a\nb\na.b\n..\n"},
    {"a dot and text is not the end", ".a\r\n.b", 0, false, false, "a\nb"},
    {"8-bit text", "\xc3\xa9\xff" END, 0, true, false, "\xc3\xa9\xff\n"},
    {"a held CR", "a\r", 0, false, false, "a"},
    {"a held dot", "a\r\n.", 0, false, false, "a\n"},
    {"a held dot and CR", "a\r\n.\r", 0, false, false, "a\n"},

    {"[CR][LF].[LF]", "a\r\n.\n" BEHIND END, 0, true, true, ""},
    {"[LF].[CR][LF]", "a\n.\r\n" BEHIND END, 0, true, true, ""},
    {"[LF].[LF]", "a\n.\n" BEHIND END, 0, true, true, ""},
    {"[CR].[CR]", "a\r.\r" BEHIND END, 0, true, true, ""},
    {"[CR].[CR][LF]", "a\r.\r\n" BEHIND END, 0, true, true, ""},
    {"[CR][LF].[CR]", "a\r\n.\r" BEHIND END, 0, true, true, ""},
    {"[CR].[LF]", "a\r.\n" BEHIND END, 0, true, true, ""},
    {"[LF].[CR]", "a\n.\r" BEHIND END, 0, true, true, ""},
    {"[CR][CR][LF].[CR][LF] ends, and is bare", "a\r\r\n.\r\n" BEHIND, 7, true, true, ""},
    {"[CR][LF].[CR][CR][LF]", "a\r\n.\r\r\n" BEHIND END, 0, true, true, ""},
    {"[CR][LF][CR].[CR][LF]", "a\r\n\r.\r\n" BEHIND END, 0, true, true, ""},
    {"[CR][LF][LF].[CR][LF]", "a\r\n\n.\r\n" BEHIND END, 0, true, true, ""},
    {"[LF][CR].[LF][CR]", "a\n\r.\n\r" BEHIND END, 0, true, true, ""},
    {".[CR][CR][LF] first", ".\r\r\n" BEHIND END, 0, true, true, ""},
    {".[LF] first", ".\n" BEHIND END, 0, true, true, ""},
    {"[LF] first", "\n" END, 0, true, true, ""},
    {"[LF][CR][LF].[CR][LF]", "a\n\r\n.\r\n" BEHIND, 7, true, true, ""},
    {"a bare CR in a line", "a\rb" END, 0, true, true, ""},
    {"a bare LF in a line", "a\nb" END, 0, true, true, ""},
};

static named_t const chunk_cases[] = {
    {"BDAT: text", "a\r\nb\r\n", 0, false, false, "a\nb\n"},
    {"BDAT: no final newline", "a\r\nb", 0, false, false, "a\nb"},
    {"BDAT: dots are text", ".\r\n..a\r\n.", 0, false, false, ".\n..a\n."},
    {"BDAT: [CR][LF].[CR][LF] is text", "a" END BEHIND, 0, false, false, "a\n.\nMAIL FROM:<x@y>\n"},
    {"BDAT: [CR][LF].[LF]", "a\r\n.\n" BEHIND, 0, false, true, ""},
    {"BDAT: [LF].[CR][LF]", "a\n.\r\n" BEHIND, 0, false, true, ""},
    {"BDAT: [LF].[LF]", "a\n.\n" BEHIND, 0, false, true, ""},
    {"BDAT: [CR].[CR]", "a\r.\r" BEHIND, 0, false, true, ""},
    {"BDAT: [CR][LF].[CR]", "a\r\n.\r" BEHIND, 0, false, true, ""},
    {"BDAT: a held CR", "a\r", 0, false, false, "a"},
};

static void check_named(named_t const *c, bool data) {
  size_t len = strlen(c->in);
  outcome_t want = {.taken = c->taken ? c->taken : len, .ended = c->ended, .bare = c->bare};
  outcome_t got;
  char buffer[256];
  want.len = strlen(c->out);
  memcpy(want.text, c->out, want.len);
  bool same = true;
  for (size_t piece = 1; piece <= len; piece++) {
    memcpy(buffer, c->in, len);
    machine_run(&got, buffer, len, data, piece);
    same = same && outcome_same(&got, &want);
  }
  CHECK(c->name, same);
}

/* ---- the model ---- */

static bool agree(char const *s, size_t len, bool data, size_t piece) {
  static outcome_t got, want;
  static char buffer[MODEL_MAX];
  memcpy(buffer, s, len);
  machine_run(&got, buffer, len, data, piece);
  model_run(&want, s, len, data);
  bool rest_untouched = !memcmp(buffer + want.taken, s + want.taken, len - want.taken);
  if (outcome_same(&got, &want) && rest_untouched) return true;
  fprintf(stderr, "  data %d, piece %zu:\n", data, piece);
  unit_print_bytes("input begins", s, len < 256 ? len : 256);
  return false;
}

static bool agree_split_anywhere(char const *s, size_t len) {
  for (size_t piece = 1; piece <= len; piece++)
    if (!agree(s, len, true, piece) || !agree(s, len, false, piece)) return false;
  return true;
}

/* The nth of all strings of this length over the bytes that matter. */
static void string_make(char *s, size_t len, unsigned long n) {
  static char const bytes[5] = {'\r', '\n', '.', 'a', '\0'};
  for (; len--; n /= 5) s[len] = bytes[n % 5];
}

static bool all_strings_agree(size_t len) {
  unsigned long count = 1;
  char s[16];
  for (size_t i = 0; i < len; i++) count *= 5;
  for (unsigned long n = 0; n < count; n++) {
    string_make(s, len, n);
    if (!agree_split_anywhere(s, len)) return false;
  }
  return true;
}

/* Cut in two at every point, a different thing than pieces of one size. */
static bool cut_agrees(char const *s, size_t len, size_t cut) {
  smtp_body_t body;
  outcome_t want;
  char buffer[16];
  size_t first, second = 0;
  memcpy(buffer, s, len);
  smtp_body_data(&body);
  size_t taken = smtp_body_feed(&body, buffer, cut, &first);
  if (!body.ended) taken += smtp_body_feed(&body, buffer + cut, len - cut, &second);
  memmove(buffer + first, buffer + cut, second);
  model_run(&want, s, len, true);
  if (taken != want.taken || body.bare != want.bare || body.ended != want.ended) return false;
  return body.bare || (first + second == want.len && !memcmp(buffer, want.text, want.len));
}

static bool all_cuts_agree(size_t len) {
  unsigned long count = 1;
  char s[16];
  for (size_t i = 0; i < len; i++) count *= 5;
  for (unsigned long n = 0; n < count; n++) {
    string_make(s, len, n);
    for (size_t cut = 0; cut <= len; cut++)
      if (!cut_agrees(s, len, cut)) return false;
  }
  return true;
}

/* Every byte, in every state, with something after it. */
static bool all_bytes_agree(void) {
  static char const *const states[] = {"", "a", "a\r", ".", ".\r", "\r\n", "\r\n."};
  static char const *const after[] = {"", "\r\n", "\n", ".\r\n", "a\r\n.\r\n"};
  for (size_t i = 0; i < sizeof states / sizeof *states; i++)
    for (unsigned int c = 0; c < 256; c++)
      for (size_t k = 0; k < sizeof after / sizeof *after; k++) {
        char s[32];
        int len = snprintf(s, sizeof s, "%s%c%s", states[i], (int)c, after[k]);
        if (!agree_split_anywhere(s, (size_t)len)) return false;
      }
  return true;
}

/* ---- long texts: blocks, and what lags behind ---- */

static unsigned int random_below(unsigned int limit) {
  static uint64_t state = 88172645463325252;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (unsigned int)(state % limit);
}

static size_t text_make(char *s, size_t max, unsigned int line_max, bool spoiled) {
  size_t len = 0;
  while (len + line_max + 7 < max) {
    if (!random_below(4)) s[len++] = '.';
    for (unsigned int n = random_below(line_max); n; n--)
      s[len++] = (char)(' ' + random_below(224));
    if (spoiled && !random_below(60)) s[len++] = "\r\n"[random_below(3)];
    for (char const *c = random_below(40) ? "\r\n" : "\r\n.\r\n"; *c; c++) s[len++] = *c;
  }
  return len;
}

static bool long_texts_agree(bool spoiled) {
  static char s[MODEL_MAX];
  for (unsigned int round = 0; round < 3000; round++) {
    size_t len = text_make(s, 64 + random_below(MODEL_MAX - 64), 1 + random_below(60), spoiled);
    size_t piece = 1 + random_below((unsigned int)len + 1);
    if (!agree(s, len, true, piece) || !agree(s, len, false, piece)) return false;
  }
  return true;
}

static void check_finish(void) {
  char s[] = "a\r", newline[] = "\n";
  smtp_body_t body;
  size_t out;
  smtp_body_chunks(&body);
  smtp_body_feed(&body, s, 2, &out);
  CHECK("a CR at the end of a chunk may go on in the next", !body.bare);
  smtp_body_finish(&body);
  CHECK("a CR at the end of the last one is bare", body.bare);
  smtp_body_chunks(&body);
  smtp_body_feed(&body, s + 1, 1, &out);
  smtp_body_feed(&body, newline, 1, &out);
  smtp_body_finish(&body);
  CHECK("CR and LF may come in two chunks", !body.bare && out == 1);
}

int main(void) {
  for (size_t i = 0; i < sizeof data_cases / sizeof *data_cases; i++)
    check_named(&data_cases[i], true);
  for (size_t i = 0; i < sizeof chunk_cases / sizeof *chunk_cases; i++)
    check_named(&chunk_cases[i], false);
  check_finish();
  for (size_t len = 1; len <= 8; len++) {
    char name[80];
    snprintf(name, sizeof name, "all strings of %zu bytes, cut anywhere", len);
    CHECK(name, all_cuts_agree(len));
  }
  for (size_t len = 1; len <= 7; len++) {
    char name[80];
    snprintf(name, sizeof name, "all strings of %zu bytes, in pieces of each size", len);
    CHECK(name, all_strings_agree(len));
  }
  CHECK("every byte in every state", all_bytes_agree());
  CHECK("long texts", long_texts_agree(false));
  CHECK("long texts with bare CR and LF", long_texts_agree(true));
  return unit_done();
}
