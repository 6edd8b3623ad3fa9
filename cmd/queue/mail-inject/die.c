#include <skalibs/strerr.h>

#include "inject.h"

_Noreturn void die(int code, char const *text, char const *more) {
  strerr_dief2x(code, text, more);
}

_Noreturn void die_system(int code, char const *step) {
  strerr_diefu1sys(code, step);
}
