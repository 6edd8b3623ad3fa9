/* The counts for programs. */
#include "stat.h"

static void json_ages(json_t *json, uint64_t const *by_age) {
  json_object(json, "ages");
  for (size_t i = 0; i < AGES; i++) json_uint(json, age_words[i], by_age[i]);
  json_close(json);
}

static void json_domains(json_t *json, counts_t const *counts) {
  json_array(json, "domains");
  for (size_t i = 0; i < counts->domain_count; i++) {
    json_object(json, NULL);
    json_str(json, "domain", counts->domains[i].name);
    json_uint(json, "recipients", counts->domains[i].recipients);
    json_ages(json, counts->domains[i].by_age);
    json_close(json);
  }
  json_close(json);
}

static void json_state(void *data, char const *const *fields) {
  json_uint(data, fields[1], answer_number(fields[2]));
}

static void json_deliverer(void *data, char const *const *fields) {
  static char const *const names[] = {"pid", "given", "waiting", "failures"};
  json_object(data, NULL);
  json_str(data, "channel", fields[1]);
  json_str(data, "state", fields[2]);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    json_uint(data, names[i], answer_number(fields[3 + i]));
  json_close(data);
}

static void json_destination(void *data, char const *const *fields) {
  static char const *const names[] = {"failures", "since", "next", "given", "waiting", "parked"};
  json_object(data, NULL);
  json_str(data, "channel", fields[1]);
  json_str(data, "destination", fields[2]);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    uint64_t const number = answer_number(fields[3 + i]);
    json_uint(data, names[i], i == 1 || i == 2 ? number / TOOL_SECOND : number);
  }
  json_str(data, "text", fields[9]);
  json_close(data);
}

static void json_answer(json_t *json, answer_t const *answer) {
  json_bool(json, "running", answer->running);
  json_object(json, "entries");
  answer_each(answer, "entries", 3, json_state, json);
  json_close(json);
  json_array(json, "deliverers");
  answer_each(answer, "deliverer", 7, json_deliverer, json);
  json_close(json);
  json_array(json, "destinations");
  answer_each(answer, "destination", 10, json_destination, json);
  json_close(json);
}

void stat_print_json(tool_t *tool, counts_t const *counts, answer_t const *answer) {
  json_t json = {.print = &tool->out};
  json_object(&json, NULL);
  json_uint(&json, "new", counts->fresh);
  json_uint(&json, "deferred", counts->deferred);
  json_uint(&json, "held", counts->held);
  json_uint(&json, "bad", counts->bad);
  json_uint(&json, "recipients", counts->recipients);
  json_ages(&json, counts->by_age);
  json_domains(&json, counts);
  json_answer(&json, answer);
  json_close(&json);
}
