/* queue-release: see queue-release(1). */
#include "shared/order.h"

char const *PROG = "queue-release";

#define USAGE "queue-release " ORDER_USAGE

int main(int argc, char const *const *argv) {
  return order_main(STEER_RELEASE, USAGE, "an" TOOL_OPTIONS, argc, argv);
}
