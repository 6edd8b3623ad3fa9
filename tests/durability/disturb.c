/* disturb [-cf] -o TRACE [FAULT] PROGRAM...

   Becomes PROGRAM, and has one of its system calls disturbed; with -f also calls of its children.
   With -c each reading of the clock is a system call, too: the page that saves it is hidden.
   FAULT is [PROCESS/]CALL:NUMBER:HOW, say write:3:100, 1/openat:2:EMFILE or poll:7:before+50, or
   random:SEED:EVERY+MS.

   PROCESS  0 (if it is not there) is the program and what it executes, 1 the first child and so on,
            threads too
   NUMBER   counts the calls of that name in that process from 1, through its execs
   HOW      a number: the call moves so many bytes at most. The kernel is given a smaller length,
   and really reads or writes less; nobody is lied to. An error's name (EIO): the call is not made
   and fails so; close() is made, since Linux closes whatever it says. before+MS, after+MS: nothing
   happens to the call, but its process, and nobody else, stands still for so many milliseconds.
   Before: the call has not begun, and signals are delivered first. After: it is done, and the
   program does not know yet. random has each process stand still after one in EVERY calls, chosen
   by SEED.

   Without FAULT each call is a line of TRACE (it is appended to), with one that call alone, when it
   has happened; then all run free.

     PROCESS CALL NUMBER KIND ASKED RESULT

   RESULT is what the call returned, an error as -errno. KIND is what the bytes move through, and
   ASKED how many were to, where the kernel might move fewer: "file", "pipe", "stream" (a socket)
   and "copy" (between two descriptors); "-" and 0 are with all other calls, also with writes to a
   pipe that it takes whole, and sockets that keep records.

   It is the program that has this process's id; who traces is nobody's child, holds none of the
   program's descriptors, and ends with the last traced process. For x86-64. */

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- what there is --------------------------------------------------------------------------- */

/* Where a call has the number of bytes to be moved. */
typedef enum length {
  LENGTH_NONE,
  LENGTH_RDX,     /* read(fd, bytes, length) */
  LENGTH_VECTOR,  /* readv(fd, vector, count) */
  LENGTH_MESSAGE, /* sendmsg(fd, message): its vector */
  LENGTH_R8,      /* splice(fd, offset, fd, offset, length) */
  LENGTH_R10      /* sendfile(fd, fd, offset, length) */
} length_t;

typedef struct call {
  char const *name;
  length_t length;
  bool writes;
} call_t;

#define PLAIN(name)          [SYS_##name] = {#name, LENGTH_NONE, false}
#define READS(name, length)  [SYS_##name] = {#name, length, false}
#define WRITES(name, length) [SYS_##name] = {#name, length, true}

static call_t const calls[] = {
    READS(read, LENGTH_RDX),
    READS(pread64, LENGTH_RDX),
    READS(recvfrom, LENGTH_RDX),
    READS(readv, LENGTH_VECTOR),
    READS(preadv, LENGTH_VECTOR),
    READS(preadv2, LENGTH_VECTOR),
    READS(recvmsg, LENGTH_MESSAGE),
    WRITES(write, LENGTH_RDX),
    WRITES(pwrite64, LENGTH_RDX),
    WRITES(sendto, LENGTH_RDX),
    WRITES(writev, LENGTH_VECTOR),
    WRITES(pwritev, LENGTH_VECTOR),
    WRITES(pwritev2, LENGTH_VECTOR),
    WRITES(sendmsg, LENGTH_MESSAGE),
    WRITES(splice, LENGTH_R8),
    WRITES(copy_file_range, LENGTH_R8),
    WRITES(sendfile, LENGTH_R10),
    PLAIN(accept),
    PLAIN(accept4),
    PLAIN(access),
    PLAIN(alarm),
    PLAIN(arch_prctl),
    PLAIN(bind),
    PLAIN(brk),
    PLAIN(chdir),
    PLAIN(chmod),
    PLAIN(chown),
    PLAIN(clock_gettime),
    PLAIN(clock_nanosleep),
    PLAIN(clone),
    PLAIN(clone3),
    PLAIN(close),
    PLAIN(close_range),
    PLAIN(connect),
    PLAIN(dup),
    PLAIN(dup2),
    PLAIN(dup3),
    PLAIN(epoll_create1),
    PLAIN(epoll_ctl),
    PLAIN(epoll_pwait),
    PLAIN(epoll_wait),
    PLAIN(eventfd2),
    PLAIN(execve),
    PLAIN(exit),
    PLAIN(exit_group),
    PLAIN(faccessat),
    PLAIN(faccessat2),
    PLAIN(fadvise64),
    PLAIN(fallocate),
    PLAIN(fchdir),
    PLAIN(fchmod),
    PLAIN(fchmodat),
    PLAIN(fchown),
    PLAIN(fchownat),
    PLAIN(fcntl),
    PLAIN(fdatasync),
    PLAIN(flock),
    PLAIN(fork),
    PLAIN(fstat),
    PLAIN(fsync),
    PLAIN(ftruncate),
    PLAIN(futex),
    PLAIN(get_robust_list),
    PLAIN(getcwd),
    PLAIN(getdents64),
    PLAIN(getegid),
    PLAIN(geteuid),
    PLAIN(getgid),
    PLAIN(getgroups),
    PLAIN(getpeername),
    PLAIN(getpgid),
    PLAIN(getpid),
    PLAIN(getppid),
    PLAIN(getpriority),
    PLAIN(getrandom),
    PLAIN(getresgid),
    PLAIN(getresuid),
    PLAIN(getrlimit),
    PLAIN(getsockname),
    PLAIN(getsockopt),
    PLAIN(gettid),
    PLAIN(gettimeofday),
    PLAIN(getuid),
    PLAIN(ioctl),
    PLAIN(kill),
    PLAIN(landlock_add_rule),
    PLAIN(landlock_create_ruleset),
    PLAIN(landlock_restrict_self),
    PLAIN(link),
    PLAIN(linkat),
    PLAIN(listen),
    PLAIN(lseek),
    PLAIN(lstat),
    PLAIN(madvise),
    PLAIN(membarrier),
    PLAIN(memfd_create),
    PLAIN(mkdir),
    PLAIN(mkdirat),
    PLAIN(mlock),
    PLAIN(mmap),
    PLAIN(mprotect),
    PLAIN(mremap),
    PLAIN(munmap),
    PLAIN(nanosleep),
    PLAIN(newfstatat),
    PLAIN(open),
    PLAIN(openat),
    PLAIN(pidfd_open),
    PLAIN(pipe),
    PLAIN(pipe2),
    PLAIN(poll),
    PLAIN(ppoll),
    PLAIN(prctl),
    PLAIN(prlimit64),
    PLAIN(readlink),
    PLAIN(readlinkat),
    PLAIN(rename),
    PLAIN(renameat),
    PLAIN(renameat2),
    PLAIN(rmdir),
    PLAIN(rseq),
    PLAIN(rt_sigaction),
    PLAIN(rt_sigpending),
    PLAIN(rt_sigprocmask),
    PLAIN(rt_sigreturn),
    PLAIN(rt_sigtimedwait),
    PLAIN(sched_getaffinity),
    PLAIN(sched_yield),
    PLAIN(seccomp),
    PLAIN(select),
    PLAIN(set_robust_list),
    PLAIN(set_tid_address),
    PLAIN(setgid),
    PLAIN(setgroups),
    PLAIN(setitimer),
    PLAIN(setpgid),
    PLAIN(setpriority),
    PLAIN(setresgid),
    PLAIN(setresuid),
    PLAIN(setrlimit),
    PLAIN(setsid),
    PLAIN(setsockopt),
    PLAIN(setuid),
    PLAIN(shutdown),
    PLAIN(sigaltstack),
    PLAIN(signalfd4),
    PLAIN(socket),
    PLAIN(socketpair),
    PLAIN(stat),
    PLAIN(statfs),
    PLAIN(statx),
    PLAIN(symlink),
    PLAIN(sync_file_range),
    PLAIN(sysinfo),
    PLAIN(tgkill),
    PLAIN(timerfd_create),
    PLAIN(timerfd_settime),
    PLAIN(tkill),
    PLAIN(umask),
    PLAIN(uname),
    PLAIN(unlink),
    PLAIN(unlinkat),
    PLAIN(utimensat),
    PLAIN(vfork),
    PLAIN(wait4),
    PLAIN(waitid),
};

enum { CALLS = sizeof calls / sizeof *calls };

static struct {
  char const *name;
  int number;
} const errors[] = {
    {"EPERM", EPERM},
    {"ENOENT", ENOENT},
    {"EINTR", EINTR},
    {"EIO", EIO},
    {"EAGAIN", EAGAIN},
    {"ENOMEM", ENOMEM},
    {"EACCES", EACCES},
    {"EBUSY", EBUSY},
    {"EEXIST", EEXIST},
    {"EXDEV", EXDEV},
    {"EINVAL", EINVAL},
    {"ENFILE", ENFILE},
    {"EMFILE", EMFILE},
    {"ENOSPC", ENOSPC},
    {"EROFS", EROFS},
    {"EPIPE", EPIPE},
    {"ENOBUFS", ENOBUFS},
    {"ECONNABORTED", ECONNABORTED},
    {"EDQUOT", EDQUOT},
    {"ECONNRESET", ECONNRESET},
    {"ETIMEDOUT", ETIMEDOUT},
    {"ENOSYS", ENOSYS},
    {"ECONNREFUSED", ECONNREFUSED},
    {"EHOSTUNREACH", EHOSTUNREACH},
    {"ENOTSUP", ENOTSUP},
    {"ELOOP", ELOOP},
    {"EPROTO", EPROTO},
};

/* ---- the fault ------------------------------------------------------------------------------- */

typedef enum how {
  HOW_NONE,
  HOW_FAIL,
  HOW_SHORTEN,
  HOW_WAIT_BEFORE,
  HOW_WAIT_AFTER,
  HOW_RANDOM
} how_t;

typedef struct fault {
  how_t how;
  unsigned int process, number;
  long call;
  int error;
  size_t amount;      /* bytes */
  unsigned int every; /* so many calls, at random */
  uint64_t wait;      /* milliseconds */
} fault_t;

_Noreturn static void die(char const *step) {
  fprintf(stderr, "disturb: %s: %s\n", step, strerror(errno));
  exit(111);
}

_Noreturn static void die_usage(void) {
  fprintf(stderr, "usage: disturb [-cf] -o trace [[process/]call:number:how] program...\n");
  exit(100);
}

static long find_call(char const *name, size_t len) {
  for (long i = 0; i < CALLS; i++)
    if (calls[i].name && strlen(calls[i].name) == len && !memcmp(calls[i].name, name, len))
      return i;
  die_usage();
}

static int find_error(char const *name) {
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
    if (!strcmp(errors[i].name, name)) return errors[i].number;
  die_usage();
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* SEED:EVERY+MS */
static fault_t parse_random(char const *text) {
  char *end;
  fault_t fault = {.how = HOW_RANDOM};
  srandom((unsigned int)strtoul(text, &end, 10));
  if (*end == ':') fault.every = (unsigned int)strtoul(end + 1, &end, 10);
  if (*end == '+') fault.wait = strtoul(end + 1, &end, 10);
  if (*end || !fault.every || !fault.wait) die_usage();
  return fault;
}

/* MS behind a word; 0: there is no such word. */
static uint64_t parse_wait(char const *text, char const *word) {
  size_t const len = strlen(word);
  return strncmp(text, word, len) ? 0 : strtoul(text + len, NULL, 10);
}

static void parse_how(fault_t *fault, char const *text) {
  if (is_digit(*text)) {
    fault->how = HOW_SHORTEN;
    fault->amount = strtoul(text, NULL, 10);
  } else if ((fault->wait = parse_wait(text, "before+"))) {
    fault->how = HOW_WAIT_BEFORE;
  } else if ((fault->wait = parse_wait(text, "after+"))) {
    fault->how = HOW_WAIT_AFTER;
  } else {
    fault->how = HOW_FAIL;
    fault->error = find_error(text);
  }
}

static fault_t parse_fault(char const *text) {
  fault_t fault = {.how = HOW_NONE};
  char *end;
  if (!strncmp(text, "random:", 7)) return parse_random(text + 7);
  if (is_digit(*text)) {
    fault.process = (unsigned int)strtoul(text, &end, 10);
    text = *end ? end + 1 : end;
  }
  size_t const name = strcspn(text, ":");
  fault.call = find_call(text, name);
  fault.number = text[name] ? (unsigned int)strtoul(text + name + 1, &end, 10) : 0;
  if (!fault.number || *end != ':') die_usage();
  parse_how(&fault, end + 1);
  return fault;
}

/* ---- those who are traced -------------------------------------------------------------------- */

/* A word of a tracee's memory, as it was. */
typedef struct word {
  uintptr_t address;
  size_t value;
} word_t;

typedef struct tracee {
  pid_t pid;
  unsigned int process;
  bool inside;  /* a call */
  bool counted; /* it is past its first exec */
  bool skips;   /* the next call, or that it is inside of, is not made */
  bool again;   /* that was another than the one that is to fail, or is yet to be made: it comes
                   once more */
  uint64_t still_till; /* milliseconds; 0: it may go on */
  unsigned int counts[CALLS];
  /* Of the call that it is inside of: */
  long call;
  char const *kind;
  size_t asked;
  bool disturbed;
  struct user_regs_struct before;
  word_t changed[2];
} tracee_t;

static struct {
  FILE *trace;
  bool follow, asks_clock, over;
  fault_t fault;
  unsigned int processes;
  tracee_t tracees[64];
} tracer;

static tracee_t *find_tracee(pid_t pid) {
  for (size_t i = 0; i < sizeof tracer.tracees / sizeof *tracer.tracees; i++)
    if (tracer.tracees[i].pid == pid) return tracer.tracees + i;
  return NULL;
}

static tracee_t *add_tracee(pid_t pid) {
  tracee_t *const tracee = find_tracee(0);
  if (!tracee) abort();
  *tracee = (tracee_t){.pid = pid, .process = tracer.processes++};
  tracee->counted = tracee->process > 0;
  return tracee;
}

static int open_memory(tracee_t const *tracee) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/mem", tracee->pid);
  return open(path, O_RDWR | O_CLOEXEC);
}

static bool read_memory(tracee_t const *tracee, uintptr_t address, void *bytes, size_t len) {
  int const memory = open_memory(tracee);
  ssize_t const n = memory < 0 ? -1 : pread(memory, bytes, len, (off_t)address);
  if (memory >= 0) close(memory);
  return n >= 0 && (size_t)n == len;
}

static bool write_word(tracee_t const *tracee, uintptr_t address, size_t value) {
  int const memory = open_memory(tracee);
  ssize_t const n = memory < 0 ? -1 : pwrite(memory, &value, sizeof value, (off_t)address);
  if (memory >= 0) close(memory);
  return n == sizeof value;
}

/* ---- what a call moves ----------------------------------------------------------------------- */

static char const *kind_of_socket(pid_t pid, int fd) {
  int const process = (int)syscall(SYS_pidfd_open, pid, 0);
  int const copy = process < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, process, fd, 0);
  int type = 0;
  if (copy >= 0) getsockopt(copy, SOL_SOCKET, SO_TYPE, &type, &(socklen_t){sizeof type});
  if (copy >= 0) close(copy);
  if (process >= 0) close(process);
  return type == SOCK_STREAM ? "stream" : "records";
}

static char const *kind_of(pid_t pid, int fd) {
  char path[64];
  struct stat status;
  snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
  if (stat(path, &status) < 0) return "other";
  if (S_ISREG(status.st_mode)) return "file";
  if (S_ISFIFO(status.st_mode)) return "pipe";
  return S_ISSOCK(status.st_mode) ? kind_of_socket(pid, fd) : "other";
}

typedef struct vector {
  uintptr_t address;
  size_t count;
  struct iovec pieces[64];
} vector_t;

static bool read_vector(tracee_t const *tracee, length_t length, vector_t *vector) {
  struct msghdr message;
  vector->address = tracee->before.rsi;
  vector->count = tracee->before.rdx;
  if (length == LENGTH_MESSAGE) {
    if (!read_memory(tracee, tracee->before.rsi, &message, sizeof message)) return false;
    vector->address = (uintptr_t)message.msg_iov;
    vector->count = message.msg_iovlen;
  }
  return vector->count <= sizeof vector->pieces / sizeof *vector->pieces &&
         read_memory(tracee, vector->address, vector->pieces,
                     vector->count * sizeof *vector->pieces);
}

static size_t vector_length(tracee_t const *tracee, length_t length) {
  vector_t vector;
  size_t sum = 0;
  if (!read_vector(tracee, length, &vector)) return 0;
  for (size_t i = 0; i < vector.count; i++) sum += vector.pieces[i].iov_len;
  return sum;
}

static size_t length_of(tracee_t const *tracee, length_t length) {
  switch (length) {
  case LENGTH_RDX: return tracee->before.rdx;
  case LENGTH_R8: return tracee->before.r8;
  case LENGTH_R10: return tracee->before.r10;
  case LENGTH_VECTOR:
  case LENGTH_MESSAGE: return vector_length(tracee, length);
  default: return 0;
  }
}

static bool is_moved_whole(tracee_t const *tracee, call_t const *call) {
  if (!strcmp(tracee->kind, "pipe")) return call->writes && tracee->asked <= PIPE_BUF;
  return !strcmp(tracee->kind, "records") || !strcmp(tracee->kind, "other");
}

static void look_at_length(tracee_t *tracee, call_t const *call) {
  bool const copies = call->length == LENGTH_R8 || call->length == LENGTH_R10;
  tracee->kind = copies ? "copy" : kind_of(tracee->pid, (int)tracee->before.rdi);
  tracee->asked = length_of(tracee, call->length);
  if (is_moved_whole(tracee, call)) tracee->asked = 0;
}

/* ---- the disturbance ------------------------------------------------------------------------- */

static bool set_registers(tracee_t const *tracee, struct user_regs_struct *registers) {
  return !ptrace(PTRACE_SETREGS, tracee->pid, NULL, registers);
}

static bool change_word(tracee_t *tracee, unsigned int slot, uintptr_t address, size_t old,
                        size_t value) {
  tracee->changed[slot] = (word_t){address, old};
  return write_word(tracee, address, value);
}

/* The last piece that is still wanted gets shorter, and those behind it go. */
static bool shorten_vector(tracee_t *tracee, length_t length, size_t amount) {
  struct user_regs_struct registers = tracee->before;
  vector_t vector;
  size_t i = 0;
  if (!read_vector(tracee, length, &vector)) return false;
  for (; amount > vector.pieces[i].iov_len; i++) amount -= vector.pieces[i].iov_len;
  uintptr_t const piece = vector.address + i * sizeof *vector.pieces;
  if (!change_word(tracee, 0, piece + offsetof(struct iovec, iov_len), vector.pieces[i].iov_len,
                   amount))
    return false;
  if (length == LENGTH_MESSAGE)
    return change_word(tracee, 1, tracee->before.rsi + offsetof(struct msghdr, msg_iovlen),
                       vector.count, i + 1);
  registers.rdx = i + 1;
  return set_registers(tracee, &registers);
}

static bool shorten(tracee_t *tracee, length_t length, size_t amount) {
  struct user_regs_struct registers = tracee->before;
  if (amount >= tracee->asked) return false;
  switch (length) {
  case LENGTH_RDX: registers.rdx = amount; break;
  case LENGTH_R8: registers.r8 = amount; break;
  case LENGTH_R10: registers.r10 = amount; break;
  case LENGTH_VECTOR:
  case LENGTH_MESSAGE: return shorten_vector(tracee, length, amount);
  default: return false;
  }
  return set_registers(tracee, &registers);
}

static bool is_wanted(tracee_t const *tracee) {
  fault_t const *const fault = &tracer.fault;
  return fault->number && !tracer.over && tracee->process == fault->process &&
         tracee->call == fault->call && tracee->counts[tracee->call] == fault->number;
}

/* A call that is not made, or not yet, must be no call from the beginning: a number that is changed
   when it has begun is one that the program's own filter (seccomp) may not let pass. So whatever
   may be the one is skipped, and what was another made once more. */
static bool may_be_next(tracee_t const *tracee) {
  fault_t const *const fault = &tracer.fault;
  bool const skips =
      (fault->how == HOW_FAIL && fault->call != SYS_close) || fault->how == HOW_WAIT_BEFORE;
  return skips && !tracer.over && tracee->counted && tracee->process == fault->process &&
         tracee->counts[fault->call] == fault->number - 1;
}

static void enter(tracee_t *tracee) {
  tracee->call = -1;
  tracee->kind = NULL;
  tracee->asked = 0;
  tracee->disturbed = false;
  memset(tracee->changed, 0, sizeof tracee->changed);
  if (ptrace(PTRACE_GETREGS, tracee->pid, NULL, &tracee->before) < 0) return;
  tracee->call = (long)tracee->before.orig_rax;
  if (tracee->call < 0 || tracee->call >= CALLS || !tracee->counted) return;
  tracee->counts[tracee->call]++;
  call_t const *const call = calls + tracee->call;
  bool const wanted = is_wanted(tracee);
  tracee->again = tracee->skips && (!wanted || tracer.fault.how == HOW_WAIT_BEFORE);
  if (tracee->again && !wanted) tracee->counts[tracee->call]--;
  if (call->length != LENGTH_NONE && (wanted || !tracer.fault.how)) look_at_length(tracee, call);
  if (wanted)
    tracee->disturbed =
        tracer.fault.how != HOW_SHORTEN || shorten(tracee, call->length, tracer.fault.amount);
}

/* The kernel keeps the registers that arguments are in, and programs may count on that. */
static long long restore(tracee_t *tracee, struct user_regs_struct *registers) {
  struct user_regs_struct const *const before = &tracee->before;
  for (size_t i = 0; i < 2; i++)
    if (tracee->changed[i].address)
      write_word(tracee, tracee->changed[i].address, tracee->changed[i].value);
  registers->rdx = before->rdx;
  registers->r8 = before->r8;
  registers->r10 = before->r10;
  if (tracer.fault.how == HOW_FAIL) registers->rax = (unsigned long long)-tracer.fault.error;
  set_registers(tracee, registers);
  return (long long)registers->rax;
}

static void tell(tracee_t const *tracee, long long result) {
  char number[24];
  snprintf(number, sizeof number, "call_%ld", tracee->call);
  bool const known = tracee->call >= 0 && tracee->call < CALLS;
  char const *const name = known && calls[tracee->call].name ? calls[tracee->call].name : number;
  fprintf(tracer.trace, "%u %s %u %s %zu %lld\n", tracee->process, name,
          known ? tracee->counts[tracee->call] : 0, tracee->kind ? tracee->kind : "-",
          tracee->asked, result);
  fflush(tracer.trace);
}

#define CALL_BYTES 2 /* of the instruction */

static void go_back(tracee_t *tracee, struct user_regs_struct *registers) {
  registers->rip -= CALL_BYTES;
  registers->rax = tracee->before.orig_rax;
  set_registers(tracee, registers);
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool is_to_wait(tracee_t const *tracee) {
  fault_t const *const fault = &tracer.fault;
  if (fault->how == HOW_RANDOM) return tracee->counted && random() % fault->every == 0;
  return tracee->disturbed && fault->wait;
}

/* Where a new program finds the page by which the clock is read without a call. */
static void hide_clock(tracee_t const *tracee, uintptr_t stack) {
  size_t words[8192] = {0};
  int const memory = open_memory(tracee);
  ssize_t const n = memory < 0 ? -1 : pread(memory, words, sizeof words, (off_t)stack);
  if (memory >= 0) close(memory);
  size_t const count = n < 0 ? 0 : (size_t)n / sizeof *words;
  size_t at = words[0] + 2; /* behind the arguments */
  while (at < count && words[at]) at++;
  for (at++; at < count && words[at] != AT_NULL; at += 2)
    if (words[at] == AT_SYSINFO_EHDR) write_word(tracee, stack + at * sizeof *words, AT_IGNORE);
}

static void begin_program(tracee_t *tracee, struct user_regs_struct const *registers) {
  tracee->counted = true;
  if (tracer.asks_clock) hide_clock(tracee, registers->rsp);
}

static void leave(tracee_t *tracee) {
  struct user_regs_struct registers;
  if (ptrace(PTRACE_GETREGS, tracee->pid, NULL, &registers) < 0) return;
  if (tracee->again) go_back(tracee, &registers);
  if (tracee->again && !tracee->disturbed) return;
  long long const result = tracee->disturbed && !tracer.fault.wait ? restore(tracee, &registers)
                                                                   : (long long)registers.rax;
  bool const waits = is_to_wait(tracee);
  if (tracee->counted && (!tracer.fault.how || tracee->disturbed || waits)) tell(tracee, result);
  if (waits) tracee->still_till = now() + tracer.fault.wait;
  tracer.over |= tracee->disturbed;
  if (tracee->call == SYS_execve && !result) begin_program(tracee, &registers);
}

/* ---- tracing --------------------------------------------------------------------------------- */

/* What does not return has no other moment to be told of. */
static bool returns(tracee_t const *tracee) {
  return tracee->call != SYS_exit_group && tracee->call != SYS_exit;
}

static void take_call(tracee_t *tracee) {
  tracee->inside = !tracee->inside;
  if (!tracee->inside)
    leave(tracee);
  else {
    enter(tracee);
    if (!returns(tracee) && !tracer.fault.how) tell(tracee, 0);
  }
}

static bool is_stop_signal(int number) {
  return number == SIGSTOP || number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
}

static enum __ptrace_request choose_way(tracee_t *tracee) {
  if (tracee->inside) return PTRACE_SYSCALL;
  tracee->skips = may_be_next(tracee) && !tracee->again;
  tracee->again = false;
  if (tracer.over) return PTRACE_DETACH;
  return tracee->skips ? PTRACE_SYSEMU : PTRACE_SYSCALL;
}

static void go_on(tracee_t *tracee, int number) {
  tracee->still_till = 0;
  enum __ptrace_request const how = choose_way(tracee);
  if (ptrace(how, tracee->pid, NULL, (long)number) < 0 || how == PTRACE_DETACH) tracee->pid = 0;
}

static void take_stop(tracee_t *tracee, int status) {
  int const number = WSTOPSIG(status), event = status >> 16;
  if (number == (SIGTRAP | 0x80)) {
    take_call(tracee);
    if (!tracee->still_till) go_on(tracee, 0);
  } else if (event == PTRACE_EVENT_STOP && is_stop_signal(number))
    ptrace(PTRACE_LISTEN, tracee->pid, NULL, NULL);
  else
    go_on(tracee, event ? 0 : number);
}

static void take_event(pid_t pid, int status) {
  tracee_t *tracee = find_tracee(pid);
  if (!tracee && WIFSTOPPED(status)) tracee = add_tracee(pid);
  if (!tracee) return;
  if (WIFSTOPPED(status))
    take_stop(tracee, status);
  else
    *tracee = (tracee_t){.pid = 0};
}

/* Milliseconds until the first of those that stand still may go on; 0: none does any more. */
static uint64_t release_due(void) {
  uint64_t const at = now();
  uint64_t first = 0;
  for (size_t i = 0; i < sizeof tracer.tracees / sizeof *tracer.tracees; i++) {
    tracee_t *const tracee = tracer.tracees + i;
    if (!tracee->pid || !tracee->still_till) continue;
    if (tracee->still_till <= at)
      go_on(tracee, 0);
    else if (!first || tracee->still_till - at < first)
      first = tracee->still_till - at;
  }
  return first;
}

/* SIGCHLD is blocked, and so not missed. */
static void await_event(sigset_t const *child, uint64_t ms) {
  struct timespec const limit = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
  sigtimedwait(child, NULL, &limit);
}

_Noreturn static void trace_all(void) {
  sigset_t child;
  int status;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, NULL);
  for (;;) {
    uint64_t const ms = release_due();
    pid_t const pid = waitpid(-1, &status, ms ? __WALL | WNOHANG : __WALL);
    if (pid > 0)
      take_event(pid, status);
    else if (pid == 0)
      await_event(&child, ms);
    else if (errno != EINTR)
      _exit(0);
  }
}

static void attach(pid_t pid) {
  long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
  if (tracer.follow) options |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
  if (ptrace(PTRACE_SEIZE, pid, NULL, options) < 0) die("trace");
  if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0) die("trace");
  add_tracee(pid);
}

/* Its ends of the program's pipes would keep them open. */
static void close_others(int const *kept, size_t count) {
  int next = 0;
  for (size_t i = 0; i < count; next = kept[i++] + 1)
    if (kept[i] > next) syscall(SYS_close_range, next, kept[i] - 1, 0);
  syscall(SYS_close_range, next, ~0U, 0);
}

_Noreturn static void run_tracer(pid_t program, int ready) {
  int const trace = fileno(tracer.trace);
  int const kept[] = {ready < trace ? ready : trace, ready < trace ? trace : ready};
  setsid();
  attach(program);
  close_others(kept, 2);
  if (write(ready, "", 1) != 1) _exit(111);
  close(ready);
  trace_all();
}

/* ---- main ------------------------------------------------------------------------------------ */

static void start_tracer(void) {
  int ready[2];
  char byte;
  pid_t const program = getpid();
  if (pipe(ready) < 0) die("pipe");
  pid_t const between = fork();
  if (between < 0) die("fork");
  if (!between) {
    close(ready[0]);
    if (fork()) _exit(0);
    run_tracer(program, ready[1]);
  }
  close(ready[1]);
  while (waitpid(between, NULL, 0) < 0)
    if (errno != EINTR) die("wait");
  ssize_t n;
  do n = read(ready[0], &byte, 1);
  while (n < 0 && errno == EINTR);
  if (n != 1) die("trace");
  close(ready[0]);
}

int main(int argc, char **argv) {
  for (int option; (option = getopt(argc, argv, "+cfo:")) != -1;) switch (option) {
    case 'c': tracer.asks_clock = true; break;
    case 'f': tracer.follow = true; break;
    case 'o': tracer.trace = fopen(optarg, "ae"); break;
    default: die_usage();
    }
  argv += optind;
  if (*argv && strchr(*argv, ':')) tracer.fault = parse_fault(*argv++);
  if (!tracer.trace || !*argv) die_usage();
  start_tracer();
  fclose(tracer.trace);
  execvp(*argv, argv);
  die(*argv);
}
