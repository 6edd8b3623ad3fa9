#include "mime/scan.h"

bool scan_byte(scan_t *scan, char c) {
  if (scan->at == scan->end || *scan->at != c) return false;
  scan->at++;
  return true;
}

bool scan_comment(scan_t *scan) {
  size_t depth = 0;
  while (scan->at < scan->end) {
    char const c = *scan->at++;
    if (c == '\\' && scan->at < scan->end) scan->at++;
    if (c == '(') depth++;
    if (c == ')' && !--depth) return true;
  }
  return false;
}

bool scan_blanks(scan_t *scan) {
  for (; scan->at < scan->end; scan->at++) {
    while (*scan->at == '(') {
      if (!scan_comment(scan)) return false;
      if (scan->at == scan->end) return true;
    }
    if (!is_space(*scan->at)) return true;
  }
  return true;
}

size_t scan_atom(scan_t *scan) {
  char const *begin = scan->at;
  while (scan->at < scan->end && is_atom_byte(*scan->at)) scan->at++;
  return (size_t)(scan->at - begin);
}

bool scan_content(scan_t *scan, char *c) {
  if (scan->at == scan->end) return false;
  *c = *scan->at++;
  if (*c == '\r' || *c == '\n') {
    *c = 0;
    return true;
  }
  if (*c == '\\') {
    if (scan->at == scan->end) return false;
    *c = *scan->at++;
  }
  if (*c == '\t') *c = ' ';
  return !is_control(*c);
}
