#include <string.h>

#include "print/print.h"
#include "text/text.h"

#define UTF8_MAX 4 /* bytes of a character */

/* Escapes that JSON has for itself. */
static char const *escape_of(char c) {
  switch (c) {
  case '"': return "\\\"";
  case '\\': return "\\\\";
  case '\n': return "\\n";
  case '\t': return "\\t";
  default: return is_printable(c) ? NULL : "\\ufffd";
  }
}

/* Puts the character at the start of s, of which there are left bytes. Returns its bytes. */
static size_t put_character(print_t *print, char const *s, size_t left) {
  size_t const len = utf8_length(s, left < UTF8_MAX ? left : UTF8_MAX);
  char const *escape = escape_of(*s);
  if (len)
    print_bytes(print, s, len);
  else if (escape)
    print_str(print, escape);
  else
    print_bytes(print, s, 1);
  return len ? len : 1;
}

static void put_string(print_t *print, char const *s, size_t len) {
  print_str(print, "\"");
  for (size_t i = 0; i < len;) i += put_character(print, s + i, len - i);
  print_str(print, "\"");
}

static void begin(json_t *json, char const *name) {
  if (json->depth && json->begun[json->depth - 1]) print_str(json->print, ",");
  if (json->depth) json->begun[json->depth - 1] = true;
  if (!name) return;
  put_string(json->print, name, strlen(name));
  print_str(json->print, ":");
}

static void begin_nested(json_t *json, char const *name, char const *opening, char closing) {
  begin(json, name);
  print_str(json->print, opening);
  json->begun[json->depth] = false;
  json->closing[json->depth++] = closing;
}

void json_object(json_t *json, char const *name) {
  begin_nested(json, name, "{", '}');
}

void json_array(json_t *json, char const *name) {
  begin_nested(json, name, "[", ']');
}

void json_close(json_t *json) {
  print_bytes(json->print, &json->closing[--json->depth], 1);
  if (!json->depth) print_str(json->print, "\n");
}

void json_bytes(json_t *json, char const *name, char const *s, size_t len) {
  begin(json, name);
  put_string(json->print, s, len);
}

void json_str(json_t *json, char const *name, char const *s) {
  if (s) return json_bytes(json, name, s, strlen(s));
  begin(json, name);
  print_str(json->print, "null");
}

void json_int(json_t *json, char const *name, int64_t number) {
  begin(json, name);
  if (number < 0) print_str(json->print, "-");
  print_uint(json->print, number < 0 ? -(uint64_t)number : (uint64_t)number);
}

void json_uint(json_t *json, char const *name, uint64_t number) {
  begin(json, name);
  print_uint(json->print, number);
}

void json_bool(json_t *json, char const *name, bool value) {
  begin(json, name);
  print_str(json->print, value ? "true" : "false");
}
