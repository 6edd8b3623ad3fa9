/* Who may send as whom (RFC 6409 6.1). */

#include "../unit.h"
#include "smtp/smtp.h"

typedef struct sender {
  char const *senders, *user, *address;
  int allowed;
} sender_case_t;

static sender_case_t const cases[] = {
    /* without a list: oneself */
    {0, "alice", "alice@mail.example.test", 1},
    {0, "alice", "ALICE@Mail.Example.Test", 1},
    {0, "alice", "alice+lists@mail.example.test", 1},
    {0, "alice", "alice+@mail.example.test", 1},
    {0, "alice", "alice@example.test", 0},
    {0, "alice", "alicia@mail.example.test", 0},
    {0, "alice", "alic@mail.example.test", 0},
    {0, "alice", "alice-lists@mail.example.test", 0},
    {0, "alice", "bob@mail.example.test", 0},
    {0, "alice", "bob+alice@mail.example.test", 0},
    {0, "alice", "alice", 0},
    {0, "alice", "alice@", 0},
    {0, "alice", "@mail.example.test", 0},
    {0, "alice", "\"alice@mail.example.test\"@evil.example", 0},
    {0, "alice", "\"alice+a b\"@mail.example.test", 0},
    {0, "alice", "alice%evil.example@mail.example.test", 0},
    {0, "alice@example.test", "alice@example.test", 1},
    {0, "Alice@Example.Test", "alice+x@EXAMPLE.test", 1},
    {0, "alice@example.test", "alice@mail.example.test", 0},
    {0, "alice@example.test", "alice@example.tes", 0},
    {0, "alice@example.test", "alice@example.test.evil.example", 0},
    {0, "alice+phone@example.test", "alice+phone@example.test", 1},
    {0, "alice+phone@example.test", "alice@example.test", 0},
    {0, "\xc3\xa9ric@example.test", "\xc3\xa9ric@example.test", 1},
    {0, "\xc3\xa9ric@example.test", "\xc3\x89ric@example.test", 0},
    {"", "alice", "alice@mail.example.test", 1},
    {" \t ", "alice", "alice@mail.example.test", 1},
    {"", "alice", "bob@mail.example.test", 0},
    /* a login is no pattern */
    {0, "*", "bob@mail.example.test", 0},
    {0, "@mail.example.test", "bob@mail.example.test", 0},
    {0, "@mail.example.test", "+x@mail.example.test", 0},
    {0, "", "bob@mail.example.test", 0},
    {0, "", "+x@mail.example.test", 0},
    {0, 0, "bob@mail.example.test", 0},
    {0, "alice@", "alice@mail.example.test", 1},
    /* a list, and only what it says */
    {"*", "alice", "bob@anywhere.example", 1},
    {"*", 0, "bob@anywhere.example", 1},
    {"@example.test", "alice", "bob@example.test", 1},
    {"@example.test", "alice", "bob@EXAMPLE.TEST", 1},
    {"@example.test", "alice", "bob@sub.example.test", 0},
    {"@example.test", "alice", "bob@notexample.test", 0},
    {"@example.test", "alice", "@example.test", 0},
    {"@example.test", "alice", "alice@mail.example.test", 0},
    {"@", "alice", "bob@", 0},
    {"@", "alice", "bob", 0},
    {"bob@example.test carol@example.test", "alice", "bob@example.test", 1},
    {"  bob@example.test\tcarol@example.test ", "alice", "CAROL@example.test", 1},
    {"bob@example.test carol@example.test", "alice", "carol+x@example.test", 1},
    {"bob@example.test carol@example.test", "alice", "dave@example.test", 0},
    {"bob@example.test *", "alice", "dave@example.org", 1},
    {"bob", "alice", "bob@mail.example.test", 0},
    {"b* *@example.test", "alice", "bob@example.test", 0},
    {"alice@example.test,bob@example.test", "alice", "bob@example.test", 0},
    /* nobody */
    {0, "alice", "", 1},
    {"bob@example.test", "alice", "", 1},
};

int main(void) {
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    sender_case_t const *c = &cases[i];
    char name[256];
    snprintf(name, sizeof name, "[%s] %s as %s", c->senders ? c->senders : "none",
             c->user ? c->user : "nobody", *c->address ? c->address : "<>");
    CHECK(name,
          smtp_sender_allowed(c->senders, c->user, "mail.example.test", c->address) == c->allowed);
  }
  return unit_done();
}
