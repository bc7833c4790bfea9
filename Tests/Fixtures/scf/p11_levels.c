/* What snapshots and their levels tell of themselves, an entry taken back, and simple values. */
#include "scftest.h"
#include <libscf_priv.h>

static char buf[200];

/* The names of the groups of an iterator, one letter each. */
static const char *
letters(scf_iter_t *it, scf_propertygroup_t *pg)
{
	static char found[20];
	size_t n = 0;

	while (n < sizeof (found) - 1 && scf_iter_next_pg(it, pg) == 1)
		if (scf_pg_get_name(pg, buf, sizeof (buf)) == 1)
			found[n++] = buf[0];
	found[n] = '\0';
	return (found);
}

static void
levels(env_t *e)
{
	scf_snapshot_t *snap = scf_snapshot_create(e->h), *again = scf_snapshot_create(e->h);
	scf_snaplevel_t *top = scf_snaplevel_create(e->h), *low = scf_snaplevel_create(e->h);
	scf_instance_t *inst = scf_instance_create(e->h);
	scf_service_t *svc = scf_service_create(e->h);
	scf_propertygroup_t *pg = scf_pg_create(e->h);
	scf_iter_t *it = scf_iter_create(e->h);
	const char *found;

	OK(scf_instance_add_pg(e->inst, "a", "application", 0, NULL) == 0 &&
	    scf_instance_add_pg(e->inst, "f", "framework", 0, NULL) == 0 &&
	    scf_instance_add_pg(e->inst, "v", "application", SCF_PG_FLAG_NONPERSISTENT, NULL) == 0 &&
	    scf_service_add_pg(e->svc, "s", "framework", 0, NULL) == 0 &&
	    _scf_snapshot_take_new(e->inst, "initial", snap) == 0, "a snapshot");
	OK(scf_snapshot_get_parent(snap, inst) == 0 &&
	    scf_instance_get_name(inst, buf, sizeof (buf)) == 7 && strcmp(buf, "default") == 0,
	    "whose it is");
	OK(scf_snapshot_get_parent(snap, NULL) == 0, "nobody needs to know");
	OK(scf_snapshot_get_base_snaplevel(snap, top) == 0 &&
	    scf_snaplevel_get_next_snaplevel(top, low) == 0, "its two levels");
	OK(scf_snaplevel_get_scope_name(top, buf, sizeof (buf)) == 9 &&
	    strcmp(buf, "localhost") == 0, "their scope");
	OK(scf_snaplevel_get_scope_name(low, buf, 3) == 9 && strcmp(buf, "lo") == 0, "cut short");
	OK(scf_snaplevel_get_service_name(top, buf, sizeof (buf)) == (ssize_t)strlen(e->svcname) &&
	    strcmp(buf, e->svcname) == 0, "their service");
	OK(scf_snaplevel_get_service_name(low, buf, 3) == (ssize_t)strlen(e->svcname) &&
	    strcmp(buf, "sc") == 0, "of both, cut short");
	OK(scf_snaplevel_get_service_name(low, NULL, 0) == (ssize_t)strlen(e->svcname), "its length");
	FAILS(scf_snaplevel_get_instance_name(low, buf, sizeof (buf)),
	    SCF_ERROR_CONSTRAINT_VIOLATED, "the lower has no instance");
	OK(scf_snaplevel_get_parent(low, again) == 0 && scf_snapshot_get_name(again, buf,
	    sizeof (buf)) == 7 && strcmp(buf, "initial") == 0, "their snapshot");

	OK(scf_iter_snaplevel_pgs(it, top) == 0, "groups of the upper");
	found = letters(it, pg);
	OK(strlen(found) == 2 && strchr(found, 'a') && strchr(found, 'f'), "are persistent: %s", found);
	OK(scf_iter_snaplevel_pgs_typed(it, top, "framework") == 0 &&
	    strcmp(letters(it, pg), "f") == 0, "of one type");
	OK(scf_iter_snaplevel_pgs_typed(it, low, "framework") == 0 &&
	    strcmp(letters(it, pg), "s") == 0, "of the lower");
	OK(scf_iter_snaplevel_pgs_typed(it, low, "application") == 0 &&
	    strcmp(letters(it, pg), "") == 0, "of which there is none");
	FAILS(scf_iter_snaplevel_pgs_typed(it, low, "a b"), SCF_ERROR_INVALID_ARGUMENT, "no type");
	FAILS(scf_iter_snaplevel_pgs_typed(it, low, NULL), SCF_ERROR_INVALID_ARGUMENT, "none at all");
	FAILS(scf_iter_next_pg(it, pg), SCF_ERROR_NOT_SET, "which resets the iterator");

	OK(scf_snaplevel_get_pg(low, "s", pg) == 0, "a group of the lower");
	FAILS(scf_pg_get_parent_service(pg, svc), SCF_ERROR_CONSTRAINT_VIOLATED, "is no service's");
	FAILS(scf_pg_get_parent_instance(pg, inst), SCF_ERROR_CONSTRAINT_VIOLATED, "nor instance's");
	OK(scf_pg_get_parent_snaplevel(pg, top) == 0, "but the level's");
	FAILS(scf_snaplevel_get_next_snaplevel(top, low), SCF_ERROR_NOT_FOUND, "which is the last");
	FAILS(scf_snaplevel_get_parent(low, NULL), SCF_ERROR_NOT_SET, "and the target is reset");
	FAILS(scf_snaplevel_get_pg(top, "a", pg), SCF_ERROR_NOT_FOUND, "which has not the other's");
	FAILS(scf_snaplevel_get_pg(top, "a b", pg), SCF_ERROR_INVALID_ARGUMENT, "no name");
	scf_iter_destroy(it);
	scf_pg_destroy(pg);
	scf_service_destroy(svc);
	scf_instance_destroy(inst);
	scf_snaplevel_destroy(low);
	scf_snaplevel_destroy(top);
	scf_snapshot_destroy(again);
	scf_snapshot_destroy(snap);
}

/* An entry that is reset leaves its transaction, which is not committed any more. */
static void
entries(env_t *e)
{
	scf_transaction_t *tx = scf_transaction_create(e->h);
	scf_transaction_entry_t *en = scf_entry_create(e->h);
	scf_value_t *v = scf_value_create(e->h);
	uint64_t n = 0;

	scf_entry_reset(NULL);
	scf_entry_reset(en);
	FAILS(scf_entry_add_value(en, v), SCF_ERROR_NOT_SET, "in no transaction");
	scf_value_set_count(v, 7);
	OK(scf_transaction_start(tx, e->pg) == 0 &&
	    scf_transaction_property_new(tx, en, "n", SCF_TYPE_COUNT) == 0 &&
	    scf_entry_add_value(en, v) == 0, "an entry with a value");
	scf_entry_reset(en);
	FAILS(scf_entry_add_value(en, v), SCF_ERROR_NOT_SET, "taken back");
	OK(scf_value_get_count(v, &n) == 0 && n == 7, "the value is what it was");
	FAILS(scf_transaction_property_new(tx, en, "n", SCF_TYPE_COUNT), SCF_ERROR_NOT_SET,
	    "the transaction takes no other");
	FAILS(scf_transaction_commit(tx), SCF_ERROR_INVALID_ARGUMENT, "nor is it committed");
	OK(scf_pg_update(e->pg) == 0, "nothing happened");
	scf_transaction_reset(tx);
	OK(scf_transaction_start(tx, e->pg) == 0 &&
	    scf_transaction_property_new(tx, en, "n", SCF_TYPE_COUNT) == 0 &&
	    scf_entry_add_value(en, v) == 0 && scf_transaction_commit(tx) == 1,
	    "both serve again");
	scf_entry_reset(en);
	FAILS2(scf_transaction_commit(tx), SCF_ERROR_INVALID_ARGUMENT, SCF_ERROR_NOT_SET,
	    "committed once");
	FAILS(scf_transaction_start(tx, e->pg), SCF_ERROR_IN_USE, "reset comes first");
	scf_transaction_reset(tx);
	OK(scf_pg_update(e->pg) == 1 && IS(e->pg, "n", "7"), "and it counts");
	scf_value_destroy(v);
	scf_entry_destroy(en);
	scf_transaction_destroy(tx);
}

/* Simple values of the types that others do not show. */
static void
simple(env_t *e)
{
	const char *numbers[] = { "-1", "9223372036854775807" }, *words[] = { "\303\251", "" };
	char fmri[200], *text;
	scf_simple_prop_t *p;
	int64_t *number;

	snprintf(fmri, sizeof (fmri), "svc:/%s:default", e->svcname);
	OK(t_tx(e->pg, ACT_NEW, "integers", SCF_TYPE_INTEGER, 2, numbers) == 1 &&
	    scf_pg_update(e->pg) == 1 &&
	    t_tx(e->pg, ACT_NEW, "words", SCF_TYPE_USTRING, 2, words) == 1, "properties");
	OK((p = scf_simple_prop_get(e->h, fmri, "cfg", "integers")) != NULL, "integers");
	OK((number = scf_simple_prop_next_integer(p)) != NULL && *number == -1, "the first");
	NULLS(scf_simple_prop_next_ustring(p), SCF_ERROR_TYPE_MISMATCH, "no text");
	NULLS(scf_simple_prop_next_boolean(p), SCF_ERROR_TYPE_MISMATCH, "nor truth");
	OK((number = scf_simple_prop_next_integer(p)) != NULL && *number == INT64_MAX, "the second");
	NULLS(scf_simple_prop_next_integer(p), SCF_ERROR_NONE, "no more, which is no error");
	scf_simple_prop_free(p);
	OK((p = scf_simple_prop_get(e->h, fmri, "cfg", "words")) != NULL, "words");
	OK((text = scf_simple_prop_next_ustring(p)) != NULL && strcmp(text, "\303\251") == 0,
	    "the first");
	NULLS(scf_simple_prop_next_integer(p), SCF_ERROR_TYPE_MISMATCH, "no number");
	NULLS(scf_simple_prop_next_opaque(p, NULL), SCF_ERROR_TYPE_MISMATCH, "nor bytes");
	OK((text = scf_simple_prop_next_ustring(p)) != NULL && *text == '\0', "an empty one");
	NULLS(scf_simple_prop_next_ustring(p), SCF_ERROR_NONE, "no more");
	scf_simple_prop_next_reset(p);
	OK((text = scf_simple_prop_next_ustring(p)) != NULL && *text == '\303', "and again");
	scf_simple_prop_free(p);
}

int
main(void)
{
	env_t e;

	env_new(&e, "p11");
	levels(&e);
	entries(&e);
	simple(&e);
	env_delete(&e);
	return (t_done());
}
