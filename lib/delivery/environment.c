#include <errno.h>
#include <string.h>

#include "delivery/delivery.h"

typedef struct text {
  char const *s;
  size_t len;
} text_t;

static text_t whole(char const *s) {
  return (text_t){s, strlen(s)};
}

static int set(delivery_environment_t *environment, char const *name, text_t value) {
  size_t name_len = strlen(name), size = name_len + 1 + value.len + 1;
  if (size > sizeof environment->bytes - environment->len ||
      environment->count == DELIVERY_VARIABLES)
    return errno = E2BIG, -1;
  char *out = environment->bytes + environment->len;
  memcpy(out, name, name_len);
  out[name_len] = '=';
  memcpy(out + name_len + 1, value.s, value.len);
  out[size - 1] = 0;
  environment->variables[environment->count++] = out;
  environment->len += size;
  return 0;
}

/* ---- the parts of an address ---- */

static int set_hosts(delivery_environment_t *environment, text_t host) {
  static char const *const names[] = {"HOST", "HOST2", "HOST3", "HOST4"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (set(environment, names[i], host) < 0) return -1;
    char const *dot = memrchr(host.s, '.', host.len);
    if (dot) host.len = (size_t)(dot - host.s);
  }
  return 0;
}

/* Cuts off what is up to the first separator. */
static text_t behind(text_t text, char separator) {
  char const *found = memchr(text.s, separator, text.len);
  if (!found) return (text_t){text.s + text.len, 0};
  size_t gone = (size_t)(found + 1 - text.s);
  return (text_t){found + 1, text.len - gone};
}

static int set_extensions(delivery_environment_t *environment, text_t local, size_t user_len) {
  static char const *const names[] = {"EXT", "EXT2", "EXT3", "EXT4"};
  text_t extension = {local.s + local.len, 0};
  char separator = local.s[user_len];
  if (user_len < local.len) extension = (text_t){local.s + user_len + 1, local.len - user_len - 1};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (set(environment, names[i], extension) < 0) return -1;
    extension = behind(extension, separator);
  }
  return 0;
}

static int set_recipient(delivery_environment_t *environment, delivery_facts_t const *facts) {
  text_t all = whole(facts->recipient);
  char const *at = memrchr(all.s, '@', all.len);
  text_t local = {all.s, at ? (size_t)(at - all.s) : all.len};
  text_t host = at ? whole(at + 1) : (text_t){all.s + all.len, 0};
  size_t user_len = facts->user_len < local.len ? facts->user_len : local.len;
  text_t user = {local.s, user_len};
  if (set(environment, "RECIPIENT", all) < 0 || set(environment, "LOCAL", local) < 0 ||
      set(environment, "USER", user) < 0 || set(environment, "LOGNAME", user) < 0 ||
      set_hosts(environment, host) < 0)
    return -1;
  return set_extensions(environment, local, user_len);
}

/* ---- lines ---- */

static int set_lines(delivery_environment_t *environment, delivery_facts_t const *facts) {
  char line[DELIVERY_FIELD_SIZE];
  size_t len = delivery_return_path(line, facts->sender);
  if (set(environment, "RPLINE", (text_t){line, len}) < 0) return -1;
  len = delivery_delivered_to(line, facts->recipient);
  if (set(environment, "DTLINE", (text_t){line, len}) < 0) return -1;
  len = delivery_mbox_line(line, facts->sender, facts->time);
  return set(environment, "UFLINE", (text_t){line, len});
}

int delivery_environment_make(delivery_environment_t *environment, delivery_facts_t const *facts) {
  environment->count = environment->len = 0;
  if (set(environment, "PATH", whole(facts->path)) < 0 ||
      set(environment, "HOME", whole(facts->home)) < 0 ||
      set(environment, "SHELL", whole("/bin/sh")) < 0 ||
      set(environment, "SENDER", whole(facts->sender)) < 0 ||
      set(environment, "NEWSENDER", whole(facts->sender)) < 0 ||
      set_recipient(environment, facts) < 0 || set_lines(environment, facts) < 0)
    return -1;
  environment->variables[environment->count] = NULL;
  return 0;
}
