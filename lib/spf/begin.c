#include <string.h>

#include <skalibs/types.h>

#include "spf/evaluation.h"

static bool is_ascii(spf_string_t string) {
  for (size_t i = 0; i < string.len; i++)
    if (string.s[i] & 0x80) return false;
  return true;
}

/* Writes domain to out, in A-labels if it has U-labels and they can be converted. */
static void put_domain(spf_text_t *out, spf_string_t domain) {
  char ascii[DNS_NAME_MAX + 1];
  if (!is_ascii(domain) && dns_name_to_ascii(ascii, domain.s, domain.len) == 0)
    domain = (spf_string_t){.s = ascii, .len = strlen(ascii)};
  spf_text_put(out, domain.s, domain.len);
}

static void set_helo(spf_evaluation_t *evaluation, char const *helo) {
  spf_text_t text = {.s = evaluation->helo, .size = sizeof evaluation->helo};
  put_domain(&text, (spf_string_t){.s = helo, .len = strlen(helo)});
}

static spf_string_t const postmaster = {.s = "postmaster", .len = 10};

static void put_sender(spf_evaluation_t *evaluation, spf_string_t local, char const *domain) {
  spf_text_t text = {.s = evaluation->sender, .size = sizeof evaluation->sender};
  if (!local.len) local = postmaster;
  evaluation->has_utf8_local = !is_ascii(local);
  spf_text_put(&text, local.s, local.len);
  spf_text_puts(&text, "@");
  put_domain(&text, (spf_string_t){.s = domain, .len = strlen(domain)});
  evaluation->local = (spf_string_t){.s = text.s, .len = local.len};
  evaluation->sender_domain =
      (spf_string_t){.s = text.s + local.len + 1, .len = text.len - local.len - 1};
}

/* Splits the sender at its last '@'; without a local part it is postmaster (4.3). */
static void set_sender(spf_evaluation_t *evaluation, char const *sender) {
  char const *at = strrchr(sender, '@');
  put_sender(evaluation, (spf_string_t){.s = sender, .len = at ? (size_t)(at - sender) : 0},
             at ? at + 1 : sender);
}

static void set_address(spf_evaluation_t *evaluation, ip46 const *ip) {
  static char const mapped[12] = "\0\0\0\0\0\0\0\0\0\0\xff\xff";
  static char const hex[] = "0123456789ABCDEF";
  bool is_mapped = ip46_is6(ip) && memcmp(ip->ip, mapped, sizeof mapped) == 0;
  bool is6 = ip46_is6(ip) && !is_mapped;
  ip46_from_ip(&evaluation->ip, is_mapped ? ip->ip + sizeof mapped : ip->ip, is6);
  ip = &evaluation->ip;
  inet_ntop(is6 ? AF_INET6 : AF_INET, ip->ip, evaluation->ip_text, sizeof evaluation->ip_text);
  strcpy(evaluation->ip_macro, evaluation->ip_text);
  for (size_t i = 0; is6 && i < 16; i++) {
    uint8_t octet = (uint8_t)ip->ip[i];
    char const nibbles[4] = {hex[octet >> 4], '.', hex[octet & 15], i < 15 ? '.' : 0};
    memcpy(evaluation->ip_macro + 4 * i, nibbles, sizeof nibbles);
  }
}

/* The domain that is checked, or a reason why there is none (4.3). */
static bool find_domain(spf_evaluation_t *evaluation) {
  spf_report_t *report = evaluation->report;
  spf_string_t domain = evaluation->sender_domain;
  if (domain.len && domain.s[domain.len - 1] == '.') domain.len--;
  bool is_name = domain.len && domain.len <= DNS_NAME_MAX && *domain.s != '[' &&
                 memchr(domain.s, '.', domain.len) && is_ascii(domain) &&
                 dns_name_to_ascii(report->domain, domain.s, domain.len) == 0;
  if (is_name) return true;
  *report->domain = 0;
  spf_problem(
      evaluation, SPF_NO_MATCH,
      SPF_STRINGS(report->of_helo ? "HELO" : "the sender", " has no domain that can be asked"));
  return false;
}

bool spf_begin(spf_evaluation_t *evaluation, char const *helo, char const *sender) {
  evaluation->report->of_helo = !*sender;
  set_helo(evaluation, helo);
  if (*sender)
    set_sender(evaluation, sender);
  else
    put_sender(evaluation, postmaster, helo);
  set_address(evaluation, &evaluation->query->ip);
  evaluation->now[uint64_fmt(evaluation->now, evaluation->query->now)] = 0;
  return find_domain(evaluation);
}
