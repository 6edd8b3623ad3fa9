#include <time.h>

#include "session.h"

/* ---- FUTURERELEASE (RFC 4865) ---- */

/* The latest date that EHLO told is nearer by now: what was within the limit still is. */
static reply_name_t hold(session_t *session, uint64_t seconds) {
  if (!session_may_relay(session)) return REPLY_AUTH_FIRST;
  if (session->transaction.held) return REPLY_BAD_PARAMETER;
  session->transaction.held = true;
  return seconds > session->conf.number[CONF_FUTURE_RELEASE_MAX] ? REPLY_EXCESSIVE_PARAMETER
                                                                 : REPLY_NONE;
}

reply_name_t take_holdfor(session_t *session, smtp_parameter_t *parameter) {
  uint64_t seconds;
  if (!parameter->value || smtp_holdfor_parse(&seconds, parameter->value, parameter->value_len) < 0)
    return REPLY_BAD_PARAMETER;
  return hold(session, seconds);
}

/* A time that is over is no longer waited for. */
reply_name_t take_holduntil(session_t *session, smtp_parameter_t *parameter) {
  uint64_t until, now = (uint64_t)time(NULL);
  if (!parameter->value || smtp_holduntil_parse(&until, parameter->value, parameter->value_len) < 0)
    return REPLY_BAD_PARAMETER;
  return hold(session, until > now ? until - now : 0);
}

/* ---- DELIVERBY (RFC 2852) ---- */

/* Mode R of a stranger is refused: each alias that leads to a host without DELIVERBY would return
   the message, whole, to whoever the stranger names as its sender. */
reply_name_t take_by(session_t *session, smtp_parameter_t *parameter) {
  smtp_by_t by;
  if (!parameter->value || smtp_by_parse(&by, parameter->value, parameter->value_len) < 0)
    return REPLY_BAD_PARAMETER;
  if (by.returns && !session_may_relay(session)) return REPLY_AUTH_FIRST;
  bool late = by.returns && (uint64_t)by.seconds < session->conf.number[CONF_DELIVER_BY_MIN];
  return late ? REPLY_EXCESSIVE_PARAMETER : REPLY_NONE;
}

/* ---- MT-PRIORITY (RFC 6710) ---- */

/* A stranger may have its mail wait for others', not go before theirs (RFC 6710). */
reply_name_t take_priority(session_t *session, smtp_parameter_t *parameter) {
  int priority;
  if (!parameter->value ||
      smtp_priority_parse(&priority, parameter->value, parameter->value_len) < 0)
    return REPLY_BAD_PARAMETER;
  if (priority <= 0 || session_may_relay(session)) return REPLY_NONE;
  session->transaction.lowered = true;
  parameter->value = "0";
  parameter->value_len = 1;
  return REPLY_NONE;
}
