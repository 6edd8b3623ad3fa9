#include "dns/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { RCODE_OK = 0, RCODE_NAME = 3, TYPE_OPT = 41, CLASS_IN = 1 };
enum { POINTER = 0xc0, LABEL_MAX = 63, LABELS_MAX = 127, WIRE_NAME_MAX = 255 };

/* ---- writing ------------------------------------------------------------------------------- */

static uint8_t *put16(uint8_t *p, unsigned int value) {
  *p++ = (uint8_t)(value >> 8);
  *p++ = (uint8_t)value;
  return p;
}

static uint8_t *put_name(uint8_t *p, char const *name) {
  while (*name) {
    size_t label = strcspn(name, ".");
    *p++ = (uint8_t)label;
    memcpy(p, name, label);
    p += label;
    name += label;
    if (*name) name++;
  }
  *p++ = 0;
  return p;
}

size_t dns_query_write(uint8_t out[DNS_QUERY_MAX], uint16_t id, char const *name, dns_type_t type) {
  char canonical[DNS_NAME_MAX + 1];
  if (!dns_name_canonical(canonical, name)) return 0;
  uint8_t *p = put16(out, id);
  p = put16(p, 0x0120); /* RD, AD */
  p = put16(p, 1);      /* one question */
  p = put16(p, 0);
  p = put16(p, 0);
  p = put16(p, 1); /* OPT */
  p = put_name(p, canonical);
  p = put16(p, (unsigned int)type);
  p = put16(p, CLASS_IN);
  *p++ = 0; /* OPT's owner is the root */
  p = put16(p, TYPE_OPT);
  p = put16(p, DNS_UDP_SIZE);
  p = put16(p, 0); /* no extended code, version 0 */
  p = put16(p, 0); /* no flags */
  p = put16(p, 0); /* no options */
  return (size_t)(p - out);
}

/* ---- reading ------------------------------------------------------------------------------- */

typedef struct reader {
  uint8_t const *message;
  size_t len;
  size_t at;
} reader_t;

typedef struct record {
  char owner[DNS_NAME_MAX + 1];
  bool has_owner; /* false: not a name that text can show, nor one that was asked */
  unsigned int type;
  unsigned int class;
  uint32_t ttl;
  reader_t data; /* at its first octet; len is its end */
} record_t;

static bool read16(reader_t *reader, unsigned int *value) {
  if (reader->len - reader->at < 2) return false;
  uint8_t const *p = reader->message + reader->at;
  *value = (unsigned int)p[0] << 8 | p[1];
  reader->at += 2;
  return true;
}

static bool read32(reader_t *reader, uint32_t *value) {
  unsigned int high, low;
  if (!read16(reader, &high) || !read16(reader, &low)) return false;
  *value = (uint32_t)high << 16 | low;
  return true;
}

/* Follows a pointer (4.1.4). Pointers lead strictly backwards, so there are no loops. */
static bool follow_pointer(reader_t *walk, size_t *lowest) {
  unsigned int pointer;
  if (!read16(walk, &pointer)) return false;
  pointer &= 0x3fff;
  if (pointer >= *lowest) return false;
  *lowest = walk->at = pointer;
  return true;
}

/* Appends a label. False if text cannot show it. */
static bool put_label(char *name, size_t *len, uint8_t const *label, size_t size) {
  if (*len) name[(*len)++] = '.';
  memcpy(name + *len, label, size);
  *len += size;
  return !memchr(label, '.', size) && !memchr(label, 0, size);
}

/* Reads a name as text. False if it is malformed; *shown is false if text cannot show it. */
static bool read_name(reader_t *reader, char name[DNS_NAME_MAX + 1], bool *shown) {
  reader_t walk = *reader;
  size_t len = 0, lowest = reader->at;
  unsigned int jumps = 0, size;
  *shown = true;
  do {
    if (walk.at >= walk.len) return false;
    size = walk.message[walk.at];
    if (size >= POINTER) {
      if (jumps == 0) reader->at = walk.at + 2;
      if (++jumps > LABELS_MAX || !follow_pointer(&walk, &lowest)) return false;
      continue;
    }
    if (size > LABEL_MAX || walk.len - walk.at - 1 < size || len + size + 3 > WIRE_NAME_MAX)
      return false;
    if (size && !put_label(name, &len, walk.message + walk.at + 1, size)) *shown = false;
    walk.at += 1 + size;
  } while (size);
  if (jumps == 0) reader->at = walk.at;
  name[len] = 0;
  return true;
}

static bool read_record(reader_t *reader, record_t *record) {
  unsigned int size;
  if (!read_name(reader, record->owner, &record->has_owner)) return false;
  if (!read16(reader, &record->type) || !read16(reader, &record->class)) return false;
  if (!read32(reader, &record->ttl) || !read16(reader, &size)) return false;
  if (reader->len - reader->at < size) return false;
  record->data = (reader_t){.message = reader->message, .len = reader->at + size, .at = reader->at};
  reader->at += size;
  return true;
}

/* ---- what an answer says ------------------------------------------------------------------- */

typedef struct header {
  unsigned int flags, rcode, answers;
} header_t;

/* Reads the header and steps over the question. */
static bool read_header(reader_t *reader, header_t *header) {
  unsigned int id, questions, authorities, additionals, type, class;
  char name[DNS_NAME_MAX + 1];
  bool shown;
  if (!read16(reader, &id) || !read16(reader, &header->flags) || !read16(reader, &questions) ||
      !read16(reader, &header->answers) || !read16(reader, &authorities) ||
      !read16(reader, &additionals))
    return false;
  if (!(header->flags & 0x8000) || questions != 1) return false;
  header->rcode = header->flags & 15;
  return read_name(reader, name, &shown) && read16(reader, &type) && read16(reader, &class);
}

/* The answer section, from reader on, and the name whose records count. */
typedef struct section {
  reader_t reader;
  unsigned int count;
  char name[DNS_NAME_MAX + 1];
  uint32_t ttl;
} section_t;

static bool is_at(record_t *record, char const *name) {
  char owner[DNS_NAME_MAX + 1];
  return record->has_owner && record->class == CLASS_IN &&
         dns_name_canonical(owner, record->owner) && strcmp(owner, name) == 0;
}

static void keep_least(uint32_t *ttl, uint32_t other) {
  if (other & 0x80000000) other = 0; /* RFC 2181 section 8 */
  if (other < *ttl) *ttl = other;
}

typedef enum step { STEP_NONE, STEP_TAKEN, STEP_BAD } step_t;

/* If there is a CNAME at the section's name, goes on to where it leads. */
static step_t follow_alias(section_t *section) {
  reader_t reader = section->reader;
  record_t record;
  char target[DNS_NAME_MAX + 1];
  bool shown;
  for (unsigned int i = 0; i < section->count; i++) {
    if (!read_record(&reader, &record)) return STEP_BAD;
    if (record.type != DNS_CNAME || !is_at(&record, section->name)) continue;
    if (!read_name(&record.data, target, &shown) || !shown) return STEP_BAD;
    keep_least(&section->ttl, record.ttl);
    return dns_name_canonical(section->name, target) ? STEP_TAKEN : STEP_BAD;
  }
  return STEP_NONE;
}

static bool follow_aliases(section_t *section) {
  for (unsigned int steps = 0; steps <= DNS_CHAIN_MAX; steps++) {
    step_t step = follow_alias(section);
    if (step != STEP_TAKEN) return step == STEP_NONE;
  }
  return false; /* a loop, or as good as one */
}

/* ---- records' data ------------------------------------------------------------------------- */

/* Where records and their data go. First without room, to learn how much is needed. */
typedef struct store {
  dns_record_t *records;
  char *data;
  size_t count, len;
} store_t;

static char *put_data(store_t *store, void const *bytes, size_t len) {
  char *start = store->data ? store->data + store->len : NULL;
  if (start) {
    memcpy(start, bytes, len);
    start[len] = 0;
  }
  store->len += len + 1;
  return start;
}

typedef enum taken { TAKEN, LEFT_OUT, MALFORMED } taken_t;

static taken_t take_address(dns_record_t *out, reader_t *data, bool is6) {
  if (data->len - data->at != (is6 ? 16 : 4)) return MALFORMED;
  ip46_from_ip(&out->ip, (char const *)data->message + data->at, is6);
  return TAKEN;
}

static taken_t take_name(store_t *store, dns_record_t *out, reader_t *data) {
  char name[DNS_NAME_MAX + 1];
  bool shown;
  if (!read_name(data, name, &shown) || data->at != data->len) return MALFORMED;
  if (!shown) return LEFT_OUT;
  out->len = strlen(name);
  out->data = put_data(store, name, out->len);
  return TAKEN;
}

static taken_t take_exchange(store_t *store, dns_record_t *out, reader_t *data) {
  unsigned int preference;
  if (!read16(data, &preference)) return MALFORMED;
  out->preference = (uint16_t)preference;
  return take_name(store, out, data);
}

/* Joins the strings of a TXT record. */
static taken_t take_strings(store_t *store, dns_record_t *out, reader_t *data) {
  char *start = store->data ? store->data + store->len : NULL;
  while (data->at < data->len) {
    size_t size = data->message[data->at++];
    if (data->len - data->at < size) return MALFORMED;
    if (start) memcpy(start + out->len, data->message + data->at, size);
    out->len += size;
    data->at += size;
  }
  if (start) start[out->len] = 0;
  out->data = start;
  store->len += out->len + 1;
  return TAKEN;
}

static taken_t take_bytes(store_t *store, dns_record_t *out, reader_t *data) {
  out->len = data->len - data->at;
  out->data = put_data(store, data->message + data->at, out->len);
  return TAKEN;
}

static taken_t take(store_t *store, dns_record_t *out, reader_t *data, dns_type_t type) {
  switch (type) {
  case DNS_A: return take_address(out, data, false);
  case DNS_AAAA: return take_address(out, data, true);
  case DNS_MX: return take_exchange(store, out, data);
  case DNS_TXT: return take_strings(store, out, data);
  case DNS_CNAME:
  case DNS_PTR: return take_name(store, out, data);
  default: return take_bytes(store, out, data);
  }
}

/* Takes the section's records of this type. */
static bool take_records(store_t *store, section_t *section, dns_type_t type) {
  reader_t reader = section->reader;
  record_t record;
  for (unsigned int i = 0; i < section->count; i++) {
    dns_record_t out = {.len = 0};
    if (!read_record(&reader, &record)) return false;
    if (record.type != (unsigned int)type || !is_at(&record, section->name)) continue;
    taken_t taken = take(store, &out, &record.data, type);
    if (taken == MALFORMED) return false;
    if (taken == LEFT_OUT) continue;
    keep_least(&section->ttl, record.ttl);
    if (store->records) store->records[store->count] = out;
    store->count++;
  }
  return true;
}

/* Two walks over the section: one counts, one copies into a block that is just large enough. */
static void *store_records(dns_answer_t *answer, section_t *section, dns_type_t type) {
  store_t store = {.count = 0};
  if (!take_records(&store, section, type)) return NULL;
  answer->status = DNS_NO_DATA;
  answer->ttl = section->ttl;
  if (!store.count) return NULL;
  size_t head = store.count * sizeof *store.records;
  store.records = malloc(head + store.len);
  if (!store.records) {
    answer->status = DNS_TROUBLE;
    answer->error = ENOMEM;
    return NULL;
  }
  store.data = (char *)store.records + head;
  store.count = store.len = 0;
  take_records(&store, section, type);
  answer->status = DNS_FOUND;
  answer->ttl = section->ttl;
  answer->records = store.records;
  answer->count = store.count;
  return store.records;
}

void *dns_answer_read(dns_answer_t *answer, uint8_t const *message, size_t len, char const *name,
                      dns_type_t type) {
  section_t section = {.reader = {.message = message, .len = len}, .ttl = UINT32_MAX};
  header_t header;
  *answer = (dns_answer_t){.status = DNS_TROUBLE};
  if (!dns_name_canonical(section.name, name) || !read_header(&section.reader, &header))
    return NULL;
  answer->authentic = (header.flags & 0x0020) != 0;
  if (header.rcode == RCODE_NAME) {
    answer->status = DNS_NO_NAME;
    return NULL;
  }
  if (header.rcode != RCODE_OK) return NULL;
  answer->cut = header.answers > DNS_RECORDS_MAX;
  section.count = answer->cut ? DNS_RECORDS_MAX : header.answers;
  if (type != DNS_CNAME && !follow_aliases(&section)) return NULL;
  return store_records(answer, &section, type);
}
