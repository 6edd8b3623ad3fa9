#include <errno.h>
#include <string.h>

#include "route/internal.h"

#define COMPONENT_MAX 255 /* bytes of a file's name: NAME_MAX */

static void parts_set(route_parts_t *parts, route_address_t const *address,
                      route_match_t const *match) {
  char const *text = route_address_text(address);
  size_t user_len = match->user_len;
  size_t extension = user_len < address->at ? user_len + 1 : user_len;
  size_t domain = address->at < address->len ? address->at + 1 : address->len;
  *parts = (route_parts_t){.local = text,
                           .local_len = address->at,
                           .domain = text + domain,
                           .domain_len = address->len - domain,
                           .user_len = user_len,
                           .extension = text + extension,
                           .extension_len = address->at - extension};
}

typedef struct output {
  char *path;
  size_t len;
  size_t component_len;
} output_t;

static int put(output_t *out, char c) {
  out->component_len = c == '/' ? 0 : out->component_len + 1;
  if (out->component_len > COMPONENT_MAX || out->len == ROUTE_TARGET_MAX - 1) {
    errno = ENAMETOOLONG;
    return -1;
  }
  out->path[out->len++] = c;
  return 0;
}

static bool is_safe(char c, bool first) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr("-_+=,", c)) ||
         (c == '.' && !first);
}

static int put_safely(output_t *out, char const *s, size_t len) {
  static char const digits[] = "0123456789ABCDEF";
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)s[i];
    if (is_safe(s[i], !i)) {
      if (put(out, s[i]) < 0) return -1;
    } else if (put(out, '%') < 0 || put(out, digits[c >> 4]) < 0 || put(out, digits[c & 15]) < 0) {
      return -1;
    }
  }
  return 0;
}

static int put_letter(output_t *out, char letter, route_parts_t const *parts) {
  switch (letter) {
  case 'u': return put_safely(out, parts->local, parts->user_len);
  case 'l': return put_safely(out, parts->local, parts->local_len);
  case 'd': return put_safely(out, parts->domain, parts->domain_len);
  case 'e': return put_safely(out, parts->extension, parts->extension_len);
  case '%': return put(out, '%');
  default: errno = EPROTO; return -1;
  }
}

int route_template_fill(char path[ROUTE_TARGET_MAX], char const *template,
                        route_parts_t const *parts) {
  output_t out = {.path = path};
  for (char const *s = template; *s; s++)
    if ((*s == '%' ? put_letter(&out, *++s, parts) : put(&out, *s)) < 0) return -1;
  path[out.len] = 0;
  return 0;
}

static int fill(char out[ROUTE_TARGET_MAX], char const **text, route_address_t const *address,
                route_match_t const *match) {
  route_parts_t parts;
  parts_set(&parts, address, match);
  if (route_template_fill(out, *text, &parts) < 0) return -1;
  *text = out;
  return 0;
}

int route_item_fill(route_item_t *item, route_space_t *space, route_address_t const *address,
                    route_match_t const *match) {
  route_channel_t channel = route_letter_channel(item->letter);
  if (channel == ROUTE_CHANNELS || strlen(item->text) >= ROUTE_TARGET_MAX ||
      strlen(item->quota) >= ROUTE_QUOTA_SIZE)
    return errno = EPROTO, -1;
  if (channel == ROUTE_MAILDIR && fill(space->path, &item->text, address, match) < 0) return -1;
  if (*item->user && fill(space->user, &item->user, address, match) < 0) return -1;
  return strlen(item->user) < ROUTE_NAME_SIZE ? 0 : (errno = EPROTO, -1);
}
