/* Each case in a process of its own: what was given up is not to be had again. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit.h"
#include "confine/confine.h"

/* ---- what is tried: 0, or errno -------------------------------------------------------------- */

static int result(long r) {
  return r < 0 ? errno : 0;
}

static int try_open(void) {
  return result(open("/dev/null", O_RDONLY));
}
static int try_exec(void) {
  return result(execl("/bin/true", "true", (char *)0));
}
static int try_fork(void) {
  return result(syscall(SYS_clone, 0, 0, 0, 0, 0));
}
static int try_kill(void) {
  return result(syscall(SYS_kill, getpid(), 0));
}
/* A descriptor has its owner told of what happens to it, by whatever signal. */
static int try_owner(void) {
  return result(fcntl(0, F_SETOWN, getpid()));
}
static int try_owner_by_ioctl(void) {
  pid_t const owner = getpid();
  return result(ioctl(0, FIOSETOWN, &owner));
}
static int try_signal(void) {
  return result(fcntl(0, F_SETSIG, SIGKILL));
}
/* As for a name server fe80::1%lo. */
static int try_interface(void) {
  return if_nametoindex("lo") ? 0 : errno;
}
static int try_unix(void) {
  return result(socket(AF_UNIX, SOCK_SEQPACKET, 0));
}
static int try_inet(void) {
  return result(socket(AF_INET, SOCK_STREAM, 0));
}
static int try_write(void) {
  return result(write(2, "", 0));
}
static int try_pid(void) {
  return result(getpid());
}
static int try_no_call(void) {
  return result(syscall(-1));
}

/* Not by mmap: musl's makes another error of it. */
static int try_map(int protection) {
  return result(syscall(SYS_mmap, NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}
static int try_memory(void) {
  return try_map(PROT_READ | PROT_WRITE);
}
static int try_code(void) {
  return try_map(PROT_READ | PROT_EXEC);
}

/* ---- the child ------------------------------------------------------------------------------- */

enum { NOT_CONFINED = 255 };

static int confined(int (*attempt)(void), size_t count) {
  pid_t const pid = fork();
  int status = 0;
  if (!pid) {
    if (confine_process() < 0 || confine_calls(confine_stream, count) < 0) _exit(NOT_CONFINED);
    _exit(attempt());
  }
  if (waitpid(pid, &status, 0) != pid) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

typedef struct attempt {
  char const *name;
  int (*try)(void);
  int wanted;
} attempt_t;

static attempt_t const attempts[] = {
    {"a file cannot be opened", try_open, EPERM},
    {"nothing can be executed", try_exec, EPERM},
    {"no process can be started", try_fork, EPERM},
    {"no signal can be sent", try_kill, EPERM},
    {"no connection can be made to another machine", try_inet, EPERM},
    {"no memory can be made executable", try_code, EPERM},
    {"a service behind a unix socket can be asked", try_unix, 0},
    {"memory can be had", try_memory, 0},
    {"bytes can be written", try_write, 0},
    {"it can ask who it is", try_pid, 0},
    {"what a tracer puts in the place of a call is none", try_no_call, ENOSYS},
};

static int try_flags(void) {
  int const privileges = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), dump = prctl(PR_GET_DUMPABLE);
  return !(privileges == 1 && dump == 0);
}

static void test_process(void) {
  pid_t const pid = fork();
  int status = 0;
  if (!pid) _exit(confine_process() < 0 ? NOT_CONFINED : try_flags());
  waitpid(pid, &status, 0);
  CHECK_INT("no new privileges, and not dumpable", status, 0);
}

static bool is_refused(int r) {
  return r < 0 && (errno == EACCES || errno == EPERM);
}

/* By a filter or, in the sanitizers' build, by Landlock. */
static int try_reader(void) {
  if (confine_reader() < 0) return NOT_CONFINED;
  int const file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  int const network = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (file < 0 || network < 0) return 1;
  if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 0) return 0;
  if (!is_refused(open("/dev/null", O_WRONLY | O_CLOEXEC))) return 2;
  return is_refused(execl("/bin/true", "true", (char *)0)) ? 0 : 3;
}

/* ---- the connections of who asks services ---------------------------------------------------- */

/* A client's on 0, as a server has it, and none from 4 on. */
static void take_client(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t len = sizeof address;
  int const listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, (struct sockaddr *)&address, len) < 0 || listen(listener, 1) < 0 ||
      getsockname(listener, (struct sockaddr *)&address, &len) < 0 ||
      connect(client, (struct sockaddr *)&address, len) < 0 ||
      dup2(accept(listener, NULL, NULL), 0) < 0 || dup2(client, CONFINE_ASKING_FD - 1) < 0)
    _exit(NOT_CONFINED);
  for (int fd = CONFINE_ASKING_FD; fd < 64; fd++) close(fd);
}

static int try_asking(void) {
  struct sockaddr_un const nobody = {.sun_family = AF_UNIX, .sun_path = "/nonexistent"};
  int const fd = socket(AF_UNIX, SOCK_STREAM, 0);
  return result(connect(fd, (struct sockaddr const *)&nobody, sizeof nobody));
}
static int try_leading_elsewhere(void) {
  struct sockaddr const unconnected = {.sa_family = AF_UNSPEC};
  return result(connect(0, &unconnected, sizeof unconnected));
}
static int try_copying(void) {
  return result(fcntl(0, F_DUPFD, CONFINE_ASKING_FD));
}
static int try_blocking(void) {
  int const flags = fcntl(0, F_GETFL);
  return flags < 0 ? errno : result(fcntl(0, F_SETFL, flags | O_NONBLOCK));
}

static attempt_t const with_client[] = {
    {"who asks services connects to them", try_asking, ENOENT},
    {"and leads no connection that it has elsewhere", try_leading_elsewhere, EPERM},
    {"nor under another number", try_copying, EPERM},
    {"though it may choose whether it blocks", try_blocking, 0},
};

static int confined_with_client(int (*attempt)(void)) {
  pid_t const pid = fork();
  int status = 0;
  if (!pid) {
    take_client();
    if (confine_process() < 0 || confine_calls(confine_stream, confine_asking_count) < 0)
      _exit(NOT_CONFINED);
    _exit(attempt());
  }
  if (waitpid(pid, &status, 0) != pid) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_client(void) {
  for (size_t i = 0; i < sizeof with_client / sizeof *with_client; i++)
    CHECK_INT(with_client[i].name, confined_with_client(with_client[i].try), with_client[i].wanted);
}

static void test_reader(void) {
  pid_t const pid = fork();
  int status = 0;
  if (!pid) _exit(try_reader());
  waitpid(pid, &status, 0);
  CHECK_INT("a reader reads and connects, and writes and executes nothing", status, 0);
}

/* ---- what programs go on with ---------------------------------------------------------------- */

static int try_listen(void) {
  return result(listen(-1, 1)) == EPERM ? EPERM : 0;
}
static void *nothing(void *data) {
  return data;
}
static int try_thread(void) {
  pthread_t thread;
  return pthread_create(&thread, NULL, nothing, NULL) ? EPERM : pthread_join(thread, NULL);
}
static int try_making(void) {
  char path[] = "/tmp/confine.XXXXXX";
  int const fd = mkstemp(path);
  return fd < 0 ? errno : result(unlink(path));
}
static int try_device(void) {
  return result(mknod("/tmp/confine.device", S_IFCHR | 0600, makedev(1, 3)));
}

/* As NOTIFY_SOCKET may name one; it is there before anything is given up. */
static struct sockaddr_un abstract = {.sun_family = AF_UNIX};
static socklen_t abstract_len = sizeof abstract;

static void open_abstract(void) {
  int const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct sockaddr *const address = (struct sockaddr *)&abstract;
  CHECK("an abstract socket", bind(fd, address, sizeof(sa_family_t)) == 0 &&
                                  getsockname(fd, address, &abstract_len) == 0);
}
static int try_abstract(void) {
  int const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  return result(connect(fd, (struct sockaddr const *)&abstract, abstract_len));
}

static int be_reader(void) {
  return confine_reader();
}
static int be_writer(void) {
  return confine_writer();
}
static int be_keeper(void) {
  return confine_keeper("/nonexistent", NULL);
}

typedef struct role {
  char const *name;
  int (*enter)(void);
  attempt_t const *attempts;
  size_t count;
} role_t;

static attempt_t const of_reader[] = {
    {"a reader executes nothing", try_exec, EPERM},
    {"it starts no process", try_fork, EPERM},
    {"nor a thread", try_thread, EPERM},
    {"it takes no connections", try_listen, EPERM},
    {"it makes no file", try_making, EPERM},
    {"it signals nobody", try_kill, EPERM},
    {"nor has a descriptor do so", try_owner, EPERM},
    {"in any way", try_owner_by_ioctl, EPERM},
    {"by any signal", try_signal, EPERM},
    {"it maps no code", try_code, EPERM},
    {"it connects", try_inet, 0},
    {"by an interface that has a name", try_interface, 0},
    {"it reads", try_open, 0},
};

static attempt_t const of_writer[] = {
    {"a writer executes nothing", try_exec, EPERM},
    {"it starts no process", try_fork, EPERM},
    {"it has threads", try_thread, 0},
    {"it makes files", try_making, 0},
    {"but no devices", try_device, EPERM},
    {"it makes no socket", try_unix, EPERM},
    {"of no family", try_inet, EPERM},
    {"it signals nobody", try_kill, EPERM},
    {"nor has a descriptor do so", try_owner, EPERM},
    {"in any way", try_owner_by_ioctl, EPERM},
    {"by any signal", try_signal, EPERM},
    {"it maps no code", try_code, EPERM},
    {"it reads", try_open, 0},
};

static attempt_t const of_keeper[] = {
    {"a keeper executes nothing", try_exec, EACCES},
    {"it makes nothing elsewhere", try_making, EACCES},
    {"it talks to services", try_unix, 0},
    {"and to those whose sockets have no path", try_abstract, 0},
    {"it reads", try_open, 0},
};

#define ROLE(name)                                                                                 \
  { #name, be_##name, of_##name, sizeof of_##name / sizeof *of_##name }

static role_t const roles[] = {ROLE(reader), ROLE(writer), ROLE(keeper)};

static int in_role(role_t const *role, int (*attempt)(void)) {
  pid_t const pid = fork();
  int status = 0;
  if (!pid) _exit(role->enter() < 0 ? NOT_CONFINED : attempt());
  if (waitpid(pid, &status, 0) != pid) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The sanitizers' build lays no filter on. */
static int is_filtered(role_t const *role) {
#ifdef __SANITIZE_ADDRESS__
  return role->enter == be_keeper;
#else
  return role->enter != be_keeper || syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0;
#endif
}

static void test_role(role_t const *role) {
  if (!is_filtered(role)) return unit_skip(role->name);
  for (size_t i = 0; i < role->count; i++)
    CHECK_INT(role->attempts[i].name, in_role(role, role->attempts[i].try),
              role->attempts[i].wanted);
}

int main(void) {
  static confine_call_t const many[CONFINE_CALLS_MAX + 1];
  for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++)
    CHECK_INT(attempts[i].name, confined(attempts[i].try, confine_asking_count),
              attempts[i].wanted);
  CHECK_INT("who asks nobody has no service either", confined(try_unix, confine_stream_count),
            EPERM);
  CHECK_INT("but can write", confined(try_write, confine_stream_count), 0);
  test_process();
  test_client();
  test_reader();
  open_abstract();
  for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) test_role(&roles[i]);
  CHECK("too many calls are refused", confine_calls(many, CONFINE_CALLS_MAX + 1) < 0);
  CHECK_INT("as that", errno, EINVAL);
  return unit_done();
}
