/* Encoded words: the examples of RFC 2047, charsets, and what encoders in the wild do. */
#include "../unit.h"
#include "mime/mime.h"

static struct {
  char const *text, *decoded;
} const texts[] = {
    /* RFC 2047 8 */
    {"=?US-ASCII?Q?Keith_Moore?=", "Keith Moore"},
    {"=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?=", "Keld J\xc3\xb8rn Simonsen"},
    {"=?ISO-8859-1?Q?Andr=E9?= Pirard", "Andr\xc3\xa9 Pirard"},
    {"=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\n "
     "=?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
     "If you can read this you understand the example."},
    {"=?ISO-8859-1?Q?a?=", "a"},
    {"=?ISO-8859-1?Q?a?= b", "a b"},
    {"=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"},
    {"=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=", "ab"},
    {"=?ISO-8859-1?Q?a?=\n    =?ISO-8859-1?Q?b?=", "ab"},
    {"=?ISO-8859-1?Q?a_b?=", "a b"},
    {"=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"},
    {"=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore"}, /* RFC 2231 5 */

    /* plain text */
    {" Hello,\n  world \r\n", "Hello,  world"},
    {"", ""},
    {" \n ", ""},
    {"a\tb\001c", "a b c"},
    {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
    {"latin\xe9", "latin\xef\xbf\xbd"},

    /* charsets */
    {"=?utf-8?b?w7w=?=", "\xc3\xbc"},
    {"=?utf-8?b?w7w?=", "\xc3\xbc"},
    {"=?utf-8?q?=C3?= =?UTF-8?q?=BC?=", "\xc3\xbc"},
    {"=?utf-8?q?=C3?= x", "\xef\xbf\xbd x"},
    {"=?utf-8?q?=0A=00x?=", "  x"},
    {"=?us-ascii?q?=FC?=", "\xef\xbf\xbd"},
    {"=?iso-8859-15?q?=A4?=", "\xe2\x82\xac"},
    {"=?iso-8859-10?q?=A1?=", "\xc4\x84"},
    {"=?windows-1252?Q?=80?=", "\xe2\x82\xac"},
    {"=?koi8-r?B?8NLJ18XU?=", "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82"},
    {"=?gb2312?B?xOO6ww==?=", "\xe4\xbd\xa0\xe5\xa5\xbd"},
    {"=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=", "\xe6\x97\xa5\xe6\x9c\xac"},
    {"=?shift_jis?Q?=93=FA?=", "\xe6\x97\xa5"},
    {"=?euc-kr?Q?=C7=D1=FF?=", "\xed\x95\x9c\xef\xbf\xbd"},

    /* none of them */
    {"=?utf-8?x?a?=", "=?utf-8?x?a?="},
    {"=?klingon?q?a?=", "=?klingon?q?a?="},
    {"=?utf-8//translit?q?a?=", "=?utf-8//translit?q?a?="},
    {"=?utf-8?q?a", "=?utf-8?q?a"},
    {"=?utf-8?q?a?b?=", "=?utf-8?q?a?b?="},
    {"=?utf-8?q", "=?utf-8?q"},
    {"=?", "=?"},
    {"a = b =? c", "a = b =? c"},
    {"=?=?utf-8?q?a?=?=", "=?a?="},

    /* in the wild */
    {"[SPAM]=?utf-8?Q?a?=b", "[SPAM]ab"},
    {"=?utf-8?Q?a b=3?=", "a b=3"},
    {"=?utf-8?Q?"
     "?=",
     ""},
    {"=?utf-8?B?YW!I=?=", "a"},
};

static struct {
  char const *phrase, *decoded;
} const phrases[] = {
    {"John Doe", "John Doe"},
    {"\"Doe, \\\"J\\\"\"", "Doe, \"J\""},
    {"John (the (real) one)\n Doe", "John Doe"},
    {"\"John\"  Q. \"Public\"", "John Q. Public"},
    {"=?utf-8?q?=C3=BC?= =?utf-8?q?x?= y", "\xc3\xbcx y"},
    {"\"=?utf-8?q?=C3=BC?= b\"", "\xc3\xbc b"},
    {"a(b", "a"},
    {"\r", ""},
    {"a\rb", "ab"},
    {"\"a", "a"},
    {"", ""},
};

static struct {
  char const *name, *phrase;
} const names[] = {
    {"John Doe", "John Doe"},
    {"John Q. Public", "\"John Q. Public\""},
    {"a \"b\" \\", "\"a \\\"b\\\" \\\\\""},
    {"", "\"\""},
    {" a", "\" a\""},
    {"J\xc3\xb6rg (x)", "=?utf-8?q?J=C3=B6rg_=28x=29?="},
    {"a\xff\nb", "=?utf-8?q?a=3F=3Fb?="},
};

static void written_names(void) {
  char out[128], in[40], again[128];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    mime_phrase_format(out, sizeof out, names[i].name, strlen(names[i].name));
    CHECK_STR(names[i].phrase, out, names[i].phrase);
  }
  for (size_t i = 0; i < sizeof in; i += 2) memcpy(in + i, "\xc3\xbc", 2);
  CHECK_INT("no room", mime_phrase_format(out, sizeof out, in, sizeof in), -1);
  ssize_t const len = mime_phrase_format(out, sizeof out, in, 26);
  CHECK("a fold", len > 75 && out[72] == '\n');
  CHECK_INT("it is one name again", mime_phrase_decode(again, sizeof again, out, (size_t)len), 26);
}

static void cuts(void) {
  char out[8];
  CHECK_INT("cut", mime_text_decode(out, sizeof out, "0123456789", 10), 7);
  CHECK_STR("what fits", out, "0123456");
  CHECK_INT("at a character",
            mime_text_decode(out, sizeof out,
                             "012345\xc3\xbc"
                             "9",
                             9),
            6);
  CHECK_STR("nothing behind it", out, "012345");
  CHECK_INT("no room", mime_text_decode(out, 1, "a", 1), 0);
}

static void long_words(void) {
  static char in[20000] = "=?utf-8?q?", out[20000];
  memset(in + 10, 'a', sizeof in - 10);
  memcpy(in + sizeof in - 2, "?=", 2);
  CHECK_INT("a word too long stays", mime_text_decode(out, sizeof out, in, sizeof in - 1),
            sizeof in - 1);
  memcpy(in + 4000, "?= =?utf-8?q?", 13);
  memcpy(in + 8000, "?=", 2);
  CHECK_INT("long ones", mime_text_decode(out, sizeof out, in, 8002), 3990 + 8000 - 4013);
}

int main(void) {
  char out[256];
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    size_t const len = mime_text_decode(out, sizeof out, texts[i].text, strlen(texts[i].text));
    CHECK_MEM(texts[i].text, out, len, texts[i].decoded, strlen(texts[i].decoded));
  }
  for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++) {
    mime_phrase_decode(out, sizeof out, phrases[i].phrase, strlen(phrases[i].phrase));
    CHECK_STR(phrases[i].phrase, out, phrases[i].decoded);
  }
  written_names();
  cuts();
  long_words();
  return unit_done();
}
