#include "option.h"

#include <skalibs/strerr.h>
#include <skalibs/types.h>

static _Noreturn void die_of(int option, char const *s, char const *what) {
  char const name[] = {'-', (char)option, 0};
  strerr_dief5x(100, what, " for ", name, ": ", s);
}

unsigned int option_number(int option, char const *s, unsigned int min, unsigned int max) {
  unsigned int number;
  if (!uint0_scan(s, &number) || number < min || number > max) die_of(option, s, "bad number");
  return number;
}

mode_t option_mode(int option, char const *s) {
  unsigned int mode;
  if (!uint0_oscan(s, &mode) || mode > 0777) die_of(option, s, "bad mode");
  return (mode_t)mode;
}
