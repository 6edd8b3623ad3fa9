/* A notice: multipart/report (RFC 6522) of the text, the status, and what is returned. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dsn/internal.h"
#include "mime/mime.h"
#include "smtp/smtp.h"
#include "text/text.h"

enum {
  ID_MAX = 900,     /* bytes of a Message-ID that is referred to */
  PHRASE_WIDTH = 50 /* of a name and a host that stand on one line */
};

/* ---- what it will be ------------------------------------------------------------------------ */

static bool any_address_beyond_ascii(dsn_draft_t const *draft) {
  if (!dsn_is_ascii(draft->addressee, strlen(draft->addressee))) return true;
  for (size_t i = 0; i < draft->count; i++) {
    char const *recipient = draft->views[i].result->recipient;
    if (!dsn_is_ascii(recipient, strlen(recipient))) return true;
  }
  return false;
}

static bool header_is_global(dsn_draft_t const *draft) {
  return !dsn_is_ascii(draft->header, draft->header_len) &&
         dsn_is_utf8(draft->header, draft->header_len);
}

/* RFC 6533's types are for those who sent with SMTPUTF8, or could not be written to without it, and
   where there is something to say with them. */
static bool is_global(dsn_draft_t const *draft) {
  char const *fact = queue_entry_fact(draft->request->entry, "SMTP_UTF8");
  bool const understood =
      (fact && !strcmp(fact, "1")) || !dsn_is_ascii(draft->addressee, strlen(draft->addressee));
  return understood && (any_address_beyond_ascii(draft) || header_is_global(draft));
}

/* RFC 3461 4.3. */
static bool whole_wanted(dsn_draft_t const *draft) {
  queue_entry_t const *entry = draft->request->entry;
  char const *ret = dsn_message_parameter(&entry->envelope, "RET");
  queue_stream_t stream = queue_entry_stream(entry);
  if (draft->views->result->action != DSN_FAILED) return false;
  if (ret && smtp_word_is(ret, strlen(ret), "HDRS")) return false;
  return queue_stream_size(&stream) <= draft->settings->whole_max;
}

static int draft_init(dsn_draft_t *draft) {
  size_t len = 0;
  draft->addressee = dsn_addressee(draft->request->entry, draft->settings);
  draft->is_double = !*draft->request->entry->envelope.sender;
  if (dsn_header_read(draft) < 0) return -1;
  char const *subject = dsn_header_value(draft, "Subject", &len);
  mime_text_decode(draft->subject, sizeof draft->subject, subject ? subject : "", len);
  draft->global = is_global(draft);
  draft->whole = whole_wanted(draft);
  return 0;
}

/* ---- looking at the parts ------------------------------------------------------------------- */

static dsn_survey_t look(dsn_sink_t *sink, dsn_draft_t const *draft,
                         void (*put)(dsn_sink_t *sink, dsn_draft_t const *draft)) {
  dsn_sink_part(sink);
  put(sink, draft);
  return sink->survey;
}

/* A message with lines that SMTP does not carry cannot be encoded: its type forbids that. */
static bool can_travel(dsn_survey_t const *survey) {
  return survey->longest <= MIME_LINE_MAX && !survey->odd;
}

static int look_at_parts(dsn_sink_t *sink, dsn_draft_t *draft) {
  draft->text = look(sink, draft, dsn_put_text);
  draft->status = look(sink, draft, dsn_put_status);
  draft->returned = look(sink, draft, dsn_put_returned);
  if (draft->whole && !can_travel(&draft->returned)) {
    draft->whole = false;
    draft->returned = (dsn_survey_t){0};
    draft->returned = look(sink, draft, dsn_put_returned);
  }
  if (sink->error) return errno = sink->error, -1;
  return dsn_sink_boundary(sink, draft->boundary);
}

/* ---- header fields -------------------------------------------------------------------------- */

static void put_field(dsn_sink_t *sink, char const *name, char const *value) {
  dsn_puts(sink, name);
  dsn_puts(sink, value);
  dsn_put(sink, "\n", 1);
}

static void put_from(dsn_sink_t *sink, dsn_draft_t const *draft) {
  char phrase[4096];
  char const *from = dsn_text(draft->settings->texts, "from");
  ssize_t const len = mime_phrase_format(phrase, sizeof phrase, from, strcspn(from, "\n"));
  bool const is_short = len > 0 && (size_t)len + strlen(draft->settings->me) < PHRASE_WIDTH;
  dsn_puts(sink, "From: ");
  if (len > 0) dsn_puts(sink, phrase);
  dsn_puts(sink, is_short ? " <MAILER-DAEMON@" : "\n <MAILER-DAEMON@");
  put_field(sink, draft->settings->me, ">");
}

/* An address that no path is has come from a foreign injector: it stays in the envelope. */
static void put_to(dsn_sink_t *sink, dsn_draft_t const *draft) {
  smtp_path_t path;
  size_t consumed, len = strlen(draft->addressee);
  unsigned int const allow =
      SMTP_PATH_BARE | SMTP_PATH_POSTMASTER | (draft->global ? SMTP_PATH_UTF8_OK : 0);
  bool const fits =
      smtp_path_parse(&path, draft->addressee, len, allow, &consumed) == SMTP_PATH_OK &&
      consumed == len;
  put_field(sink, "To: ", fits ? path.address : "undisclosed-recipients:;");
}

static bool is_plain(char const *s) {
  while (is_printable(*s)) s++;
  return !*s;
}

static void put_subject(dsn_sink_t *sink, dsn_draft_t const *draft) {
  char subject[1024], encoded[8192];
  dsn_subject(subject, sizeof subject, draft);
  size_t const len = strlen(subject);
  if (strspn(subject, " ") == len) return;
  if (is_plain(subject))
    dsn_put_wrapped(sink, "Subject: ", " ", subject);
  else if (mime_phrase_format(encoded, sizeof encoded, subject, len) > 0)
    put_field(sink, "Subject: ", encoded);
}

static void put_ids(dsn_sink_t *sink, dsn_draft_t const *draft) {
  char id[ID_MAX];
  size_t len = 0;
  if (mime_id_format(id, sizeof id, draft->request->id, draft->settings->me) > 0)
    put_field(sink, "Message-ID: ", id);
  char const *s = dsn_header_value(draft, "Message-ID", &len);
  while (len && strchr(" \t\n", *s)) s++, len--;
  while (len && strchr(" \t\n", s[len - 1])) len--;
  bool const usable = len && len < ID_MAX && *s == '<' && s[len - 1] == '>' &&
                      mime_id_valid(s, len) && (draft->global || dsn_is_ascii(s, len));
  if (!usable) return; /* RFC 3834 3.1.5 */
  memcpy(id, s, len);
  id[len] = 0;
  put_field(sink, "In-Reply-To: ", id);
  put_field(sink, "References: ", id);
}

static bool is_eight_bit(dsn_draft_t const *draft) {
  bool const returned = draft->returned.eight_bit && !dsn_returned_encoded(draft);
  return draft->text.eight_bit || draft->status.eight_bit || returned;
}

static void put_header(dsn_sink_t *sink, dsn_draft_t const *draft) {
  char date[SMTP_DATE_SIZE];
  smtp_date_format(date, draft->request->now / 1000000);
  put_from(sink, draft);
  put_to(sink, draft);
  put_subject(sink, draft);
  put_field(sink, "Date: ", date);
  put_ids(sink, draft);
  dsn_puts(sink, "Auto-Submitted: auto-replied\n"
                 "MIME-Version: 1.0\n"
                 "Content-Type: multipart/report; report-type=delivery-status;\n"
                 " boundary=\"");
  dsn_puts(sink, draft->boundary);
  put_field(sink, "\"\nContent-Transfer-Encoding: ", is_eight_bit(draft) ? "8bit" : "7bit");
}

/* ---- parts ---------------------------------------------------------------------------------- */

typedef struct part {
  char const *description, *type, *encoding;
} part_t;

static void put_part(dsn_sink_t *sink, dsn_draft_t const *draft, part_t const *part) {
  dsn_puts(sink, "\n--");
  put_field(sink, draft->boundary, "");
  put_field(sink, "Content-Description: ", part->description);
  put_field(sink, "Content-Type: ", part->type);
  put_field(sink, "Content-Transfer-Encoding: ", part->encoding);
  dsn_put(sink, "\n", 1);
}

static char const *encoding_of(dsn_survey_t const *survey) {
  return survey->eight_bit ? "8bit" : "7bit";
}

static void put_parts(dsn_sink_t *sink, dsn_draft_t const *draft) {
  static char const *const returned_types[2][2] = {
      {"text/rfc822-headers", "message/global-headers"}, {"message/rfc822", "message/global"}};
  part_t const text = {"Notification",
                       draft->text.eight_bit ? "text/plain; charset=utf-8"
                                             : "text/plain; charset=us-ascii",
                       encoding_of(&draft->text)};
  part_t const status = {"Delivery report",
                         draft->global ? "message/global-delivery-status"
                                       : "message/delivery-status",
                         encoding_of(&draft->status)};
  part_t const returned = {draft->whole ? "Message" : "Message header",
                           returned_types[draft->whole][draft->global && header_is_global(draft)],
                           dsn_returned_encoded(draft) ? "quoted-printable"
                                                       : encoding_of(&draft->returned)};
  put_part(sink, draft, &text);
  dsn_put_text(sink, draft);
  put_part(sink, draft, &status);
  dsn_put_status(sink, draft);
  put_part(sink, draft, &returned);
  dsn_put_returned(sink, draft);
  dsn_puts(sink, "\n--");
  put_field(sink, draft->boundary, "--");
}

/* ---- the whole ------------------------------------------------------------------------------ */

static int write_notice(dsn_draft_t *draft, int fd) {
  dsn_sink_t *sink = malloc(sizeof *sink);
  if (!sink) return -1;
  dsn_sink_init(sink, draft->request->id);
  int result = look_at_parts(sink, draft);
  if (result == 0) {
    dsn_sink_open(sink, fd);
    put_header(sink, draft);
    put_parts(sink, draft);
    result = dsn_sink_close(sink);
  }
  int const error = errno;
  free(sink);
  errno = error;
  return result;
}

static void set_envelope(dsn_notice_t *notice, dsn_draft_t const *draft) {
  size_t const len = strlen(draft->addressee);
  memcpy(notice->envelope, "F\0T", 3);
  memcpy(notice->envelope + 3, draft->addressee, len + 1);
  notice->envelope[3 + len + 1] = 0;
  notice->envelope_len = 3 + len + 2;
}

static void set_environment(dsn_notice_t *notice, dsn_draft_t const *draft) {
  size_t count = 0;
  notice->environment[count++] = draft->is_double ? "X_NOTICE=double" : "X_NOTICE=single";
  if (is_eight_bit(draft)) notice->environment[count++] = "SMTP_BODY=8BITMIME";
  if (draft->global) notice->environment[count++] = "SMTP_UTF8=1";
  notice->environment[count] = NULL;
}

static int compose(dsn_notice_t *notice, int fd, dsn_draft_t *draft) {
  int result = draft_init(draft);
  if (result == 0) result = write_notice(draft, fd);
  int const error = errno;
  free(draft->header);
  if (result < 0) return errno = error, -1;
  notice->reported = draft->count;
  set_envelope(notice, draft);
  set_environment(notice, draft);
  return 1;
}

int dsn_compose(dsn_notice_t *notice, int fd, dsn_request_t const *request,
                dsn_settings_t const *settings) {
  dsn_draft_t draft = {.request = request, .settings = settings};
  draft.views = dsn_views_make(&draft.count, request, settings);
  if (!draft.views) return -1;
  int const result = draft.count ? compose(notice, fd, &draft) : 0;
  int const error = errno;
  free(draft.views);
  return errno = error, result;
}
