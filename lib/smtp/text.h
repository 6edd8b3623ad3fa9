/* Characters have a home of their own. */
#include "text/text.h" /* IWYU pragma: export */
