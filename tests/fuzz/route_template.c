/* A local part, and what stands for it in a path: one component, not hidden, that says which local
 * part it was. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "route/internal.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

static unsigned char hex_value(char c) {
  if (c >= '0' && c <= '9') return (unsigned char)(c - '0');
  if (c >= 'A' && c <= 'F') return (unsigned char)(c - 'A' + 10);
  abort();
}

/* Aborts unless the component is the encoded form of s. */
static void check_component(char const *component, uint8_t const *s, size_t len) {
  if (!*component || *component == '.' || strchr(component, '/')) abort();
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)*component++;
    if (c == '%') {
      c = (unsigned char)(hex_value(component[0]) << 4 | hex_value(component[1]));
      component += 2;
    }
    if (c != s[i]) abort();
  }
  if (*component) abort();
}

static void fill_any(uint8_t const *data, size_t size, route_parts_t const *parts) {
  char path[ROUTE_TARGET_MAX], *template = malloc(size + 1);
  if (!template) abort();
  memcpy(template, data, size);
  template[size] = 0;
  route_template_fill(path, template, parts);
  free(template);
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  char path[ROUTE_TARGET_MAX];
  size_t len = size > SMTP_LOCAL_MAX ? SMTP_LOCAL_MAX : size;
  route_parts_t parts = {.local = (char const *)data,
                         .local_len = len,
                         .user_len = len / 2,
                         .domain = (char const *)data,
                         .domain_len = len,
                         .extension = (char const *)data,
                         .extension_len = len};
  fill_any(data, size, &parts);
  if (!len) return 0;
  if (route_template_fill(path, "%l", &parts) < 0) abort();
  check_component(path, data, len);
  return 0;
}
