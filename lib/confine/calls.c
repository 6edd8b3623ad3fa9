#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "confine/confine.h"

/* A number means something for one architecture alone. */
#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#define FOREIGN_BIT  0x40000000 /* of x32's numbers, on the same architecture */
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#define FOREIGN_BIT  0
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#define FOREIGN_BIT  0
#else
#define ARCHITECTURE 0
#define FOREIGN_BIT  0
#endif

#define DECLINED 5 /* calls, see below */
#define PER_TEST 3 /* instructions */
#define PER_CALL (3 + PER_TEST * CONFINE_TESTS_MAX)

typedef struct program {
  unsigned short len;
  struct sock_filter code[12 + PER_CALL * (CONFINE_CALLS_MAX + DECLINED)];
} program_t;

_Static_assert(sizeof((program_t *)0)->code / sizeof(struct sock_filter) <= BPF_MAXINSNS,
               "the kernel takes no longer filter");

static void add(program_t *program, unsigned int code, unsigned char if_so, unsigned char if_not,
                uint32_t k) {
  program->code[program->len++] = (struct sock_filter){(unsigned short)code, if_so, if_not, k};
}

static void load(program_t *program, size_t offset) {
  add(program, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

static void end(program_t *program, uint32_t action) {
  add(program, BPF_RET | BPF_K, 0, 0, action);
}

/* The lower half of an argument. */
static size_t offset_of(int argument) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  size_t const half = 4;
#else
  size_t const half = 0;
#endif
  return offsetof(struct seccomp_data, args) + 8 * (size_t)argument + half;
}

/* A tracer that makes a call fail puts this number in its place; the kernel does nothing then. */
#define NO_CALL UINT32_MAX

/* The kernel tries a filter for every number in advance, as far as it can follow it. That pays
   after thousands of calls; a process for one session makes some dozens, and the first instruction,
   which the kernel does not follow, spares it two thirds of what the filter costs. */
static void begin(program_t *program, bool is_short) {
  if (is_short) add(program, BPF_MISC | BPF_TAX, 0, 0, 0);
  load(program, offsetof(struct seccomp_data, arch));
  add(program, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCHITECTURE);
  end(program, SECCOMP_RET_KILL_PROCESS);
  load(program, offsetof(struct seccomp_data, nr));
  add(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, NO_CALL);
  end(program, SECCOMP_RET_ALLOW);
  if (!FOREIGN_BIT) return;
  add(program, BPF_JMP | BPF_JSET | BPF_K, 0, 1, FOREIGN_BIT);
  end(program, SECCOMP_RET_KILL_PROCESS);
}

static unsigned char tests_of(confine_call_t const *call) {
  unsigned char count = 0;
  while (count < CONFINE_TESTS_MAX && call->tests[count].mask) count++;
  return count;
}

/* One that says no goes on behind what lies ahead of the next call: other tests, and the end. */
static void add_test(program_t *program, confine_test_t const *test, unsigned char ahead) {
  load(program, offset_of(test->argument));
  add(program, BPF_ALU | BPF_AND | BPF_K, 0, 0, test->mask);
  add(program, BPF_JMP | BPF_JEQ | BPF_K, 0, ahead, test->value);
}

/* The number is in the accumulator before and, where the program goes on, behind it. */
static void answer(program_t *program, confine_call_t const *call, uint32_t action) {
  unsigned char const tests = tests_of(call);
  unsigned char rest = (unsigned char)(PER_TEST * tests + 1);
  add(program, BPF_JMP | BPF_JEQ | BPF_K, 0, (unsigned char)(rest + (tests > 0)),
      (uint32_t)call->number);
  for (unsigned char i = 0; i < tests; i++)
    add_test(program, &call->tests[i], rest = (unsigned char)(rest - PER_TEST));
  end(program, action);
  if (tests) load(program, offsetof(struct seccomp_data, nr));
}

static uint32_t const answers[] = {
    [CONFINE_KILL] = SECCOMP_RET_KILL_PROCESS,
    [CONFINE_ERRNO] = SECCOMP_RET_ERRNO | EPERM,
    [CONFINE_LOG] = SECCOMP_RET_LOG,
};

/* What callers do without when they are told that there is none, so that nobody ends of it. clone3
   has its flags in memory, where no filter can look; the number is the same on all machines, and
   newer than some headers. */
#define CLONE3 435
static struct {
  confine_call_t call;
  uint32_t error;
} const declined[DECLINED] = {
    {{.number = CLONE3}, ENOSYS},
    {{SYS_socket, {{1, CONFINE_SOCKET_KIND, SOCK_STREAM}, {2, UINT32_MAX, CONFINE_MPTCP}}},
     EPROTONOSUPPORT},
    {{SYS_sendto, {{3, CONFINE_FASTOPEN, CONFINE_FASTOPEN}}}, EOPNOTSUPP},
    {{SYS_sendmsg, {{2, CONFINE_FASTOPEN, CONFINE_FASTOPEN}}}, EOPNOTSUPP},
    {{SYS_sendmmsg, {{3, CONFINE_FASTOPEN, CONFINE_FASTOPEN}}}, EOPNOTSUPP},
};

static void decline(program_t *program) {
  for (size_t i = 0; i < DECLINED; i++)
    answer(program, &declined[i].call, SECCOMP_RET_ERRNO | declined[i].error);
}

static int install(confine_call_t const *calls, size_t count, confine_answer_t otherwise,
                   bool is_short) {
  static program_t program;
  if (!ARCHITECTURE) return errno = ENOSYS, -1;
  if (count > CONFINE_CALLS_MAX) return errno = EINVAL, -1;
  program.len = 0;
  begin(&program, is_short);
  for (size_t i = 0; i < count; i++) answer(&program, &calls[i], SECCOMP_RET_ALLOW);
  if (!is_short) decline(&program);
  end(&program, answers[otherwise]);
  struct sock_fprog const filter = {.len = program.len, .filter = program.code};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0) return 0;
  return errno = errno == EINVAL ? ENOSYS : errno, -1;
}

int confine_calls(confine_call_t const *calls, size_t count) {
  return install(calls, count, CONFINE_ERRNO, true);
}

int confine_filter(confine_call_t const *calls, size_t count, confine_answer_t answer) {
  return install(calls, count, answer, false);
}

/* A filter that nobody wrote is at a bad address, where there are filters. */
bool confine_can_filter(void) {
  return ARCHITECTURE && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) < 0 &&
         errno == EFAULT;
}
