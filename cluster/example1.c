/*
 * Example 1 of scf_transaction_create(3SCF) as a program: toggles the boolean "property" of a group.
 *
 * usage: example1 svc:/SERVICE[:INSTANCE]/:properties/GROUP [TIMES]
 */
#include <libscf.h>
#include <stdio.h>
#include <stdlib.h>

static int
toggle(scf_handle_t *handle, scf_propertygroup_t *pg, int to)
{
	scf_transaction_t *tx = scf_transaction_create(handle);
	scf_transaction_entry_t *e1 = scf_entry_create(handle);
	scf_value_t *v1 = scf_value_create(handle);
	int result;

	do {
		if ((result = scf_pg_update(pg)) == -1)
			break;
		if ((result = scf_transaction_start(tx, pg)) == -1)
			break;
		result = scf_transaction_property_change(tx, e1, "property",
		    SCF_TYPE_BOOLEAN);
		if (result == -1)
			break;
		scf_value_set_boolean(v1, to);
		scf_entry_add_value(e1, v1);
		result = scf_transaction_commit(tx);
		scf_transaction_reset(tx);
	} while (result == 0);

	scf_transaction_destroy(tx);
	scf_entry_destroy(e1);
	scf_value_destroy(v1);
	return (result);
}

int
main(int argc, char **argv)
{
	scf_handle_t *handle = scf_handle_create(SCF_VERSION);
	scf_propertygroup_t *pg = scf_pg_create(handle);
	int times = argc > 2 ? atoi(argv[2]) : 1, done = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: example1 FMRI [TIMES]\n");
		return (2);
	}
	if (scf_handle_bind(handle) == 0 && scf_handle_decode_fmri(handle, argv[1],
	    NULL, NULL, NULL, pg, NULL, SCF_DECODE_FMRI_EXACT) == 0) {
		while (done < times && toggle(handle, pg, done % 2 == 0) == 1)
			done++;
	}
	printf("%d of %d commits\n", done, times);
	if (done < times)
		fprintf(stderr, "example1: %s\n", scf_strerror(scf_error()));
	scf_pg_destroy(pg);
	scf_handle_destroy(handle);
	return (done < times);
}
