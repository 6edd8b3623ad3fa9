/* tls_load: a client of TLS, OpenSSL's.
 *
 * handshakes PORT COUNT full|resumed VERSION  connects, shakes hands, reads to the end, COUNT
 * times; prints "seconds S failed N resumed N" bulk PORT VERSION                           reads to
 * the end; prints "seconds S bytes N", without the handshake VERSION is 1.2 or 1.3. Nobody's
 * certificate is verified. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static SSL_CTX *context;
static struct sockaddr_in server = {.sin_family = AF_INET};

static void die(char const *what) {
  perror(what);
  exit(111);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void set_up(char const *port, char const *version) {
  int const number = strcmp(version, "1.3") ? TLS1_2_VERSION : TLS1_3_VERSION;
  context = SSL_CTX_new(TLS_client_method());
  if (!context) die("tls_load: context");
  SSL_CTX_set_min_proto_version(context, number);
  SSL_CTX_set_max_proto_version(context, number);
  SSL_CTX_set1_groups_list(context, "X25519:P-256"); /* the latter for the certificate */
  SSL_CTX_set_cipher_list(context, "ECDHE+AES128+AESGCM");
  SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256");
  server.sin_port = htons((uint16_t)atoi(port));
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

static SSL *open_session(SSL_SESSION *session) {
  int const on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&server, sizeof server) < 0)
    die("tls_load: connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  SSL *const ssl = SSL_new(context);
  SSL_set_fd(ssl, fd);
  SSL_set_tlsext_host_name(ssl, "mx.example.test");
  if (session) SSL_set_session(ssl, session);
  return ssl;
}

static void close_session(SSL *ssl) {
  int const fd = SSL_get_fd(ssl);
  SSL_shutdown(ssl);
  SSL_free(ssl);
  close(fd);
}

/* Reads to the end; a session's ticket of TLS 1.3 comes on the way. */
static size_t read_all(SSL *ssl) {
  static char bytes[1 << 17];
  size_t total = 0;
  for (int n; (n = SSL_read(ssl, bytes, sizeof bytes)) > 0;) total += (size_t)n;
  return total;
}

static void run_handshakes(unsigned long count, bool resume) {
  unsigned long failed = 0, resumed = 0;
  SSL_SESSION *session = NULL;
  double const start = now();
  for (unsigned long i = 0; i < count; i++) {
    SSL *const ssl = open_session(session);
    if (SSL_connect(ssl) != 1) failed++;
    read_all(ssl);
    resumed += (unsigned long)SSL_session_reused(ssl);
    if (session) SSL_SESSION_free(session);
    session = resume ? SSL_get1_session(ssl) : NULL;
    close_session(ssl);
  }
  printf("seconds %.6f failed %lu resumed %lu\n", now() - start, failed, resumed);
}

static void run_bulk(void) {
  SSL *const ssl = open_session(NULL);
  if (SSL_connect(ssl) != 1) die("tls_load: handshake");
  double const start = now();
  size_t const total = read_all(ssl);
  printf("seconds %.6f bytes %zu\n", now() - start, total);
  close_session(ssl);
}

int main(int argc, char const *const *argv) {
  if (argc == 6 && !strcmp(argv[1], "handshakes")) {
    set_up(argv[2], argv[5]);
    run_handshakes(strtoul(argv[3], NULL, 10), !strcmp(argv[4], "resumed"));
  } else if (argc == 4 && !strcmp(argv[1], "bulk")) {
    set_up(argv[2], argv[3]);
    run_bulk();
  } else {
    fputs("usage: tls_load handshakes PORT COUNT full|resumed VERSION | bulk PORT VERSION\n",
          stderr);
    return 100;
  }
}
