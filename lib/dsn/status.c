/* The part that machines read: RFC 3464 2, with RFC 6533 for addresses beyond ASCII. */
#include <string.h>
#include <sys/types.h>

#include "dsn/internal.h"
#include "smtp/smtp.h"

/* Bytes of a value: a result's words, three bytes for one that is no UTF-8. */
#define FIELD_SIZE 4096

/* What RFC 6533 3 has no QCHAR for. */
static char const address_escapes[] = "\\+= ";

typedef struct field {
  dsn_sink_t *sink;
  bool global;
  size_t len;
  char value[FIELD_SIZE];
} field_t;

static void begin(field_t *field, char const *type) {
  field->len = dsn_escape(field->value, sizeof field->value, type, strlen(type), "");
}

static void append(field_t *field, char const *s, size_t len, char const *escaped) {
  char *out = field->value + field->len;
  size_t const room = sizeof field->value - field->len;
  field->len +=
      field->global ? dsn_clean(out, room, s, len) : dsn_escape(out, room, s, len, escaped);
}

static void end(field_t *field, char const *name) {
  dsn_put_wrapped(field->sink, name, " ", field->value);
}

/* ---- values --------------------------------------------------------------------------------- */

static void put_text(field_t *field, char const *name, char const *type, char const *s,
                     size_t len) {
  begin(field, type);
  append(field, s, len, "");
  end(field, name);
}

/* A host: a domain or an address literal; others have no type of their own. */
static void put_host(field_t *field, char const *name, char const *host, size_t len) {
  bool const known = smtp_domain_valid(host, len, field->global ? SMTP_UTF8 : SMTP_ASCII) ||
                     smtp_literal_valid(host, len);
  put_text(field, name, known ? "dns; " : "x-local-hostname; ", host, len);
}

static void put_time(field_t *field, char const *name, uint64_t microseconds) {
  char date[SMTP_DATE_SIZE];
  if (!microseconds) return;
  put_text(field, name, "", date, smtp_date_format(date, microseconds / 1000000));
}

static void put_address(field_t *field, char const *name, char const *address) {
  size_t const len = strlen(address);
  bool const ascii = dsn_is_ascii(address, len);
  begin(field, ascii ? "rfc822; " : "utf-8; ");
  append(field, address, len, ascii ? "" : address_escapes);
  end(field, name);
}

/* ORCPT is "type;xtext"; for the type utf-8 it is in a form of RFC 6533's, and stays in it. */
static void put_original(field_t *field, char const *original) {
  char type[32], address[SMTP_ORCPT_MAX + 1];
  size_t const len = strlen(original), type_len = strcspn(original, ";");
  if (!smtp_orcpt_valid(original, len, SMTP_UTF8) || type_len > sizeof type - 3) return;
  memcpy(type, original, type_len);
  memcpy(type + type_len, "; ", 3);
  begin(field, type);
  char const *s = original + type_len + 1;
  ssize_t const n = smtp_word_is(original, type_len, "utf-8")
                        ? -1
                        : smtp_xtext_decode(address, sizeof address, s, strlen(s));
  append(field, n < 0 ? s : address, n < 0 ? strlen(s) : (size_t)n, "");
  end(field, "Original-Recipient: ");
}

/* ---- fields --------------------------------------------------------------------------------- */

#define SECOND INT64_C(1000000)

/* RFC 2852: when it should have been delivered. */
static void put_deliver_by(field_t *field, queue_entry_t const *entry) {
  char const *value = dsn_message_parameter(&entry->envelope, "BY");
  smtp_by_t by;
  if (!value || smtp_by_parse(&by, value, strlen(value)) < 0) return;
  int64_t const time = (int64_t)queue_entry_arrival(entry) + by.seconds * SECOND;
  if (time > 0) put_time(field, "Deliver-By-Date: ", (uint64_t)time);
}

/* RFC 4865: how long its sender wanted it to be held. */
static void put_future_release(field_t *field, queue_envelope_t const *envelope) {
  static char const name[] = "Future-Release-Request: ";
  char const *interval = dsn_message_parameter(envelope, "HOLDFOR");
  char const *time = dsn_message_parameter(envelope, "HOLDUNTIL");
  if (interval) put_text(field, name, "for;", interval, strlen(interval));
  if (time) put_text(field, name, "until;", time, strlen(time));
}

static void put_message_fields(field_t *field, dsn_draft_t const *draft) {
  queue_entry_t const *entry = draft->request->entry;
  char const *id = dsn_message_parameter(&entry->envelope, "ENVID");
  char const *helo = queue_entry_fact(entry, "SMTP_HELO");
  char decoded[SMTP_ENVID_MAX + 1];
  ssize_t const id_len = id ? smtp_xtext_decode(decoded, sizeof decoded, id, strlen(id)) : 0;
  if (id_len > 0) put_text(field, "Original-Envelope-Id: ", "", decoded, (size_t)id_len);
  put_host(field, "Reporting-MTA: ", draft->settings->me, strlen(draft->settings->me));
  if (helo && *helo) put_host(field, "Received-From-MTA: ", helo, strlen(helo));
  put_time(field, "Arrival-Date: ", chain_id_time(entry->id));
  put_deliver_by(field, entry);
  put_future_release(field, &entry->envelope);
  put_text(field, "X-Chainmail-Queue-Id: ", "", entry->id, strlen(entry->id));
}

char const *const dsn_action_words[DSN_ACTIONS] = {
    [DSN_FAILED] = "failed",   [DSN_DELAYED] = "delayed",     [DSN_EXPANDED] = "expanded",
    [DSN_RELAYED] = "relayed", [DSN_DELIVERED] = "delivered",
};

/* Its name alone, of "mx.example[192.0.2.1]". */
static void put_remote(field_t *field, dsn_view_t const *view) {
  char const *bracket = memrchr(view->remote, '[', view->remote_len);
  bool const named = bracket && bracket > view->remote;
  size_t const len = named ? (size_t)(bracket - view->remote) : view->remote_len;
  put_host(field, "Remote-MTA: ", view->remote, len);
}

static void put_words(field_t *field, dsn_view_t const *view) {
  if (!view->words_len && !view->codes_len) return;
  begin(field, view->is_reply ? "smtp; " : "x-chainmail; ");
  append(field, view->codes, view->codes_len, "");
  append(field, view->words, view->words_len, "");
  end(field, "Diagnostic-Code: ");
}

static void put_recipient_fields(field_t *field, dsn_view_t const *view) {
  dsn_result_t const *result = view->result;
  char const *action = dsn_action_words[result->action];
  if (view->original) put_original(field, view->original);
  put_address(field, "Final-Recipient: ", result->recipient);
  put_text(field, "Action: ", "", action, strlen(action));
  put_text(field, "Status: ", "", view->status, strlen(view->status));
  if (view->remote) put_remote(field, view);
  put_words(field, view);
  put_time(field, "Last-Attempt-Date: ", result->last_attempt);
  if (result->action == DSN_DELAYED) put_time(field, "Will-Retry-Until: ", result->retry_until);
}

void dsn_put_status(dsn_sink_t *sink, dsn_draft_t const *draft) {
  field_t field = {.sink = sink, .global = draft->global};
  put_message_fields(&field, draft);
  for (size_t i = 0; i < draft->count; i++) {
    dsn_put(sink, "\n", 1);
    put_recipient_fields(&field, &draft->views[i]);
  }
}
