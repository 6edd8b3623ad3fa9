/* Address lists. A list is read from left to right, once: what stands before an "@", a "<" or a ":"
   is gathered first, and turns out to be a local part, a display name or the name of a group. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "mime/mime.h"
#include "mime/scan.h"

/* Words, and dots between them. */
typedef struct words {
  char const *begin, *end; /* of the first and the last one */
  size_t count;
  bool local; /* so far it could be a local part: a dot between each two words, no others */
  bool after_dot;
  bool too_long; /* for an address */
  size_t len;
  char text[MIME_ADDRESS_MAX]; /* what they say, without quotes */
} words_t;

static int refuse(int error) {
  errno = error;
  return -1;
}

/* ---- local parts and display names ----------------------------------------------------------- */

static void put_text(words_t *words, char const *s, size_t len) {
  if (len > sizeof words->text - words->len) {
    words->too_long = true;
    return;
  }
  memcpy(words->text + words->len, s, len);
  words->len += len;
}

/* Takes a quoted string; *scan->at is its quote. */
static bool take_quoted(words_t *words, scan_t *scan) {
  char c;
  scan->at++;
  while (scan->at < scan->end && *scan->at != '"') {
    if (!scan_content(scan, &c)) return false;
    if (c) put_text(words, &c, 1);
  }
  return scan_byte(scan, '"');
}

static bool take_word(words_t *words, scan_t *scan) {
  if (scan_peek(scan) == '"') return take_quoted(words, scan);
  char const *atom = scan->at;
  size_t const len = scan_atom(scan);
  put_text(words, atom, len);
  return len > 0;
}

static void take_dot(words_t *words, scan_t *scan) {
  scan->at++;
  put_text(words, ".", 1);
  words->local = words->local && words->count && !words->after_dot;
  words->after_dot = true;
}

static bool is_empty(words_t const *words) {
  return words->begin == words->end;
}

static bool is_word_begin(char c) {
  return c && (c == '"' || c == '.' || is_atom_byte(c));
}

/* Takes all words and dots that follow, and what is blank behind them. */
static int take_words(words_t *words, scan_t *scan) {
  words->count = words->len = 0;
  words->local = true;
  words->after_dot = words->too_long = false;
  if (!scan_blanks(scan)) return refuse(EINVAL);
  words->begin = words->end = scan->at;
  for (char c; (c = scan_peek(scan)), is_word_begin(c);) {
    if (c == '.') {
      take_dot(words, scan);
    } else {
      if (!take_word(words, scan)) return refuse(EINVAL);
      words->local = words->local && (!words->count || words->after_dot);
      words->after_dot = false;
      words->count++;
    }
    words->end = scan->at;
    if (!scan_blanks(scan)) return refuse(EINVAL);
  }
  return 0;
}

static bool is_dot_atom(char const *s, size_t len) {
  bool in_atom = false;
  for (size_t i = 0; i < len; i++) {
    if (s[i] == '.' ? !in_atom : !is_atom_byte(s[i])) return false;
    in_atom = s[i] != '.';
  }
  return in_atom;
}

/* ---- addresses ------------------------------------------------------------------------------- */

static int put(mime_mailbox_t *mailbox, char const *s, size_t len) {
  if (len > MIME_ADDRESS_MAX - mailbox->len) return refuse(E2BIG);
  memcpy(mailbox->address + mailbox->len, s, len);
  mailbox->len += len;
  mailbox->address[mailbox->len] = 0;
  return 0;
}

static int put_local_quoted(mime_mailbox_t *mailbox, words_t const *words) {
  if (put(mailbox, "\"", 1) < 0) return -1;
  for (char const *s = words->text; s < words->text + words->len; s++) {
    if ((*s == '"' || *s == '\\') && put(mailbox, "\\", 1) < 0) return -1;
    if (put(mailbox, s, 1) < 0) return -1;
  }
  return put(mailbox, "\"", 1);
}

/* The words are a local part. */
static int put_local(mime_mailbox_t *mailbox, words_t const *words) {
  if (!words->local || words->after_dot || !words->count) return refuse(EINVAL);
  if (words->too_long) return refuse(E2BIG);
  int const done = is_dot_atom(words->text, words->len) ? put(mailbox, words->text, words->len)
                                                        : put_local_quoted(mailbox, words);
  mailbox->local_len = mailbox->len;
  mailbox->local_end = words->end;
  return done;
}

/* Takes a domain literal; *scan->at is its bracket. */
static int take_literal(mime_mailbox_t *mailbox, scan_t *scan) {
  char c = *scan->at++;
  if (put(mailbox, &c, 1) < 0) return -1;
  while (scan_peek(scan) != ']') {
    if (!scan_content(scan, &c)) return refuse(EINVAL);
    bool const is_bad = c == '[' || c == ']' || c == '\\'; /* RFC 5321 has no pairs to say them */
    if (is_bad) return refuse(EINVAL);
    if (c && c != ' ' && put(mailbox, &c, 1) < 0) return -1;
  }
  scan->at++;
  return put(mailbox, "]", 1);
}

static int take_domain_name(mime_mailbox_t *mailbox, scan_t *scan) {
  for (;;) {
    char const *atom = scan->at;
    size_t const len = scan_atom(scan);
    if (!len) return refuse(EINVAL);
    if (put(mailbox, atom, len) < 0) return -1;
    if (!scan_blanks(scan)) return refuse(EINVAL);
    if (!scan_byte(scan, '.')) return 0;
    if (put(mailbox, ".", 1) < 0) return -1;
    if (!scan_blanks(scan)) return refuse(EINVAL);
  }
}

/* Takes a domain and what is blank around it. */
static int take_domain(mime_mailbox_t *mailbox, scan_t *scan) {
  if (!scan_blanks(scan)) return refuse(EINVAL);
  int const taken =
      scan_peek(scan) == '[' ? take_literal(mailbox, scan) : take_domain_name(mailbox, scan);
  if (taken < 0) return -1;
  return scan_blanks(scan) ? 0 : refuse(EINVAL);
}

/* Takes what may follow a local part. */
static int take_host(mime_mailbox_t *mailbox, scan_t *scan) {
  if (!scan_byte(scan, '@')) return 0;
  return put(mailbox, "@", 1) < 0 ? -1 : take_domain(mailbox, scan);
}

/* Takes a route (4.4): "@a,,@b:". It is nobody's business any more (RFC 5321 appendix F.2). */
static int take_route(mime_mailbox_t *mailbox, scan_t *scan) {
  do {
    while (scan_peek(scan) == ',') {
      scan->at++;
      if (!scan_blanks(scan)) return refuse(EINVAL);
    }
    if (!scan_byte(scan, '@')) return refuse(EINVAL);
    if (take_domain(mailbox, scan) < 0) return -1;
    mailbox->len = 0;
  } while (scan_peek(scan) == ',');
  return scan_byte(scan, ':') ? 0 : refuse(EINVAL);
}

/* Takes an angle-addr; *scan->at is its bracket. */
static int take_angle(mime_mailbox_t *mailbox, scan_t *scan, words_t *words) {
  mailbox->name = is_empty(words) ? NULL : words->begin;
  mailbox->name_len = (size_t)(words->end - words->begin);
  scan->at++;
  if (!scan_blanks(scan)) return refuse(EINVAL);
  bool const has_route = scan_peek(scan) == '@' || scan_peek(scan) == ',';
  if (has_route && take_route(mailbox, scan) < 0) return -1;
  if (take_words(words, scan) < 0 || put_local(mailbox, words) < 0) return -1;
  if (take_host(mailbox, scan) < 0) return -1;
  return scan_byte(scan, '>') && scan_blanks(scan) ? 0 : refuse(EINVAL);
}

static int take_bare(mime_mailbox_t *mailbox, scan_t *scan, words_t const *words) {
  if (put_local(mailbox, words) < 0) return -1;
  return take_host(mailbox, scan);
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* Takes what separates the elements of a list: commas, and the beginnings and ends of groups. A
   group's name was gathered when its colon comes. */
static int take_mark(mime_list_t *list, scan_t *scan, words_t const *words) {
  if (!is_empty(words)) {
    if (list->in_group || !scan_byte(scan, ':')) return refuse(EINVAL);
    list->in_group = true;
    return 0;
  }
  if (list->in_group && scan_byte(scan, ';')) {
    list->in_group = false;
    return 0;
  }
  return scan_byte(scan, ',') ? 0 : refuse(EINVAL);
}

/* An element ends at a comma, or with its group or the list. */
static bool is_element_end(mime_list_t const *list, scan_t const *scan) {
  if (scan->at == scan->end) return !list->in_group;
  return *scan->at == ',' || (*scan->at == ';' && list->in_group);
}

/* a@b <a@b>: many write the address for a name and forget the quotes. Two that differ are nothing
   to choose from. */
static int take_again(mime_mailbox_t *mailbox, scan_t *scan, words_t *words) {
  mime_mailbox_t again = {.len = 0};
  words->begin = words->end;
  if (take_angle(&again, scan, words) < 0) return -1;
  return strcasecmp(again.address, mailbox->address) ? refuse(EINVAL) : 0;
}

static int take_mailbox(mime_list_t const *list, scan_t *scan, mime_mailbox_t *mailbox,
                        words_t *words) {
  bool const bare = scan_peek(scan) != '<';
  mailbox->name = NULL;
  mailbox->name_len = mailbox->len = 0;
  int taken = bare ? take_bare(mailbox, scan, words) : take_angle(mailbox, scan, words);
  bool const twice = !taken && bare && scan_peek(scan) == '<';
  if (twice) taken = take_again(mailbox, scan, words);
  if (taken < 0) return -1;
  return is_element_end(list, scan) ? 1 : refuse(EINVAL);
}

static int take_element(mime_list_t *list, scan_t *scan, mime_mailbox_t *mailbox) {
  words_t words;
  for (;;) {
    if (take_words(&words, scan) < 0) return -1;
    if (scan->at == scan->end && is_empty(&words)) return list->in_group ? refuse(EINVAL) : 0;
    char const next = scan_peek(scan);
    bool const is_mark = next == ':' || (is_empty(&words) && (next == ',' || next == ';'));
    if (!is_mark) return take_mailbox(list, scan, mailbox, &words);
    if (take_mark(list, scan, &words) < 0) return -1;
  }
}

void mime_list_begin(mime_list_t *list, char const *value, size_t len) {
  *list = (mime_list_t){.at = value, .end = value + len};
}

/* After a failure the list stays where it was: the next call fails as this one did. */
int mime_list_next(mime_list_t *list, mime_mailbox_t *mailbox) {
  mime_list_t next = *list;
  scan_t scan = {.at = list->at, .end = list->end};
  int const taken = take_element(&next, &scan, mailbox);
  if (taken < 0) return -1;
  next.at = scan.at;
  *list = next;
  return taken;
}
