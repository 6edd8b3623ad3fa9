#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tls-check.h"

#define ANCHORS_MAX 1000

static cert_bytes_t anchors[ANCHORS_MAX];
static size_t count;

/* One that is no good is of no use, and no reason to ignore the others. */
static char const *keep(void *data, char const *label, unsigned char const *der, size_t len) {
  (void)data;
  if (!der || strcmp(label, "CERTIFICATE") != 0 || count == ANCHORS_MAX) return NULL;
  unsigned char *const copy = malloc(len);
  if (!copy) return "out of memory";
  memcpy(copy, der, len);
  anchors[count].at = copy;
  anchors[count].len = len;
  count++;
  return NULL;
}

int anchors_read(char const *path) {
  struct stat st;
  int const fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &st) < 0) return -1;
  size_t const len = (size_t)st.st_size;
  char const *const pem = len ? mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
  close(fd);
  if (pem == MAP_FAILED) return -1;
  return len && cert_pem_each(pem, len, keep, NULL) ? -1 : 0;
}

static bool is_same(cert_bytes_t const *a, cert_bytes_t const *b) {
  return a->len == b->len && !memcmp(a->at, b->at, a->len);
}

/* Names are compared first: signatures are dear. */
static bool leads_to(cert_bytes_t const *certificate, cert_bytes_t const *anchor) {
  cert_bytes_t subject, issuer, anchor_subject, anchor_issuer;
  if (is_same(certificate, anchor)) return true;
  if (cert_distinguished_names(certificate->at, certificate->len, &subject, &issuer) < 0 ||
      cert_distinguished_names(anchor->at, anchor->len, &anchor_subject, &anchor_issuer) < 0)
    return false;
  return is_same(&issuer, &anchor_subject) &&
         cert_signed_by(certificate->at, certificate->len, anchor->at, anchor->len) == CERT_SIGNED;
}

bool anchors_lead_from(cert_bytes_t const *certificate) {
  for (size_t i = 0; i < count; i++)
    if (leads_to(certificate, &anchors[i])) return true;
  return false;
}
