/* queue-retry: see queue-retry(1). */
#include "shared/order.h"

char const *PROG = "queue-retry";

#define USAGE "queue-retry " ORDER_USAGE

int main(int argc, char const *const *argv) {
  return order_main(STEER_RETRY, USAGE, "an" TOOL_OPTIONS, argc, argv);
}
