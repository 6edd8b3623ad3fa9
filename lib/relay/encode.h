/* A message rewritten such that its bodies have 7-bit lines of at most 998 bytes (RFC 2045; RFC
   6152, 3), for this folder and its tests. */
#ifndef CHAINMAIL_RELAY_ENCODE_H
#define CHAINMAIL_RELAY_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RELAY_ENCODE_DEPTH    32   /* of multiparts in one another */
#define RELAY_ENCODE_PARTS    4096 /* that are told apart; those behind are all encoded */
#define RELAY_ENCODE_LINE     512  /* bytes of a line's beginning that are looked at */
#define RELAY_ENCODE_TYPE     4096 /* bytes of a Content-Type */
#define RELAY_ENCODE_BOUNDARY 200  /* characters; RFC 2046, 5.1.1 allows 70 */

typedef enum relay_encode_pass {
  RELAY_ENCODE_LOOK, /* which parts must be encoded: nothing comes out */
  RELAY_ENCODE_WRITE
} relay_encode_pass_t;

/* Where the bytes of a line go. */
typedef enum relay_encode_region {
  REGION_HEADER,
  REGION_LEAF,   /* the body of a part that may be encoded */
  REGION_CODED,  /* one that is being encoded */
  REGION_OPAQUE, /* one that is encoded already */
  REGION_FILL    /* before the first part of a multipart, and behind the last */
} relay_encode_region_t;

typedef enum relay_encode_field {
  FIELD_OTHER,
  FIELD_TYPE,
  FIELD_ENCODING,
  FIELD_VERSION
} relay_encode_field_t;

typedef enum relay_encode_encoding {
  ENCODING_NONE, /* 7bit, 8bit, binary, or not given */
  ENCODING_QUOTED_PRINTABLE,
  ENCODING_OTHER /* base64, or a private one */
} relay_encode_encoding_t;

typedef struct relay_encode_multipart {
  bool digest; /* its parts are messages if they do not say what they are */
  size_t len;
  char boundary[RELAY_ENCODE_BOUNDARY + 1];
} relay_encode_multipart_t;

/* What a Content-Type says. */
typedef struct relay_encode_type {
  bool multipart, message; /* message: message/rfc822 or message/global */
  relay_encode_multipart_t parts;
} relay_encode_type_t;

/* Parses a Content-Type's value; a multipart without a boundary is none. A pure parser. */
void relay_encode_type_parse(relay_encode_type_t *type, char const *s, size_t len);

/* Zeroed, but for allow_eight_bit, it is before its first pass. */
typedef struct relay_encode {
  bool allow_eight_bit; /* 8-bit bytes alone are no reason to encode a part */
  relay_encode_pass_t pass;
  unsigned char must[RELAY_ENCODE_PARTS / 8], eight_bit[RELAY_ENCODE_PARTS / 8];

  /* From here on all is of one pass. */
  size_t part; /* leaves so far */
  relay_encode_region_t region;
  size_t depth;

  /* The entity whose header goes by. */
  bool is_message; /* not a part of one */
  bool has_type, has_version, has_encoding;
  relay_encode_field_t field; /* whose lines these are */
  relay_encode_encoding_t encoding;
  size_t type_len, held_len;

  size_t start_len;    /* of a line that has just begun */
  bool in_line;        /* it is clear what this line is, and this is the rest of it */
  bool cr;             /* held back */
  uint64_t line;       /* bytes of it that came */
  size_t column;       /* bytes of it that went out */
  char blank;          /* quoted-printable: held back, it may be the line's last byte; NUL: none */
  bool is_soft;        /* quoted-printable: this line goes on the one before */
  unsigned int escape; /* quoted-printable as it came: hex digits that are due */
  char *out;
  char type[RELAY_ENCODE_TYPE];
  char held[RELAY_ENCODE_LINE]; /* the fields Content-Transfer-Encoding */
  char start[RELAY_ENCODE_LINE];
  relay_encode_multipart_t multiparts[RELAY_ENCODE_DEPTH];
} relay_encode_t;

/* Begins a pass. */
void relay_encode_begin(relay_encode_t *encode, relay_encode_pass_t pass);

/* Bytes that out must have room for when so many are fed. */
#define RELAY_ENCODE_MAX(len) (24 * ((len) + RELAY_ENCODE_LINE) + 1024)

/* Takes lines ended by LF, in pieces of any size; writes lines ended by LF. Returns the number of
   bytes in out. */
size_t relay_encode_feed(relay_encode_t *encode, char const *s, size_t len, char *out);
/* The end of the message. */
size_t relay_encode_end(relay_encode_t *encode, char *out);

#endif
