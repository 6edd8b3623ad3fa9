#include <stdio.h>
#include <unistd.h>

#include "delivery/delivery.h"

/* A user without an account is one that we are not. */
static bool is_us(route_table_t const *routes, char const *name) {
  route_account_t account;
  return route_account_find(routes, name, &account) > 0 && account.uid == geteuid();
}

int delivery_terms(route_terms_t *terms, route_table_t const *routes, route_channel_t channel,
                   worker_job_t const *job, char problem[DELIVERY_PROBLEM_SIZE]) {
  route_target_t const target = {
      .channel = channel, .argument = job->argument, .address = job->recipient};
  if (route_terms_find(routes, &target, terms) <= 0) *terms = (route_terms_t){.user = ""};
  if (!*terms->user || is_us(routes, terms->user)) return 0;
  snprintf(problem, DELIVERY_PROBLEM_SIZE,
           "4.3.5 this is for the user %s, who the deliverer is not: see worker-spawn(8)",
           terms->user);
  return -1;
}
