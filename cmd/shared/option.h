/* option: values on a command line. One that is none is named with its option, and the program
   exits with 100. */
#ifndef CHAINMAIL_OPTION_H
#define CHAINMAIL_OPTION_H

#include <sys/types.h>

/* The number s, min to max. */
unsigned int option_number(int option, char const *s, unsigned int min, unsigned int max);
/* The permissions s, octal digits, 0 to 777. */
mode_t option_mode(int option, char const *s);

#endif
