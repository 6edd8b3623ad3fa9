/* zeros MEGABYTES: so many of them on fd 1, as fast as they are taken. */
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char const *const *argv) {
  static char const zeros[1 << 17];
  size_t left = argc > 1 ? strtoul(argv[1], NULL, 10) << 20 : 0;
  while (left) {
    ssize_t const n = write(1, zeros, left < sizeof zeros ? left : sizeof zeros);
    if (n <= 0) return 111;
    left -= (size_t)n;
  }
  return 0;
}
