/* What is read before anything is given up: profiles, names of system calls, executables. */
#include <elf.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "../unit.h"
#include "confine/confine.h"

/* ---- system calls ---------------------------------------------------------------------------- */

static int parse(confine_call_t *call, char const *s) {
  return confine_call_parse(call, s, strlen(s));
}

static void test_names(void) {
  confine_call_t call = {0};
  CHECK_INT("a name", parse(&call, "read"), 0);
  CHECK_INT("its number", call.number, SYS_read);
  CHECK_INT("whatever its arguments are", (intmax_t)call.tests[0].mask, 0);
  CHECK_INT("a number", parse(&call, "435"), 0);
  CHECK_INT("stands for itself", call.number, 435);
  CHECK_INT("a name that newer machines do not have", parse(&call, "open"), 0);
#ifndef SYS_open
  CHECK_INT("stands for its successor", call.number, SYS_openat);
#endif
}

static void test_conditions(void) {
  confine_call_t call = {0};
  char number[16];
  CHECK_INT("a condition", parse(&call, "mmap(noexec)"), 0);
  CHECK_INT("of that call", call.number, SYS_mmap);
  CHECK_INT("of that argument", call.tests[0].argument, 2);
  CHECK_INT("of these bits", (intmax_t)call.tests[0].mask, PROT_EXEC);
  CHECK_INT("a bit", parse(&call, "clone(thread)"), 0);
  CHECK_INT("that must be there", (intmax_t)call.tests[0].value, CLONE_THREAD);
  CHECK("with no namespace", call.tests[0].mask & CLONE_NEWUSER);
  CHECK_INT("that call by its name alone", parse(&call, "clone"), 0);
  CHECK("makes none either", call.tests[0].mask & CLONE_NEWUSER &&
                                 call.tests[0].mask & CLONE_NEWNS && !call.tests[0].value);
  snprintf(number, sizeof number, "%d", SYS_clone);
  CHECK_INT("by its number", parse(&call, number), 0);
  CHECK_INT("it makes what it likes", (intmax_t)call.tests[0].mask, 0);
  CHECK_INT("a value", parse(&call, "socket(inet6)"), 0);
  CHECK_INT("of all bits", (intmax_t)call.tests[0].value, AF_INET6);
}

static void test_sockets(void) {
  confine_call_t call = {0};
  CHECK_INT("a protocol", parse(&call, "socket(udp6)"), 0);
  CHECK_INT("is a family", (intmax_t)call.tests[0].value, AF_INET6);
  CHECK_INT("and a kind", (intmax_t)call.tests[1].value, SOCK_DGRAM);
  CHECK("with flags", !(call.tests[1].mask & (SOCK_CLOEXEC | SOCK_NONBLOCK)));
  CHECK("and its number, or none", !(call.tests[2].mask & IPPROTO_UDP));
  CHECK("but no other", call.tests[2].mask & CONFINE_MPTCP);
}

static void test_connecting_is_connect(void) {
  static struct {
    char const *name;
    int flags;
  } const senders[] = {{"sendto", 3}, {"sendmsg", 2}, {"sendmmsg", 3}};
  for (size_t i = 0; i < sizeof senders / sizeof *senders; i++) {
    confine_call_t call = {0};
    CHECK_INT(senders[i].name, parse(&call, senders[i].name), 0);
    CHECK_INT("has flags", call.tests[0].argument, senders[i].flags);
    CHECK_INT("of which one connects", (intmax_t)call.tests[0].mask, CONFINE_FASTOPEN);
  }
}

static void test_bad_calls(void) {
  static char const *const bad[] = {"",       "reads",       "rea",           "-1",
                                    "1x",     "read(",       "read()",        "read(noexec)",
                                    "mmap(",  "mmap(noexec", "mmap(noexec)x", "99999999999",
                                    "clone()"};
  confine_call_t call;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    errno = 0;
    CHECK(bad[i], parse(&call, bad[i]) < 0 && errno == EINVAL);
  }
}

static confine_calls_t set;

static void add(char const *s) {
  confine_call_t call = {0};
  parse(&call, s);
  confine_calls_add(&set, &call);
}

static void test_set(void) {
  set.count = 0;
  add("read");
  add("read");
  CHECK_INT("a call is in a set once", (intmax_t)set.count, 1);
  add("socket(unix)");
  add("socket(inet)");
  add("socket(unix)");
  CHECK_INT("and once for each condition", (intmax_t)set.count, 3);
  add("socket(tcp)");
  add("socket(tcp)");
  CHECK_INT("as a family allows each of its protocols", (intmax_t)set.count, 3);
  add("socket(tcp6)");
  add("socket(udp6)");
  CHECK_INT("which are two", (intmax_t)set.count, 5);
  add("mmap");
  add("mmap(noexec)");
  CHECK_INT("a call without one needs none", (intmax_t)set.count, 6);
}

static void test_full_set(void) {
  confine_call_t call = {0};
  for (set.count = 0; set.count < CONFINE_CALLS_MAX;) {
    call.number = (int)set.count;
    confine_calls_add(&set, &call);
  }
  call.number++;
  CHECK("a set has an end", confine_calls_add(&set, &call) < 0 && errno == E2BIG);
}

/* ---- profiles -------------------------------------------------------------------------------- */

static char taken[256];

static int take(void *data, confine_word_t keyword, char const *s, size_t len) {
  size_t const at = strlen(taken);
  (void)data;
  if (len == 4 && !memcmp(s, "stop", 4)) return errno = E2BIG, -1;
  snprintf(taken + at, sizeof taken - at, "%d:%.*s|", (int)keyword, (int)len, s);
  return 0;
}

/* The words, or "LINE errno" where it fails. */
static char const *read_profile(char const *s, size_t len) {
  unsigned int line;
  *taken = 0;
  if (confine_profile_read(s, len, take, NULL, &line) < 0)
    snprintf(taken, sizeof taken, "%u %s", line, errno == EINVAL ? "EINVAL" : "other");
  return taken;
}

static void test_profiles(void) {
  static char const *const cases[][3] = {
      {"words", "calls read write\nread /etc\n", "0:read|0:write|1:/etc|"},
      {"blanks and tabs", " \tcalls\t read \n", "0:read|"},
      {"comments, empty lines, no last newline", "# x\n\n  # y\noutside", "10:|"},
      {"nothing", "", ""},
      {"an unknown keyword", "\n\ncall read\n", "3 EINVAL"},
      {"a keyword in capitals", "READ /etc\n", "1 EINVAL"},
      {"a keyword that lacks words", "read\n", "1 EINVAL"},
      {"a keyword that has none", "outside inside\n", "1 EINVAL"},
      {"a word that is refused", "calls read\ncalls stop\n", "2 other"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    CHECK_STR(cases[i][0], read_profile(cases[i][1], strlen(cases[i][1])), cases[i][2]);
  CHECK_STR("a NUL", read_profile("calls \0read", 11), "1 EINVAL");
}

/* ---- executables ----------------------------------------------------------------------------- */

static struct {
  Elf64_Ehdr header;
  Elf64_Phdr segments[2];
  Elf64_Nhdr note;
  char name[4];
} file;

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#else
#define MACHINE EM_RISCV
#endif

static void make_file(unsigned int first, unsigned int second) {
  memset(&file, 0, sizeof file);
  memcpy(file.header.e_ident, ELFMAG, SELFMAG);
  file.header.e_ident[EI_CLASS] = ELFCLASS64;
  file.header.e_machine = MACHINE;
  file.header.e_phentsize = sizeof(Elf64_Phdr);
  file.header.e_phoff = sizeof(Elf64_Ehdr);
  file.header.e_phnum = 2;
  file.segments[0].p_type = first;
  file.segments[1].p_type = second;
  file.segments[1].p_offset = offsetof(__typeof__(file), note);
  file.segments[1].p_filesz = sizeof file.note + sizeof file.name;
  file.note = (Elf64_Nhdr){4, 0, NT_GNU_ABI_TAG};
  memcpy(file.name, "GNU", 4);
}

static int libc_of(size_t len) {
  return (int)confine_libc_of((char const *)&file, len);
}

static void test_executables(void) {
  make_file(PT_LOAD, PT_LOAD);
  CHECK_INT("a static program", libc_of(sizeof file), CONFINE_LIBC_MUSL);
  make_file(PT_LOAD, PT_NOTE);
  CHECK_INT("one of glibc's", libc_of(sizeof file), CONFINE_LIBC_GLIBC);
  file.note.n_type = NT_GNU_BUILD_ID;
  CHECK_INT("another note", libc_of(sizeof file), CONFINE_LIBC_MUSL);
  make_file(PT_LOAD, PT_INTERP);
  CHECK_INT("one with shared libraries", libc_of(sizeof file), CONFINE_LIBC_DYNAMIC);
  CHECK_INT("half a header", libc_of(40), CONFINE_LIBC_NONE);
  file.header.e_machine = EM_386;
  CHECK_INT("another machine's", libc_of(sizeof file), CONFINE_LIBC_NONE);
  CHECK_INT("a script", (int)confine_libc_of("#!/bin/sh\n", 10), CONFINE_LIBC_NONE);
}

int main(void) {
  test_names();
  test_conditions();
  test_sockets();
  test_connecting_is_connect();
  test_bad_calls();
  test_set();
  test_full_set();
  test_profiles();
  test_executables();
  return unit_done();
}
