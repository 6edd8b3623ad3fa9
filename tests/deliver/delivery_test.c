/* The fields that a delivery puts on top, and the loops that they tell of. */

#include "../unit.h"
#include "delivery/delivery.h"

typedef struct loop_case {
  char const *name;
  char const *message;
  bool found;
} loop_case_t;

static loop_case_t const cases[] = {
    {"the recipient", "Delivered-To: r@x.test\n\n", true},
    {"below other fields", "Received: a\n\tb\nDelivered-To: r@x.test\nSubject: s\n\n", true},
    {"below another recipient", "Delivered-To: q@x.test\nDelivered-To: r@x.test\n\n", true},
    {"letters in any case", "DELIVERED-to: R@X.Test\n\n", true},
    {"blanks", "Delivered-To \t:r@x.test \t\n\n", true},
    {"CRLF", "Subject: s\r\nDelivered-To: r@x.test\r\n\r\n", true},
    {"no body", "Delivered-To: r@x.test\n", true},
    {"another recipient", "Delivered-To: rr@x.test\nDelivered-To: r@x.tes\n\n", false},
    {"with an extension", "Delivered-To: r+e@x.test\n\n", false},
    {"nobody", "Delivered-To:\nDelivered-To: \n\n", false},
    {"another field", "X-Delivered-To: r@x.test\nDelivered-Too: r@x.test\n\n", false},
    {"no field", "Delivered-To\nDelivered-To r@x.test\n\n", false},
    {"a folded line", "Subject: s\n Delivered-To: r@x.test\n\n", false},
    {"in the body", "Subject: s\n\nDelivered-To: r@x.test\n", false},
    {"in the body, CRLF", "Subject: s\r\n\r\nDelivered-To: r@x.test\r\n", false},
    {"an empty message", "", false},
};

static bool find(char const *message, size_t len, size_t step) {
  delivery_loop_t loop;
  bool more = true;
  delivery_loop_init(&loop, "r@x.test");
  for (size_t at = 0; more && at < len; at += step)
    more = delivery_loop_feed(&loop, message + at, len - at < step ? len - at : step);
  return loop.found;
}

static void test_case(loop_case_t const *example) {
  size_t len = strlen(example->message);
  CHECK_INT(example->name, find(example->message, len, len), example->found);
  CHECK_INT("byte by byte", find(example->message, len, 1), example->found);
}

/* How far a field may be down, and how long a line may be. */
static void test_caps(void) {
  static char message[DELIVERY_HEADER_MAX + 100];
  char const *field = "\nDelivered-To: r@x.test\n\n";
  memset(message, 'x', sizeof message);
  memcpy(message + 5000, field, strlen(field));
  CHECK("below a long line", find(message, sizeof message, 4096));
  memset(message, 'x', sizeof message);
  memcpy(message + DELIVERY_HEADER_MAX + 20, field, strlen(field));
  CHECK("not at any depth", !find(message, sizeof message, 4096));
  memcpy(message, "Delivered-To: r@x.test", 22);
  message[2000] = '\n';
  CHECK("a long line is not cut to fit", !find(message, sizeof message, 4096));
}

static void test_fields(void) {
  char out[DELIVERY_FIELD_SIZE];
  CHECK_INT("a sender", delivery_return_path(out, "s@x.test"), 24);
  CHECK_STR("is in brackets", out, "Return-Path: <s@x.test>\n");
  delivery_return_path(out, "");
  CHECK_STR("the null sender", out, "Return-Path: <>\n");
  delivery_return_path(out, "a\nX: y\r");
  CHECK_STR("a hostile sender", out, "Return-Path: <a?X: y?>\n");
  delivery_delivered_to(out, "\"a b\"@x.test");
  CHECK_STR("a recipient", out, "Delivered-To: \"a b\"@x.test\n");
  delivery_mbox_line(out, "s@x.test", 0);
  CHECK_STR("an mbox line", out, "From s@x.test Thu Jan  1 00:00:00 1970\n");
  delivery_mbox_line(out, "", 1795226400);
  CHECK_STR("of a bounce", out, "From MAILER-DAEMON Sat Nov 21 02:00:00 2026\n");
  delivery_mbox_line(out, "\"a b\"@x.test", 0);
  CHECK_STR("of a sender with a blank", out, "From \"a-b\"@x.test Thu Jan  1 00:00:00 1970\n");
}

int main(void) {
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) test_case(cases + i);
  test_caps();
  test_fields();
  return unit_done();
}
