#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base64/base64.h"
#include "dovecot/dovecot.h"

#define SECRET_MAX 1024 /* NUL, login, NUL, password */

typedef struct writer {
  char *text;
  size_t len, size;
  bool full;
} writer_t;

static void put(writer_t *writer, char c) {
  if (writer->len == writer->size)
    writer->full = true;
  else
    writer->text[writer->len++] = c;
}

static void put_text(writer_t *writer, char const *s) {
  while (*s) put(writer, *s++);
}

/* NUL cannot be in s. */
static void put_escaped(writer_t *writer, char const *s) {
  static char const special[] = "\001\t\r\n", letters[] = "1trn";
  for (; *s; s++) {
    char const *const found = strchr(special, *s);
    if (found) put(writer, '\001');
    put(writer, found ? letters[found - special] : *s);
  }
}

static void put_parameter(writer_t *writer, char const *name, char const *value) {
  if (!value) return;
  put(writer, '\t');
  put_text(writer, name);
  put(writer, '=');
  put_escaped(writer, value);
}

/* The message of PLAIN (RFC 4616) without an authorization identity. */
static void put_credentials(writer_t *writer, char const *login, char const *password) {
  char secret[SECRET_MAX], text[BASE64_ENCODED(SECRET_MAX) + 1];
  int const len = snprintf(secret, sizeof secret, "%c%s%c%s", 0, login, 0, password);
  if (len < 0 || (size_t)len >= sizeof secret) {
    writer->full = true;
  } else {
    base64_encode(text, secret, (size_t)len);
    put_parameter(writer, "resp", text);
  }
  explicit_bzero(secret, sizeof secret);
  explicit_bzero(text, sizeof text);
}

static ssize_t finish(writer_t *writer) {
  put(writer, '\n');
  return writer->full ? (errno = ERANGE, -1) : (ssize_t)writer->len;
}

ssize_t dovecot_hello_format(char *text, size_t size, pid_t pid) {
  int const len = snprintf(text, size, "VERSION\t1\t2\nCPID\t%d\n", (int)pid);
  return len < 0 || (size_t)len >= size ? (errno = ERANGE, -1) : len;
}

ssize_t dovecot_request_format(char *text, size_t size, dovecot_request_t const *request) {
  writer_t writer = {.text = text, .size = size};
  put_text(&writer, "AUTH\t1\tPLAIN");
  put_parameter(&writer, "service", request->service);
  if (request->secured) put_text(&writer, "\tsecured");
  put_parameter(&writer, "session", request->session);
  put_parameter(&writer, "lip", request->local_ip);
  put_parameter(&writer, "rip", request->remote_ip);
  put_parameter(&writer, "lport", request->local_port);
  put_parameter(&writer, "rport", request->remote_port);
  put_credentials(&writer, request->login, request->password); /* resp comes last */
  return finish(&writer);
}
