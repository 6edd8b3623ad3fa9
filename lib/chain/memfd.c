#include <fcntl.h>
#include <sys/mman.h>

#include "chain/chain.h"

int chain_memfd(void) {
  return memfd_create("envelope", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

int chain_memfd_seal(int fd) {
  return fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
}
