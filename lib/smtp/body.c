#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "smtp/smtp.h"

/* ---- the machine ---- */

enum { LINE_START, TEXT, CR, DOT, DOT_CR, ENDED, CHUNK, CHUNK_CR, STATES };
enum { ORDINARY, IS_CR, IS_LF, IS_DOT, CLASSES };
enum { DROP = 0, KEEP = 1, BARE = 2, END = 4 };

static unsigned char const classes[256] = {['\r'] = IS_CR, ['\n'] = IS_LF, ['.'] = IS_DOT};

/* A CR, and the first dot of a line, is dropped before it is known what follows it: if that is not
   what must follow, the message is refused, and nothing need be put back. Where an ordinary byte is
   kept, so is all behind it up to the next CR or LF: text_length finds that. */
typedef struct transition {
  unsigned char next;
  unsigned char effect;
} transition_t;

/* clang-format off */
static transition_t const transitions[STATES][CLASSES] = {
    /*               ORDINARY       IS_CR             IS_LF               IS_DOT */
    [LINE_START] = {{TEXT, KEEP},  {CR, DROP},       {TEXT, BARE},       {DOT, DROP}},
    [TEXT]       = {{TEXT, KEEP},  {CR, DROP},       {TEXT, BARE},       {TEXT, KEEP}},
    [CR]         = {{TEXT, BARE},  {CR, BARE},       {LINE_START, KEEP}, {TEXT, BARE}},
    [DOT]        = {{TEXT, KEEP},  {DOT_CR, DROP},   {TEXT, BARE},       {TEXT, KEEP}},
    [DOT_CR]     = {{TEXT, BARE},  {CR, BARE},       {ENDED, END},       {TEXT, BARE}},
    [CHUNK]      = {{CHUNK, KEEP}, {CHUNK_CR, DROP}, {CHUNK, BARE},      {CHUNK, KEEP}},
    [CHUNK_CR]   = {{CHUNK, BARE}, {CHUNK_CR, BARE}, {CHUNK, KEEP},      {CHUNK, BARE}},
};
/* clang-format on */

void smtp_body_data(smtp_body_t *body) {
  *body = (smtp_body_t){.state = LINE_START};
}

void smtp_body_chunks(smtp_body_t *body) {
  *body = (smtp_body_t){.state = CHUNK};
}

void smtp_body_finish(smtp_body_t *body) {
  if (body->state == CHUNK_CR) body->bare = true;
}

/* ---- the text between line ends ---- */

/* The bytes at the start of a block that are neither CR nor LF. */
#ifdef __SSE2__

typedef __m128i block_t;

static inline size_t block_text(block_t block) {
  __m128i cr = _mm_cmpeq_epi8(block, _mm_set1_epi8('\r'));
  __m128i lf = _mm_cmpeq_epi8(block, _mm_set1_epi8('\n'));
  int found = _mm_movemask_epi8(_mm_or_si128(cr, lf));
  return found ? (size_t)__builtin_ctz((unsigned int)found) : sizeof block;
}

#else

typedef uint64_t block_t;

static inline bool has_zero(block_t block) {
  return (block - 0x0101010101010101) & ~block & 0x8080808080808080;
}

static inline bool is_text(char c) {
  return c != '\r' && c != '\n';
}

static inline size_t block_text(block_t block) {
  char bytes[sizeof block];
  size_t n = 0;
  if (!has_zero(block ^ 0x0d0d0d0d0d0d0d0d) && !has_zero(block ^ 0x0a0a0a0a0a0a0a0a))
    return sizeof block;
  memcpy(bytes, &block, sizeof block);
  while (is_text(bytes[n])) n++;
  return n;
}

#endif

static size_t text_length(char const *s, size_t len) {
  size_t at = 0;
  while (len - at >= sizeof(block_t)) {
    block_t block;
    memcpy(&block, s + at, sizeof block);
    size_t n = block_text(block);
    at += n;
    if (n < sizeof block) return at;
  }
  while (at < len && (classes[(unsigned char)s[at]] == ORDINARY || s[at] == '.')) at++;
  return at;
}

/* memmove down to out; room bytes can be read at in. Once out lags behind by a block, as it soon
   does, whole blocks can be written, for what they overwrite has been read. musl's memmove costs
   more than a line is long. */
static inline void move_down(char *out, char const *in, size_t len, size_t room) {
  if ((size_t)(in - out) < sizeof(block_t) || room - len < sizeof(block_t)) {
    memmove(out, in, len);
    return;
  }
  for (size_t at = 0; at < len; at += sizeof(block_t)) {
    block_t block;
    memcpy(&block, in + at, sizeof block);
    memcpy(out + at, &block, sizeof block);
  }
}

/* ---- feeding ---- */

size_t smtp_body_feed(smtp_body_t *body, char *s, size_t len, size_t *out) {
  char const *in = s, *end = s + len;
  char *to = s;
  while (in < end && !body->ended) {
    unsigned char class = classes[(unsigned char)*in];
    transition_t transition = transitions[body->state][class];
    body->state = transition.next;
    if (class == ORDINARY && transition.effect == KEEP) {
      size_t n = text_length(in, (size_t)(end - in));
      move_down(to, in, n, (size_t)(end - in));
      to += n;
      in += n;
      /* The usual end of a line, in one step. */
      if (end - in < 2 || in[0] != '\r' || in[1] != '\n') continue;
      body->state = transitions[transitions[body->state][IS_CR].next][IS_LF].next;
      *to++ = '\n';
      in += 2;
      continue;
    }
    if (transition.effect & KEEP) *to++ = *in;
    body->bare |= transition.effect & BARE;
    body->ended = transition.effect & END;
    in++;
  }
  *out = body->bare ? 0 : (size_t)(to - s);
  return (size_t)(in - s);
}
