/* Work, counted: branches taken, by the compiler's coverage calls (-fsanitize-coverage=trace-pc),
   so that the count is the same every time. The functions of libc that parsers lean on are in
   counted.c, to be counted, too. */
#ifndef TESTS_COUNTED_H
#define TESTS_COUNTED_H

extern unsigned long counted_branches;

#endif
