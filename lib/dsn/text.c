/* The part that people read, by the texts. */
#include <string.h>

#include "dsn/internal.h"
#include "smtp/smtp.h"

#define LINE_SIZE 8192

/* What a line is rendered with. */
typedef struct context {
  dsn_draft_t const *draft;
  dsn_view_t const *views; /* that are told in one breath; NULL outside of them */
  size_t count;
} context_t;

/* A line as it comes about. */
typedef struct line {
  size_t len;
  bool lacks; /* a variable of it has no value */
  char text[LINE_SIZE];
} line_t;

static void append(line_t *line, char const *s, size_t len) {
  line->len += dsn_clean(line->text + line->len, sizeof line->text - line->len, s, len);
}

/* ---- variables ------------------------------------------------------------------------------ */

static void append_text(line_t *line, char const *s) {
  append(line, s, strlen(s));
}

static void append_time(line_t *line, uint64_t microseconds) {
  char date[SMTP_DATE_SIZE];
  if (microseconds) append(line, date, smtp_date_format(date, microseconds / 1000000));
}

static void me(line_t *line, context_t const *context) {
  append_text(line, context->draft->settings->me);
}

static void postmaster(line_t *line, context_t const *context) {
  dsn_settings_t const *settings = context->draft->settings;
  if (!settings->postmaster) append_text(line, "postmaster@");
  append_text(line, settings->postmaster ? settings->postmaster : settings->me);
}

static void sender(line_t *line, context_t const *context) {
  append_text(line, context->draft->request->entry->envelope.sender);
}

static void subject(line_t *line, context_t const *context) {
  append_text(line, context->draft->subject);
}

static void date(line_t *line, context_t const *context) {
  append_time(line, chain_id_time(context->draft->request->entry->id));
}

static void id(line_t *line, context_t const *context) {
  append_text(line, context->draft->request->entry->id);
}

/* "reason 1.1" of 5.1.1, else "reason 1". */
static void reason(line_t *line, context_t const *context) {
  char name[sizeof "reason " + DSN_STATUS_SIZE] = "reason ";
  char const *text, *digits = context->views->status + 2;
  memcpy(name + sizeof "reason " - 1, digits, strlen(digits) + 1);
  dsn_texts_t const *texts = context->draft->settings->texts;
  text = dsn_text(texts, name);
  name[strcspn(name, ".")] = 0;
  if (!text) text = dsn_text(texts, name);
  if (text) append_text(line, text);
}

static void expired(line_t *line, context_t const *context) {
  bool const is_expired =
      context->views->result->action == DSN_FAILED && *context->views->status == '4';
  if (is_expired) append_text(line, dsn_text(context->draft->settings->texts, "expired"));
}

static void remote(line_t *line, context_t const *context) {
  if (context->views->remote) append(line, context->views->remote, context->views->remote_len);
}

static void words(line_t *line, context_t const *context) {
  append(line, context->views->codes, context->views->codes_len);
  append(line, context->views->words, context->views->words_len);
}

static void until(line_t *line, context_t const *context) {
  append_time(line, context->views->result->retry_until);
}

static struct {
  char const *name;
  bool of_views;
  void (*append)(line_t *line, context_t const *context);
} const variables[] = {
    {"me", false, me},         {"postmaster", false, postmaster},
    {"sender", false, sender}, {"subject", false, subject},
    {"date", false, date},     {"id", false, id},
    {"reason", true, reason},  {"expired", true, expired},
    {"remote", true, remote},  {"words", true, words},
    {"until", true, until},
};

static void append_variable(line_t *line, context_t const *context, char const *name, size_t len) {
  size_t const before = line->len;
  for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
    bool const known = dsn_names(name, len, variables[i].name);
    if (known && (context->views || !variables[i].of_views)) variables[i].append(line, context);
  }
  if (line->len == before) line->lacks = true;
}

/* Puts values in the place of variables. */
static void expand(line_t *line, context_t const *context, char const *s, size_t len) {
  char const *end = s + len;
  line->len = 0;
  line->lacks = false;
  line->text[0] = 0;
  while (s < end) {
    char const *brace =
        *s == '$' && s + 1 < end && s[1] == '{' ? memchr(s, '}', (size_t)(end - s)) : NULL;
    if (brace) append_variable(line, context, s + 2, (size_t)(brace - s) - 2);
    char const *next = brace ? brace + 1 : s + 1;
    if (!brace)
      while (next < end && *next != '$') next++;
    if (!brace) append(line, s, (size_t)(next - s));
    s = next;
  }
}

/* ---- lines ---------------------------------------------------------------------------------- */

static void render(dsn_sink_t *sink, context_t const *context, char const *text);

static char const *const group_names[DSN_ACTIONS] = {
    [DSN_FAILED] = "recipients failed",       [DSN_DELAYED] = "recipients delayed",
    [DSN_EXPANDED] = "recipients expanded",   [DSN_RELAYED] = "recipients relayed",
    [DSN_DELIVERED] = "recipients delivered",
};

static void put_report(dsn_sink_t *sink, context_t const *context) {
  dsn_draft_t const *draft = context->draft;
  for (size_t i = 0, n; i < draft->count; i += n) {
    for (n = 1; i + n < draft->count; n++)
      if (!dsn_view_same(&draft->views[i], &draft->views[i + n])) break;
    context_t const group = {draft, &draft->views[i], n};
    if (i) dsn_put(sink, "\n", 1);
    char const *name = group_names[draft->views[i].result->action];
    render(sink, &group, dsn_text(draft->settings->texts, name));
  }
}

static void put_recipients(dsn_sink_t *sink, context_t const *context, char const *indent) {
  char address[3 * QUEUE_ADDRESS_MAX + 1];
  for (size_t i = 0; i < context->count; i++) {
    char const *recipient = context->views[i].result->recipient;
    dsn_clean(address, sizeof address, recipient, strlen(recipient));
    dsn_put_wrapped(sink, indent, indent, address);
  }
}

static void put_expanded(dsn_sink_t *sink, context_t const *context, char const *indent,
                         char const *s, size_t len) {
  line_t line;
  expand(&line, context, s, len);
  if (line.lacks) return;
  if (len)
    dsn_put_wrapped(sink, indent, indent, line.text);
  else
    dsn_put(sink, "\n", 1);
}

static void render_line(dsn_sink_t *sink, context_t const *context, char const *s, size_t len) {
  char indent[64] = "";
  size_t blanks = 0;
  while (blanks < len && s[blanks] == ' ' && blanks < sizeof indent - 1) indent[blanks++] = ' ';
  s += blanks;
  len -= blanks;
  bool const is_report = dsn_names(s, len, "${report}");
  if (is_report && !context->views)
    put_report(sink, context);
  else if (dsn_names(s, len, "${recipients}"))
    put_recipients(sink, context, indent);
  else
    put_expanded(sink, context, indent, s, len);
}

static void render(dsn_sink_t *sink, context_t const *context, char const *text) {
  for (;;) {
    size_t const len = strcspn(text, "\n");
    render_line(sink, context, text, len);
    if (!text[len]) break;
    text += len + 1;
  }
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* Texts are called by the words of actions. Views are sorted: the first is one of the gravest. */
static char const *notice_text(dsn_draft_t const *draft) {
  char const *name = draft->is_double ? "double" : dsn_action_words[draft->views->result->action];
  return dsn_text(draft->settings->texts, name);
}

void dsn_put_text(dsn_sink_t *sink, dsn_draft_t const *draft) {
  context_t const context = {.draft = draft};
  char const *text = notice_text(draft);
  text += strcspn(text, "\n");
  if (*text) render(sink, &context, text + 1);
}

void dsn_subject(char *out, size_t size, dsn_draft_t const *draft) {
  context_t const context = {.draft = draft};
  char const *text = notice_text(draft);
  line_t line;
  expand(&line, &context, text, strcspn(text, "\n"));
  dsn_clean(out, size, line.text, line.len);
}
