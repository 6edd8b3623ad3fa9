/* Failures of networks: when there are too many, when they are forgotten, and what the file bears.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit.h"
#include "net/net.h"
#include "throttle/throttle.h"

#define NOW UINT64_C(1800000000)

static char folder[] = "/tmp/throttle.XXXXXX";
static char path[64];

static ip46 address(char const *text) {
  ip46 ip;
  if (net_address_parse(&ip, text) < 0) abort();
  return ip;
}

static void open_new(throttle_t *throttle) {
  unlink(path);
  CHECK_INT("a new file", throttle_open(throttle, path, 3, 60), 0);
}

static void fail(throttle_t *throttle, char const *text, unsigned int times, uint64_t now) {
  ip46 const ip = address(text);
  while (times--) throttle_count(throttle, &ip, now);
}

static int is_over(throttle_t *throttle, char const *text, uint64_t now) {
  ip46 const ip = address(text);
  return throttle_is_over(throttle, &ip, now);
}

static void test_counting(void) {
  throttle_t throttle;
  open_new(&throttle);
  CHECK_INT("nobody failed", is_over(&throttle, "192.0.2.1", NOW), 0);
  fail(&throttle, "192.0.2.1", 2, NOW);
  CHECK_INT("two of three", is_over(&throttle, "192.0.2.1", NOW), 0);
  fail(&throttle, "192.0.2.1", 1, NOW);
  CHECK_INT("three", is_over(&throttle, "192.0.2.1", NOW), 1);
  CHECK_INT("a neighbour", is_over(&throttle, "192.0.2.2", NOW), 0);
  CHECK_INT("one is not forgotten yet", is_over(&throttle, "192.0.2.1", NOW + 59), 1);
  CHECK_INT("one is forgotten", is_over(&throttle, "192.0.2.1", NOW + 60), 0);
  fail(&throttle, "192.0.2.1", 1, NOW + 60);
  CHECK_INT("and another comes", is_over(&throttle, "192.0.2.1", NOW + 60), 1);
  fail(&throttle, "192.0.2.1", 1000, NOW + 60);
  CHECK_INT("a thousand are forgotten as three are", is_over(&throttle, "192.0.2.1", NOW + 180), 0);
  CHECK_INT("a clock that was set back", is_over(&throttle, "192.0.2.1", NOW - 86400), 0);
  close(throttle.fd);
}

static void test_networks(void) {
  throttle_t throttle;
  open_new(&throttle);
  fail(&throttle, "2001:db8:1:2::1", 3, NOW);
  CHECK_INT("the same /64", is_over(&throttle, "2001:db8:1:2:ffff::9", NOW), 1);
  CHECK_INT("the next /64", is_over(&throttle, "2001:db8:1:3::1", NOW), 0);
  fail(&throttle, "::ffff:192.0.2.9", 3, NOW);
  CHECK_INT("an IPv4 address is one", is_over(&throttle, "192.0.2.9", NOW), 1);
  CHECK_INT("0.0.0.0 is an address", is_over(&throttle, "0.0.0.0", NOW), 0);
  close(throttle.fd);
}

/* A flood of other networks cannot make the worst be forgotten. */
static void test_flood(void) {
  throttle_t throttle;
  open_new(&throttle);
  fail(&throttle, "198.51.100.1", 3, NOW);
  for (unsigned int i = 0; i < 20000; i++) {
    char text[64];
    snprintf(text, sizeof text, "2001:db8:%x::", i);
    fail(&throttle, text, 1, NOW);
  }
  CHECK_INT("it is still known", is_over(&throttle, "198.51.100.1", NOW), 1);
  close(throttle.fd);
}

static void test_sharing(void) {
  enum { CHILDREN = 4, EACH = 250 };
  throttle_t throttle;
  unlink(path);
  for (int i = 0; i < CHILDREN; i++)
    if (!fork()) {
      if (throttle_open(&throttle, path, 100000, 60) < 0) _exit(1);
      fail(&throttle, "192.0.2.1", EACH, NOW);
      _exit(0);
    }
  int status, failed = 0;
  while (wait(&status) > 0) failed |= status;
  CHECK_INT("all could count", failed, 0);
  throttle_open(&throttle, path, CHILDREN * EACH, 60);
  CHECK_INT("none was lost", is_over(&throttle, "192.0.2.1", NOW), 1);
  close(throttle.fd);
  throttle_open(&throttle, path, CHILDREN * EACH + 1, 60);
  CHECK_INT("none was counted twice", is_over(&throttle, "192.0.2.1", NOW), 0);
  close(throttle.fd);
}

static void write_file(char const *text) {
  int const fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (write(fd, text, strlen(text)) < 0) abort();
  close(fd);
}

static void test_strange_files(void) {
  throttle_t throttle;
  write_file("something else\n");
  CHECK_INT("another file", throttle_open(&throttle, path, 3, 60), -1);
  CHECK_INT("and why", errno, EPROTO);
  if (truncate(path, 56 + 1024 * 4 * 16) < 0) abort();
  CHECK_INT("another file of the right size", throttle_open(&throttle, path, 3, 60), -1);
  CHECK_INT("and why", errno, EPROTO);
  unlink(path);
  if (mkfifo(path, 0600) < 0) abort();
  CHECK_INT("a fifo", throttle_open(&throttle, path, 3, 60), -1);
  unlink(path);
  if (symlink("/dev/null", path) < 0) abort();
  CHECK_INT("a link", throttle_open(&throttle, path, 3, 60), -1);
}

/* Who made it was stopped in the middle. */
static void test_unfinished_file(void) {
  throttle_t throttle;
  open_new(&throttle);
  fail(&throttle, "192.0.2.1", 3, NOW);
  close(throttle.fd);
  for (off_t size = 56 + 1024 * 4 * 16 - 1; size; size /= 2) {
    if (truncate(path, size) < 0) abort();
    CHECK_INT("it is finished", throttle_open(&throttle, path, 3, 60), 0);
    CHECK_INT("nobody has failed", is_over(&throttle, "192.0.2.1", NOW), 0);
    fail(&throttle, "192.0.2.1", 3, NOW);
    CHECK_INT("and it counts", is_over(&throttle, "192.0.2.1", NOW), 1);
    close(throttle.fd);
  }
}

static void test_file_that_shrinks(void) {
  throttle_t throttle;
  ip46 const ip = address("192.0.2.1");
  open_new(&throttle);
  if (truncate(path, 60) < 0) abort();
  CHECK_INT("nothing can be looked up", throttle_is_over(&throttle, &ip, NOW), -1);
  CHECK_INT("and why", errno, EPROTO);
  CHECK_INT("nor counted", throttle_count(&throttle, &ip, NOW), -1);
  close(throttle.fd);
}

/* A process that was stopped with the lock in its hands must not stop all others. */
static void test_lock_that_is_held(void) {
  throttle_t throttle;
  ip46 const ip = address("192.0.2.1");
  open_new(&throttle);
  int const other = open(path, O_RDWR | O_CLOEXEC);
  if (other < 0 || flock(other, LOCK_EX) < 0) abort();
  CHECK_INT("it is not waited for", throttle_is_over(&throttle, &ip, NOW), -1);
  CHECK_INT("and why", errno, EWOULDBLOCK);
  close(other);
  CHECK_INT("then it goes on", throttle_count(&throttle, &ip, NOW), 0);
  close(throttle.fd);
}

static void test_places(void) {
  throttle_t first, second, third;
  ip46 const ip = address("192.0.2.1");
  open_new(&first);
  CHECK_INT("another process", throttle_open(&second, path, 3, 60), 0);
  CHECK_INT("a third", throttle_open(&third, path, 3, 60), 0);
  CHECK_INT("a place", throttle_enter(&first, 2, 0), 0);
  CHECK_INT("and one more", throttle_enter(&second, 2, 0), 0);
  CHECK_INT("there are two", throttle_enter(&third, 2, 20), -1);
  CHECK_INT("and why", errno, ETIMEDOUT);
  CHECK_INT("counting goes on", throttle_count(&third, &ip, NOW), 0);
  throttle_leave(&second);
  CHECK_INT("one is given back", throttle_enter(&third, 2, 0), 0);
  close(first.fd);
  CHECK_INT("who ends gives it back", throttle_enter(&second, 2, 0), 0);
  close(second.fd);
  close(third.fd);
}

static long waits(void) {
  struct rusage usage;
  if (getrusage(RUSAGE_SELF, &usage) < 0) abort();
  return usage.ru_nvcsw;
}

static void test_patience(void) {
  throttle_t first, second;
  open_new(&first);
  CHECK_INT("another process", throttle_open(&second, path, 3, 60), 0);
  CHECK_INT("a place", throttle_enter(&first, 1, 0), 0);
  long const before = waits();
  CHECK_INT("it is the only one", throttle_enter(&second, 1, 1000), -1);
  CHECK_INT("who waits does not look for it all the time", waits() - before < 30, 1);
  close(first.fd);
  close(second.fd);
}

int main(void) {
  alarm(60);
  if (!mkdtemp(folder)) return 111;
  snprintf(path, sizeof path, "%s/file", folder);
  test_counting();
  test_networks();
  test_flood();
  test_sharing();
  test_strange_files();
  test_unfinished_file();
  test_file_that_shrinks();
  test_lock_that_is_held();
  test_places();
  test_patience();
  unlink(path);
  rmdir(folder);
  return unit_done();
}
