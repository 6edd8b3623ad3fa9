/* queue-hold: see queue-hold(1). */
#include "shared/order.h"

char const *PROG = "queue-hold";

#define USAGE "queue-hold [-m reason] " ORDER_USAGE

int main(int argc, char const *const *argv) {
  return order_main(STEER_HOLD, USAGE, "anm:" TOOL_OPTIONS, argc, argv);
}
