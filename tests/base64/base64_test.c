#include <errno.h>

#include "../unit.h"
#include "base64/base64.h"

/* RFC 4648, section 10, and bytes that need the last characters of the alphabet. */
static struct {
  char const *bytes, *text;
} const pairs[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xff\xfe", "+//+"},
};

static char const *const bad[] = {
    "Z",    "Zg",   "Zg=",   "Zg===",      "=",      "==",     "===",      "====",         "Z===",
    "Zh==", "Zm9=", "Zm9v=", "Z g=",       "Zg==\n", "\nZg==", "Zg==Zg==", "Zm9vZg==Zm9v", "Zm9-",
    "Zm9_", "Z=9v", "Zm=v",  "\xc3\xa4==", "Zg=@",   "Zg[=",
};

static void test_pairs(void) {
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    char text[16], bytes[16];
    size_t const len = strlen(pairs[i].bytes);
    CHECK_INT("characters", base64_encode(text, pairs[i].bytes, len), BASE64_ENCODED(len));
    CHECK_STR("encodes", text, pairs[i].text);
    ssize_t const decoded = base64_decode(bytes, text, strlen(text));
    CHECK_MEM("decodes", bytes, (size_t)decoded, pairs[i].bytes, len);
  }
}

static void test_bad(void) {
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char bytes[16];
    errno = 0;
    CHECK_INT("refuses", base64_decode(bytes, bad[i], strlen(bad[i])), -1);
    CHECK_INT("errno", errno, EINVAL);
  }
  char nul[4] = {'Z', 'm', 0, 'v'};
  CHECK_INT("a NUL inside", base64_decode(nul, nul, 4), -1);
}

static void test_every_byte(void) {
  char text[BASE64_ENCODED(256) + 1];
  unsigned char bytes[256];
  for (size_t i = 0; i < 256; i++) bytes[i] = (unsigned char)i;
  size_t const len = base64_encode(text, bytes, 256);
  CHECK_INT("decodes in place", base64_decode(text, text, len), 256);
  CHECK_MEM("every byte", text, 256, (char const *)bytes, 256);
}

/* Each character alone in a group's first place: 64 of the 256 are of the alphabet. */
static void test_alphabet(void) {
  unsigned int known = 0;
  for (int c = 0; c < 256; c++) {
    char group[4] = {(char)c, 'A', 'A', 'A'};
    if (base64_decode(group, group, 4) == 3) known++;
  }
  CHECK_INT("characters of the alphabet", known, 64);
}

int main(void) {
  test_pairs();
  test_bad();
  test_every_byte();
  test_alphabet();
  return unit_done();
}
