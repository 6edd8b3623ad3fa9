#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "delivery/delivery.h"

static bool is_blank(char c) {
  return (unsigned char)c <= ' ' || c == 0x7f;
}

static void put(delivery_output_t *output, char c) {
  if (output->len < sizeof output->text) output->text[output->len++] = c;
}

void delivery_output_feed(delivery_output_t *output, char const *bytes, size_t len) {
  for (size_t i = 0; i < len && output->len < sizeof output->text; i++) {
    if (is_blank(bytes[i])) {
      output->blank = output->len > 0;
      continue;
    }
    if (output->blank) put(output, ' ');
    output->blank = false;
    put(output, bytes[i]);
  }
}

static chain_kind_t kind_of(int wait_status) {
  static int const delivered[] = {0, 99};
  static int const permanent[] = {100, 64, 65, 70, 76, 77, 78, 112};
  if (!WIFEXITED(wait_status)) return CHAIN_DEFER;
  int code = WEXITSTATUS(wait_status);
  for (size_t i = 0; i < sizeof delivered / sizeof *delivered; i++)
    if (delivered[i] == code) return CHAIN_ACCEPT;
  for (size_t i = 0; i < sizeof permanent / sizeof *permanent; i++)
    if (permanent[i] == code) return CHAIN_REJECT;
  return CHAIN_DEFER;
}

static void say_how_it_ended(chain_verdict_t *verdict, int wait_status) {
  if (WIFEXITED(wait_status))
    snprintf(verdict->text, sizeof verdict->text, "the command ended with exit code %d",
             WEXITSTATUS(wait_status));
  else
    snprintf(verdict->text, sizeof verdict->text, "the command was ended by signal %d",
             WTERMSIG(wait_status));
}

void delivery_command_verdict(chain_verdict_t *verdict, delivery_output_t const *output,
                              int wait_status) {
  chain_kind_t kind = kind_of(wait_status);
  chain_verdict_parse(verdict, kind, output->text, kind == CHAIN_ACCEPT ? 0 : output->len);
  if (kind == CHAIN_ACCEPT) return;
  if (!*verdict->enhanced) stpcpy(verdict->enhanced, kind == CHAIN_REJECT ? "5.3.0" : "4.3.0");
  if (!*verdict->text) say_how_it_ended(verdict, wait_status);
}
