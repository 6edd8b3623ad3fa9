/* Every profile, from inside: what no mail program has to do is tried under each of them, by this
   program itself, and must end in SIGSYS or EACCES. Without a profile the same attempts succeed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit.h"
#include "confine/confine.h"

static char const *folder; /* in the environment of whoever tries */

static char const *in_folder(char const *name) {
  static char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

/* ---- files and ports: 0, or errno ------------------------------------------------------------ */

static int result(long r) {
  return r < 0 ? errno : 0;
}
static int read_file(void) {
  return result(open(in_folder("file"), O_RDONLY | O_CLOEXEC));
}
static int read_folder(void) {
  return result(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}
static int write_file(void) {
  return result(open(in_folder("file"), O_WRONLY | O_CLOEXEC));
}
static int make_file(void) {
  return result(open(in_folder("new"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}
static int remove_file(void) {
  return result(unlink(in_folder("gone")));
}
static int rename_file(void) {
  return result(rename(in_folder("from"), in_folder("to")));
}
static int execute(void) {
  return result(execl(in_folder("program"), "program", (char *)0));
}

static int with_port(int (*use)(int, struct sockaddr const *, socklen_t)) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(1)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int const fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int const error = result(use(fd, (struct sockaddr const *)&address, sizeof address));
  return error == ECONNREFUSED ? 0 : error;
}
static int connect_port(void) {
  return with_port(connect);
}
static int bind_port(void) {
  return with_port(bind);
}

/* What a filter says of calls that callers do without. */
static int unknown(int error) {
  return error == EPROTONOSUPPORT || error == EOPNOTSUPP ? EACCES : error;
}

/* Streams that rules for TCP's ports say nothing of. */
static int connect_multipath(void) {
  int const fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, CONFINE_MPTCP);
  return fd < 0 ? unknown(errno) : 0;
}

/* What connects a socket, and is not connect. */
static int connect_by_sending(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(1)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int const fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int const error = result(
      sendto(fd, "", 1, CONFINE_FASTOPEN, (struct sockaddr const *)&address, sizeof address));
  return unknown(error) == EACCES || error == EPERM ? EACCES : 0;
}
static int open_raw(void) {
  return result(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP));
}
static int open_datagrams(void) {
  return result(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}
static int signal_others(void) {
  return result(kill(getppid(), 0));
}

/* The kernel itself has none of these flags together. */
static int make_namespace(void) {
  return result(syscall(SYS_clone, CLONE_NEWUSER | CLONE_FS, 0, 0, 0, 0));
}
static int open_other_socket(void) {
  return result(socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
}

/* ---- calls that nobody of ours makes --------------------------------------------------------- */

/* With arguments that the kernel refuses if it comes to look at them. */
static int call(long number) {
  syscall(number, -1, -1, -1, -1, -1, -1);
  return 0;
}

#define CALL(name)                                                                                 \
  static int try_##name(void) {                                                                    \
    return call(SYS_##name);                                                                       \
  }
CALL(ptrace)
CALL(mount)
CALL(umount2)
CALL(pivot_root)
CALL(chroot)
CALL(unshare)
CALL(setns)
CALL(init_module)
CALL(delete_module)
CALL(kexec_load)
CALL(reboot)
CALL(swapon)
CALL(bpf)
CALL(perf_event_open)
CALL(userfaultfd)
CALL(io_uring_setup)
CALL(keyctl)
CALL(add_key)
CALL(process_vm_readv)
CALL(process_vm_writev)
CALL(open_by_handle_at)
CALL(settimeofday)
CALL(clock_settime)
CALL(sethostname)
CALL(quotactl)
CALL(acct)
CALL(personality)
CALL(syslog)

static int see_privileges(void) {
  return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? EACCES : 0;
}

/* ---- attempts -------------------------------------------------------------------------------- */

typedef struct attempt {
  char const *name;
  int (*try)(void);
  unsigned int who_may;
} attempt_t;

enum {
  FOREIGN = 1, /* where programs of others may run */
  ASKING = 2,  /* where name servers are asked */
};

#define ATTEMPT(name)                                                                              \
  { #name, name, 0 }
#define FOREIGN_MAY(name)                                                                          \
  { #name, name, FOREIGN }
#define ASKING_MAY(name)                                                                           \
  { #name, name, FOREIGN | ASKING }
#define CALLS(name)                                                                                \
  { #name, try_##name, 0 }

static attempt_t const attempts[] = {
    FOREIGN_MAY(read_file),
    FOREIGN_MAY(read_folder),
    ATTEMPT(write_file),
    ATTEMPT(make_file),
    ATTEMPT(remove_file),
    ATTEMPT(rename_file),
    FOREIGN_MAY(execute),
    FOREIGN_MAY(connect_port),
    ATTEMPT(bind_port),
    ATTEMPT(connect_multipath),
    ATTEMPT(connect_by_sending),
    ATTEMPT(open_raw),
    ASKING_MAY(open_datagrams),
    ATTEMPT(signal_others),
    ATTEMPT(make_namespace),
    ATTEMPT(open_other_socket),
    ATTEMPT(see_privileges),
    CALLS(ptrace),
    CALLS(mount),
    CALLS(umount2),
    CALLS(pivot_root),
    CALLS(chroot),
    CALLS(unshare),
    CALLS(setns),
    CALLS(init_module),
    CALLS(delete_module),
    CALLS(kexec_load),
    CALLS(reboot),
    CALLS(swapon),
    CALLS(bpf),
    CALLS(perf_event_open),
    CALLS(userfaultfd),
    CALLS(io_uring_setup),
    CALLS(keyctl),
    CALLS(add_key),
    CALLS(process_vm_readv),
    CALLS(process_vm_writev),
    CALLS(open_by_handle_at),
    CALLS(settimeofday),
    CALLS(clock_settime),
    CALLS(sethostname),
    CALLS(quotactl),
    CALLS(acct),
    CALLS(personality),
    CALLS(syslog),
};

#define COUNT (sizeof attempts / sizeof *attempts)

static int try(char const *name) {
  for (size_t i = 0; i < COUNT; i++)
    if (!strcmp(attempts[i].name, name)) return attempts[i].try();
  return ENOSYS;
}

/* ---- trying ---------------------------------------------------------------------------------- */

static char us[PATH_MAX];

/* 0, errno, or -1: it was killed for it; -2: something else came of it. */
static int outcome(char const *profile, char const *name) {
  pid_t const pid = fork();
  int status = 0;
  if (!pid) {
    if (profile) execlp("confine", "confine", "-s", "-p", profile, us, "try", name, (char *)0);
    if (!profile) execl(us, us, "try", name, (char *)0);
    _exit(127);
  }
  if (waitpid(pid, &status, 0) != pid) return -2;
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGSYS ? -1 : -2;
  return WEXITSTATUS(status);
}

/* EPERM is what a signal to the outside gets. */
static int is_refused(int outcome) {
  return outcome == -1 || outcome == EACCES || outcome == EPERM;
}

static unsigned int who_is(char const *path) {
  static char text[65536];
  FILE *const file = fopen(path, "r");
  size_t const len = file ? fread(text, 1, sizeof text - 1, file) : 0;
  if (file) fclose(file);
  text[len] = 0;
  unsigned int who = 0;
  if (strstr(path, "/foreign") || strstr(text, "include foreign")) who |= FOREIGN;
  if (strstr(path, "/dns") || strstr(text, "include dns") || strstr(text, "socket(udp)"))
    who |= ASKING;
  return who;
}

static int is_outside(char const *profile) {
  return !strcmp(profile, "checkpassword-pam");
}

static void reset_folder(void) {
  static char const *const names[] = {"file", "gone", "from", "program"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    close(open(in_folder(names[i]), O_WRONLY | O_CREAT | O_CLOEXEC, 0700));
}

static void test_profile(char const *path, char const *profile) {
  unsigned int const who = who_is(path);
  int all = 1;
  for (size_t i = 0; i < COUNT; i++) {
    if (who & attempts[i].who_may) continue;
    int const got = outcome(profile, attempts[i].name);
    if (is_refused(got)) continue;
    fprintf(stderr, "  %s: %s: %d\n", profile, attempts[i].name, got);
    all = 0;
  }
  CHECK(profile, all);
}

static void test_profiles(char const *profiles) {
  char path[PATH_MAX + NAME_MAX + 1];
  DIR *const dir = opendir(profiles);
  CHECK("there are profiles", dir);
  for (struct dirent const *entry; dir && (entry = readdir(dir));) {
    snprintf(path, sizeof path, "%s/%s", profiles, entry->d_name);
    if (*entry->d_name == '.' || is_outside(entry->d_name)) continue;
    if (strncmp(entry->d_name, "libc-", 5) != 0) test_profile(path, entry->d_name);
  }
  if (dir) closedir(dir);
}

static int is_known(char const *path) {
  return access(path, F_OK) == 0;
}

static int has_fast_open(void) {
  FILE *const file = fopen("/proc/sys/net/ipv4/tcp_fastopen", "r");
  int modes = 0;
  if (!file) return 0;
  if (fscanf(file, "%d", &modes) != 1) modes = 0;
  fclose(file);
  return modes & 1; /* for clients */
}

/* What works on this machine for this user without any confinement. */
static int is_possible(int (*attempt)(void)) {
  if (attempt == bind_port || attempt == open_raw) return !geteuid();
  if (attempt == connect_by_sending) return has_fast_open();
  if (attempt == connect_multipath) return is_known("/proc/sys/net/mptcp");
  return 1;
}

/* A test that cannot fail would be none. */
static void test_unconfined(void) {
  for (size_t i = 0; i < COUNT; i++) {
    if (!is_possible(attempts[i].try)) continue;
    int const got = outcome(NULL, attempts[i].name);
    if (got && !(attempts[i].try == execute && got == ENOEXEC))
      fprintf(stderr, "  %s: %d\n", attempts[i].name, got);
    CHECK(attempts[i].name, !is_refused(got) || attempts[i].try == connect_port);
    reset_folder();
  }
}

/* False: only root may write where programs may not. */
static bool make_folder(void) {
  static char path[PATH_MAX];
  char const *const elsewhere = getenv("ELSEWHERE");
  snprintf(path, sizeof path, "%s/attempts.XXXXXX", elsewhere ? elsewhere : "/var/lib");
  folder = mkdtemp(path);
  if (!folder && errno == EACCES && geteuid() != 0) return false;
  if (!folder) exit(111);
  setenv("ATTEMPTS", folder, 1);
  setenv("CHAINMAIL_QUEUE", "/nonexistent/queue", 1);
  setenv("CHAINMAIL_RUN", "/nonexistent/run", 1);
  setenv("CHAINMAIL_CONF", "/nonexistent/conf", 1);
  unsetenv("CHAINMAIL_MAIL");
  unsetenv("QMAILQUEUE");
  reset_folder();
  return true;
}

static void remove_folder(void) {
  static char const *const names[] = {"file", "gone", "from", "to", "new", "program"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) unlink(in_folder(names[i]));
  rmdir(folder);
}

/* The sanitizers' run time needs as much as foreign programs do. */
#ifdef __SANITIZE_ADDRESS__
#define IS_SANITIZED 1
#else
#define IS_SANITIZED 0
#endif

static int can_confine(void) {
  return !IS_SANITIZED && is_refused(outcome("reject", "see_privileges"));
}

int main(int argc, char const *const *argv) {
  char profiles[PATH_MAX];
  char const *const bin = getenv("BIN");
  folder = getenv("ATTEMPTS");
  if (argc == 3 && !strcmp(argv[1], "try")) _exit(try(argv[2]));
  if (!bin || readlink("/proc/self/exe", us, sizeof us - 1) < 0) return 1;
  if (!make_folder()) {
    unit_skip("profiles: only root may write where programs may not");
    return unit_done();
  }
  if (!can_confine()) {
    unit_skip("profiles: the kernel cannot confine, or this is the sanitizers' build");
  } else {
    snprintf(profiles, sizeof profiles, "%s/profiles", bin);
    test_unconfined();
    test_profiles(profiles);
  }
  remove_folder();
  return unit_done();
}
