/* A connection's facts, names that are ours, and what may be said to a client. */
#include <sys/socket.h>
#include <unistd.h>

#include "../unit.h"
#include "net/net.h"

static void check_facts(char const *name, net_connection_t const *connection, char const *want) {
  net_facts_t facts;
  char got[1024] = "";
  net_facts_make(&facts, connection);
  for (size_t i = 0; i < facts.count; i++) {
    strcat(got, facts.strings[i]);
    strcat(got, "\n");
  }
  CHECK_STR(name, got, want);
}

static void test_facts(void) {
  net_connection_t connection = {.local_port = 25, .remote_port = 65535, .id = "0123456789abcdef"};
  net_address_parse(&connection.local_ip, "192.0.2.1");
  net_address_parse(&connection.remote_ip, "::ffff:198.51.100.255");
  check_facts("IPv4", &connection,
              "PROTO=TCP\nTCPLOCALIP=192.0.2.1\nTCPLOCALPORT=25\nTCPREMOTEIP=198.51.100.255\n"
              "TCPREMOTEPORT=65535\nSESSION_ID=0123456789abcdef\n");
  net_address_parse(&connection.remote_ip, "2001:DB8:0:0:0:0:0:1");
  connection.number = 4294967295;
  check_facts("IPv6", &connection,
              "PROTO=TCP\nTCPLOCALIP=192.0.2.1\nTCPLOCALPORT=25\nTCPREMOTEIP=2001:db8::1\n"
              "TCPREMOTEPORT=65535\nTCPCONNNUM=4294967295\nSESSION_ID=0123456789abcdef\n");
}

/* The longest there can be must fit. */
static void test_longest_facts(void) {
  net_connection_t connection = {.is_unix = true,
                                 .uid = UINT32_MAX,
                                 .gid = UINT32_MAX,
                                 .number = UINT32_MAX,
                                 .id = "0123456789abcdef"};
  char want[1024];
  memset(connection.local_path, 'l', NET_PATH_MAX - 1);
  memset(connection.remote_path, 'r', NET_PATH_MAX - 1);
  snprintf(want, sizeof want,
           "PROTO=IPC\nIPCLOCALPATH=%s\nIPCREMOTEPATH=%s\nIPCREMOTEEUID=4294967295\n"
           "IPCREMOTEEGID=4294967295\nIPCCONNNUM=4294967295\nSESSION_ID=0123456789abcdef\n",
           connection.local_path, connection.remote_path);
  check_facts("unix", &connection, want);
}

static void test_own(void) {
  static struct {
    char const *variable;
    bool own;
  } const cases[] = {
      {"PROTO=TCP", true},           {"PROTOCOL=x", false},      {"TCPREMOTEHOST=x", true},
      {"TCPREMOTEINFO", true},       {"TCPLOCALHOST=", true},    {"TCPCONNNUM=1", true},
      {"TCPFOO=1", false},           {"IPCREMOTEPATH=x", true},  {"SSL_CIPHER=x", true},
      {"SSLCTLFD=3", true},          {"SSLCTLFDX=3", false},     {"UCSPITLS=!", false},
      {"RELAYCLIENT=", true},        {"DATABYTES=1", false},     {"SESSION_ID=x", true},
      {"LISTEN_FDS=1", true},        {"NOTIFY_SOCKET=@x", true}, {"PATH=/bin", false},
      {"CHAINMAIL_QUEUE=/q", false}, {"XPROTO=TCP", false},      {"", false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    CHECK_INT(cases[i].variable, net_facts_own(cases[i].variable), cases[i].own);
}

static void test_refusals(void) {
  static char const *const protocols[] = {"smtp", "pop3", "imap", "none"};
  net_refusal_texts_t texts;
  for (size_t i = 0; i < 4; i++) {
    CHECK_INT(protocols[i], net_refusal_texts(texts, protocols[i]), 0);
    for (size_t j = 0; j < NET_REFUSALS; j++) CHECK(protocols[i], net_refusal_valid(texts[j]));
  }
  CHECK_INT("unknown", net_refusal_texts(texts, "gopher"), -1);
  CHECK("line end", !net_refusal_valid("421 a\r\n250 b"));
  CHECK("UTF-8", net_refusal_valid("554 5.7.1 plus tard, s'il vous pla\xc3\xaet"));
  char text[NET_REFUSAL_MAX + 2];
  memset(text, 'x', sizeof text);
  text[NET_REFUSAL_MAX + 1] = 0;
  CHECK("too long", !net_refusal_valid(text));
  CHECK("just not", net_refusal_valid(text + 1));
}

/* Nothing may wait for a client that reads nothing. */
static void test_refuse_does_not_wait(void) {
  int pair[2];
  static char full[1 << 20];
  CHECK_INT("pair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  while (send(pair[0], full, sizeof full, MSG_DONTWAIT) > 0) {}
  alarm(60);
  net_refuse(pair[0], "421 busy");
  alarm(0);
  CHECK("full socket", true);
  close(pair[0]);
  close(pair[1]);
}

int main(void) {
  test_facts();
  test_longest_facts();
  test_own();
  test_refusals();
  test_refuse_does_not_wait();
  return unit_done();
}
