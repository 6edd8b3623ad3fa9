/* replay CORPUS: gives every file of a corpus to a fuzz target, whole and cut short
   at each length, without a fuzzer. `make check` runs it, so that what a fuzzer once
   found stays fixed, and no clang is needed for that. Each input is copied into a
   block of its own exact size: a read past its end is the sanitizer's to see. */

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Longer inputs are replayed whole only: cutting them at each length costs the square. */
enum { PREFIX_MAX = 512 };

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

static void die(char const *step, char const *name) {
  fprintf(stderr, "replay: unable to %s ", step);
  perror(name);
  exit(111);
}

static void give(uint8_t const *bytes, size_t size) {
  uint8_t *copy = malloc(size ? size : 1);
  if (!copy) die("allocate for", "input");
  memcpy(copy, bytes, size);
  LLVMFuzzerTestOneInput(copy, size);
  free(copy);
}

static uint8_t *read_file(char const *path, size_t *size) {
  struct stat st;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &st) < 0) die("open", path);
  uint8_t *bytes = malloc((size_t)st.st_size + 1);
  if (!bytes) die("allocate for", path);
  if (read(fd, bytes, (size_t)st.st_size) != st.st_size) die("read", path);
  close(fd);
  *size = (size_t)st.st_size;
  return bytes;
}

static void replay_file(char const *folder, char const *name) {
  char path[4096];
  size_t size;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  fprintf(stderr, "%s\n", path); /* the last one named is the one that crashed */
  uint8_t *bytes = read_file(path, &size);
  if (size <= PREFIX_MAX)
    for (size_t cut = 0; cut < size; cut++) give(bytes, cut);
  give(bytes, size);
  free(bytes);
}

int main(int argc, char const *const *argv) {
  unsigned int inputs = 0;
  if (argc != 2) {
    fputs("replay: usage: replay CORPUS\n", stderr);
    return 100;
  }
  DIR *dir = opendir(argv[1]);
  if (!dir) die("open", argv[1]);
  for (struct dirent const *entry; (entry = readdir(dir));)
    if (entry->d_name[0] != '.') {
      replay_file(argv[1], entry->d_name);
      inputs++;
    }
  closedir(dir);
  printf("%s - replays %u inputs of %s\n", inputs ? "ok" : "not ok", inputs, argv[1]);
  return inputs ? 0 : 1;
}
