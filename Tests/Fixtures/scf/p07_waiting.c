/* Waiting for one group, and being told of many; what ends a wait comes from another thread. */
#include "scftest.h"
#include <libscf_priv.h>
#include <pthread.h>
#include <semaphore.h>

typedef struct waiter {
	scf_handle_t *h;
	scf_propertygroup_t *pg;
	ssize_t result;
	scf_error_t error;
	char fmri[256];
} waiter_t;

static sem_t ended;

static void *
wait_pg(void *arg)
{
	waiter_t *w = arg;

	w->result = _scf_pg_wait(w->pg, 30);
	w->error = scf_error();
	return (NULL);
}

static void *
wait_any(void *arg)
{
	waiter_t *w = arg;

	w->result = _scf_notify_wait(w->pg, w->fmri, sizeof (w->fmri));
	w->error = scf_error();
	(void) sem_post(&ended);
	return (NULL);
}

int
main(void)
{
	env_t e, w;
	waiter_t one, two;
	pthread_t thread, other;
	scf_propertygroup_t *pg;
	char fmri[256], buf[64];

	(void) sem_init(&ended, 0, 0);
	env_new(&e, "p07");
	env_view(&w, e.svcname);
	pg = scf_pg_create(w.h);
	OK(_scf_pg_wait(w.pg, 0) == 1, "nothing has changed");
	OK(t_set1(e.pg, ACT_NEW, "n", SCF_TYPE_COUNT, "1") == 1 && _scf_pg_wait(w.pg, -1) == 0,
	    "a newer version is there");
	OK(scf_pg_update(w.pg) == 1 && scf_pg_update(e.pg) == 1, "seen by both");
	one.pg = w.pg;
	(void) pthread_create(&thread, NULL, wait_pg, &one);
	OK(t_set1(e.pg, ACT_CHANGE, "n", SCF_TYPE_COUNT, "2") == 1, "it changes");
	(void) pthread_join(thread, NULL);
	OK(one.result == 0, "which ends the wait");

	OK(_scf_notify_add_pgname(w.h, "cfg") == 0, "by name");
	OK(_scf_notify_add_pgtype(w.h, "framework") == 0, "by type");
	FAILS(_scf_notify_add_pgtype(w.h, "a b"), SCF_ERROR_INVALID_ARGUMENT, "no type");
	/* Only what this program makes: others may use the cluster, too. */
	OK(scf_pg_update(e.pg) == 1 &&
	    t_set1(e.pg, ACT_CHANGE, "n", SCF_TYPE_COUNT, "3") == 1 && scf_pg_update(e.pg) == 1 &&
	    t_set1(e.pg, ACT_CHANGE, "n", SCF_TYPE_COUNT, "4") == 1, "twice");
	OK(_scf_notify_wait(pg, buf, sizeof (buf)) == 0 && IS(pg, "n", "4"), "told once");
	snprintf(fmri, sizeof (fmri), "svc:/%s:default/:properties/cfg", e.svcname);
	one.pg = pg;
	(void) pthread_create(&thread, NULL, wait_any, &one);
	OK(scf_pg_delete(e.pg) == 0, "it is deleted");
	(void) pthread_join(thread, NULL);
	OK(one.result == (ssize_t)strlen(fmri) && strcmp(one.fmri, fmri) == 0, "which is told");
	FAILS(scf_pg_get_name(pg, NULL, 0), SCF_ERROR_NOT_SET, "and shows nothing");
	FAILS(_scf_pg_wait(w.pg, 0), SCF_ERROR_DELETED, "nothing to wait for");

	/* Whichever of two comes second is refused. */
	two = one;
	two.pg = w.pg;
	(void) sem_init(&ended, 0, 0);
	(void) pthread_create(&thread, NULL, wait_any, &one);
	(void) pthread_create(&other, NULL, wait_any, &two);
	while (sem_wait(&ended) != 0)
		;
	OK(scf_handle_unbind(w.h) == 0, "unbind while one waits");
	(void) pthread_join(thread, NULL);
	(void) pthread_join(other, NULL);
	OK(one.result == -1 && two.result == -1, "both have ended");
	OK(one.error + two.error == SCF_ERROR_EXISTS + SCF_ERROR_NOT_SET &&
	    (one.error == SCF_ERROR_EXISTS || two.error == SCF_ERROR_EXISTS),
	    "one waits at a time, until it is unbound");
	FAILS(_scf_notify_wait(pg, buf, sizeof (buf)), SCF_ERROR_CONNECTION_BROKEN, "not bound");
	FAILS(_scf_pg_wait(w.pg, 0), SCF_ERROR_CONNECTION_BROKEN, "nor for one");
	FAILS(_scf_notify_add_pgname(w.h, "cfg"), SCF_ERROR_NOT_BOUND, "nor asked");
	scf_pg_destroy(pg);
	env_free(&w);
	env_delete(&e);
	return (t_done());
}
