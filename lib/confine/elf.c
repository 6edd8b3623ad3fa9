/* Which libc an executable was made for: its headers tell. */
#include <elf.h>
#include <string.h>

#include "confine/confine.h"

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#elif defined(__riscv)
#define MACHINE EM_RISCV
#else
#define MACHINE EM_NONE
#endif

typedef struct file {
  char const *s;
  size_t len;
} file_t;

/* False if it does not lie in the bytes we have. */
static bool copy(void *to, size_t size, file_t const *file, uint64_t offset) {
  if (offset > file->len || size > file->len - offset) return false;
  memcpy(to, file->s + offset, size);
  return true;
}

/* glibc's crt1.o marks what is linked with it: a note of GNU's ABI. */
static bool is_abi_tag(Elf64_Nhdr const *note, char const *name) {
  return note->n_namesz == 4 && note->n_type == NT_GNU_ABI_TAG && !memcmp(name, "GNU", 4);
}

static uint64_t aligned(uint64_t size) {
  return (size + 3) & ~UINT64_C(3);
}

static bool has_abi_tag(file_t const *file, Elf64_Phdr const *segment) {
  Elf64_Nhdr note;
  char name[4];
  uint64_t offset = segment->p_offset;
  uint64_t const end = offset + segment->p_filesz;
  while (offset < end && copy(&note, sizeof note, file, offset)) {
    if (copy(name, sizeof name, file, offset + sizeof note) && is_abi_tag(&note, name)) return true;
    offset += sizeof note + aligned(note.n_namesz) + aligned(note.n_descsz);
  }
  return false;
}

static bool is_ours(Elf64_Ehdr const *header) {
  return !memcmp(header->e_ident, ELFMAG, SELFMAG) && header->e_ident[EI_CLASS] == ELFCLASS64 &&
         header->e_machine == MACHINE && header->e_phentsize == sizeof(Elf64_Phdr);
}

confine_libc_t confine_libc_of(char const *s, size_t len) {
  file_t const file = {s, len};
  Elf64_Ehdr header;
  Elf64_Phdr segment;
  confine_libc_t libc = CONFINE_LIBC_MUSL;
  if (!copy(&header, sizeof header, &file, 0) || !is_ours(&header)) return CONFINE_LIBC_NONE;
  for (unsigned int i = 0; i < header.e_phnum; i++) {
    if (!copy(&segment, sizeof segment, &file, header.e_phoff + i * sizeof segment)) break;
    if (segment.p_type == PT_INTERP) return CONFINE_LIBC_DYNAMIC;
    if (segment.p_type == PT_NOTE && has_abi_tag(&file, &segment)) libc = CONFINE_LIBC_GLIBC;
  }
  return libc;
}
