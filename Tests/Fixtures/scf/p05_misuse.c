/* What programs do wrong, and the corners of what they may do: every call says so, none crashes. */
#include "scftest.h"

static void
texts(env_t *e)
{
	scf_value_t *v = scf_value_create(e->h);
	scf_iter_t *it = scf_iter_create(e->h);
	scf_property_t *p = scf_property_create(e->h);
	char buf[800];

	OK(scf_scope_to_fmri(e->sc, buf, sizeof (buf)) == 4 && strcmp(buf, "svc:") == 0,
	    "the scope's FMRI");
	FAILS(scf_scope_get_parent(e->sc, NULL), SCF_ERROR_NOT_FOUND, "a scope has no parent");
	OK(scf_value_set_from_string(v, SCF_TYPE_FMRI, "svc://other/a:b") == 0,
	    "an FMRI of another scope is one");
	OK(scf_value_set_from_string(v, SCF_TYPE_FMRI, "svc:///a:b") == 0, "no scope is the local one");
	FAILS(scf_value_set_from_string(v, SCF_TYPE_FMRI, "file:///"), SCF_ERROR_INVALID_ARGUMENT,
	    "a file without a name");
	FAILS(scf_value_set_from_string(v, SCF_TYPE_FMRI, "file://other/x"),
	    SCF_ERROR_INVALID_ARGUMENT, "a file of another host");
	memset(buf, 'a', sizeof (buf) - 1);
	memcpy(buf, "svc:/", 5);
	buf[sizeof (buf) - 1] = 0;
	OK(scf_value_set_from_string(v, SCF_TYPE_FMRI, buf) == 0, "a service without an end");
	FAILS(scf_handle_decode_fmri(e->h, buf, e->sc, NULL, NULL, NULL, NULL, 0),
	    SCF_ERROR_INVALID_ARGUMENT, "which is none");
	OK(scf_handle_get_scope(e->h, SCF_SCOPE_LOCAL, e->sc) == 0, "the scope again");
	scf_value_reset(v);
	FAILS(scf_value_get_as_string_typed(v, SCF_TYPE_INVALID, buf, sizeof (buf)),
	    SCF_ERROR_INVALID_ARGUMENT, "no type comes before no value");
	scf_value_set_count(v, 7);
	OK(scf_value_get_count(v, NULL) == 0, "a count nobody wants");
	OK(scf_value_get_as_string(v, buf, SIZE_MAX) == 1 && strcmp(buf, "7") == 0, "enough room");
	OK(scf_value_set_time(v, 1, 2) == 0 && scf_value_get_time(v, NULL, NULL) == 0, "a time");
	OK(scf_value_set_opaque(v, "ab", 2) == 0 &&
	    scf_value_get_opaque(v, buf, SIZE_MAX) == 2, "bytes, and enough room");
	FAILS(scf_value_set_astring(v, NULL), SCF_ERROR_INVALID_ARGUMENT, "no text");
	OK(scf_value_type(v) == SCF_TYPE_INVALID, "leaves nothing");
	scf_value_set_count(v, 7);
	FAILS(scf_value_set_from_string(v, SCF_TYPE_COUNT, NULL), SCF_ERROR_INVALID_ARGUMENT, "none");
	OK(scf_value_type(v) == SCF_TYPE_INVALID, "leaves nothing either");
	OK(scf_pg_get_flags(e->pg, NULL) == 0, "flags nobody wants");
	OK(t_set1(e->pg, ACT_NEW, "n", SCF_TYPE_COUNT, "1") == 1 && scf_pg_update(e->pg) == 1 &&
	    scf_pg_get_property(e->pg, "n", p) == 0 && scf_property_type(p, NULL) == 0,
	    "a type nobody wants");
	OK(scf_iter_service_pgs(it, e->svc) == 0, "an iterator");
	FAILS(scf_iter_service_pgs_typed(it, e->svc, NULL), SCF_ERROR_INVALID_ARGUMENT,
	    "no type of groups");
	FAILS(scf_iter_next_pg(it, e->pg), SCF_ERROR_NOT_SET, "resets the iterator");
	OK(scf_iter_service_pgs(it, e->svc) == 0, "it goes through groups");
	FAILS(scf_iter_next_property(it, p), SCF_ERROR_INVALID_ARGUMENT, "not through properties");
	OK(scf_pg_get_name(e->pg, buf, sizeof (buf)) == 3, "the group stays what it is");
	OK(scf_property_get_name(p, buf, sizeof (buf)) == 1, "and the property");
	FAILS(scf_value_get_count((scf_value_t *)e->pg, NULL), SCF_ERROR_INVALID_ARGUMENT,
	    "a group is no value");
	scf_property_destroy(p);
	scf_iter_destroy(it);
	scf_value_destroy(v);
}

/* What belongs to another handle comes before what is wrong with a text. */
static void
strangers(env_t *e)
{
	scf_handle_t *h = scf_handle_create(SCF_VERSION);
	scf_propertygroup_t *pg = scf_pg_create(h);
	scf_instance_t *inst = scf_instance_create(h);
	scf_iter_t *it = scf_iter_create(e->h);
	scf_scope_t *sc = scf_scope_create(h);

	FAILS(scf_instance_add_pg(e->inst, NULL, "application", 0, pg), SCF_ERROR_HANDLE_MISMATCH,
	    "a stranger's group for no name");
	FAILS(scf_instance_get_pg(e->inst, NULL, pg), SCF_ERROR_HANDLE_MISMATCH, "to get it");
	OK(scf_iter_instance_pgs(it, e->inst) == 0, "groups");
	FAILS(scf_iter_instance_pgs_typed(it, inst, NULL), SCF_ERROR_HANDLE_MISMATCH,
	    "a stranger's instance, no type");
	OK(scf_iter_next_pg(it, e->pg) == 1, "leaves the iterator alone");
	OK(scf_instance_get_pg(e->inst, "cfg", e->pg) == 0, "the group again");
	FAILS(scf_handle_decode_fmri(e->h, NULL, e->sc, NULL, NULL, NULL, NULL, 0),
	    SCF_ERROR_INVALID_ARGUMENT, "no FMRI");
	FAILS(scf_scope_get_name(e->sc, NULL, 0), SCF_ERROR_NOT_SET, "resets what it was for");
	OK(scf_handle_get_scope(e->h, SCF_SCOPE_LOCAL, e->sc) == 0, "which is set again");
	FAILS(scf_handle_get_scope(h, "1x", sc), SCF_ERROR_INVALID_ARGUMENT, "no name of a scope");
	FAILS(scf_handle_get_scope(h, "other", sc), SCF_ERROR_NOT_FOUND, "another scope");
	FAILS(scf_handle_get_scope(h, SCF_SCOPE_LOCAL, sc), SCF_ERROR_NOT_BOUND, "not bound");
	scf_scope_destroy(sc);
	scf_iter_destroy(it);
	scf_instance_destroy(inst);
	scf_pg_destroy(pg);
	scf_handle_destroy(h);
}

static void
fmris(env_t *e)
{
	scf_property_t *p = scf_property_create(e->h);
	char fmri[256], buf[256];

	snprintf(fmri, sizeof (fmri), "svc:/%s:default/:properties/cfg/n", e->svcname);
	OK(scf_handle_decode_fmri(e->h, fmri, e->sc, e->svc, e->inst, e->pg, p,
	    SCF_DECODE_FMRI_EXACT) == 0, "all of it");
	OK(scf_property_to_fmri(p, buf, sizeof (buf)) == (ssize_t)strlen(fmri) &&
	    strcmp(fmri, buf) == 0, "and back");
	FAILS(scf_handle_decode_fmri(e->h, fmri, e->sc, e->svc, e->inst, e->pg, NULL,
	    SCF_DECODE_FMRI_EXACT), SCF_ERROR_CONSTRAINT_VIOLATED, "more than wanted");
	FAILS(scf_pg_get_name(e->pg, NULL, 0), SCF_ERROR_NOT_SET, "resets the targets");
	OK(scf_handle_decode_fmri(e->h, fmri, e->sc, e->svc, e->inst, NULL, NULL,
	    SCF_DECODE_FMRI_TRUNCATE) == 0, "as much as wanted");
	FAILS(scf_handle_decode_fmri(e->h, fmri, NULL, NULL, e->inst, NULL, NULL,
	    SCF_DECODE_FMRI_REQUIRE_NO_INSTANCE), SCF_ERROR_CONSTRAINT_VIOLATED, "an instance");
	snprintf(fmri, sizeof (fmri), "svc://other/%s:default", e->svcname);
	FAILS(scf_handle_decode_fmri(e->h, fmri, NULL, NULL, e->inst, NULL, NULL, 0),
	    SCF_ERROR_NOT_FOUND, "another scope");
	FAILS(scf_handle_decode_fmri(e->h, "file:/etc", NULL, NULL, e->inst, NULL, NULL, 0),
	    SCF_ERROR_INVALID_ARGUMENT, "a file");
	OK(scf_handle_decode_fmri(e->h, "svc:", e->sc, NULL, NULL, NULL, NULL,
	    SCF_DECODE_FMRI_EXACT) == 0, "the scope alone");
	snprintf(fmri, sizeof (fmri), "%s:default/:properties/cfg", e->svcname);
	OK(scf_handle_decode_fmri(e->h, fmri, e->sc, e->svc, e->inst, e->pg, NULL, 0) == 0,
	    "without its beginning");
	scf_property_destroy(p);
}

static void
transactions(env_t *e)
{
	scf_transaction_t *tx = scf_transaction_create(e->h);
	scf_transaction_entry_t *en = scf_entry_create(e->h);
	scf_value_t *v = scf_value_create(e->h);

	scf_value_set_count(v, 5);
	OK(scf_transaction_start(tx, e->pg) == 0 &&
	    scf_transaction_property_change(tx, en, "n", SCF_TYPE_COUNT) == 0 &&
	    scf_entry_add_value(en, v) == 0, "an entry and a value");
	scf_value_set_count(v, 6);
	OK(scf_entry_add_value(en, v) == 0, "an invalid transaction takes values");
	FAILS(scf_transaction_commit(tx), SCF_ERROR_INVALID_ARGUMENT, "and is not committed");
	scf_transaction_reset_all(tx);
	OK(scf_value_type(v) == SCF_TYPE_INVALID, "reset_all resets values");
	scf_value_set_count(v, 8);
	OK(scf_transaction_start(tx, e->pg) == 0 &&
	    scf_transaction_property_change(tx, en, "n", SCF_TYPE_COUNT) == 0 &&
	    scf_entry_add_value(en, v) == 0, "the same again");
	scf_entry_destroy_children(en);
	FAILS(scf_transaction_commit(tx), SCF_ERROR_INVALID_ARGUMENT, "without its values");
	scf_transaction_reset(tx);
	OK(scf_transaction_start(tx, e->pg) == 0 && scf_transaction_commit(tx) == 1,
	    "nothing is committed");
	scf_transaction_destroy(tx);
	scf_entry_destroy(en);
}

static void
ends(env_t *e)
{
	scf_iter_t *it = scf_iter_create(e->h);
	scf_value_t *v = scf_value_create(e->h);
	char buf[8];

	OK(scf_handle_unbind(e->h) == 0, "unbind");
	FAILS(scf_pg_update(e->pg), SCF_ERROR_NOT_BOUND, "not bound");
	FAILS(scf_iter_next_pg(it, e->pg), SCF_ERROR_NOT_SET, "not set up comes first");
	FAILS(scf_myname(e->h, buf, sizeof (buf)), SCF_ERROR_CONNECTION_BROKEN, "no name");
	OK(scf_value_set_astring(v, "") == 0, "an empty text");
	FAILS(scf_handle_decorate(e->h, "door_path", v), SCF_ERROR_INVALID_ARGUMENT, "no path");
	OK(scf_handle_bind(e->h) == 0, "bind");
	FAILS(scf_pg_update(e->pg), SCF_ERROR_NOT_SET, "not set any more");
	OK(scf_handle_get_scope(e->h, SCF_SCOPE_LOCAL, e->sc) == 0 &&
	    scf_scope_get_service(e->sc, e->svcname, e->svc) == 0 &&
	    scf_service_get_instance(e->svc, "default", e->inst) == 0 &&
	    scf_instance_delete(e->inst) == 0 && scf_service_delete(e->svc) == 0, "cleaned up");
	scf_handle_destroy(e->h);
	NULLS(scf_pg_create(e->h), SCF_ERROR_HANDLE_DESTROYED, "no group of a destroyed handle");
	NULLS(scf_value_create(e->h), SCF_ERROR_HANDLE_DESTROYED, "no value");
	NULLS(scf_iter_create(e->h), SCF_ERROR_HANDLE_DESTROYED, "no iterator");
	NULLS(scf_pg_handle(e->pg), SCF_ERROR_HANDLE_DESTROYED, "no handle");
	FAILS(scf_pg_update(e->pg), SCF_ERROR_NOT_BOUND, "no call");
	FAILS(scf_handle_unbind(e->h), SCF_ERROR_NOT_BOUND, "nothing to unbind");
	scf_handle_destroy(e->h);
	OK(scf_value_set_astring(v, "still") == 0, "destroyed twice, a value is what it was");
	scf_value_destroy(v);
	scf_iter_destroy(it);
	scf_pg_destroy(e->pg);
	scf_instance_destroy(e->inst);
	scf_service_destroy(e->svc);
	scf_scope_destroy(e->sc);
}

int
main(void)
{
	env_t e;

	env_new(&e, "p05");
	texts(&e);
	strangers(&e);
	fmris(&e);
	transactions(&e);
	ends(&e);
	return (t_done());
}
