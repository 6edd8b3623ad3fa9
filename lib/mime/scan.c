#include "mime/scan.h"

bool scan_byte(scan_t *scan, char c) {
  if (scan->at == scan->end || *scan->at != c) return false;
  scan->at++;
  return true;
}

/* Those in it included; false if it does not end. */
static bool take_comment(scan_t *scan) {
  size_t depth = 0;
  while (scan->at < scan->end) {
    char const c = *scan->at++;
    if (c == '\\' && scan->at < scan->end) scan->at++;
    if (c == '(') depth++;
    if (c == ')' && !--depth) return true;
  }
  return false;
}

/* A CR counts with its LF alone. */
static size_t fold_len(scan_t const *scan) {
  size_t const left = (size_t)(scan->end - scan->at);
  if (left && *scan->at == '\n') return 1;
  return left > 1 && *scan->at == '\r' && scan->at[1] == '\n' ? 2 : 0;
}

bool scan_blanks(scan_t *scan) {
  for (size_t fold; scan->at < scan->end;) {
    if (is_blank(*scan->at))
      scan->at++;
    else if ((fold = fold_len(scan)))
      scan->at += fold;
    else if (*scan->at != '(')
      break;
    else if (!take_comment(scan))
      return false;
  }
  return true;
}

size_t scan_atom(scan_t *scan) {
  char const *begin = scan->at;
  while (scan->at < scan->end && is_atom_byte(*scan->at)) scan->at++;
  return (size_t)(scan->at - begin);
}

bool scan_content(scan_t *scan, char *c) {
  size_t const fold = fold_len(scan);
  scan->at += fold;
  *c = 0;
  if (fold) return true;
  if (scan_peek(scan) == '\\') scan->at++;
  if (scan->at == scan->end) return false;
  *c = *scan->at++;
  if (*c == '\t') *c = ' ';
  return !is_control(*c);
}
