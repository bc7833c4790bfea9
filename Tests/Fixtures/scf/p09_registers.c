/*
 * Every function of an object, where that shows nothing, what is deleted or what another handle has,
 * or where its handle is not bound or is destroyed.
 */
#include "scftest.h"
#include <libscf_priv.h>

/* One object of each kind. */
typedef struct objects {
	scf_handle_t *h;
	scf_scope_t *sc;
	scf_service_t *svc;
	scf_instance_t *inst;
	scf_propertygroup_t *pg;
	scf_property_t *prop;
	scf_snapshot_t *snap;
	scf_snaplevel_t *level;
	scf_iter_t *it;
	scf_transaction_t *tx;
	scf_transaction_entry_t *en;
	scf_value_t *v;
} objects_t;

static char buf[700];

static void
objects_create(objects_t *o, scf_handle_t *h)
{
	o->h = h;
	if ((o->sc = scf_scope_create(h)) == NULL || (o->svc = scf_service_create(h)) == NULL ||
	    (o->inst = scf_instance_create(h)) == NULL || (o->pg = scf_pg_create(h)) == NULL ||
	    (o->prop = scf_property_create(h)) == NULL ||
	    (o->snap = scf_snapshot_create(h)) == NULL ||
	    (o->level = scf_snaplevel_create(h)) == NULL || (o->it = scf_iter_create(h)) == NULL ||
	    (o->tx = scf_transaction_create(h)) == NULL || (o->en = scf_entry_create(h)) == NULL ||
	    (o->v = scf_value_create(h)) == NULL)
		t_bail("objects");
}

static void
objects_destroy(objects_t *o)
{
	scf_value_destroy(o->v);
	scf_entry_destroy(o->en);
	scf_transaction_destroy(o->tx);
	scf_iter_destroy(o->it);
	scf_snaplevel_destroy(o->level);
	scf_snapshot_destroy(o->snap);
	scf_property_destroy(o->prop);
	scf_pg_destroy(o->pg);
	scf_instance_destroy(o->inst);
	scf_service_destroy(o->svc);
	scf_scope_destroy(o->sc);
}

/* Makes a service with one of everything, and shows it. */
static void
objects_fill(objects_t *o, const char *name)
{
	if (scf_handle_get_scope(o->h, SCF_SCOPE_LOCAL, o->sc) != 0 ||
	    scf_scope_add_service(o->sc, name, o->svc) != 0 ||
	    scf_service_add_instance(o->svc, "one", o->inst) != 0 ||
	    scf_instance_add_pg(o->inst, "cfg", "application", 0, o->pg) != 0 ||
	    t_set1(o->pg, ACT_NEW, "n", SCF_TYPE_COUNT, "1") != 1 || scf_pg_update(o->pg) != 1 ||
	    scf_pg_get_property(o->pg, "n", o->prop) != 0 ||
	    _scf_snapshot_take_new(o->inst, "running", o->snap) != 0 ||
	    scf_snapshot_get_base_snaplevel(o->snap, o->level) != 0)
		t_bail("objects_fill");
}

/* Every call that asks the object or what it shows fails alike. */
#define	EACH(call)	FAILS(call, err, "%s: %s", why, #call)

static void
scope_fails(objects_t *o, scf_error_t err, const char *why)
{
	EACH(scf_scope_get_name(o->sc, buf, sizeof (buf)));
	EACH(scf_scope_to_fmri(o->sc, buf, sizeof (buf)));
	EACH(scf_scope_get_service(o->sc, "x", NULL));
	EACH(scf_scope_add_service(o->sc, "x", NULL));
	EACH(scf_iter_scope_services(o->it, o->sc));
}

static void
service_fails(objects_t *o, scf_error_t err, const char *why)
{
	EACH(scf_service_get_name(o->svc, buf, sizeof (buf)));
	EACH(scf_service_to_fmri(o->svc, buf, sizeof (buf)));
	EACH(scf_service_get_parent(o->svc, NULL));
	EACH(scf_service_get_instance(o->svc, "one", NULL));
	EACH(scf_service_add_instance(o->svc, "two", NULL));
	EACH(scf_service_get_pg(o->svc, "cfg", NULL));
	EACH(scf_service_add_pg(o->svc, "new", "application", 0, NULL));
	EACH(scf_service_delete(o->svc));
	EACH(scf_iter_service_instances(o->it, o->svc));
	EACH(scf_iter_service_pgs(o->it, o->svc));
	EACH(scf_iter_service_pgs_typed(o->it, o->svc, "application"));
}

static void
instance_fails(objects_t *o, scf_error_t err, const char *why)
{
	EACH(scf_instance_get_name(o->inst, buf, sizeof (buf)));
	EACH(scf_instance_to_fmri(o->inst, buf, sizeof (buf)));
	EACH(scf_instance_get_parent(o->inst, NULL));
	EACH(scf_instance_get_pg(o->inst, "cfg", NULL));
	EACH(scf_instance_get_pg_composed(o->inst, NULL, "cfg", NULL));
	EACH(scf_instance_add_pg(o->inst, "new", "application", 0, NULL));
	EACH(scf_instance_get_snapshot(o->inst, "running", NULL));
	EACH(scf_instance_delete(o->inst));
	EACH(scf_iter_instance_pgs(o->it, o->inst));
	EACH(scf_iter_instance_pgs_typed(o->it, o->inst, "application"));
	EACH(scf_iter_instance_pgs_composed(o->it, o->inst, NULL));
	EACH(scf_iter_instance_pgs_typed_composed(o->it, o->inst, NULL, "application"));
	EACH(scf_iter_instance_snapshots(o->it, o->inst));
	EACH(_scf_snapshot_take_new(o->inst, "other", NULL));
}

static void
pg_fails(objects_t *o, scf_error_t err, const char *why)
{
	uint32_t flags;

	EACH(scf_pg_to_fmri(o->pg, buf, sizeof (buf)));
	EACH(scf_pg_get_name(o->pg, buf, sizeof (buf)));
	EACH(scf_pg_get_type(o->pg, buf, sizeof (buf)));
	EACH(scf_pg_get_flags(o->pg, &flags));
	EACH(scf_pg_get_parent_service(o->pg, NULL));
	EACH(scf_pg_get_parent_instance(o->pg, NULL));
	EACH(scf_pg_get_parent_snaplevel(o->pg, NULL));
	EACH(scf_pg_get_underlying_pg(o->pg, NULL));
	EACH(scf_pg_get_property(o->pg, "n", NULL));
	EACH(scf_iter_pg_properties(o->it, o->pg));
	EACH(scf_transaction_start(o->tx, o->pg));
	/* The second time, the original's server has forgotten what was there. */
	FAILS2(scf_pg_update(o->pg), err, SCF_ERROR_NOT_SET, "%s: scf_pg_update", why);
	FAILS2(scf_pg_delete(o->pg), err, SCF_ERROR_NOT_SET, "%s: scf_pg_delete", why);
}

static void
property_fails(objects_t *o, scf_error_t err, const char *why)
{
	scf_type_t type;

	EACH(scf_property_is_type(o->prop, SCF_TYPE_COUNT));
	EACH(scf_property_type(o->prop, &type));
	EACH(scf_property_get_name(o->prop, buf, sizeof (buf)));
	EACH(scf_property_to_fmri(o->prop, buf, sizeof (buf)));
	EACH(scf_property_get_value(o->prop, o->v));
	EACH(scf_iter_property_values(o->it, o->prop));
}

static void
snapshot_fails(objects_t *o, scf_error_t err, const char *why)
{
	EACH(scf_snapshot_get_name(o->snap, buf, sizeof (buf)));
	EACH(scf_snapshot_get_parent(o->snap, NULL));
	EACH(scf_snapshot_update(o->snap));
	EACH(scf_snapshot_get_base_snaplevel(o->snap, NULL));
	EACH(scf_iter_instance_pgs_composed(o->it, o->inst, o->snap));
	EACH(scf_iter_instance_pgs_typed_composed(o->it, o->inst, o->snap, "application"));
	EACH(scf_instance_get_pg_composed(o->inst, o->snap, "cfg", NULL));
	EACH(_scf_snapshot_take_attach(o->inst, o->snap));
	EACH(_scf_snapshot_delete(o->snap));
	EACH(scf_snaplevel_get_parent(o->level, NULL));
	EACH(scf_snaplevel_get_scope_name(o->level, buf, sizeof (buf)));
	EACH(scf_snaplevel_get_service_name(o->level, buf, sizeof (buf)));
	EACH(scf_snaplevel_get_instance_name(o->level, buf, sizeof (buf)));
	EACH(scf_snaplevel_get_pg(o->level, "cfg", NULL));
	EACH(scf_snaplevel_get_next_snaplevel(o->level, NULL));
	EACH(scf_iter_snaplevel_pgs(o->it, o->level));
	EACH(scf_iter_snaplevel_pgs_typed(o->it, o->level, "application"));
}

/* What shows something of the tree below its scope. */
static void
tree_fails(objects_t *o, scf_error_t err, const char *why)
{
	service_fails(o, err, why);
	instance_fails(o, err, why);
	pg_fails(o, err, why);
	property_fails(o, err, why);
	snapshot_fails(o, err, why);
}

/* What goes on without any object of the tree. */
static void
handle_fails(objects_t *o, scf_error_t err, const char *why)
{
	EACH(scf_handle_get_scope(o->h, SCF_SCOPE_LOCAL, o->sc));
	EACH(scf_handle_decode_fmri(o->h, "svc:/a", NULL, o->svc, NULL, NULL, NULL, 0));
	EACH(scf_iter_handle_scopes(o->it, o->h));
	EACH(scf_handle_unbind(o->h));
	EACH(_scf_notify_add_pgtype(o->h, "application"));
}

/* A target of another handle is told first, whatever else is wrong. */
static void
strangers_fail(objects_t *o, objects_t *f, const char *why)
{
	const scf_error_t err = SCF_ERROR_HANDLE_MISMATCH;

	EACH(scf_handle_get_scope(o->h, "1", f->sc));
	EACH(scf_handle_decode_fmri(o->h, ":", NULL, f->svc, NULL, NULL, NULL, 0));
	EACH(scf_scope_get_service(o->sc, "1", f->svc));
	EACH(scf_scope_add_service(o->sc, "1", f->svc));
	EACH(scf_service_get_parent(o->svc, f->sc));
	EACH(scf_service_get_instance(o->svc, "1", f->inst));
	EACH(scf_service_add_instance(o->svc, "1", f->inst));
	EACH(scf_service_get_pg(o->svc, "1", f->pg));
	EACH(scf_service_add_pg(o->svc, "1", "1", 8, f->pg));
	EACH(scf_instance_get_parent(o->inst, f->svc));
	EACH(scf_instance_get_pg(o->inst, "1", f->pg));
	EACH(scf_instance_get_pg_composed(o->inst, NULL, "1", f->pg));
	EACH(scf_instance_get_pg_composed(o->inst, f->snap, "1", NULL));
	EACH(scf_instance_add_pg(o->inst, "1", "1", 8, f->pg));
	EACH(scf_instance_get_snapshot(o->inst, "1", f->snap));
	EACH(scf_pg_get_parent_service(o->pg, f->svc));
	EACH(scf_pg_get_parent_instance(o->pg, f->inst));
	EACH(scf_pg_get_parent_snaplevel(o->pg, f->level));
	EACH(scf_pg_get_underlying_pg(o->pg, f->pg));
	EACH(scf_pg_get_property(o->pg, "1", f->prop));
	EACH(scf_property_get_value(o->prop, f->v));
	EACH(scf_snapshot_get_parent(o->snap, f->inst));
	EACH(scf_snapshot_get_base_snaplevel(o->snap, f->level));
	EACH(scf_snaplevel_get_parent(o->level, f->snap));
	EACH(scf_snaplevel_get_pg(o->level, "1", f->pg));
	EACH(scf_snaplevel_get_next_snaplevel(o->level, f->level));
	EACH(_scf_snapshot_take_new(o->inst, "1", f->snap));
	EACH(_scf_snapshot_take_attach(o->inst, f->snap));
	EACH(scf_transaction_start(o->tx, f->pg));
	EACH(scf_transaction_property_new(o->tx, f->en, "1", SCF_TYPE_COUNT));
	EACH(scf_transaction_property_change(o->tx, f->en, "1", SCF_TYPE_COUNT));
	EACH(scf_transaction_property_change_type(o->tx, f->en, "1", SCF_TYPE_COUNT));
	EACH(scf_transaction_property_delete(o->tx, f->en, "1"));
	EACH(scf_entry_add_value(o->en, f->v));
	EACH(scf_handle_decorate(o->h, "debug", f->v));
}

static void
strange_iterators_fail(objects_t *o, objects_t *f, const char *why)
{
	const scf_error_t err = SCF_ERROR_HANDLE_MISMATCH;

	EACH(scf_iter_handle_scopes(o->it, f->h));
	EACH(scf_iter_scope_services(o->it, f->sc));
	EACH(scf_iter_service_instances(o->it, f->svc));
	EACH(scf_iter_service_pgs(o->it, f->svc));
	EACH(scf_iter_service_pgs_typed(o->it, f->svc, "1"));
	EACH(scf_iter_instance_pgs(o->it, f->inst));
	EACH(scf_iter_instance_pgs_typed(o->it, f->inst, "1"));
	EACH(scf_iter_instance_pgs_composed(o->it, f->inst, NULL));
	EACH(scf_iter_instance_pgs_composed(o->it, o->inst, f->snap));
	EACH(scf_iter_instance_pgs_typed_composed(o->it, f->inst, NULL, "1"));
	EACH(scf_iter_instance_pgs_typed_composed(o->it, o->inst, f->snap, "1"));
	EACH(scf_iter_instance_snapshots(o->it, f->inst));
	EACH(scf_iter_snaplevel_pgs(o->it, f->level));
	EACH(scf_iter_snaplevel_pgs_typed(o->it, f->level, "1"));
	EACH(scf_iter_pg_properties(o->it, f->pg));
	EACH(scf_iter_property_values(o->it, f->prop));
	EACH(scf_iter_next_scope(o->it, f->sc));
	EACH(scf_iter_next_service(o->it, f->svc));
	EACH(scf_iter_next_instance(o->it, f->inst));
	EACH(scf_iter_next_pg(o->it, f->pg));
	EACH(scf_iter_next_property(o->it, f->prop));
	EACH(scf_iter_next_snapshot(o->it, f->snap));
	EACH(scf_iter_next_value(o->it, f->v));
}

/* Whose an object is, while that lives. */
static void
handles_are(objects_t *o, scf_handle_t *want)
{
#define	HANDLE(call)	OK((call) == want && (want != NULL || \
	scf_error() == SCF_ERROR_HANDLE_DESTROYED), "%s: %s", want == NULL ? "gone" : "its own", #call)
	HANDLE(scf_scope_handle(o->sc));
	HANDLE(scf_service_handle(o->svc));
	HANDLE(scf_instance_handle(o->inst));
	HANDLE(scf_pg_handle(o->pg));
	HANDLE(scf_property_handle(o->prop));
	HANDLE(scf_snapshot_handle(o->snap));
	HANDLE(scf_snaplevel_handle(o->level));
	HANDLE(scf_iter_handle(o->it));
	HANDLE(scf_transaction_handle(o->tx));
	HANDLE(scf_entry_handle(o->en));
	HANDLE(scf_value_handle(o->v));
}

int
main(void)
{
	scf_handle_t *h = t_handle();
	objects_t o, unset, gone, foreign;
	char name[100], other[100];

	objects_create(&o, h);
	objects_create(&unset, h);
	objects_create(&gone, h);
	objects_create(&foreign, t_handle());
	snprintf(name, sizeof (name), "scftest/p09-%ld-kept", (long)getpid());
	snprintf(other, sizeof (other), "scftest/p09-%ld-gone", (long)getpid());
	objects_fill(&o, name);
	objects_fill(&gone, other);
	handles_are(&o, h);

	scope_fails(&unset, SCF_ERROR_NOT_SET, "not set");
	tree_fails(&unset, SCF_ERROR_NOT_SET, "not set");
	strangers_fail(&unset, &foreign, "a stranger");
	strangers_fail(&o, &foreign, "a stranger, and set");
	strange_iterators_fail(&o, &foreign, "a stranger");

	OK(_scf_snapshot_delete(gone.snap) == 0 && scf_instance_delete(gone.inst) == 0 &&
	    scf_service_delete(gone.svc) == 0, "deleted");
	tree_fails(&gone, SCF_ERROR_DELETED, "deleted");
	/* What has the name now is another thing. */
	objects_fill(&unset, other);
	tree_fails(&gone, SCF_ERROR_DELETED, "made again");
	OK(scf_instance_delete(unset.inst) == 0 && scf_service_delete(unset.svc) == 0, "and deleted");
	tree_fails(&unset, SCF_ERROR_DELETED, "with its instance");

	OK(scf_handle_unbind(h) == 0, "unbind");
	handle_fails(&o, SCF_ERROR_NOT_BOUND, "not bound");
	OK(scf_handle_bind(h) == 0 && scf_handle_get_scope(h, SCF_SCOPE_LOCAL, o.sc) == 0 &&
	    scf_scope_get_service(o.sc, name, o.svc) == 0 &&
	    scf_service_get_instance(o.svc, "one", o.inst) == 0 &&
	    scf_instance_get_pg(o.inst, "cfg", o.pg) == 0 &&
	    scf_pg_get_property(o.pg, "n", o.prop) == 0 &&
	    scf_instance_get_snapshot(o.inst, "running", o.snap) == 0 &&
	    scf_snapshot_get_base_snaplevel(o.snap, o.level) == 0, "bind, and set again");
	OK(scf_handle_unbind(h) == 0, "unbind again");
	scope_fails(&o, SCF_ERROR_NOT_BOUND, "not bound");
	tree_fails(&o, SCF_ERROR_NOT_BOUND, "not bound");
	OK(scf_handle_bind(h) == 0, "bind again");
	scope_fails(&o, SCF_ERROR_NOT_SET, "of an earlier binding");
	tree_fails(&o, SCF_ERROR_NOT_SET, "of an earlier binding");
	OK(scf_handle_get_scope(h, SCF_SCOPE_LOCAL, o.sc) == 0 &&
	    scf_scope_get_service(o.sc, name, o.svc) == 0 &&
	    scf_service_get_instance(o.svc, "one", o.inst) == 0 &&
	    scf_instance_delete(o.inst) == 0 && scf_service_delete(o.svc) == 0, "cleaned up");

	scf_handle_destroy(h);
	scope_fails(&o, SCF_ERROR_NOT_BOUND, "destroyed");
	tree_fails(&o, SCF_ERROR_NOT_BOUND, "destroyed");
	handle_fails(&o, SCF_ERROR_NOT_BOUND, "destroyed");
	handles_are(&o, NULL);
	h = foreign.h;
	objects_destroy(&o);
	objects_destroy(&unset);
	objects_destroy(&gone);
	objects_destroy(&foreign);
	scf_handle_destroy(h);
	return (t_done());
}
