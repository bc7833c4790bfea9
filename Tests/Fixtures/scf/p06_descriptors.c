/* A program that closes what it has not opened, as daemons do, and one that may not wait. */
#include "scftest.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

enum { NUMBERS = 64, MOST = 1024 };

/* The highest descriptor that is open, and one more. */
static int
highest(void)
{
	int fd, last = 2;

	for (fd = 3; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			last = fd;
	return (last + 1);
}

static void
close_all(void)
{
	int fd, end = highest();

	for (fd = 3; fd < end; fd++)
		(void) close(fd);
}

/* No more than the first three descriptors; how many there may be else. */
static struct rlimit
allow_three(void)
{
	struct rlimit old, three;

	(void) getrlimit(RLIMIT_NOFILE, &old);
	three = old;
	three.rlim_cur = 3;
	(void) setrlimit(RLIMIT_NOFILE, &three);
	return (old);
}

static void *
allow_later(void *limit)
{
	(void) poll(NULL, 0, 100);
	(void) setrlimit(RLIMIT_NOFILE, limit);
	return (NULL);
}

/* Where there is no descriptor left, and another thread sees to one, or nobody does. */
static void
check_lack(env_t *e)
{
	struct rlimit old;
	pthread_t other;
	int ends[2];

	close_all();
	old = allow_three();
	/* Not everything that runs programs keeps them to this limit. */
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0) {
		(void) close(ends[0]);
		(void) close(ends[1]);
		SKIP(2, "descriptors are given beyond the limit");
	} else {
		FAILS(scf_pg_update(e->pg), SCF_ERROR_NO_RESOURCES, "a lack that lasts is told");
		(void) pthread_create(&other, NULL, allow_later, &old);
		OK(scf_pg_update(e->pg) == 0, "one that passes is waited for");
		(void) pthread_join(other, NULL);
	}
	(void) setrlimit(RLIMIT_NOFILE, &old);
	OK(scf_pg_update(e->pg) == 0, "there are descriptors again");
}

/* What takes the descriptors that there may be, and how many it has. */
typedef struct stock {
	int taken[MOST];
	int count;
} stock_t;

/* Takes all but some; false where there is no end of them. */
static int
take_all_but(stock_t *stock, int left)
{
	stock->count = 0;
	while (stock->count < MOST &&
	    (stock->taken[stock->count] = dup(0)) != -1)
		stock->count++;
	if (stock->count == MOST)
		left = MOST;
	while (left-- > 0 && stock->count > 0)
		(void) close(stock->taken[--stock->count]);
	return (stock->count > 0);
}

static void
give_back(stock_t *stock)
{
	while (stock->count > 0)
		(void) close(stock->taken[--stock->count]);
}

static void *
give_back_later(void *stock)
{
	(void) poll(NULL, 0, 100);
	give_back(stock);
	return (NULL);
}

/* Where there are some descriptors, and none for the connection. */
static void
check_connections(env_t *e)
{
	static stock_t stock;
	scf_handle_t *h = t_handle();
	struct rlimit old, few;
	struct timespec begin, end;
	pthread_t other;
	int left;

	OK(scf_handle_unbind(h) == 0, "a handle that is not bound");
	close_all();
	(void) getrlimit(RLIMIT_NOFILE, &old);
	few = old;
	few.rlim_cur = highest() + 8;
	(void) setrlimit(RLIMIT_NOFILE, &few);
	if (!take_all_but(&stock, 0)) {
		SKIP(6, "descriptors are given beyond the limit");
	} else {
		for (left = 0; left < 3; left++) {
			give_back(&stock);
			(void) take_all_but(&stock, left);
			FAILS(scf_handle_bind(h), SCF_ERROR_NO_RESOURCES,
			    "bind with %d descriptors", left);
		}
		(void) clock_gettime(CLOCK_MONOTONIC, &begin);
		FAILS(scf_pg_update(e->pg), SCF_ERROR_NO_RESOURCES,
		    "a call that makes its connection anew");
		(void) clock_gettime(CLOCK_MONOTONIC, &end);
		OK(end.tv_sec - begin.tv_sec < 15, "it is told soon");
		(void) pthread_create(&other, NULL, give_back_later, &stock);
		OK(scf_handle_bind(h) == 0, "descriptors that come are waited for");
		(void) pthread_join(other, NULL);
	}
	give_back(&stock);
	(void) setrlimit(RLIMIT_NOFILE, &old);
	OK(scf_pg_update(e->pg) == 0, "it goes on with those that there are");
	scf_handle_destroy(h);
}

int
main(void)
{
	env_t e;
	char path[] = "/tmp/scftest.XXXXXX";
	struct stat st;
	struct rlimit old, none;
	struct pollfd two[2] = { { 0, 0, 0 }, { 1, 0, 0 } };
	int files[NUMBERS], fd, i, end, open_still = 1;

	env_new(&e, "p06");
	OK(t_set1(e.pg, ACT_NEW, "n", SCF_TYPE_COUNT, "1") == 1, "a property");
	end = highest();
	for (fd = 3; fd < end; fd++)
		(void) close(fd);
	OK(scf_pg_update(e.pg) == 1, "closed descriptors are made anew");
	/* This time the program's own files get the numbers. */
	end = highest();
	for (fd = 3; fd < end; fd++)
		(void) close(fd);
	for (i = 0; i < NUMBERS; i++)
		files[i] = i == 0 ? mkstemp(path) : open(path, O_RDWR | O_APPEND);
	OK(t_set1(e.pg, ACT_CHANGE, "n", SCF_TYPE_COUNT, "2") == 1, "and again, among others");
	OK(scf_handle_unbind(e.h) == 0 && scf_handle_bind(e.h) == 0, "unbind and bind");
	for (i = 0; i < NUMBERS; i++)
		if (fcntl(files[i], F_GETFD) == -1)
			open_still = 0;
	OK(open_still, "the program's files are still open");
	OK(stat(path, &st) == 0 && st.st_size == 0, "and nothing was written to them");
	(void) unlink(path);
	for (i = 0; i < NUMBERS; i++)
		(void) close(files[i]);

	OK(scf_handle_get_scope(e.h, SCF_SCOPE_LOCAL, e.sc) == 0 &&
	    scf_scope_get_service(e.sc, e.svcname, e.svc) == 0 &&
	    scf_service_get_instance(e.svc, "default", e.inst) == 0 &&
	    scf_instance_get_pg(e.inst, "cfg", e.pg) == 0 && IS(e.pg, "n", "2"), "set again");
	/* poll(2) refuses more descriptors than may be open. */
	(void) getrlimit(RLIMIT_NOFILE, &old);
	none = old;
	none.rlim_cur = 1;
	(void) setrlimit(RLIMIT_NOFILE, &none);
	/* Not everything that runs programs lets them have this limit. */
	if (poll(two, 2, 0) == -1)
		FAILS(scf_pg_update(e.pg), SCF_ERROR_NO_RESOURCES, "what cannot be waited for");
	else
		SKIP(1, "poll does not refuse");
	(void) setrlimit(RLIMIT_NOFILE, &old);
	OK(scf_pg_update(e.pg) == 0, "it goes on when it may");
	check_lack(&e);
	check_connections(&e);
	env_delete(&e);
	return (t_done());
}
