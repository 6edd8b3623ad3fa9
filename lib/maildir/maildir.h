/* maildir: messages as files of a folder (https://cr.yp.to/proto/maildir.html, and Maildir++ for
 * folders and sizes in names).
 *
 * A Maildir is held by one descriptor, that of its new/: the place that deliveries are renamed into
 * and that is synced for them. tmp/ is reached from it, as ../tmp. new/ itself may not be a
 * symbolic link, so this is always the same Maildir's.
 *
 * The order of a delivery: create, write, sync, close, publish, then sync of the folder. Only when
 * that has returned is the message delivered. */
#ifndef CHAINMAIL_MAILDIR_H
#define CHAINMAIL_MAILDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MAILDIR_NAME_SIZE 256 /* of a file's name with its NUL */
#define MAILDIR_HOST_SIZE 128 /* of a host name in it */

/* ---- folders ------------------------------------------------------------------------------- */

/* Opens the Maildir at path. The descriptor of its new/, or -1 with errno (ENOENT: nothing there;
   ENOTDIR or ELOOP: something else is). */
int maildir_open(char const *path);

/* Makes what is missing of the Maildir at path: parents, the folder, tmp, cur and new, all synced,
   new when the others are, 0777 less the umask. A last component that begins with a dot is a
   Maildir++ folder: it gets the file maildirfolder, and a missing parent becomes a Maildir. 0, or
   -1 with errno. */
int maildir_make(char const *path);

/* 0, or -1 with EINVAL: path is empty or leads through a "..". */
int maildir_path_check(char const *path);

/* Removes the files of tmp/ that were not touched for 36 hours before now (seconds since the
   epoch): their writers are dead. Errors do not matter: the next sweep is as good. */
#define MAILDIR_STALE_SECONDS 129600
void maildir_sweep(int folder, int64_t now);

/* ---- names --------------------------------------------------------------------------------- */

/* What makes names unique: one per process. */
typedef struct maildir_writer {
  uint64_t pid;
  uint64_t count; /* of names it made */
  char host[MAILDIR_HOST_SIZE];
} maildir_writer_t;

/* host is the machine's name; '/' and ':' in it are written as \057 and \072, and it is cut at
   MAILDIR_HOST_SIZE. */
void maildir_writer_init(maildir_writer_t *writer, uint64_t pid, char const *host);

/* Writes "<seconds>.M<microseconds>P<pid>Q<count>.<host>" for this time (microseconds since the
   epoch) to out, MAILDIR_NAME_SIZE bytes; counts it. */
void maildir_name_make(char *out, maildir_writer_t *writer, uint64_t time);

/* ---- one message --------------------------------------------------------------------------- */

typedef struct maildir_message {
  int fd;             /* of its file in tmp/ */
  uint64_t size;      /* bytes written so far */
  uint64_t wire_size; /* the same with CRLF for LF */
  char last;          /* the last byte */
  char name[MAILDIR_NAME_SIZE];
} maildir_message_t;

/* Creates a file in tmp/, 0666 less the umask. 0, or -1 with errno. */
int maildir_create(maildir_message_t *message, int folder, maildir_writer_t *writer);

/* Appends bytes. 0, or -1 with errno. */
int maildir_write(maildir_message_t *message, char const *bytes, size_t len);

/* Closes the file, whose descriptor the caller has synced before. 0, or -1 with errno; it is closed
   in any case. */
int maildir_close(maildir_message_t *message);

/* Renames it into new/, with ",S=<size>,W=<wire size>" behind its name. 0, or -1 with errno. */
int maildir_publish(maildir_message_t *message, int folder);

/* Take it out of tmp/ or new/ again. */
void maildir_discard(maildir_message_t *message, int folder);
void maildir_withdraw(maildir_message_t const *message, int folder);

/* ---- quota ---------------------------------------------------------------------------------
 *
 * Maildir++'s: a Maildir and its folders have one file maildirsize, whose first line is the quota,
 * "<bytes>S,<messages>C", and whose other lines are added up: "<bytes> <messages>", those of a
 * message that came or, negative, went. What others removed without a line is found by counting
 * anew, which is done before a message is refused, unless a count of the last 15 minutes is all
 * that is there. What lies in .Trash, or is marked for deletion, does not count. */

/* What is there, or may be there: 0 is no limit. */
typedef struct maildir_usage {
  uint64_t bytes;
  uint64_t messages;
} maildir_usage_t;

/* Parses a quota as the first line has it; either part may be missing, others are passed over. 0,
   or -1 with EINVAL. */
int maildir_quota_parse(maildir_usage_t *quota, char const *s, size_t len);

/* Reads a quota as people write it: bytes, with K, M, G or T behind them for units of 1024, and a
   comma before a second part; "none" is no limit. Also as above, S and C behind the numbers:
   "500M", "1G,10000C", "100000000S". 0, or -1 with EINVAL (also: nothing that limits). */
int maildir_quota_read(maildir_usage_t *quota, char const *s);

#define MAILDIR_SIZES_MAX 5120 /* bytes of maildirsize; a larger one is made anew */

/* What a maildirsize says. */
typedef struct maildir_sizes {
  maildir_usage_t quota;
  maildir_usage_t used; /* 0 where the lines come to less */
  size_t lines;         /* below the first */
} maildir_sizes_t;

/* 0, or -1 with EINVAL: it has a line that is none, then only quota holds, and that only if its own
   line is good; it is of no limits if not. */
int maildir_sizes_parse(maildir_sizes_t *sizes, char const *text, size_t len);

/* A Maildir, as its folders share it. */
typedef struct maildir_root {
  dev_t device;
  ino_t inode;
  bool has_sizes; /* a maildirsize */
} maildir_root_t;

/* Tells whose a folder is. 0, or -1 with errno. */
int maildir_root_find(maildir_root_t *root, int folder);

/* Is there room for more in the Maildir of this folder? quota: NULL, the one its maildirsize names,
   no limit if there is none; another one than it names takes its place there. 0 there is, -1 with
   EDQUOT: there is not, or another errno. now: seconds since the epoch. */
int maildir_quota_check(int folder, maildir_usage_t const *quota, maildir_usage_t const *more,
                        int64_t now);

/* Puts a message that was delivered into maildirsize, where there is one. Errors do not matter: the
   next count sets it right. */
void maildir_quota_add(int folder, uint64_t bytes);

#endif
