/* tls_floor: BearSSL's TLS 1.2 server in one process, as little as it can be.
 *
 * engine CERT KEY SECONDS   handshakes and records in memory; prints "full US resumed US bulk MBS":
 *                           the server's CPU for a handshake, microseconds, and bytes made records
 * serve CERT KEY MEGABYTES  prints "port PORT"; each connection gets so many zeros, and an end */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cert/cert.h"

typedef struct identity {
  cert_chain_t chain;
  cert_key_t key;
  cert_public_t public;
  br_x509_certificate certificates[CERT_CHAIN_MAX];
} identity_t;

typedef struct server {
  br_ssl_server_context ssl;
  unsigned char in[BR_SSL_BUFSIZE_INPUT], out[BR_SSL_BUFSIZE_OUTPUT];
} server_t;

typedef struct client {
  br_ssl_client_context ssl;
  br_x509_minimal_context minimal;
  br_x509_knownkey_context known;
  unsigned char in[BR_SSL_BUFSIZE_INPUT], out[BR_SSL_BUFSIZE_OUTPUT];
} client_t;

static identity_t identity;
static server_t server;
static client_t client;
static br_ssl_session_cache_lru cache;
static unsigned char cache_bytes[4096];

static void die(char const *what) {
  fprintf(stderr, "tls_floor: %s\n", what);
  exit(111);
}

static double cpu(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- setting up ------------------------------------------------------------------------------ */

static size_t read_file(char const *path, char *bytes, size_t size) {
  FILE *const file = fopen(path, "r");
  if (!file) die(path);
  size_t const len = fread(bytes, 1, size, file);
  fclose(file);
  return len;
}

static void read_identity(char const *certificate, char const *key) {
  static char pem[CERT_FILE_MAX];
  size_t len = read_file(certificate, pem, sizeof pem);
  if (cert_chain_read(&identity.chain, pem, len)) die("no certificate");
  len = read_file(key, pem, sizeof pem);
  if (cert_key_read(&identity.key, pem, len)) die("no key");
  cert_bytes_t const *const all = identity.chain.certificates;
  if (cert_public_read(&identity.public, all[0].at, all[0].len)) die("no public key");
  for (size_t i = 0; i < identity.chain.count; i++)
    identity.certificates[i] = (br_x509_certificate){(unsigned char *)all[i].at, all[i].len};
}

static bool is_rsa(void) {
  return identity.key.type == CERT_RSA;
}

static uint16_t suite(void) {
  return is_rsa() ? BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
                  : BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
}

static void start_server(void) {
  br_ssl_server_context *const ssl = &server.ssl;
  uint16_t const one = suite();
  if (is_rsa())
    br_ssl_server_init_full_rsa(ssl, identity.certificates, identity.chain.count,
                                &identity.key.rsa);
  else
    br_ssl_server_init_full_ec(ssl, identity.certificates, identity.chain.count, BR_KEYTYPE_EC,
                               &identity.key.ec);
  br_ssl_engine_set_versions(&ssl->eng, BR_TLS12, BR_TLS12);
  br_ssl_engine_set_suites(&ssl->eng, &one, 1);
  br_ssl_server_set_cache(ssl, &cache.vtable);
  br_ssl_engine_set_buffers_bidi(&ssl->eng, server.in, sizeof server.in, server.out,
                                 sizeof server.out);
  if (!br_ssl_server_reset(ssl)) die("no server");
}

static void make_client(void) {
  br_ssl_client_init_full(&client.ssl, &client.minimal, NULL, 0);
  if (is_rsa())
    br_x509_knownkey_init_rsa(&client.known, &identity.public.rsa, BR_KEYTYPE_SIGN);
  else
    br_x509_knownkey_init_ec(&client.known, &identity.public.ec, BR_KEYTYPE_SIGN);
  br_ssl_engine_set_x509(&client.ssl.eng, &client.known.vtable);
  br_ssl_engine_set_buffers_bidi(&client.ssl.eng, client.in, sizeof client.in, client.out,
                                 sizeof client.out);
}

/* ---- in memory ------------------------------------------------------------------------------- */

static bool pass(br_ssl_engine_context *from, br_ssl_engine_context *to) {
  size_t have, room;
  unsigned char const *const bytes = br_ssl_engine_sendrec_buf(from, &have);
  unsigned char *const place = br_ssl_engine_recvrec_buf(to, &room);
  if (!bytes || !place) return false;
  if (have > room) have = room;
  memcpy(place, bytes, have);
  br_ssl_engine_sendrec_ack(from, have);
  br_ssl_engine_recvrec_ack(to, have);
  return true;
}

/* The server's records go to the client; what it takes is the client's time. */
static bool pass_to_client(double *others) {
  double const start = cpu();
  bool const passed = pass(&server.ssl.eng, &client.ssl.eng);
  *others += cpu() - start;
  return passed;
}

/* Seconds that the server needed. */
static double shake_hands(bool resume) {
  double others = 0;
  if (!br_ssl_client_reset(&client.ssl, "mx.example.test", resume)) die("no client");
  double const start = cpu();
  start_server();
  while (pass(&client.ssl.eng, &server.ssl.eng) | pass_to_client(&others))
    ;
  double const spent = cpu() - start - others;
  if (!(br_ssl_engine_current_state(&client.ssl.eng) & BR_SSL_SENDAPP)) die("no handshake");
  return spent;
}

static double repeat_handshakes(bool resume, double seconds) {
  double spent = 0;
  size_t count = 0;
  shake_hands(false);
  for (double const end = cpu() + seconds; cpu() < end; count++) spent += shake_hands(resume);
  return spent / (double)count;
}

/* Records that nobody reads. */
static double make_records(double seconds) {
  br_ssl_engine_context *const engine = &server.ssl.eng;
  double const start = cpu();
  size_t total = 0, len;
  while (cpu() < start + seconds) {
    unsigned char *const place = br_ssl_engine_sendapp_buf(engine, &len);
    memset(place, 'x', len);
    br_ssl_engine_sendapp_ack(engine, len);
    total += len;
    br_ssl_engine_flush(engine, 0);
    while (br_ssl_engine_sendrec_buf(engine, &len)) br_ssl_engine_sendrec_ack(engine, len);
  }
  return (double)total / (cpu() - start);
}

static void run_engine(double seconds) {
  make_client();
  double const full = repeat_handshakes(false, seconds);
  double const resumed = repeat_handshakes(true, seconds);
  printf("full %.1f resumed %.1f bulk %.0f\n", full * 1e6, resumed * 1e6,
         make_records(seconds) / 1e6);
}

/* ---- over a socket --------------------------------------------------------------------------- */

static int read_low(void *data, unsigned char *bytes, size_t len) {
  ssize_t const n = read(*(int *)data, bytes, len);
  return n > 0 ? (int)n : -1;
}

static int write_low(void *data, unsigned char const *bytes, size_t len) {
  ssize_t const n = write(*(int *)data, bytes, len);
  return n > 0 ? (int)n : -1;
}

static void serve_one(int fd, size_t megabytes) {
  static unsigned char const zeros[1 << 20];
  int const on = 1;
  br_sslio_context io;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  start_server();
  br_sslio_init(&io, &server.ssl.eng, read_low, &fd, write_low, &fd);
  for (size_t i = 0; i < megabytes; i++)
    if (br_sslio_write_all(&io, zeros, sizeof zeros) < 0) break;
  br_sslio_flush(&io);
  br_ssl_engine_close(&server.ssl.eng);
  br_sslio_flush(&io);
  close(fd);
}

static void run_server(size_t megabytes) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof address;
  int const listener = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, (struct sockaddr *)&address, len) < 0 || listen(listener, 8) < 0 ||
      getsockname(listener, (struct sockaddr *)&address, &len) < 0)
    die("cannot listen");
  printf("port %d\n", ntohs(address.sin_port));
  fflush(stdout);
  signal(SIGPIPE, SIG_IGN);
  for (int fd; (fd = accept(listener, NULL, NULL)) >= 0;) serve_one(fd, megabytes);
}

int main(int argc, char const *const *argv) {
  if (argc != 5) die("usage: tls_floor engine|serve CERT KEY NUMBER");
  read_identity(argv[2], argv[3]);
  br_ssl_session_cache_lru_init(&cache, cache_bytes, sizeof cache_bytes);
  if (!strcmp(argv[1], "serve")) run_server(strtoul(argv[4], NULL, 10));
  run_engine(strtod(argv[4], NULL));
}
