/*
 * Writes each line out at once: included before a program whose end may come between exit() and the
 * flush of what it told, as the search for leaks brings it.
 */
#include <stdio.h>

static void __attribute__((constructor))
lines_begin(void)
{
	(void) setvbuf(stdout, NULL, _IOLBF, 0);
}
