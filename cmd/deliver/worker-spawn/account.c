#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "spawn.h"

static route_table_t routes;
static int routes_error;

bool routes_changed(void) {
  int result = route_refresh(&routes, settings.routes);
  routes_error = result < 0 ? errno : 0;
  return result > 0;
}

static int problem_is(char problem[PROBLEM_SIZE], char const *text, char const *what) {
  snprintf(problem, PROBLEM_SIZE, "4.3.5 %s%s", text, what);
  return -1;
}

/* What anybody else can write, no one is root for. */
static int routes_check(char problem[PROBLEM_SIZE]) {
  if (routes_error)
    return problem_is(problem, "unable to read the routes: ", strerror(routes_error));
  if (!routes.open) return problem_is(problem, "there are no routes", "");
  if (!geteuid() && !route_is_roots(&routes))
    return problem_is(problem, "others than root may write the routes", "");
  return 0;
}

static int preset_find(route_account_t *account, char problem[PROBLEM_SIZE]) {
  if (!settings.preset)
    return problem_is(problem, "the route names no user, and worker-spawn has none", "");
  *account->name = 0;
  *account->home = 0;
  return 0;
}

static int named_find(route_account_t *account, char const *name, char problem[PROBLEM_SIZE]) {
  int found = route_account_find(&routes, name, account);
  if (found < 0) return problem_is(problem, "the routes are damaged at the user ", name);
  if (!found) return problem_is(problem, "the routes have no such user: ", name);
  if (!account->uid || account->uid < settings.first)
    return problem_is(problem, "worker-spawn's -f forbids to deliver as ", name);
  return 0;
}

int account_find(route_account_t *account, worker_job_t const *job, char problem[PROBLEM_SIZE]) {
  route_terms_t terms;
  route_target_t target = {
      .channel = settings.channel, .argument = job->argument, .address = job->recipient};
  if (routes_check(problem) < 0) return -1;
  int found = route_terms_find(&routes, &target, &terms);
  if (found < 0) return problem_is(problem, "the routes are broken: ", route_problem(errno));
  if (!found) return problem_is(problem, "the routes do not lead there now", "");
  return *terms.user ? named_find(account, terms.user, problem) : preset_find(account, problem);
}
