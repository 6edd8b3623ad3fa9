/* System calls by name. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "confine/confine.h"
#include "text/text.h"

typedef struct call_name {
  char const *name;
  int number;
} call_name_t;

#define NAME(name)                                                                                 \
  { #name, SYS_##name }
#define INSTEAD(old, call)                                                                         \
  { #old, SYS_##call }

static call_name_t const call_names[] = {
    /* clang-format off */
    /* those that every machine has */
    NAME(accept), NAME(accept4), NAME(acct), NAME(add_key), NAME(adjtimex), NAME(bind), NAME(bpf),
    NAME(brk), NAME(capget), NAME(capset), NAME(chdir), NAME(chroot), NAME(clock_adjtime),
    NAME(clock_getres), NAME(clock_gettime), NAME(clock_nanosleep), NAME(clock_settime),
    NAME(clone), NAME(close), NAME(close_range), NAME(connect), NAME(copy_file_range),
    NAME(delete_module), NAME(dup), NAME(dup3), NAME(epoll_create1), NAME(epoll_ctl),
    NAME(epoll_pwait), NAME(epoll_pwait2), NAME(eventfd2), NAME(execve), NAME(execveat),
    NAME(exit), NAME(exit_group), NAME(faccessat), NAME(faccessat2), NAME(fadvise64),
    NAME(fallocate), NAME(fanotify_init), NAME(fanotify_mark), NAME(fchdir), NAME(fchmod),
    NAME(fchmodat), NAME(fchown), NAME(fchownat), NAME(fcntl), NAME(fdatasync), NAME(fgetxattr),
    NAME(finit_module), NAME(flistxattr), NAME(flock), NAME(fremovexattr), NAME(fsconfig),
    NAME(fsetxattr), NAME(fsmount), NAME(fsopen), NAME(fspick), NAME(fstatfs), NAME(fsync),
    NAME(ftruncate), NAME(futex), NAME(get_mempolicy), NAME(get_robust_list), NAME(getcpu),
    NAME(getcwd), NAME(getdents64), NAME(getegid), NAME(geteuid), NAME(getgid), NAME(getgroups),
    NAME(getitimer), NAME(getpeername), NAME(getpgid), NAME(getpid), NAME(getppid),
    NAME(getpriority), NAME(getrandom), NAME(getresgid), NAME(getresuid), NAME(getrusage),
    NAME(getsid), NAME(getsockname), NAME(getsockopt), NAME(gettid), NAME(gettimeofday),
    NAME(getuid), NAME(getxattr), NAME(init_module), NAME(inotify_add_watch), NAME(inotify_init1),
    NAME(inotify_rm_watch), NAME(io_cancel), NAME(io_destroy), NAME(io_getevents),
    NAME(io_pgetevents), NAME(io_setup), NAME(io_submit), NAME(io_uring_enter),
    NAME(io_uring_register), NAME(io_uring_setup), NAME(ioctl), NAME(ioprio_get), NAME(ioprio_set),
    NAME(kcmp), NAME(kexec_file_load), NAME(kexec_load), NAME(keyctl), NAME(kill),
    NAME(landlock_add_rule), NAME(landlock_create_ruleset), NAME(landlock_restrict_self),
    NAME(lgetxattr), NAME(linkat), NAME(listen), NAME(listxattr), NAME(llistxattr),
    NAME(lremovexattr), NAME(lseek), NAME(lsetxattr), NAME(madvise), NAME(mbind), NAME(membarrier),
    NAME(memfd_create), NAME(migrate_pages), NAME(mincore), NAME(mkdirat), NAME(mknodat),
    NAME(mlock), NAME(mlock2), NAME(mlockall), NAME(mmap), NAME(mount), NAME(mount_setattr),
    NAME(move_mount), NAME(move_pages), NAME(mprotect), NAME(mq_getsetattr), NAME(mq_notify),
    NAME(mq_open), NAME(mq_timedreceive), NAME(mq_timedsend), NAME(mq_unlink), NAME(mremap),
    NAME(msgctl), NAME(msgget), NAME(msgrcv), NAME(msgsnd), NAME(msync), NAME(munlock),
    NAME(munlockall), NAME(munmap), NAME(name_to_handle_at), NAME(nanosleep),
    NAME(open_by_handle_at), NAME(open_tree), NAME(openat), NAME(openat2), NAME(perf_event_open),
    NAME(personality), NAME(pidfd_getfd), NAME(pidfd_open), NAME(pidfd_send_signal), NAME(pipe2),
    NAME(pivot_root), NAME(pkey_alloc), NAME(pkey_free), NAME(pkey_mprotect), NAME(ppoll),
    NAME(prctl), NAME(pread64), NAME(preadv), NAME(preadv2), NAME(prlimit64),
    NAME(process_madvise), NAME(process_vm_readv), NAME(process_vm_writev), NAME(pselect6),
    NAME(ptrace), NAME(pwrite64), NAME(pwritev), NAME(pwritev2), NAME(quotactl), NAME(read),
    NAME(readahead), NAME(readlinkat), NAME(readv), NAME(reboot), NAME(recvfrom), NAME(recvmmsg),
    NAME(recvmsg), NAME(remap_file_pages), NAME(removexattr), NAME(renameat2), NAME(request_key),
    NAME(restart_syscall), NAME(rseq), NAME(rt_sigaction), NAME(rt_sigpending),
    NAME(rt_sigprocmask), NAME(rt_sigqueueinfo), NAME(rt_sigreturn), NAME(rt_sigsuspend),
    NAME(rt_sigtimedwait), NAME(rt_tgsigqueueinfo), NAME(sched_get_priority_max),
    NAME(sched_get_priority_min), NAME(sched_getaffinity), NAME(sched_getattr),
    NAME(sched_getparam), NAME(sched_getscheduler), NAME(sched_rr_get_interval),
    NAME(sched_setaffinity), NAME(sched_setattr), NAME(sched_setparam), NAME(sched_setscheduler),
    NAME(sched_yield), NAME(seccomp), NAME(semctl), NAME(semget), NAME(semop), NAME(semtimedop),
    NAME(sendfile), NAME(sendmmsg), NAME(sendmsg), NAME(sendto), NAME(set_mempolicy),
    NAME(set_robust_list), NAME(set_tid_address), NAME(setdomainname), NAME(setfsgid),
    NAME(setfsuid), NAME(setgid), NAME(setgroups), NAME(sethostname), NAME(setitimer), NAME(setns),
    NAME(setpgid), NAME(setpriority), NAME(setregid), NAME(setresgid), NAME(setresuid),
    NAME(setreuid), NAME(setsid), NAME(setsockopt), NAME(settimeofday), NAME(setuid),
    NAME(setxattr), NAME(shmat), NAME(shmctl), NAME(shmdt), NAME(shmget), NAME(shutdown),
    NAME(sigaltstack), NAME(signalfd4), NAME(socket), NAME(socketpair), NAME(splice), NAME(statfs),
    NAME(statx), NAME(swapoff), NAME(swapon), NAME(symlinkat), NAME(sync), NAME(sync_file_range),
    NAME(syncfs), NAME(sysinfo), NAME(syslog), NAME(tee), NAME(tgkill), NAME(timer_create),
    NAME(timer_delete), NAME(timer_getoverrun), NAME(timer_gettime), NAME(timer_settime),
    NAME(timerfd_create), NAME(timerfd_gettime), NAME(timerfd_settime), NAME(times), NAME(tkill),
    NAME(truncate), NAME(umask), NAME(umount2), NAME(uname), NAME(unlinkat), NAME(unshare),
    NAME(userfaultfd), NAME(utimensat), NAME(vhangup), NAME(vmsplice), NAME(wait4), NAME(waitid),
    NAME(write), NAME(writev),
    /* those that depend on its age */
#ifdef SYS_clone3
    NAME(clone3),
#endif
#ifdef SYS_fstat
    NAME(fstat),
#endif
#ifdef SYS_getrlimit
    NAME(getrlimit),
#endif
#ifdef SYS_newfstatat
    NAME(newfstatat),
#endif
#ifdef SYS_renameat
    NAME(renameat),
#endif
#ifdef SYS_setrlimit
    NAME(setrlimit),
#endif
#ifdef SYS_arch_prctl
    NAME(arch_prctl),
#endif
#ifdef SYS_open
    NAME(access), NAME(alarm), NAME(chmod), NAME(chown), NAME(creat), NAME(dup2),
    NAME(epoll_create), NAME(epoll_wait), NAME(eventfd), NAME(fork), NAME(getdents), NAME(getpgrp),
    NAME(inotify_init), NAME(lchown), NAME(link), NAME(lstat), NAME(mkdir), NAME(mknod),
    NAME(open), NAME(pause), NAME(pipe), NAME(poll), NAME(readlink), NAME(rename), NAME(rmdir),
    NAME(select), NAME(signalfd), NAME(stat), NAME(symlink), NAME(time), NAME(unlink),
    NAME(utimes), NAME(vfork),
#else
    INSTEAD(access, faccessat), INSTEAD(alarm, setitimer), INSTEAD(chmod, fchmodat),
    INSTEAD(chown, fchownat), INSTEAD(creat, openat), INSTEAD(dup2, dup3),
    INSTEAD(epoll_create, epoll_create1), INSTEAD(epoll_wait, epoll_pwait),
    INSTEAD(eventfd, eventfd2), INSTEAD(fork, clone), INSTEAD(getdents, getdents64),
    INSTEAD(getpgrp, getpgid), INSTEAD(inotify_init, inotify_init1), INSTEAD(lchown, fchownat),
    INSTEAD(link, linkat), INSTEAD(lstat, newfstatat), INSTEAD(mkdir, mkdirat),
    INSTEAD(mknod, mknodat), INSTEAD(open, openat), INSTEAD(pause, ppoll), INSTEAD(pipe, pipe2),
    INSTEAD(poll, ppoll), INSTEAD(readlink, readlinkat), INSTEAD(rename, renameat2),
    INSTEAD(rmdir, unlinkat), INSTEAD(select, pselect6), INSTEAD(signalfd, signalfd4),
    INSTEAD(stat, newfstatat), INSTEAD(symlink, symlinkat), INSTEAD(time, gettimeofday),
    INSTEAD(unlink, unlinkat), INSTEAD(utimes, utimensat), INSTEAD(vfork, clone),
#endif
    /* clang-format on */
};

/* What arguments must be. */
typedef struct condition {
  int number;
  char const *name;
  confine_test_t tests[CONFINE_TESTS_MAX];
} condition_t;

#define NAMESPACES                                                                                 \
  (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |    \
   CLONE_NEWNET)

/* Of a family a kind, and the protocol of that name or none: others that are streams, MPTCP's, are
   not bound by rules for TCP's ports. */
#define PROTOCOL(family, kind, protocol)                                                           \
  {                                                                                                \
    {0, UINT32_MAX, family}, {1, CONFINE_SOCKET_KIND, kind}, {                                     \
      2, ~(uint32_t)(protocol), 0                                                                  \
    }                                                                                              \
  }

/* One without a name is of calls that are named without any. */
static condition_t const conditions[] = {
    {SYS_mmap, "noexec", {{2, PROT_EXEC, 0}}},
    {SYS_mprotect, "noexec", {{2, PROT_EXEC, 0}}},
    {SYS_socket, "unix", {{0, UINT32_MAX, AF_UNIX}}},
    {SYS_socket, "inet", {{0, UINT32_MAX, AF_INET}}},
    {SYS_socket, "inet6", {{0, UINT32_MAX, AF_INET6}}},
    {SYS_socket, "netlink", {{0, UINT32_MAX, AF_NETLINK}}},
    {SYS_socket, "tcp", PROTOCOL(AF_INET, SOCK_STREAM, IPPROTO_TCP)},
    {SYS_socket, "tcp6", PROTOCOL(AF_INET6, SOCK_STREAM, IPPROTO_TCP)},
    {SYS_socket, "udp", PROTOCOL(AF_INET, SOCK_DGRAM, IPPROTO_UDP)},
    {SYS_socket, "udp6", PROTOCOL(AF_INET6, SOCK_DGRAM, IPPROTO_UDP)},
    {SYS_sendto, "", {{3, CONFINE_FASTOPEN, 0}}},
    {SYS_sendmsg, "", {{2, CONFINE_FASTOPEN, 0}}},
    {SYS_sendmmsg, "", {{3, CONFINE_FASTOPEN, 0}}},
    {SYS_clone, "thread", {{0, CLONE_THREAD | NAMESPACES, CLONE_THREAD}}},
    {SYS_clone, "", {{0, NAMESPACES, 0}}},
    {SYS_openat, "reading", {{2, CONFINE_ALTERS, O_RDONLY}}},
#ifdef SYS_open
    {SYS_open, "reading", {{1, CONFINE_ALTERS, O_RDONLY}}},
#endif
};

#define LENGTH(table) (sizeof(table) / sizeof *(table))

static bool is_same(char const *name, char const *s, size_t len) {
  return strlen(name) == len && !memcmp(name, s, len);
}

#define DIGITS_MAX 9 /* so many fit in an int */

/* -1 if it is none. */
static int scan_number(char const *s, size_t len) {
  int number = 0;
  if (!len || len > DIGITS_MAX) return -1;
  for (size_t i = 0; i < len; i++) {
    if (!is_digit(s[i])) return -1;
    number = 10 * number + (s[i] - '0');
  }
  return number;
}

static int find_number(char const *s, size_t len) {
  for (size_t i = 0; i < LENGTH(call_names); i++)
    if (is_same(call_names[i].name, s, len)) return call_names[i].number;
  return -1;
}

static condition_t const *find_condition(int number, char const *s, size_t len) {
  for (size_t i = 0; i < LENGTH(conditions); i++)
    if (conditions[i].number == number && is_same(conditions[i].name, s, len))
      return &conditions[i];
  return NULL;
}

static int parse_name(confine_call_t *call, char const *s, size_t len) {
  char const *const open = memchr(s, '(', len);
  size_t const name_len = open ? (size_t)(open - s) : len;
  int const number = find_number(s, name_len);
  if (number < 0 || (open && (s[len - 1] != ')' || open[1] == ')'))) return errno = EINVAL, -1;
  condition_t const *const condition =
      open ? find_condition(number, open + 1, len - name_len - 2) : find_condition(number, "", 0);
  if (open && !condition) return errno = EINVAL, -1;
  *call = (confine_call_t){.number = number};
  if (condition) memcpy(call->tests, condition->tests, sizeof call->tests);
  return 0;
}

int confine_call_parse(confine_call_t *call, char const *s, size_t len) {
  int const number = scan_number(s, len);
  if (number < 0) return parse_name(call, s, len);
  *call = (confine_call_t){.number = number};
  return 0;
}

static bool is_same_test(confine_test_t const *a, confine_test_t const *b) {
  return a->argument == b->argument && a->mask == b->mask && a->value == b->value;
}

/* a allows what b does, as far as its tests are the first of b's. */
static bool covers(confine_call_t const *a, confine_call_t const *b) {
  if (a->number != b->number) return false;
  for (size_t i = 0; i < CONFINE_TESTS_MAX && a->tests[i].mask; i++)
    if (!is_same_test(&a->tests[i], &b->tests[i])) return false;
  return true;
}

int confine_calls_add(confine_calls_t *calls, confine_call_t const *call) {
  for (size_t i = 0; i < calls->count; i++)
    if (covers(&calls->all[i], call)) return 0;
  if (calls->count == CONFINE_CALLS_MAX) return errno = E2BIG, -1;
  calls->all[calls->count++] = *call;
  return 0;
}
