#include "shared/refusal.h"

char const *PROG = "reject";

int main(int argc, char const *const *argv) {
  refusal_end(argc, argv, CHAIN_REJECT, "reject [-c 5xx] [5.x.y] text");
}
