/*
 * scf_error() is each thread's own: what fails in one thread, or succeeds anywhere, leaves it as it
 * was in all others. Barriers say who calls and who looks.
 */
#include "scftest.h"
#include <pthread.h>

#define	THREADS	8

enum { KINDS = 8, STORM = 50 };

typedef struct worker {
	env_t *env;
	scf_property_t *foreign;
	int number;
	int early;	/* its error before its first failure */
	int kept;	/* how often it was what it was, while another called */
	int stormed;	/* and how often while all called at once */
} worker_t;

static pthread_barrier_t gate;

/* Fails in one of several ways; the error to expect, or 0 where it fails in none. */
static int
fail(worker_t *w, int kind)
{
	env_t *e = w->env;
	int r, want;

	switch (kind % KINDS) {
	case 0: r = scf_pg_get_property(e->pg, "none", NULL);
		want = SCF_ERROR_NOT_FOUND; break;
	case 1: r = scf_pg_get_property(e->pg, "a b", NULL);
		want = SCF_ERROR_INVALID_ARGUMENT; break;
	case 2: r = scf_handle_bind(e->h);
		want = SCF_ERROR_IN_USE; break;
	case 3: r = scf_pg_get_property(e->pg, "none", w->foreign);
		want = SCF_ERROR_HANDLE_MISMATCH; break;
	case 4: r = scf_instance_add_pg(e->inst, "cfg", "application", 0, NULL);
		want = SCF_ERROR_EXISTS; break;
	case 5: r = scf_pg_get_parent_service(e->pg, NULL);
		want = SCF_ERROR_CONSTRAINT_VIOLATED; break;
	case 6: r = scf_handle_create(SCF_VERSION + 1) == NULL ? -1 : 0;
		want = SCF_ERROR_VERSION_MISMATCH; break;
	default: r = scf_property_get_name(w->foreign, NULL, 0);
		want = SCF_ERROR_NOT_SET; break;
	}
	return (r == -1 ? want : 0);
}

static void *
body(void *arg)
{
	worker_t *w = arg;
	int turn, kind, i, mine;

	w->early = (int)scf_error();
	(void) pthread_barrier_wait(&gate);
	mine = fail(w, w->number);
	/* Each thread in turn fails in every way, while all others stand still and then look. */
	for (turn = 0; turn < THREADS; turn++)
		for (kind = 0; kind < KINDS; kind++) {
			(void) pthread_barrier_wait(&gate);
			if (turn == w->number)
				mine = fail(w, kind);
			else if (kind == turn % KINDS && scf_pg_update(w->env->pg) == -1)
				mine = 0;
			(void) pthread_barrier_wait(&gate);
			w->kept += (int)scf_error() == mine;
		}
	/* All at once, each in another way; a success in between changes nothing. */
	for (i = 0; i < STORM; i++) {
		(void) pthread_barrier_wait(&gate);
		mine = fail(w, w->number + i);
		w->stormed += (int)scf_error() == mine && scf_pg_update(w->env->pg) == 0 &&
		    (int)scf_error() == mine;
	}
	return (NULL);
}

/* Lets the threads go, each with a view of its own or all with one. */
static void
run(env_t *e, int is_shared, const char *what)
{
	pthread_t threads[THREADS];
	worker_t workers[THREADS];
	env_t views[THREADS];
	scf_handle_t *other = scf_handle_create(SCF_VERSION);
	scf_property_t *foreign = scf_property_create(other);
	int i, early = 0, kept = 0, stormed = 0;

	/* This one's is looked at in the end. */
	FAILS(scf_property_get_value(foreign, NULL), SCF_ERROR_INVALID_ARGUMENT, "%s: mine", what);
	/* An object that is not set says so only where its handle is bound. */
	if (scf_handle_bind(other) != 0)
		t_bail("scf_handle_bind");
	if (pthread_barrier_init(&gate, NULL, THREADS) != 0)
		t_bail("pthread_barrier_init");
	for (i = 0; i < THREADS; i++) {
		if (!is_shared)
			env_view(&views[i], e->svcname);
		workers[i] = (worker_t){ is_shared ? e : &views[i], foreign, i, 0, 0, 0 };
	}
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, body, &workers[i]) != 0)
			t_bail("pthread_create");
	for (i = 0; i < THREADS; i++) {
		(void) pthread_join(threads[i], NULL);
		early += workers[i].early == SCF_ERROR_NONE;
		kept += workers[i].kept;
		stormed += workers[i].stormed;
	}
	OK((int)scf_error() == SCF_ERROR_INVALID_ARGUMENT, "%s: mine is what it was", what);
	OK(early == THREADS, "%s: %d threads begin with none", what, early);
	OK(kept == THREADS * THREADS * KINDS, "%s: kept %d times", what, kept);
	OK(stormed == THREADS * STORM, "%s: kept %d times among many", what, stormed);
	(void) pthread_barrier_destroy(&gate);
	for (i = 0; i < THREADS && !is_shared; i++)
		env_free(&views[i]);
	scf_property_destroy(foreign);
	scf_handle_destroy(other);
}

int
main(void)
{
	env_t e;

	env_new(&e, "p12");
	run(&e, 0, "a handle each");
	run(&e, 1, "one handle");
	env_delete(&e);
	return (t_done());
}
