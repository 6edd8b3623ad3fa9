/* option: values on a deliverer's command line. One that is none is named, and the program exits
   with 100. */
#ifndef DELIVER_OPTION_H
#define DELIVER_OPTION_H

/* The number s, min to max. */
unsigned int option_number(char const *s, unsigned int min, unsigned int max);
/* Sets the umask s, octal digits, 0 to 777. */
void option_umask(char const *s);

#endif
