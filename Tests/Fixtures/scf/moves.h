/*
 * Lets leadership move in the midst of a program: included before it, it asks for that at its checks
 * 1, 2, 4, 8 and so on, by making the folder that SCF_TEST_ASK names. Whoever moves leadership takes
 * the folder away, for which the next check waits. So what stands between the two meets the move.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Checks end by flushing what they told. No descriptor is needed: a program may close them all. */
static int __attribute__((unused))
moves_fflush(FILE *file)
{
	static int checks, is_asked;
	static pid_t asker;
	const char *ask = getenv("SCF_TEST_ASK");
	int result = fflush(file), patience = 30000;

	if (asker == 0)
		asker = getpid();
	if (file != stdout || ask == NULL || asker != getpid())
		return (result);
	while (is_asked && access(ask, F_OK) == 0 && patience-- > 0)
		(void) poll(NULL, 0, 1);
	checks++;
	is_asked = (checks & (checks - 1)) == 0 && mkdir(ask, 0700) == 0;
	return (result);
}
#define	fflush(file)	moves_fflush(file)
