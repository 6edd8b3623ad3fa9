/* Settings: defaults, files, bounds. */
#include <errno.h>
#include <unistd.h>

#include "../unit.h"
#include "conf/conf.h"

static char folder[] = "/tmp/chainmail-conf-XXXXXX";

static void put(char const *name, char const *value) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *f = fopen(path, "w");
  if (!f) return;
  fputs(value, f);
  fclose(f);
}

static void drop(char const *name) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  unlink(path);
}

static void defaults(void) {
  conf_t conf;
  char const *culprit;
  for (conf_name_t name = 0; name < CONF_COUNT; name++)
    if (conf_table[name].preset)
      CHECK(conf_table[name].name, conf_set(&conf, name, conf_table[name].preset) == 0);
  setenv("CHAINMAIL_CONF", "/nonexistent", 1);
  CHECK("no folder is an empty one", conf_load(&conf, &culprit) == 0);
  CHECK("me has no default", !conf.text[CONF_ME]);
  CHECK("databytes has", conf.number[CONF_DATABYTES] == 52428800);
}

static void files(void) {
  conf_t conf;
  char const *culprit;
  setenv("CHAINMAIL_CONF", folder, 1);
  put("me", "mx.example.test  \r\nsecond line\n");
  put("databytes", "1000\n");
  put("unknown", "x");
  CHECK("files are read", conf_load(&conf, &culprit) == 0);
  CHECK_STR("the first line, trimmed", conf.text[CONF_ME], "mx.example.test");
  CHECK("a number", conf.number[CONF_DATABYTES] == 1000);
  CHECK("others keep their defaults", conf.number[CONF_RECIPIENTS] == 1000);
}

static void assignments(void) {
  static char const *const bad[] = {"",           "=", "databytes", "databyte=1", "databytes2=1",
                                    "databytes=x"};
  conf_t conf;
  CHECK("name=value", conf_assign(&conf, "databytes=7") == 0 && conf.number[CONF_DATABYTES] == 7);
  CHECK("an empty value", conf_assign(&conf, "greeting=") == 0 && !*conf.text[CONF_GREETING]);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    CHECK(bad[i], conf_assign(&conf, bad[i]) < 0 && errno == EINVAL);
}

static void bad(void) {
  static struct {
    char const *name, *value;
    int error;
  } const cases[] = {
      {"databytes", "many", EINVAL},    {"databytes", "99999999999999999999999", EINVAL},
      {"databytes", "-1", EINVAL},      {"recipients", "0", ERANGE},
      {"recipients", "100001", ERANGE}, {"databytes", "", EINVAL}};
  conf_t conf;
  char const *culprit;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    put(cases[i].name, cases[i].value);
    CHECK(cases[i].value, conf_load(&conf, &culprit) < 0 && errno == cases[i].error);
    CHECK_STR("the culprit is named", culprit, cases[i].name);
    drop(cases[i].name);
  }
}

int main(void) {
  if (!mkdtemp(folder)) return 111;
  defaults();
  files();
  assignments();
  bad();
  drop("me");
  drop("unknown");
  rmdir(folder);
  return unit_done();
}
