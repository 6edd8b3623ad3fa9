/* A table of access rules in use: kept up to date, and looked up. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/types.h>

#include "net/internal.h"
#include "table/table.h"

/* ---- the file -------------------------------------------------------------------------------- */

void net_rules_init(net_rules_t *rules, char const *path) {
  *rules = (net_rules_t){.path = path, .status = ENOENT};
}

void net_rules_init_private(net_rules_t *rules, char const *path) {
  *rules = (net_rules_t){.path = path, .is_private = true, .status = ENOENT};
}

void net_rules_free(net_rules_t *rules) {
  if (rules->map.map) cdb_free(&rules->map);
  rules->map = cdb_zero;
}

/* A text has no NUL; every cdb has, in the high bytes of its header. */
static int is_text(int fd) {
  char header[TABLE_HEADER_SIZE];
  ssize_t const r = pread(fd, header, sizeof header, 0);
  return r < 0 ? -1 : !memchr(header, 0, (size_t)r);
}

static int read_lengths(net_rules_t *rules) {
  for (unsigned int family = 0; family < 2; family++) {
    cdb_data data;
    int const r = table_find(&rules->map, &data, family ? "/6" : "/4", 2);
    if (r < 0 || (r && data.len > 129)) return errno = EPROTO, -1;
    rules->lengths_count[family] = r ? data.len : 0;
    if (r) memcpy(rules->lengths[family], data.s, data.len);
    for (size_t i = 0; i < rules->lengths_count[family]; i++)
      if (rules->lengths[family][i] > (family ? 128 : 32)) return errno = EPROTO, -1;
  }
  return 0;
}

static int map_cdb(net_rules_t *rules, int fd) {
  if (!cdb_init_fromfd(&rules->map, fd)) return -1;
  if (!table_is_whole(&rules->map)) {
    rules->error.reason = "this is neither rules nor a whole cdb";
    return errno = EPROTO, -1;
  }
  return read_lengths(rules);
}

static int compile_text(net_rules_t *rules, int from, int to) {
  size_t const size = (size_t)rules->stamp.st_size;
  char *const text = malloc(size + 1);
  if (!text) return -1;
  size_t const len = allread(from, text, size);
  int const result = len < size ? (errno = EAGAIN, -1) /* it shrank: somebody writes to it */
                                : net_rules_compile(text, len, to, &rules->error);
  int const saved = errno;
  free(text);
  return errno = saved, result;
}

static int copy_cdb(net_rules_t *rules, int from, int to) {
  (void)rules;
  return fd_cat(from, to) < 0 ? -1 : 0;
}

/* Maps an anonymous file that fill makes of what is in fd. */
static int map_private(net_rules_t *rules, int fd,
                       int (*fill)(net_rules_t *rules, int from, int to)) {
  int const copy = memfd_create("rules", MFD_CLOEXEC);
  if (copy < 0) return -1;
  int result = fill(rules, fd, copy);
  if (result == 0) result = map_cdb(rules, copy);
  int const saved = errno;
  close(copy);
  return errno = saved, result;
}

static int load(net_rules_t *rules, int fd) {
  if (fstat(fd, &rules->stamp) < 0) return -1;
  if (!S_ISREG(rules->stamp.st_mode)) return errno = EINVAL, -1;
  int const text = is_text(fd);
  if (text < 0) return -1;
  if (text && rules->stamp.st_size > NET_RULES_TEXT_MAX) {
    rules->error.reason = "the text is too long to be used without tcp-rules-compile";
    return errno = EFBIG, -1;
  }
  if (text) return map_private(rules, fd, compile_text);
  return rules->is_private ? map_private(rules, fd, copy_cdb) : map_cdb(rules, fd);
}

static bool is_same_file(struct stat const *a, struct stat const *b) {
  return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
         a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
         a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* What is wrong with the file stays wrong as long as it is that file. Anything else (no descriptor,
   no memory, a disk's error) may be over when the next client comes. */
static bool is_about_file(int error) {
  return error == EPROTO || error == EINVAL || error == EFBIG;
}

static void reload(net_rules_t *rules) {
  net_rules_free(rules);
  rules->error = (net_rules_error_t){0, NULL};
  rules->stamp = (struct stat){0};
  int const fd = open(rules->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  rules->status = fd < 0 || load(rules, fd) < 0 ? errno : 0;
  if (rules->status) net_rules_free(rules);
  if (rules->status && !is_about_file(rules->status)) rules->stamp = (struct stat){0};
  if (fd >= 0) close(fd);
}

int net_rules_refresh(net_rules_t *rules) {
  struct stat now;
  if (stat(rules->path, &now) < 0 || !is_same_file(&now, &rules->stamp)) reload(rules);
  return rules->status ? (errno = rules->status, -1) : 0;
}

/* ---- look-up --------------------------------------------------------------------------------- */

typedef struct search {
  net_rules_t const *rules;
  net_client_t const *client;
  net_rule_t *rule;
  net_rules_say_f *say;
  void *data;
} search_t;

/* True if value is what the compiler makes: "D", "+NAME=value", each with its NUL. */
static bool value_is_whole(char const *value, size_t len) {
  unsigned int variables = 0;
  if (len && value[len - 1]) return false;
  for (size_t i = 0; i < len; i += strlen(value + i) + 1) {
    if (!strcmp(value + i, "D")) continue;
    if (value[i] != '+' || !strchr(value + i, '=')) return false;
    if (++variables > NET_RULE_VARIABLES_MAX) return false;
  }
  return true;
}

/* Looks for what is in rule->key. 1 found, 0 not, -1 broken. */
static int try_key(search_t *search, size_t len) {
  net_rule_t *const rule = search->rule;
  cdb_data value = {.s = "", .len = 0};
  int const r = table_find(&search->rules->map, &value, rule->key, len);
  if (r < 0 || (r && !value_is_whole(value.s, value.len))) return errno = EPROTO, -1;
  rule->key[rule->key_len = len] = 0;
  if (search->say) search->say(search->data, rule->key, r);
  if (!r) return 0;
  rule->found = true;
  rule->allow = !value.len || *value.s != 'D';
  rule->value = value.s;
  rule->value_len = value.len;
  return 1;
}

/* Puts info, '@' or nothing, then text into the key and looks for it. */
static int try_text(search_t *search, char const *info, char const *text) {
  char *const key = search->rule->key;
  size_t const info_len = info ? strlen(info) : 0, len = strlen(text);
  if (info_len + 1 + len > NET_RULE_KEY_MAX) return 0; /* no rule is that long */
  size_t at = 0;
  if (info) {
    memcpy(key, info, info_len);
    key[info_len] = '@';
    at = info_len + 1;
  }
  memcpy(key + at, text, len);
  return try_key(search, at + len);
}

static int try_network(search_t *search, unsigned int bits) {
  net_prefix_t prefix;
  net_prefix_of(&prefix, search->client->ip, bits);
  return try_key(search, net_rules_prefix_key(search->rule->key, &prefix));
}

/* Whole octets are tried whether the table lists them or not: tcprules' tables list nothing. */
static int try_networks(search_t *search) {
  unsigned int const family = ip46_is6(search->client->ip);
  unsigned char const *listed = search->rules->lengths[family];
  size_t left = search->rules->lengths_count[family];
  unsigned int octets = family ? 0 : 24;
  int r = 0;
  while (!r && (left || octets)) {
    unsigned int const bits = left && *listed > octets ? *listed : octets;
    r = try_network(search, bits);
    if (left && *listed == bits) listed++, left--;
    if (octets && octets == bits) octets -= 8;
  }
  return r;
}

static int try_suffixes(search_t *search, char const *host) {
  int r = 0;
  for (char const *s = strchr(host + 1, '.'); s && !r; s = strchr(s + 1, '.')) {
    search->rule->key[0] = '=';
    size_t const len = strlen(s);
    memcpy(search->rule->key + 1, s, len);
    r = try_key(search, 1 + len);
  }
  return r ? r : try_text(search, NULL, "=");
}

static int find_unix(search_t *search) {
  char key[4 + UINT_FMT] = "uid:";
  key[4 + uint_fmt(key + 4, search->client->uid)] = 0;
  int const r = try_text(search, NULL, key);
  return r ? r : try_text(search, NULL, "unix");
}

/* host is "=name" in lower case, or NULL. */
static int find_ip(search_t *search, char const *host) {
  char const *const info = search->client->info;
  char ip[IP46_FMT];
  ip[ip46_fmt(ip, search->client->ip)] = 0;
  int r = info ? try_text(search, info, ip) : 0;
  if (!r && info && host) r = try_text(search, info, host);
  if (!r) r = try_text(search, NULL, ip);
  if (!r && host) r = try_text(search, NULL, host);
  if (!r) r = try_networks(search);
  if (!r && host) r = try_suffixes(search, host);
  return r;
}

/* "=" and the name in lower case. NULL without a name, or with one that no rule can have. */
static char const *host_of(net_client_t const *client, char host[NET_RULE_KEY_MAX + 1]) {
  size_t const len = client->host ? strlen(client->host) : 0;
  if (!len || len >= NET_RULE_KEY_MAX) return NULL;
  host[0] = '=';
  for (size_t i = 0; i <= len; i++) host[i + 1] = (char)tolower((unsigned char)client->host[i]);
  return host;
}

int net_rules_find(net_rules_t const *rules, net_client_t const *client, net_rule_t *rule,
                   net_rules_say_f *say, void *data) {
  search_t search = {rules, client, rule, say, data};
  char host[NET_RULE_KEY_MAX + 1];
  rule->found = false;
  rule->allow = true;
  rule->value_len = 0;
  int r = client->ip ? find_ip(&search, host_of(client, host)) : find_unix(&search);
  if (!r) r = try_text(&search, NULL, "");
  return r < 0 ? -1 : 0;
}

char const *net_rule_variable(net_rule_t const *rule, size_t *position) {
  while (*position < rule->value_len) {
    char const *const item = rule->value + *position;
    *position += strlen(item) + 1;
    if (*item == '+') return item + 1;
  }
  return NULL;
}
