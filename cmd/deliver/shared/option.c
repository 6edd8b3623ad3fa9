#include "option.h"

#include <sys/stat.h>

#include <skalibs/strerr.h>
#include <skalibs/types.h>

unsigned int option_number(char const *s, unsigned int min, unsigned int max) {
  unsigned int number;
  if (!uint0_scan(s, &number) || number < min || number > max)
    strerr_dief2x(100, "bad number: ", s);
  return number;
}

void option_umask(char const *s) {
  unsigned int mask;
  if (!uint0_oscan(s, &mask) || mask > 0777) strerr_dief2x(100, "not a umask: ", s);
  umask(mask);
}
