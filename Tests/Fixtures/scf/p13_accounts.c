/*
 * Accounts: processes with threads move amounts between the properties of groups, in a transaction
 * each, for SCF_TEST_SECONDS or a few rounds. What a group holds never changes, at no moment that
 * anybody sees, and each transfer is counted once.
 */
#include "scftest.h"
#include <pthread.h>
#include <sys/wait.h>
#include <time.h>

#define	PROCESSES	2
#define	THREADS		2
#define	ACCOUNTS	4

enum { GROUPS = 2, START = 1000, ROUNDS = 12 };

typedef struct mover {
	const char *svcname;
	unsigned int seed;
	int committed[GROUPS];
	int bad_sums;
	int failed;
} mover_t;

static time_t end;

static const char *
account(int i)
{
	static const char *const names[ACCOUNTS + 1] = { "a", "b", "c", "d", "transfers" };

	return (names[i]);
}

/* What the group holds in each account, and its count of transfers behind them. */
static int
balances(scf_propertygroup_t *pg, scf_property_t *p, scf_value_t *v, int64_t *all)
{
	int i;

	for (i = 0; i <= ACCOUNTS; i++)
		if (scf_pg_get_property(pg, account(i), p) != 0 ||
		    scf_property_get_value(p, v) != 0 || scf_value_get_integer(v, &all[i]) != 0)
			return (-1);
	return (0);
}

/* Moves an amount between two accounts and counts it; 1 where that is committed. */
static int
move(mover_t *m, scf_propertygroup_t *pg, int from, int to, int64_t amount)
{
	scf_handle_t *h = scf_pg_handle(pg);
	scf_transaction_t *tx = scf_transaction_create(h);
	scf_property_t *p = scf_property_create(h);
	scf_value_t *v = scf_value_create(h), *values[3];
	scf_transaction_entry_t *entries[3];
	const int which[3] = { from, to, ACCOUNTS }, by[3] = { (int)-amount, (int)amount, 1 };
	int64_t all[ACCOUNTS + 1], sum;
	int i, r = 0;

	for (i = 0; i < 3; i++) {
		values[i] = scf_value_create(h);
		entries[i] = scf_entry_create(h);
	}
	while (r == 0) {
		r = -1;
		if (scf_pg_update(pg) == -1 || balances(pg, p, v, all) != 0 ||
		    scf_transaction_start(tx, pg) != 0)
			break;
		for (sum = 0, i = 0; i < ACCOUNTS; i++)
			sum += all[i];
		m->bad_sums += sum != ACCOUNTS * START;
		for (i = 0; i < 3; i++) {
			scf_value_set_integer(values[i], all[which[i]] + by[i]);
			if (scf_transaction_property_change(tx, entries[i], account(which[i]),
			    SCF_TYPE_INTEGER) != 0 || scf_entry_add_value(entries[i], values[i]) != 0)
				break;
		}
		if (i == 3)
			r = scf_transaction_commit(tx);
		scf_transaction_reset(tx);
	}
	if (r != 1)
		printf("# a transfer fails: %s\n", scf_strerror(scf_error()));
	for (i = 0; i < 3; i++) {
		scf_entry_destroy(entries[i]);
		scf_value_destroy(values[i]);
	}
	scf_value_destroy(v);
	scf_property_destroy(p);
	scf_transaction_destroy(tx);
	return (r);
}

static scf_propertygroup_t *
group(env_t *e, int number)
{
	scf_propertygroup_t *pg = scf_pg_create(e->h);
	char name[16];

	snprintf(name, sizeof (name), "bank%d", number);
	if (scf_instance_get_pg(e->inst, name, pg) != 0)
		t_bail("scf_instance_get_pg");
	return (pg);
}

static void *
mover(void *arg)
{
	mover_t *m = arg;
	scf_propertygroup_t *groups[GROUPS];
	env_t e;
	int i, round, from, which;

	env_view(&e, m->svcname);
	for (i = 0; i < GROUPS; i++)
		groups[i] = group(&e, i);
	for (round = 0; round < ROUNDS || time(NULL) < end; round++) {
		which = rand_r(&m->seed) % GROUPS;
		from = rand_r(&m->seed) % ACCOUNTS;
		if (move(m, groups[which], from, (from + 1 + rand_r(&m->seed) % (ACCOUNTS - 1)) %
		    ACCOUNTS, rand_r(&m->seed) % 100) == 1)
			m->committed[which]++;
		else
			m->failed++;
	}
	for (i = 0; i < GROUPS; i++)
		scf_pg_destroy(groups[i]);
	env_free(&e);
	return (NULL);
}

/* One process: its threads' counts go up the pipe. */
static void
child(const char *svcname, int number, int up)
{
	pthread_t threads[THREADS];
	mover_t movers[THREADS];
	int i;

	for (i = 0; i < THREADS; i++) {
		movers[i] = (mover_t){ .svcname = svcname, .seed = number * THREADS + i + 1 };
		if (pthread_create(&threads[i], NULL, mover, &movers[i]) != 0)
			_exit(2);
	}
	for (i = 0; i < THREADS; i++)
		(void) pthread_join(threads[i], NULL);
	fflush(stdout);
	_exit(write(up, movers, sizeof (movers)) == sizeof (movers) ? 0 : 3);
}

int
main(void)
{
	env_t e;
	scf_property_t *p;
	scf_value_t *v;
	scf_propertygroup_t *pg;
	mover_t movers[THREADS];
	pid_t children[PROCESSES];
	const char *seconds = getenv("SCF_TEST_SECONDS");
	char name[16];
	int ends[PROCESSES][2], i, j, g, status, failed = 0, bad = 0, ended = 0;
	int64_t committed[GROUPS] = { 0 }, all[ACCOUNTS + 1], sum;

	env_new(&e, "p13");
	p = scf_property_create(e.h);
	v = scf_value_create(e.h);
	for (g = 0; g < GROUPS; g++) {
		snprintf(name, sizeof (name), "bank%d", g);
		if (scf_instance_add_pg(e.inst, name, "application", 0, e.pg) != 0)
			t_bail("scf_instance_add_pg");
		for (i = 0; i <= ACCOUNTS; i++)
			if (t_set1(e.pg, ACT_NEW, account(i), SCF_TYPE_INTEGER,
			    i < ACCOUNTS ? "1000" : "0") != 1 || scf_pg_update(e.pg) != 1)
				t_bail("an account");
	}
	OK(1, "accounts");
	end = time(NULL) + (seconds == NULL ? 0 : atoi(seconds));
	for (i = 0; i < PROCESSES; i++) {
		if (pipe(ends[i]) != 0 || (children[i] = fork()) == -1)
			t_bail("fork");
		if (children[i] == 0)
			child(e.svcname, i, ends[i][1]);
		(void) close(ends[i][1]);
	}
	for (i = 0; i < PROCESSES; i++) {
		ended += read(ends[i][0], movers, sizeof (movers)) == sizeof (movers) &&
		    waitpid(children[i], &status, 0) == children[i] && status == 0;
		(void) close(ends[i][0]);
		for (j = 0; j < THREADS; j++) {
			failed += movers[j].failed;
			bad += movers[j].bad_sums;
			for (g = 0; g < GROUPS; g++)
				committed[g] += movers[j].committed[g];
		}
	}
	OK(ended == PROCESSES, "both processes end well");
	OK(failed == 0, "every transfer commits");
	OK(bad == 0, "no sum was ever another");
	for (g = 0; g < GROUPS; g++) {
		pg = group(&e, g);
		sum = 0;
		OK(balances(pg, p, v, all) == 0, "group %d is there", g);
		for (i = 0; i < ACCOUNTS; i++)
			sum += all[i];
		OK(sum == ACCOUNTS * START, "its sum is exact");
		OK(all[ACCOUNTS] == committed[g], "of %ld transfers each is counted once",
		    (long)committed[g]);
		scf_pg_destroy(pg);
	}
	scf_value_destroy(v);
	scf_property_destroy(p);
	env_delete(&e);
	return (t_done());
}
