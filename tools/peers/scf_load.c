/*
 * Example 1 of scf_transaction_create(3SCF) again and again, by many threads.
 *
 * usage: scf_load -t THREADS -d SECONDS [-w SECONDS] [-1]
 *   -t  threads, each with a handle of its own
 *   -d  for how long commits are counted, after -w seconds (default 1) that are not
 *   -1  all threads change one group, not each its own
 *
 * The cluster is found as every program of libscf finds it. Prints one line of JSON.
 */
#include <libscf.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define	SERVICE		"lockstep-bench"
#define	MOST_THREADS	256
#define	MOST_SAMPLES	(1 << 18)

enum phase { WARM_UP, COUNTING, OVER };

typedef struct worker {
	pthread_t thread;
	int number;
	int one_group;
	uint64_t commits;
	uint64_t conflicts;
	uint32_t *samples;
	char failure[160];
} worker_t;

static _Atomic enum phase phase;
static pthread_barrier_t ready;

static double
now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (at.tv_sec + at.tv_nsec / 1e9);
}

static int
fail(worker_t *worker, const char *what)
{
	snprintf(worker->failure, sizeof (worker->failure), "%s: %s", what,
	    scf_strerror(scf_error()));
	return (-1);
}

/* The manual page's Example 1, but for the count of conflicts. */
static int
example1(scf_propertygroup_t *pg, scf_transaction_t *tx,
    scf_transaction_entry_t *e1, scf_value_t *v1, uint8_t to, uint64_t *conflicts)
{
	int result;

	do {
		if (scf_pg_update(pg) == -1)
			return (-1);
		if (scf_transaction_start(tx, pg) == -1)
			return (-1);

		/* set up transaction entries */
		if (scf_transaction_property_change(tx, e1, "property",
		    SCF_TYPE_BOOLEAN) == -1) {
			scf_transaction_reset(tx);
			return (-1);
		}
		scf_value_set_boolean(v1, to);
		if (scf_entry_add_value(e1, v1) == -1)
			return (-1);

		result = scf_transaction_commit(tx);

		scf_transaction_reset(tx);
		*conflicts += result == 0;
	} while (result == 0);
	return (result);
}

/* Makes the property, unless it is there; others may be doing so too. */
static int
prepare(scf_handle_t *handle, scf_propertygroup_t *pg)
{
	scf_transaction_t *tx = scf_transaction_create(handle);
	scf_transaction_entry_t *entry = scf_entry_create(handle);
	scf_value_t *value = scf_value_create(handle);
	int result = 0;

	while (result == 0 && scf_pg_update(pg) != -1 &&
	    scf_transaction_start(tx, pg) == 0) {
		if (scf_transaction_property_new(tx, entry, "property",
		    SCF_TYPE_BOOLEAN) == -1) {
			result = scf_error() == SCF_ERROR_EXISTS ? 1 : -1;
			break;
		}
		scf_value_set_boolean(value, 0);
		if (scf_entry_add_value(entry, value) == -1)
			break;
		result = scf_transaction_commit(tx);
		scf_transaction_reset(tx);
	}
	scf_transaction_destroy(tx);
	scf_entry_destroy(entry);
	scf_value_destroy(value);
	return (result == 1 ? 0 : -1);
}

/* Sets `pg` to the worker's group, which is made if need be. */
static int
open_group(worker_t *worker, scf_handle_t *handle, scf_scope_t *scope,
    scf_service_t *service, scf_propertygroup_t *pg)
{
	char name[32];

	snprintf(name, sizeof (name), "group%d", worker->one_group ? 0 : worker->number);
	if (scf_handle_get_scope(handle, SCF_SCOPE_LOCAL, scope) == -1)
		return (fail(worker, "scf_handle_get_scope"));
	if (scf_scope_get_service(scope, SERVICE, service) == -1 &&
	    scf_scope_add_service(scope, SERVICE, service) == -1 &&
	    scf_scope_get_service(scope, SERVICE, service) == -1)
		return (fail(worker, "scf_scope_get_service"));
	if (scf_service_get_pg(service, name, pg) == -1 &&
	    scf_service_add_pg(service, name, "application", 0, pg) == -1 &&
	    scf_service_get_pg(service, name, pg) == -1)
		return (fail(worker, "scf_service_get_pg"));
	return (prepare(handle, pg) == 0 ? 0 : fail(worker, "the property"));
}

static void
commit_until_over(worker_t *worker, scf_handle_t *handle, scf_propertygroup_t *pg)
{
	scf_transaction_t *tx = scf_transaction_create(handle);
	scf_transaction_entry_t *e1 = scf_entry_create(handle);
	scf_value_t *v1 = scf_value_create(handle);
	uint8_t to = 0;

	while (phase != OVER) {
		uint64_t conflicts = 0;
		double start = now();

		to = !to;
		if (example1(pg, tx, e1, v1, to, &conflicts) != 1) {
			(void) fail(worker, "Example 1");
			break;
		}
		if (phase != COUNTING)
			continue;
		worker->samples[worker->commits++ % MOST_SAMPLES] = (now() - start) * 1e6;
		worker->conflicts += conflicts;
	}
	scf_transaction_destroy(tx);
	scf_entry_destroy(e1);
	scf_value_destroy(v1);
}

static void *
work(void *argument)
{
	worker_t *worker = argument;
	scf_handle_t *handle = scf_handle_create(SCF_VERSION);
	scf_scope_t *scope = scf_scope_create(handle);
	scf_service_t *service = scf_service_create(handle);
	scf_propertygroup_t *pg = scf_pg_create(handle);

	if (scf_handle_bind(handle) == -1)
		(void) fail(worker, "scf_handle_bind");
	else
		(void) open_group(worker, handle, scope, service, pg);
	pthread_barrier_wait(&ready);
	if (worker->failure[0] == '\0')
		commit_until_over(worker, handle, pg);
	scf_pg_destroy(pg);
	scf_service_destroy(service);
	scf_scope_destroy(scope);
	scf_handle_destroy(handle);
	return (NULL);
}

static int
compare(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left;
	uint32_t b = *(const uint32_t *)right;

	return ((a > b) - (a < b));
}

/* Prints what all workers did in `seconds`; 1 where one failed. */
static int
report(worker_t *workers, int count, double seconds)
{
	uint64_t commits = 0, conflicts = 0;
	size_t held = 0;
	uint32_t *all = malloc(sizeof (*all) * MOST_SAMPLES * count);
	int failures = 0;

	for (int i = 0; i < count; i++) {
		worker_t *worker = &workers[i];
		size_t samples = worker->commits < MOST_SAMPLES ? worker->commits : MOST_SAMPLES;

		memcpy(all + held, worker->samples, samples * sizeof (*all));
		held += samples;
		commits += worker->commits;
		conflicts += worker->conflicts;
		if (worker->failure[0] != '\0' && failures++ == 0)
			fprintf(stderr, "scf_load: thread %d: %s\n", i, worker->failure);
	}
	qsort(all, held, sizeof (*all), compare);
	printf("{\"threads\": %d, \"one_group\": %s, \"seconds\": %.3f, \"commits\": %llu, "
	    "\"per_second\": %.1f, \"conflicts\": %llu, \"p50_us\": %u, \"p99_us\": %u, "
	    "\"errors\": %d}\n", count, workers[0].one_group ? "true" : "false", seconds,
	    (unsigned long long)commits, commits / seconds, (unsigned long long)conflicts,
	    held ? all[held / 2] : 0, held ? all[held * 99 / 100] : 0, failures);
	free(all);
	return (failures != 0);
}

int
main(int argc, char **argv)
{
	static worker_t workers[MOST_THREADS];
	int count = 1, one_group = 0, letter;
	double duration = 2, warm_up = 1, start;

	while ((letter = getopt(argc, argv, "t:d:w:1")) != -1) {
		switch (letter) {
		case 't': count = atoi(optarg); break;
		case 'd': duration = atof(optarg); break;
		case 'w': warm_up = atof(optarg); break;
		case '1': one_group = 1; break;
		default: return (64);
		}
	}
	if (count < 1 || count > MOST_THREADS || duration <= 0 || warm_up < 0)
		return (64);
	pthread_barrier_init(&ready, NULL, count + 1);
	for (int i = 0; i < count; i++) {
		workers[i].number = i;
		workers[i].one_group = one_group;
		workers[i].samples = malloc(sizeof (uint32_t) * MOST_SAMPLES);
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
			fprintf(stderr, "scf_load: cannot start thread %d\n", i);
			return (70);
		}
	}
	pthread_barrier_wait(&ready);
	usleep(warm_up * 1e6);
	start = now();
	phase = COUNTING;
	usleep(duration * 1e6);
	phase = OVER;
	duration = now() - start;
	for (int i = 0; i < count; i++)
		pthread_join(workers[i].thread, NULL);
	return (report(workers, count, duration));
}
