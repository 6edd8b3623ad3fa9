#include <string.h>

#include "session.h"

/* The replies to what a path can be, but for plain syntax: the caller's own. */
static reply_name_t path_objection(smtp_path_status_t status, reply_name_t syntax) {
  switch (status) {
  case SMTP_PATH_OK: return REPLY_NONE;
  case SMTP_PATH_UTF8: return REPLY_ADDRESS_UTF8;
  default: return syntax;
  }
}

reply_name_t path_take(argument_t *argument, char const *keyword, smtp_path_t *path,
                       unsigned int allow, reply_name_t syntax) {
  size_t consumed = 0;
  ssize_t begin = smtp_path_find(argument->s, argument->len, keyword);
  if (begin < 0) return REPLY_BAD_ARGUMENT;
  argument->s += begin;
  argument->len -= (size_t)begin;
  smtp_path_status_t status = smtp_path_parse(path, argument->s, argument->len, allow, &consumed);
  argument->s += consumed;
  argument->len -= consumed;
  return path_objection(status, syntax);
}

static void record_put(parameter_record_t *record, char const *s, size_t len) {
  memcpy(record->bytes + record->len, s, len);
  record->len += len;
}

/* KEYWORD=value\0, the keyword in the table's own letters. The record cannot overflow: it holds
   less than the line it is made of. */
static void record_parameter(parameter_record_t *record, char const *keyword,
                             smtp_parameter_t const *parameter) {
  record_put(record, keyword, strlen(keyword));
  record_put(record, "=", 1);
  record_put(record, parameter->value, parameter->value_len);
  record_put(record, "", 1);
}

static esmtp_parameter_t const *find(session_t const *session, esmtp_parameter_t const *table,
                                     smtp_parameter_t const *parameter) {
  for (; table->keyword; table++)
    if (smtp_word_is(parameter->keyword, parameter->keyword_len, table->keyword))
      return extension_offered(session, table->extension) ? table : NULL;
  return NULL;
}

static reply_t refuse(reply_name_t name, smtp_parameter_t const *parameter) {
  char keyword[64];
  size_t len =
      parameter->keyword_len < sizeof keyword ? parameter->keyword_len : sizeof keyword - 1;
  memcpy(keyword, parameter->keyword, len);
  keyword[len] = 0;
  return reply_get(name, keyword);
}

reply_t parameters_take(session_t *session, esmtp_parameter_t const *table, argument_t argument,
                        parameter_record_t *record) {
  smtp_parameter_t parameter;
  unsigned int seen = 0;
  size_t position = 0;
  int more;
  record->len = 0;
  while ((more = smtp_parameter_next(&parameter, argument.s, argument.len, &position)) > 0) {
    esmtp_parameter_t const *entry = find(session, table, &parameter);
    if (!entry) return refuse(REPLY_UNKNOWN_PARAMETER, &parameter);
    unsigned int bit = 1u << (entry - table);
    reply_name_t objection = seen & bit ? REPLY_BAD_PARAMETER : entry->take(session, &parameter);
    if (objection) return refuse(objection, &parameter);
    seen |= bit;
    if (entry->passed_on) record_parameter(record, entry->keyword, &parameter);
  }
  return more < 0 ? reply_get(REPLY_BAD_ARGUMENT, NULL) : (reply_t){0};
}

int parameters_keep(session_t *session, char const *recipient, parameter_record_t const *record) {
  spill_t *to = &session->parameters;
  if (!record->len) return 0;
  if (spill_put(to, "P", 1) < 0 || spill_put(to, recipient, strlen(recipient) + 1) < 0) return -1;
  return spill_put(to, record->bytes, record->len) < 0 ? -1 : spill_put(to, "", 1);
}
