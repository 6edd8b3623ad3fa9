/* The Received field, dates and protocol names: RFC 5321 4.4, RFC 5322 3.3, RFC 3848, RFC 6531. */

#include "../unit.h"
#include "smtp/smtp.h"

/* ---- dates ---- */

typedef struct date {
  uint64_t seconds;
  char const *text;
} date_t;

static date_t const dates[] = {
    {0, "Thu, 01 Jan 1970 00:00:00 +0000"},
    {951782399, "Mon, 28 Feb 2000 23:59:59 +0000"},
    {951782400, "Tue, 29 Feb 2000 00:00:00 +0000"},
    {1795208611, "Fri, 20 Nov 2026 21:03:31 +0000"},
    {2147483648, "Tue, 19 Jan 2038 03:14:08 +0000"},
    {4107542400, "Mon, 01 Mar 2100 00:00:00 +0000"},
    {253402300799, "Fri, 31 Dec 9999 23:59:59 +0000"},
    {253402300800, "Fri, 31 Dec 9999 23:59:59 +0000"},
    {UINT64_MAX, "Fri, 31 Dec 9999 23:59:59 +0000"},
};

static void check_dates(void) {
  char out[SMTP_DATE_SIZE];
  for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
    size_t len = smtp_date_format(out, dates[i].seconds);
    CHECK_MEM(dates[i].text, out, len, dates[i].text, strlen(dates[i].text));
  }
}

/* ---- fields ---- */

#define DATE "Fri, 20 Nov 2026 21:03:31 +0000"
#define ID   "1b2c3d4e5f6g7h8i"
#define BASE .me = "mx.example.com", .protocol = "ESMTP", .id = ID, .seconds = 1795208611
#define A10  "aaaaaaaaaa"
#define A50  A10 A10 A10 A10 A10
#define A60  A50 A10

typedef struct field {
  char const *name;
  smtp_trace_t trace;
  char const *out;
} field_t;

static field_t const fields[] = {
    {"an ordinary one",
     {BASE, .helo = "mail.example.org", .remote_host = "mail.example.org", .remote_ip = "192.0.2.1",
      .recipient = "joe@example.com"},
     "Received: from mail.example.org (mail.example.org [192.0.2.1])\n"
     "\tby mx.example.com with ESMTP id " ID " for <joe@example.com>;\n"
     "\t" DATE "\n"},
    {"one with everything",
     {.helo = "mail.example.org",
      .remote_host = "host.example.net",
      .remote_ip = "2001:db8::1",
      .auth_user = "joe@example.com",
      .me = "mx.example.com",
      .protocol = "ESMTPSA",
      .tls_version = "TLSv1.2",
      .tls_cipher = "ECDHE-RSA-AES128-GCM-SHA256",
      .id = ID,
      .recipient = "joe@example.com",
      .seconds = 1795208611},
     "Received: from mail.example.org (host.example.net [IPv6:2001:db8::1])\n"
     "\t(using TLSv1.2 with cipher ECDHE-RSA-AES128-GCM-SHA256)\n"
     "\t(Authenticated sender: joe@example.com) by mx.example.com with ESMTPSA\n"
     "\tid " ID " for <joe@example.com>; " DATE "\n"},
    {"short ones share a line",
     {.helo = "a",
      .remote_ip = "192.0.2.1",
      .me = "b",
      .protocol = "SMTP",
      .id = "c",
      .recipient = "d@e",
      .seconds = 1795208611},
     "Received: from a ([192.0.2.1]) by b with SMTP id c for <d@e>;\n\t" DATE "\n"},
    {"a unix socket",
     {BASE, .helo = "localhost", .remote_ip = NULL},
     "Received: from localhost by mx.example.com with ESMTP id " ID ";\n\t" DATE "\n"},
    {"a unix socket with a name",
     {BASE, .helo = "localhost", .remote_host = "joe"},
     "Received: from localhost (joe) by mx.example.com with ESMTP\n\tid " ID "; " DATE "\n"},
    {"no HELO",
     {BASE, .remote_ip = "192.0.2.1"},
     "Received: from unknown ([192.0.2.1]) by mx.example.com with ESMTP\n\tid " ID "; " DATE "\n"},
    {"empty words are none",
     {BASE, .helo = "", .remote_host = "", .remote_ip = "", .auth_user = "", .tls_version = "",
      .tls_cipher = "", .recipient = ""},
     "Received: from unknown by mx.example.com with ESMTP id " ID ";\n\t" DATE "\n"},
    {"HELO with a literal",
     {BASE, .helo = "[192.0.2.1]", .remote_ip = "192.0.2.1"},
     "Received: from [192.0.2.1] ([192.0.2.1]) by mx.example.com with ESMTP\n\tid " ID "; " DATE
     "\n"},
    {"HELO with an IPv6 literal",
     {BASE, .helo = "[IPv6:2001:db8::1]"},
     "Received: from [IPv6:2001:db8::1] by mx.example.com with ESMTP\n\tid " ID "; " DATE "\n"},
    {"a quoted recipient is not folded",
     {BASE, .helo = "a", .recipient = "\"a  b\\\" c\"@d"},
     "Received: from a by mx.example.com with ESMTP id " ID "\n\tfor <\"a  b\\\" c\"@d>; " DATE
     "\n"},
    {"postmaster",
     {BASE, .helo = "a", .recipient = "postmaster"},
     "Received: from a by mx.example.com with ESMTP id " ID "\n\tfor <postmaster>; " DATE "\n"},
    {"a HELO of its own line",
     {BASE, .helo = A60 "a.aaaaaaaaa", .remote_ip = "192.0.2.1"},
     "Received: from\n\t" A60 "a.aaaaaaaaa\n\t([192.0.2.1]) by mx.example.com with ESMTP id " ID
     ";\n\t" DATE "\n"},
    {"a line of 78 bytes",
     {BASE, .helo = "a", .remote_host = A50 "aaaaaaaaa"},
     "Received: from a (" A50 "aaaaaaaaa)\n\tby mx.example.com with ESMTP id " ID ";\n\t" DATE
     "\n"},
    {"one of 79",
     {BASE, .helo = "a", .remote_host = A60},
     "Received: from a\n\t(" A60 ")\n\tby mx.example.com with ESMTP id " ID ";\n\t" DATE "\n"},
    {"words that fit on no line",
     {BASE, .helo = A60 A60, .remote_host = A60 A60},
     "Received: from\n\t" A60 A60 "\n\t(" A60 A60 ")\n\tby mx.example.com with ESMTP id " ID
     ";\n\t" DATE "\n"},
    /* hostile words */
    {"a HELO that ends the field",
     {BASE, .helo = "a\r\nBcc: b\n\n"},
     "Received: from a??Bcc??b?? by mx.example.com with ESMTP id " ID ";\n\t" DATE "\n"},
    {"a HELO that poses as an address",
     {BASE, .helo = "a (b [192.0.2.9])"},
     "Received: from a??b??192.0.2.9?? by mx.example.com with ESMTP\n\tid " ID "; " DATE "\n"},
    {"brackets around something else",
     {BASE, .helo = "[a][192.0.2.9]"},
     "Received: from ?a??192.0.2.9? by mx.example.com with ESMTP\n\tid " ID "; " DATE "\n"},
    {"a literal with parentheses",
     {BASE, .helo = "[x:(;<]"},
     "Received: from [x:???] by mx.example.com with ESMTP id " ID ";\n\t" DATE "\n"},
    {"a host that leaves its comment",
     {BASE, .helo = "a", .remote_host = "b) by c (\\"},
     "Received: from a (b??by?c??\?) by mx.example.com with ESMTP\n\tid " ID "; " DATE "\n"},
    {"an address that leaves it",
     {BASE, .helo = "a", .remote_ip = "1::2%x])"},
     "Received: from a ([IPv6:1::2?x??]) by mx.example.com with ESMTP\n\tid " ID "; " DATE "\n"},
    {"a user that leaves it",
     {BASE, .helo = "a", .auth_user = "b) by \"c\\ <d>;"},
     "Received: from a (Authenticated sender: b??by??c???d?\?)\n\tby mx.example.com with ESMTP "
     "id " ID ";\n\t" DATE "\n"},
    {"TLS facts that leave it",
     {BASE, .helo = "a", .tls_version = "TLSv1.3)", .tls_cipher = "b c\n"},
     "Received: from a (using TLSv1.3? with cipher b?c?)\n\tby mx.example.com with ESMTP id " ID
     ";\n\t" DATE "\n"},
    {"a recipient that is none",
     {BASE, .helo = "a", .recipient = "b@c> (d"},
     "Received: from a by mx.example.com with ESMTP id " ID ";\n\t" DATE "\n"},
    {"one with a newline",
     {BASE, .helo = "a", .recipient = "\"b\n\"@c"},
     "Received: from a by mx.example.com with ESMTP id " ID ";\n\t" DATE "\n"},
    /* UTF-8 */
    {"no UTF-8 without SMTPUTF8",
     {BASE, .helo = "b\xc3\xbc", .auth_user = "\xc3\xa9", .recipient = "\xc3\xa9@c"},
     "Received: from b?? (Authenticated sender: ?\?) by mx.example.com with ESMTP\n\tid " ID
     "; " DATE "\n"},
    {"UTF-8 with it",
     {.helo = "b\xc3\xbc\xff\xc2\x85",
      .auth_user = "\xc3\xa9",
      .me = "m",
      .protocol = "UTF8SMTPA",
      .id = "i",
      .recipient = "\xc3\xa9@c",
      .seconds = 1795208611},
     "Received: from b\xc3\xbc??? (Authenticated sender: \xc3\xa9) by m with UTF8SMTPA id i\n"
     "\tfor <\xc3\xa9@c>; " DATE "\n"},
};

static void check_field(field_t const *c) {
  char out[SMTP_TRACE_MAX];
  size_t len = smtp_trace_format(out, &c->trace);
  CHECK_MEM(c->name, out, len, c->out, strlen(c->out));
}

/* Words of any length, of any byte: never more than SMTP_TRACE_MAX, one field, no bad byte in it.
 */
static void check_caps(void) {
  char word[5000], recipient[SMTP_ADDRESS_MAX + 1];
  static char block[SMTP_TRACE_MAX];
  bool fits = true, clean = true;
  memset(recipient, 'a', sizeof recipient);
  for (size_t i = 63; i < SMTP_ADDRESS_MAX; i += 64) recipient[i + 1] = '.';
  recipient[64] = '@';
  recipient[SMTP_ADDRESS_MAX] = 0;
  for (unsigned int c = 1; c < 256; c++) {
    memset(word, (int)c, sizeof word);
    word[sizeof word - 1] = 0;
    smtp_trace_t trace = {word, word, word, word,      word,      word,
                          word, word, word, recipient, UINT64_MAX};
    size_t len = smtp_trace_format(block, &trace);
    fits = fits && len > 2500 && len <= SMTP_TRACE_MAX;
    for (size_t i = 0; i < len; i++)
      clean = clean && (block[i] == '\n' ? i + 1 == len || block[i + 1] == '\t'
                                         : block[i] == '\t' || (block[i] >= ' ' && block[i] < 127));
  }
  CHECK("it never exceeds its room", fits);
  CHECK("it never ends before its end", clean);
}

/* ---- protocols ---- */

#define name(...) smtp_protocol_name((smtp_protocol_t){__VA_ARGS__})

static void check_protocols(void) {
  CHECK_STR("HELO", name(.extended = false), "SMTP");
  CHECK_STR("EHLO", name(.extended = true), "ESMTP");
  CHECK_STR("TLS", name(.extended = true, .tls = true), "ESMTPS");
  CHECK_STR("AUTH", name(.extended = true, .auth = true), "ESMTPA");
  CHECK_STR("both", name(.extended = true, .tls = true, .auth = true), "ESMTPSA");
  CHECK_STR("UTF8", name(.extended = true, .utf8 = true), "UTF8SMTP");
  CHECK_STR("UTF8, both", name(.extended = true, .utf8 = true, .tls = true, .auth = true),
            "UTF8SMTPSA");
  CHECK_STR("LHLO", name(.extended = true, .lmtp = true), "LMTP");
  CHECK_STR("LHLO, TLS", name(.extended = true, .lmtp = true, .tls = true), "LMTPS");
  CHECK_STR("LHLO, UTF8, AUTH", name(.extended = true, .lmtp = true, .utf8 = true, .auth = true),
            "UTF8LMTPA");
}

int main(void) {
  check_dates();
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) check_field(&fields[i]);
  check_caps();
  check_protocols();
  return unit_done();
}
