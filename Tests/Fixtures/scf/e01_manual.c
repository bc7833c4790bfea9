/*
 * Example 1 of scf_transaction_create(3SCF), to the letter, on a cluster whose leader may be killed
 * meanwhile: again and again for SCF_TEST_SECONDS, and ten times at least.
 */
#include "scftest.h"
#include <time.h>

static int
set_to_true(scf_handle_t *handle, scf_propertygroup_t *pg)
{
	scf_transaction_t *tx;
	scf_transaction_entry_t *e1;
	scf_value_t *v1;
	int result;

tx = scf_transaction_create(handle);
e1 = scf_entry_create(handle);
v1 = scf_value_create(handle);

do {
 if (scf_pg_update(pg) == -1)
 goto fail;
 if (scf_transaction_start(tx, pg) == -1)
 goto fail;

 /* set up transaction entries */
 if (scf_transaction_property_change(tx, e1, "property",
 SCF_TYPE_BOOLEAN) == -1) {
 scf_transaction_reset(tx);
 goto fail;
 }
 scf_value_set_boolean(v1, 1);
 scf_entry_add_value(e1, v1);


 result = scf_transaction_commit(tx);

 scf_transaction_reset(tx);
} while (result == 0);

if (result < 0)
 goto fail;

/* success */

 cleanup:
scf_transaction_destroy(tx);
scf_entry_destroy(e1);
scf_value_destroy(v1);

	return (result);

fail:
	printf("# Example 1 fails: %s\n", scf_strerror(scf_error()));
	result = -1;
	goto cleanup;
}

int
main(void)
{
	env_t e, w;
	const char *seconds = getenv("SCF_TEST_SECONDS");
	time_t end = time(NULL) + (seconds == NULL ? 0 : atoi(seconds));
	int round, set = 0, seen = 0, unset = 0;

	env_new(&e, "e01");
	OK(t_set1(e.pg, ACT_NEW, "property", SCF_TYPE_BOOLEAN, "false") == 1, "an existing boolean");
	env_view(&w, e.svcname);
	for (round = 0; round < 10 || time(NULL) < end; round++) {
		set += set_to_true(e.h, e.pg) == 1;
		/* Another handle sees it, and makes it false again. */
		seen += scf_pg_update(w.pg) == 1 && IS(w.pg, "property", "true");
		unset += t_set1(w.pg, ACT_CHANGE, "property", SCF_TYPE_BOOLEAN, "false") == 1 &&
		    scf_pg_update(w.pg) == 1;
	}
	printf("# %d rounds\n", round);
	OK(set == round, "it is set to true each time");
	OK(seen == round, "which another handle sees");
	OK(unset == round, "and makes false again");
	env_free(&w);
	env_delete(&e);
	return (t_done());
}
