#include <skalibs/strerr.h>

#include "../../shared/option.h"
#include "conf/conf.h"
#include "wrap.h"

#define SECONDS_MAX 86400

void times_option(settings_t *settings, int option, char const *s) {
  if (option == 't')
    settings->handshake = UINT64_C(1000) * option_number(option, s, 1, SECONDS_MAX);
  else
    settings->idle = UINT64_C(1000) * option_number(option, s, 0, SECONDS_MAX);
}

void times_default(settings_t *settings) {
  conf_t conf;
  char const *culprit = "";
  if (settings->handshake) return;
  if (conf_load(&conf, &culprit) < 0) strerr_diefu2sys(111, "use the setting ", culprit);
  settings->handshake = conf.number[CONF_TIMEOUT_HANDSHAKE] * 1000;
}
