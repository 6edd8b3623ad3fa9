#include <errno.h>
#include <string.h>

#include <skalibs/types.h>

#include "text/text.h"
#include "users/internal.h"

#define SHA256_HEX 64
#define HASH_MAX   383 /* what crypt(3) gives at most, CRYPT_OUTPUT_SIZE, without its NUL */

/* ---- values ----------------------------------------------------------------------------------
 *
 * A parser takes a value, which ends in NUL and lies in the user's record, and says what is wrong
 * with it, or NULL; member is the field in users_user_t. A formatter gives the value, which it may
 * have written to buffer, or NULL if nothing is said. */

typedef char const *value_parse_f(void *member, char const *value);
typedef char const *value_format_f(void const *member, char buffer[USERS_SCRAM_FMT]);

static char const *text_set(void *member, char const *value) {
  *(char const **)member = value;
  return NULL;
}

static char const *text_format(void const *member, char buffer[USERS_SCRAM_FMT]) {
  (void)buffer;
  return *(char const *const *)member;
}

/* What crypt(5) promises of every hash. '*' and '!' begin what is none, '{' is Dovecot's. */
static char const *hash_parse(void *member, char const *value) {
  static char const ours[] = "hash: not a hash of crypt(5)";
  if (*value != '$' && *value != '_' && *value != '.' && *value != '/' && !is_letdig(*value))
    return ours;
  if (strlen(value) > HASH_MAX || strpbrk(value, " :;*!\\")) return ours;
  for (char const *s = value; *s; s++)
    if (!is_ascii(*s)) return ours;
  return text_set(member, value);
}

static char const *plain_parse(void *member, char const *value) {
  if (!users_password_valid(value, strlen(value))) return "plain: longer than a password may be";
  return text_set(member, value);
}

static char const *scram_sha256_parse(void *member, char const *value) {
  return users_scram_parse(member, &br_sha256_vtable, value)
             ? NULL
             : "scram-sha-256: not SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey";
}

static char const *scram_sha1_parse(void *member, char const *value) {
  return users_scram_parse(member, &br_sha1_vtable, value)
             ? NULL
             : "scram-sha-1: not SCRAM-SHA-1$iterations:salt$StoredKey:ServerKey";
}

static char const *scram_format(users_scram_t const *scram, br_hash_class const *hash,
                                char buffer[USERS_SCRAM_FMT]) {
  if (!scram->iterations) return NULL;
  users_scram_format(buffer, hash, scram);
  return buffer;
}

static char const *scram_sha256_format(void const *member, char buffer[USERS_SCRAM_FMT]) {
  return scram_format(member, &br_sha256_vtable, buffer);
}

static char const *scram_sha1_format(void const *member, char buffer[USERS_SCRAM_FMT]) {
  return scram_format(member, &br_sha1_vtable, buffer);
}

static char const *home_parse(void *member, char const *value) {
  return *value == '/' ? text_set(member, value) : "home: not an absolute path";
}

static char const *id_parse(void *member, char const *value) {
  uint32_t id;
  if (!uint320_scan(value, &id) || !id || id == UINT32_MAX)
    return "uid, gid: not a number from 1 to 4294967294";
  *(uint32_t *)member = id;
  return NULL;
}

static char const *id_format(void const *member, char buffer[USERS_SCRAM_FMT]) {
  uint32_t const id = *(uint32_t const *)member;
  if (!id) return NULL;
  buffer[uint32_fmt(buffer, id)] = 0;
  return buffer;
}

/* Finds the next of words with blanks between. False: there is none. */
static bool word_next(char const **word, size_t *len) {
  *word += *len;
  *word += strspn(*word, " ");
  *len = strcspn(*word, " ");
  return *len;
}

static bool is_sender(char const *s, size_t len) {
  char const *const at = memchr(s, '@', len);
  return (len == 1 && *s == '*') || (at && at < s + len - 1);
}

static bool is_certificate(char const *s, size_t len) {
  static char const prefix[] = "SHA256:";
  size_t const prefix_len = sizeof prefix - 1;
  return len == prefix_len + SHA256_HEX && !memcmp(s, prefix, prefix_len) &&
         strspn(s + prefix_len, "0123456789abcdefABCDEF") >= SHA256_HEX;
}

static char const *senders_parse(void *member, char const *value) {
  size_t len = 0, count = 0;
  for (char const *word = value; word_next(&word, &len); count++)
    if (!is_sender(word, len)) return "senders: not addresses, @domains or *";
  return count ? text_set(member, value) : "senders: none";
}

static char const *certificates_parse(void *member, char const *value) {
  size_t len = 0, count = 0;
  for (char const *word = value; word_next(&word, &len); count++)
    if (!is_certificate(word, len)) return "certificates: not SHA256: and 64 hexadecimal digits";
  return count ? text_set(member, value) : "certificates: none";
}

static char const *flag_format(void const *member, char buffer[USERS_SCRAM_FMT]) {
  (void)buffer;
  return *(bool const *)member ? "" : NULL;
}

/* ---- fields ---- */

typedef struct field {
  char const *key;
  size_t offset;
  value_parse_f *parse; /* NULL: a flag, which has no value */
  value_format_f *format;
} field_t;

#define FIELD(key, member, parse, format)                                                          \
  { key, offsetof(users_user_t, member), parse, format }

static field_t const fields[] = {
    FIELD("disabled", disabled, NULL, flag_format),
    FIELD("hash", hash, hash_parse, text_format),
    FIELD("scram-sha-256", scram_sha256, scram_sha256_parse, scram_sha256_format),
    FIELD("scram-sha-1", scram_sha1, scram_sha1_parse, scram_sha1_format),
    FIELD("plain", plain, plain_parse, text_format),
    FIELD("home", home, home_parse, text_format),
    FIELD("uid", uid, id_parse, id_format),
    FIELD("gid", gid, id_parse, id_format),
    FIELD("senders", senders, senders_parse, text_format),
    FIELD("certificates", certificates, certificates_parse, text_format),
};
#define FIELDS (sizeof fields / sizeof *fields)

static field_t const *field_find(char const *key, size_t len) {
  for (size_t i = 0; i < FIELDS; i++)
    if (strlen(fields[i].key) == len && !memcmp(fields[i].key, key, len)) return &fields[i];
  return NULL;
}

/* ---- reading ---- */

typedef struct reader {
  char const *at, *end;
  char *put;          /* in the record: a text and its NUL are never longer than what they were */
  char const *reason; /* NULL as long as nothing is wrong */
  unsigned int seen;  /* a bit per field */
} reader_t;

static void *refuse(reader_t *reader, char const *reason) {
  reader->reason = reason;
  return NULL;
}

static char const *quoted_read(reader_t *reader) {
  char const *const text = reader->put;
  for (reader->at++; reader->at < reader->end && *reader->at != '"'; reader->at++) {
    if (*reader->at == '\\' &&
        (++reader->at == reader->end || (*reader->at != '"' && *reader->at != '\\')))
      return refuse(reader, "in quotes, a backslash comes before a quote or a backslash");
    if (*reader->at == '\t') return refuse(reader, "a tab in quotes");
    *reader->put++ = *reader->at;
  }
  if (reader->at == reader->end) return refuse(reader, "a quote is not closed");
  if (++reader->at < reader->end && !is_blank(*reader->at))
    return refuse(reader, "a quote is closed in the middle of a word");
  *reader->put++ = 0;
  return text;
}

/* Reads a word without quotes. */
static char const *bare_read(reader_t *reader) {
  char const *const text = reader->put;
  for (; reader->at < reader->end && !is_blank(*reader->at); reader->at++) {
    if (*reader->at == '"' || *reader->at == '\\')
      return refuse(reader, "a value with a quote or a backslash needs quotes around it");
    *reader->put++ = *reader->at;
  }
  *reader->put++ = 0;
  return text;
}

static char const *value_read(reader_t *reader) {
  if (reader->at < reader->end && *reader->at == '"') return quoted_read(reader);
  return bare_read(reader);
}

static bool blanks_skip(reader_t *reader) {
  while (reader->at < reader->end && is_blank(*reader->at)) reader->at++;
  return reader->at < reader->end;
}

static void name_read(reader_t *reader, users_user_t *user) {
  bool const quoted = *reader->at == '"';
  char const *const name = value_read(reader);
  if (!name) return;
  if (!users_name_valid(name, strlen(name)))
    refuse(reader, "a name has 1 to 255 bytes");
  else if (!quoted && strchr(name, '='))
    refuse(reader, "the first word is the user's name; one with = needs quotes");
  user->name = name;
}

static void field_read(reader_t *reader, users_user_t *user) {
  char const *const key = reader->at;
  while (reader->at < reader->end && *reader->at != '=' && !is_blank(*reader->at)) reader->at++;
  field_t const *const field = field_find(key, (size_t)(reader->at - key));
  if (!field) return (void)refuse(reader, "a word that is no key");
  unsigned int const bit = 1U << (field - fields);
  if (reader->seen & bit) return (void)refuse(reader, "a key is there twice");
  reader->seen |= bit;
  void *const member = (char *)user + field->offset;
  bool const has_value = reader->at < reader->end && *reader->at == '=';
  if (has_value != !!field->parse)
    return (void)refuse(reader, has_value ? "disabled has no value" : "a key without a value");
  if (!has_value) return (void)(*(bool *)member = true);
  reader->at++;
  char const *const value = value_read(reader);
  if (value) reader->reason = *value ? field->parse(member, value) : "a key without a value";
}

/* A tab is a blank between words, and no text may hold one. */
static char const *bytes_check(char const *line, size_t len) {
  if (len >= USERS_RECORD_MAX) return "longer than 8191 bytes";
  for (size_t i = 0; i < len;) {
    size_t const step =
        is_printable(line[i]) || line[i] == '\t' ? 1 : utf8_length(line + i, len - i);
    if (!step) return "a control character, or not UTF-8";
    i += step;
  }
  return NULL;
}

static void user_read(reader_t *reader, users_user_t *user) {
  name_read(reader, user);
  while (!reader->reason && blanks_skip(reader)) field_read(reader, user);
}

static void user_clear(users_user_t *user) {
  memset(user, 0, offsetof(users_user_t, record));
}

int users_line_parse(users_user_t *user, char const *line, size_t len, char const **reason) {
  reader_t reader = {.at = line, .end = line + len, .put = user->record};
  user_clear(user);
  reader.reason = bytes_check(line, len);
  if (!reader.reason) {
    if (!blanks_skip(&reader) || *reader.at == '#') return 0;
    user_read(&reader, user);
  }
  if (!reader.reason) return 1;
  *reason = reader.reason;
  users_wipe(user);
  return errno = EINVAL, -1;
}

/* ---- writing ---- */

typedef struct writer {
  char *at, *end;
  bool full;
} writer_t;

static void put(writer_t *writer, char c) {
  if (writer->at == writer->end)
    writer->full = true;
  else
    *writer->at++ = c;
}

static void text_put(writer_t *writer, char const *s) {
  while (*s) put(writer, *s++);
}

static void value_put(writer_t *writer, char const *s, bool quoted) {
  if (!quoted) return text_put(writer, s);
  put(writer, '"');
  for (; *s; s++) {
    if (*s == '"' || *s == '\\') put(writer, '\\');
    put(writer, *s);
  }
  put(writer, '"');
}

static void field_put(writer_t *writer, users_user_t const *user, field_t const *field) {
  char buffer[USERS_SCRAM_FMT];
  char const *const value = field->format((char const *)user + field->offset, buffer);
  if (!value) return;
  put(writer, ' ');
  text_put(writer, field->key);
  if (!field->parse) return;
  put(writer, '=');
  value_put(writer, value, strpbrk(value, " \"\\"));
}

ssize_t users_line_format(char *line, size_t size, users_user_t const *user) {
  writer_t writer = {.at = line, .end = line + (size < USERS_RECORD_MAX ? size : USERS_RECORD_MAX)};
  value_put(&writer, user->name, *user->name == '#' || strpbrk(user->name, " \"\\="));
  for (size_t i = 0; i < FIELDS; i++) field_put(&writer, user, &fields[i]);
  put(&writer, '\n');
  return writer.full ? (errno = ERANGE, -1) : writer.at - line;
}
