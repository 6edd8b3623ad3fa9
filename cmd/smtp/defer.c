#include "shared/refusal.h"

char const *PROG = "defer";

int main(int argc, char const *const *argv) {
  refusal_end(argc, argv, CHAIN_DEFER, "defer [-c 4xx] [4.x.y] text");
}
