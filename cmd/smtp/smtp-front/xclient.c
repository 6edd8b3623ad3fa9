#include <string.h>

#include "net/net.h"
#include "session.h"

int xclient_init(session_t *session) {
  char const *networks = session->options.xclient_networks;
  char const *address = environment_ucspi(session, "REMOTEIP");
  ip46 ip = IP46_ZERO;
  if (!networks) return 0;
  bool known = address && net_address_parse(&ip, address) == 0;
  int contained = net_list_contains(networks, &ip); /* a bad list is an error for every client */
  if (contained < 0) return -1;
  session->xclient_trusted = known && contained;
  return 0;
}

reply_name_t check_xclient(session_t *session, argument_t argument) {
  if (!extension_offered(session, EXTENSION_XCLIENT)) return REPLY_XCLIENT_DENIED;
  if (session->transaction.begun) return REPLY_XCLIENT_LATE;
  return argument.len ? REPLY_NONE : REPLY_ARGUMENT_MISSING;
}

/* Attributes that stand for UCSPI variables. */
static struct ucspi_attribute {
  smtp_xclient_name_t name;
  char const *suffix;
} const ucspi_attributes[] = {{SMTP_XCLIENT_ADDR, "REMOTEIP"},
                              {SMTP_XCLIENT_PORT, "REMOTEPORT"},
                              {SMTP_XCLIENT_NAME, "REMOTEHOST"},
                              {SMTP_XCLIENT_DESTADDR, "LOCALIP"},
                              {SMTP_XCLIENT_DESTPORT, "LOCALPORT"}};

/* The TLS between us and the proxy is not the client's, to bind a login to. */
static void forget_channel(session_t *session) {
  static char const *const names[] = {"SSL_PEER_CERT_HASH", "SSL_PEER_CERT_SUBJECT",
                                      "SSL_SERVER_END_POINT"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) environment_unset(session, names[i]);
}

/* What the rules said of the proxy's address, and its name, is not true of the client's. */
static void forget_address(session_t *session) {
  environment_set_ucspi(session, "REMOTEHOST", NULL);
  environment_set_ucspi(session, "REMOTEPORT", NULL);
  environment_drop("RELAYCLIENT=");
  environment_drop("DATABYTES=");
}

/* What was given for an attribute; "" is also what [UNAVAILABLE] stands for. */
static char const *value_of(smtp_xclient_t const *xclient, smtp_xclient_name_t name) {
  return xclient->given[name] ? xclient->value[name] : "";
}

static void apply(session_t *session, smtp_xclient_t const *xclient) {
  forget_channel(session);
  if (xclient->given[SMTP_XCLIENT_ADDR]) forget_address(session);
  for (size_t i = 0; i < sizeof ucspi_attributes / sizeof *ucspi_attributes; i++) {
    char const *value = value_of(xclient, ucspi_attributes[i].name);
    if (xclient->given[ucspi_attributes[i].name])
      environment_set_ucspi(session, ucspi_attributes[i].suffix, *value ? value : NULL);
  }
  char const *helo = value_of(xclient, SMTP_XCLIENT_HELO);
  if (!check_hello(session, (argument_t){helo, strlen(helo)})) strcpy(session->helo, helo);
  char const *login = value_of(xclient, SMTP_XCLIENT_LOGIN);
  if (*login) auth_take_user(session, login, NULL);
  session->extended = !strcmp(value_of(xclient, SMTP_XCLIENT_PROTO), "ESMTP");
}

static void log_xclient(session_t const *session, argument_t argument) {
  char const *address = environment_ucspi(session, "REMOTEIP");
  log_line_t line;
  log_start(&line, PROGRAM, "xclient");
  if (address) log_str(&line, "ip", address);
  log_bytes(&line, "said", argument.s, argument.len);
  log_send(&line);
}

reply_t proceed_xclient(session_t *session, argument_t argument) {
  static smtp_xclient_t xclient;
  if (smtp_xclient_parse(&xclient, argument.s, argument.len) < 0)
    return reply_get(REPLY_BAD_ARGUMENT, NULL);
  session_forget(session);
  apply(session, &xclient);
  log_xclient(session, argument);
  return session_greet(session);
}
