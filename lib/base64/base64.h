/* base64: RFC 4648, section 4, strictly: one text for each sequence of bytes, and no other. */
#ifndef CHAINMAIL_BASE64_H
#define CHAINMAIL_BASE64_H

#include <stddef.h>
#include <sys/types.h>

/* Characters that len bytes become, padding included. */
#define BASE64_ENCODED(len) (((len) + 2) / 3 * 4)
/* Bytes that len characters become at most. */
#define BASE64_DECODED(len) ((len) / 4 * 3)

/* Writes BASE64_ENCODED(len) characters and a NUL to text. Returns the number of characters. */
size_t base64_encode(char *text, void const *bytes, size_t len);

/* Writes at most BASE64_DECODED(len) bytes, which may take the place of text. Returns their number;
   -1 with EINVAL if text has any character outside the alphabet, padding that is missing or too
   much, or bits that belong to no byte (3.3, 3.5). What bytes holds then is nobody's business. */
ssize_t base64_decode(void *bytes, char const *text, size_t len);

#endif
