/* fork: the child goes on with the handle that it finds, and leaves the parent's connection alone. */
#include "scftest.h"
#include <sys/wait.h>

int
main(void)
{
	env_t e;
	pid_t child;
	int round, status;
	char text[16];

	env_new(&e, "p02");
	OK(t_set1(e.pg, ACT_NEW, "n", SCF_TYPE_COUNT, "0") == 1, "from 0");
	for (round = 1; round <= 3; round++) {
		snprintf(text, sizeof (text), "%d", 2 * round - 1);
		fflush(stdout);
		if ((child = fork()) == -1)
			t_bail("fork");
		if (child == 0) {
			int good = scf_pg_update(e.pg) == 1 &&
			    t_set1(e.pg, ACT_CHANGE, "n", SCF_TYPE_COUNT, text) == 1;
			/* Destroying it must not end the parent's connection. */
			env_free(&e);
			_exit(good ? 0 : 1);
		}
		OK(waitpid(child, &status, 0) == child && status == 0, "child %d commits", round);
		OK(scf_pg_update(e.pg) == 1 && IS(e.pg, "n", text), "the parent sees it");
		snprintf(text, sizeof (text), "%d", 2 * round);
		OK(t_set1(e.pg, ACT_CHANGE, "n", SCF_TYPE_COUNT, text) == 1, "and goes on");
	}
	env_delete(&e);
	return (t_done());
}
