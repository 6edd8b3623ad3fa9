/* user: what the user-* commands do alike: the users file, and telling what is wrong with it. What
 * cannot go on says why, and exits. */
#ifndef CHAINMAIL_AUTH_USER_H
#define CHAINMAIL_AUTH_USER_H

#include <limits.h>

#include "users/users.h"

/* What there is, or is not, in the file: no user of that name, one already, an error in the text.
 */
#define USER_EXIT_NO 1

/* Secrets are in this process: nobody may look into it, and it leaves no core. */
void user_hide(void);
/* The path that an option gave, or users in the conf folder, which is written to buffer. */
char const *user_path(char const *path, char buffer[PATH_MAX]);
/* A users_report_f; data is the file's path. */
void user_report(void *data, size_t line, char const *reason);
/* Opens the file for changes (users_file_open). */
void user_open(users_file_t *file, char const *path);
/* The same; if there is none, an empty one (users_file_make). */
void user_make(users_file_t *file, char const *path);
/* Dies unless result, of a function that compiles, is 0. */
void user_done(int result, char const *path);
/* Compiles the text into nothing. As users_compile. */
int user_check(users_file_t *file);
/* Compiles and puts the changed file in its place. */
void user_save(users_file_t *file);
/* Adds a user, or changes him. */
void user_put(users_file_t *file, users_user_t const *user);
/* Once a password can be read, who it belongs to should hear of it. */
void user_warn(users_user_t const *user, char const *path);
/* Returns the argument, which is a name that a user may have. */
char const *user_name(char const *argument);
/* What the file has of this user. */
void user_find(users_file_t const *file, char const *name, users_user_t *user);

#endif
