/* queue-drop: see queue-drop(1). */
#include "shared/order.h"

char const *PROG = "queue-drop";

#define USAGE "queue-drop [-b] [-m reason] " ORDER_USAGE

int main(int argc, char const *const *argv) {
  return order_main(STEER_DROP, USAGE, "anbm:" TOOL_OPTIONS, argc, argv);
}
