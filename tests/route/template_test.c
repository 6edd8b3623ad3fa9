/* Maildir paths: what stands for a letter is safe, and different parts make different paths. */

#include <errno.h>

#include "../unit.h"
#include "route/internal.h"

typedef struct fill_case {
  char const *name;
  char const *template;
  char const *local;
  size_t user_len;
  char const *domain;
  char const *path; /* NULL: refused */
} fill_case_t;

static fill_case_t const cases[] = {
    {"no letters", "/var/mail/a", "a", 1, "x", "/var/mail/a"},
    {"each letter", "/%d/%u/%e/%l/%%", "user+ext", 4, "x.test", "/x.test/user/ext/user+ext/%"},
    {"no extension", "/%u-%e-", "user", 4, "x", "/user--"},
    {"what is kept", "/%l", "az09-_+=,.", 10, "x", "/az09-_+=,."},
    {"dots only", "/%l/", "..", 2, "x", "/%2E./"},
    {"one dot", "/%l", ".", 1, "x", "/%2E"},
    {"a dot behind a prefix", "/.%l", ".", 1, "x", "/.%2E"},
    {"a slash", "/%l", "/", 1, "x", "/%2F"},
    {"a backslash and quotes", "/%l", "\"\\'`", 4, "x", "/%22%5C%27%60"},
    {"a percent sign", "/%l", "%2f", 3, "x", "/%252f"},
    {"blanks and control bytes", "/%l", " \t\n\x7f", 4, "x", "/%20%09%0A%7F"},
    {"UTF-8", "/%l/%d", "\xc3\xa9", 2, "\xc3\xa9.test", "/%C3%A9/%C3%A9.test"},
    {"a colon, which Maildir names have", "/%l", "a:2,", 4, "x", "/a%3A2,"},
    {"capitals, which nobody hands in", "/%l", "A", 1, "x", "/%41"},
    {"an unknown letter", "/%x", "a", 1, "x", NULL},
    {"a letter missing", "/%", "a", 1, "x", NULL},
};

static route_parts_t parts_of(char const *local, size_t local_len, size_t user_len,
                              char const *domain) {
  size_t extension = user_len < local_len ? user_len + 1 : local_len;
  return (route_parts_t){.local = local,
                         .local_len = local_len,
                         .domain = domain,
                         .domain_len = strlen(domain),
                         .user_len = user_len,
                         .extension = local + extension,
                         .extension_len = local_len - extension};
}

static void test_fill(fill_case_t const *example) {
  char path[ROUTE_TARGET_MAX];
  route_parts_t parts =
      parts_of(example->local, strlen(example->local), example->user_len, example->domain);
  int result = route_template_fill(path, example->template, &parts);
  CHECK_STR(example->name, result < 0 ? NULL : path, example->path);
}

#define COMPONENT_SIZE 16 /* of at most two bytes, %XX each */

/* All local parts of one and two bytes make as many different components. */
static void test_all_bytes(void) {
  static char components[256 + 65536][COMPONENT_SIZE];
  char path[ROUTE_TARGET_MAX];
  size_t count = 0, bad = 0, same = 0;
  for (unsigned int c = 0; c < 256 + 65536; c++) {
    char local[2] = {(char)(c < 256 ? c : (c - 256) >> 8), (char)c};
    size_t len = c < 256 ? 1 : 2;
    route_parts_t parts = parts_of(local, len, len, "x");
    bad += route_template_fill(path, "%l", &parts) < 0 || !*path || *path == '.' ||
           strchr(path, '/') || strlen(path) >= COMPONENT_SIZE;
    memcpy(components[count++], path, COMPONENT_SIZE);
  }
  CHECK_INT("every local part is one visible component", bad, 0);
  qsort(components, count, COMPONENT_SIZE, (int (*)(void const *, void const *))strcmp);
  for (size_t i = 1; i < count; i++) same += !strcmp(components[i - 1], components[i]);
  CHECK_INT("no two make the same", same, 0);
}

static int fill_long(char *path, size_t literal, char const *end) {
  char text[3 * ROUTE_TARGET_MAX];
  route_parts_t parts = parts_of("a", 1, 1, "x");
  memset(text, 'b', literal);
  snprintf(text + literal, sizeof text - literal, "%s", end);
  return route_template_fill(path, text, &parts);
}

static void test_lengths(void) {
  char path[ROUTE_TARGET_MAX], template[2 * ROUTE_TARGET_MAX] = "";
  CHECK_INT("a component of 255 bytes", fill_long(path, 254, "%l"), 0);
  CHECK_INT("one of 256", fill_long(path, 255, "%l"), -1);
  CHECK_INT("says ENAMETOOLONG", errno, ENAMETOOLONG);
  CHECK_INT("components are counted one by one", fill_long(path, 255, "/%l"), 0);
  for (size_t i = 0; i < (ROUTE_TARGET_MAX - 1) / 3; i++) memcpy(template + 4 * i, "/%la", 5);
  CHECK_INT("a path of the greatest length", fill_long(path, 0, template), 0);
  CHECK_INT("fills its place", strlen(path), ROUTE_TARGET_MAX - 1);
  CHECK_INT("a longer path", fill_long(path, 1, template), -1);
  CHECK_INT("says ENAMETOOLONG too", errno, ENAMETOOLONG);
}

int main(void) {
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) test_fill(cases + i);
  test_all_bytes();
  test_lengths();
  return unit_done();
}
