/*
 * Threads: a handle each, and one handle for all, each for SCF_TEST_SECONDS or a few rounds; every
 * increment of a counter counts.
 */
#include "scftest.h"
#include <pthread.h>
#include <time.h>

#define	THREADS	4
#define	ROUNDS	10

typedef struct job {
	env_t *env;
	const char *name;
	int done;
	int failed;
} job_t;

static time_t end;

/* Adds one to a count by the loop of the manual page's Example 1. */
static int
increment(scf_propertygroup_t *pg, const char *name)
{
	scf_handle_t *h = scf_pg_handle(pg);
	scf_transaction_t *tx = scf_transaction_create(h);
	scf_transaction_entry_t *en = scf_entry_create(h);
	scf_property_t *p = scf_property_create(h);
	scf_value_t *v = scf_value_create(h);
	uint64_t n;
	int r = 0;

	while (r == 0) {
		if (scf_pg_update(pg) == -1 ||
		    scf_pg_get_property(pg, name, p) != 0 ||
		    scf_property_get_value(p, v) != 0 ||
		    scf_value_get_count(v, &n) != 0 ||
		    scf_transaction_start(tx, pg) != 0 ||
		    scf_transaction_property_change(tx, en, name,
		    SCF_TYPE_COUNT) != 0)
			break;
		scf_value_set_count(v, n + 1);
		if (scf_entry_add_value(en, v) != 0)
			break;
		r = scf_transaction_commit(tx);
		scf_transaction_reset(tx);
	}
	scf_transaction_destroy(tx);
	scf_entry_destroy(en);
	scf_property_destroy(p);
	scf_value_destroy(v);
	return (r);
}

static void *
with_own_handle(void *arg)
{
	job_t *job = arg;
	env_t e;

	env_view(&e, job->env->svcname);
	for (; job->done < ROUNDS || time(NULL) < end; job->done++)
		job->failed += increment(e.pg, job->name) != 1;
	env_free(&e);
	return (NULL);
}

static void *
with_shared_handle(void *arg)
{
	job_t *job = arg;
	scf_propertygroup_t *pg = scf_pg_create(job->env->h);

	job->failed += scf_instance_get_pg(job->env->inst, "cfg", pg) != 0;
	for (; job->done < ROUNDS || time(NULL) < end; job->done++)
		job->failed += increment(pg, job->name) != 1;
	scf_pg_destroy(pg);
	return (NULL);
}

static void
run(env_t *e, const char *name, void *(*body)(void *), const char *what)
{
	pthread_t threads[THREADS];
	job_t jobs[THREADS];
	const char *seconds = getenv("SCF_TEST_SECONDS");
	char want[16];
	int i, done = 0, failed = 0;

	OK(scf_pg_update(e->pg) != -1 &&
	    t_set1(e->pg, ACT_NEW, name, SCF_TYPE_COUNT, "0") == 1, "%s: from 0", what);
	end = time(NULL) + (seconds == NULL ? 0 : atoi(seconds));
	for (i = 0; i < THREADS; i++) {
		jobs[i] = (job_t){ e, name, 0, 0 };
		if (pthread_create(&threads[i], NULL, body, &jobs[i]) != 0)
			t_bail("pthread_create");
	}
	for (i = 0; i < THREADS; i++) {
		(void) pthread_join(threads[i], NULL);
		done += jobs[i].done;
		failed += jobs[i].failed;
	}
	OK(failed == 0, "%s: every increment commits", what);
	snprintf(want, sizeof (want), "%d", done);
	OK(scf_pg_update(e->pg) == 1 && IS(e->pg, name, want), "%s: the sum is exactly %s", what, want);
}

int
main(void)
{
	env_t e;

	env_new(&e, "p01");
	run(&e, "own", with_own_handle, "a handle each");
	run(&e, "shared", with_shared_handle, "one handle");
	/* scf_error() is each thread's own. */
	FAILS(scf_pg_get_property(e.pg, "none", NULL), SCF_ERROR_NOT_FOUND, "no such property");
	env_delete(&e);
	return (t_done());
}
