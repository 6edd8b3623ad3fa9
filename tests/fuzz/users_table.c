/* users.cdb: a file that says anything gives a user whose texts are inside its record, or an error.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "users/internal.h"

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

static void check_text(users_user_t const *user, char const *text) {
  if (!text) return;
  if (text < user->record || text >= user->record + sizeof user->record) abort();
  if (!memchr(text, 0, (size_t)(user->record + sizeof user->record - text))) abort();
}

static void check(int result, users_user_t const *user) {
  if (result < 0 && errno != ENOENT && errno != EPROTO) abort();
  if (result < 0) return;
  check_text(user, user->name);
  check_text(user, user->hash);
  check_text(user, user->plain);
  check_text(user, user->home);
  check_text(user, user->senders);
  check_text(user, user->certificates);
  if (user->scram_sha256.salt_len > USERS_SCRAM_SALT_MAX) abort();
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
  static users_user_t user;
  char *const bytes = malloc(size ? size : 1); /* of its own: a read past its end is seen */
  if (!bytes) abort();
  memcpy(bytes, data, size);
  cdb map = CDB_ZERO;
  map.map = bytes;
  map.size = (uint32_t)size;
  if (users_map_valid(&map)) {
    check(users_map_find(&map, USERS_KEY_NAME, "alice", &user), &user);
    check(users_map_find(&map, USERS_KEY_MODEL, "", &user), &user);
    check(users_map_find(&map, USERS_KEY_CERTIFICATE, "SHA256:a", &user), &user);
  }
  free(bytes);
  return 0;
}
