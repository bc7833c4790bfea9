/*
 * Gives each handle of a program another node: included before the program, it takes one endpoint
 * after the other out of the list that SCF_TEST_DOOR names.
 */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

static char *__attribute__((unused))
spread_getenv(const char *name)
{
	static int turn;
	static __thread char one[64];
	char *all = getenv(name);
	size_t length;
	int i, count = 1;
	const char *c;

	if (all == NULL || strcmp(name, "SCF_TEST_DOOR") != 0)
		return (all);
	for (c = all; *c != '\0'; c++)
		count += *c == ',';
	for (i = __atomic_fetch_add(&turn, 1, __ATOMIC_RELAXED) % count; i > 0; i--)
		all = strchr(all, ',') + 1;
	length = strcspn(all, ",");
	snprintf(one, sizeof (one), "%.*s", (int)length, all);
	return (one);
}
#define	getenv(name)	spread_getenv(name)
