/* unconfined PROGRAM...: becomes the program, for which the kernel has neither seccomp nor
 * Landlock, and limits that can be asked for and change nothing. A profiler inside a process must
 * be able to do what the process has given up. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(field)    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ANSWER(action) BPF_STMT(BPF_RET | BPF_K, (action))
#define FAIL(error)    ANSWER(SECCOMP_RET_ERRNO | (error))
#define PRETEND        FAIL(0)

/* The next so many instructions are for this value alone. */
#define IF(value, instructions) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (instructions))

#define LANDLOCK_FIRST SYS_landlock_create_ruleset
#define LANDLOCK_LAST  SYS_landlock_restrict_self

static struct sock_filter instructions[] = {
    LOAD(nr),
    BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, LANDLOCK_LAST, 2, 0),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, LANDLOCK_FIRST, 0, 1),
    FAIL(ENOSYS),
    IF(SYS_seccomp, 1),
    FAIL(ENOSYS),
    IF(SYS_setrlimit, 1),
    PRETEND,
    IF(SYS_prctl, 4),
    LOAD(args[0]),
    IF(PR_SET_SECCOMP, 1),
    FAIL(EINVAL),
    ANSWER(SECCOMP_RET_ALLOW),
    IF(SYS_prlimit64, 4),
    LOAD(args[2]), /* the new limit: none where it is asked for */
    IF(0, 1),
    ANSWER(SECCOMP_RET_ALLOW),
    PRETEND,
    ANSWER(SECCOMP_RET_ALLOW),
};

/* True also where an unconfined program before did it. */
static bool give_up(void) {
  struct sock_fprog const filter = {sizeof instructions / sizeof *instructions, instructions};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return false;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0 || errno == EINVAL;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: unconfined PROGRAM...\n");
    return 100;
  }
  if (!give_up()) {
    perror("unconfined");
    return 111;
  }
  execvp(argv[1], argv + 1);
  perror("unconfined: exec");
  return 127;
}
