#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "log/log.h"
#include "tcp-accept.h"

#define WORD_MAX 256 /* bytes of one address with its NUL */

/* Copies the word at *s up to a comma, moves *s behind it. false at the end. */
static bool next_word(char word[WORD_MAX], char const **s) {
  size_t const len = strcspn(*s, ",");
  if (!**s) return false;
  if (len >= WORD_MAX || !len) strerr_dief2x(100, "bad list: ", *s);
  memcpy(word, *s, len);
  word[len] = 0;
  *s += len + !!(*s)[len];
  return true;
}

/* What is not an IP address, by how it begins. */
static bool is_special(char const *word) {
  return !strcmp(word, "systemd") || !strncmp(word, "fd:", 3) || !strncmp(word, "unix:", 5);
}

bool listeners_need_ports(char const *addresses) {
  char word[WORD_MAX];
  bool need = false;
  while (next_word(word, &addresses))
    if (!is_special(word)) need = true;
  return need;
}

static void parse_ip(ip46 *ip, char const *word) {
  if (net_address_parse(ip, strcmp(word, "0") ? word : "0.0.0.0") < 0)
    strerr_dief2x(100, "not an address: ", word);
}

static uint16_t parse_port(char const *word) {
  unsigned int port;
  if (!uint0_scan(word, &port) || port > 65535) strerr_dief2x(100, "not a port: ", word);
  return (uint16_t)port;
}

static bool has_ipv4(char const *addresses) {
  char word[WORD_MAX];
  while (next_word(word, &addresses)) {
    ip46 ip;
    if (is_special(word)) continue;
    parse_ip(&ip, word);
    if (!ip46_is6(&ip)) return true;
  }
  return false;
}

static net_listener_t *new_listener(listeners_t *listeners) {
  if (listeners->count == LISTENERS_MAX) strerr_dief1x(100, "too many addresses");
  return &listeners->all[listeners->count++];
}

/* :: stands for all addresses, unless some of IPv4 are there besides. */
static int listen_ip(net_listener_t *listener, settings_t const *settings, ip46 const *ip,
                     uint16_t port) {
  int const backlog = (int)settings->backlog;
  bool const all = ip46_is6(ip) && net_address_is_any(ip) && !has_ipv4(settings->addresses);
  return all ? net_listen_all(listener, port, backlog) : net_listen_ip(listener, ip, port, backlog);
}

static void open_ip(listeners_t *listeners, settings_t const *settings, char const *word) {
  char port[WORD_MAX];
  ip46 ip;
  parse_ip(&ip, word);
  for (char const *ports = settings->ports; next_word(port, &ports);)
    if (listen_ip(new_listener(listeners), settings, &ip, parse_port(port)) < 0)
      strerr_diefu4sys(111, "listen on ", word, " port ", port);
}

static void open_unix(listeners_t *listeners, settings_t const *settings, char const *path) {
  int const backlog = (int)settings->backlog;
  if (net_listen_unix(new_listener(listeners), SOCK_STREAM, path, settings->mode, backlog) < 0)
    strerr_diefu2sys(111, "listen on ", path);
}

static void open_inherited(listeners_t *listeners, int fd) {
  char text[INT_FMT];
  if (net_listen_fd(new_listener(listeners), SOCK_STREAM, fd) == 0) return;
  text[int_fmt(text, fd)] = 0;
  strerr_dief3x(100, "fd ", text, " is not a socket that listens; for a connection use tcp-env");
}

/* A standard descriptor is moved up: sessions get their own, and fd 0 must not be what is accepted
   next. */
static void open_fd(listeners_t *listeners, char const *word) {
  unsigned int number;
  if (!uint0_scan(word, &number) || number > 65535) strerr_dief2x(100, "not a descriptor: ", word);
  int fd = (int)number;
  if (fd < 3) {
    int const null = open("/dev/null", O_RDWR | O_CLOEXEC), low = fd;
    fd = fcntl(low, F_DUPFD_CLOEXEC, 3);
    if (null < 0 || fd < 0 || dup2(null, low) < 0) strerr_diefu2sys(111, "take over fd ", word);
    close(null);
  }
  open_inherited(listeners, fd);
}

static void open_systemd(listeners_t *listeners) {
  int const count = net_systemd_fds();
  if (count < 0) strerr_diefu1sys(100, "understand LISTEN_PID and LISTEN_FDS");
  if (!count) strerr_dief1x(100, "systemd has left no sockets to this process (LISTEN_FDS)");
  for (int i = 0; i < count; i++) open_inherited(listeners, 3 + i);
}

static void open_word(listeners_t *listeners, settings_t const *settings, char const *word) {
  if (!strcmp(word, "systemd"))
    open_systemd(listeners);
  else if (!strncmp(word, "fd:", 3))
    open_fd(listeners, word + 3);
  else if (!strncmp(word, "unix:", 5))
    open_unix(listeners, settings, word + 5);
  else
    open_ip(listeners, settings, word);
}

static void log_listener(net_listener_t const *listener) {
  char ip[IP46_FMT];
  log_line_t line;
  log_start(&line, PROG, "listen");
  if (listener->local.is_unix) {
    log_str(&line, "path", listener->local.local_path);
  } else {
    log_bytes(&line, "address", ip, ip46_fmt(ip, &listener->local.local_ip));
    log_uint(&line, "port", listener->local.local_port);
  }
  log_send(&line);
}

void listeners_open(listeners_t *listeners, settings_t const *settings) {
  char word[WORD_MAX];
  listeners->count = 0;
  for (char const *s = settings->addresses; next_word(word, &s);)
    open_word(listeners, settings, word);
  for (size_t i = 0; i < listeners->count; i++) log_listener(&listeners->all[i]);
}
