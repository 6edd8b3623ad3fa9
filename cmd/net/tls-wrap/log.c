#include "log/log.h"

#include "wrap.h"

static void begin(log_line_t *line, char const *event) {
  log_start(line, engine_program, event);
}

void log_done(engine_facts_t const *facts, uint64_t milliseconds) {
  log_line_t line;
  begin(&line, "handshake");
  log_str(&line, "version", facts->protocol);
  log_str(&line, "cipher", facts->cipher);
  if (*facts->name) log_str(&line, "sni", facts->name);
  log_str(&line, "resumed", facts->resumed ? "yes" : "no");
  if (*facts->peer_hash) log_str(&line, role.peer, facts->peer_hash);
  if (facts->verified) log_str(&line, "verified", facts->verified);
  if (facts->verified_reason) log_str(&line, "reason", facts->verified_reason);
  log_uint(&line, "ms", milliseconds);
  log_send(&line);
}

static void log_alert(log_line_t *line, engine_t const *engine) {
  unsigned int alert;
  engine_side_t const side = engine_alert(engine, &alert);
  if (side != ENGINE_NOBODY)
    log_str(line, side == role.side ? "alert_sent" : "alert_received", tls_alert_text(alert));
}

static void log_name(log_line_t *line, engine_t const *engine) {
  engine_facts_t facts;
  engine_facts(engine, &facts);
  if (*facts.name) log_str(line, "sni", facts.name);
}

void log_failed(char const *reason, engine_t const *engine, uint64_t milliseconds) {
  log_line_t line;
  begin(&line, "handshake");
  log_str(&line, "verdict", "failed");
  log_str(&line, "reason", reason);
  if (engine) log_alert(&line, engine);
  if (engine) log_name(&line, engine);
  log_uint(&line, "ms", milliseconds);
  log_send(&line);
}

void log_broken(char const *reason, engine_t const *engine, int error) {
  log_line_t line;
  begin(&line, "end");
  log_str(&line, "reason", reason);
  log_alert(&line, engine);
  if (error) log_errno(&line, error);
  log_send(&line);
}
