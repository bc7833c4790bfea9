/* Going through the tree from its scope down and up again, and what an instance composes. */
#include "scftest.h"
#include <libscf_priv.h>

enum { CHILDREN = 5 };

static char buf[700];

/* A text that comes whole, cut short as strlcpy cuts it, and as a length alone. */
#define	TEXT(call, object, want) do { \
	ssize_t n__ = (ssize_t)strlen(want); \
	OK(call(object, buf, sizeof (buf)) == n__ && strcmp(buf, want) == 0, "%s is %s", #call, want); \
	memset(buf, '#', 4); \
	OK(call(object, buf, 3) == n__ && strncmp(buf, want, 2) == 0 && buf[2] == '\0' && \
	    buf[3] == '#', "%s, cut short", #call); \
	OK(call(object, NULL, 0) == n__, "%s, its length", #call); \
} while (0)

/* Down: every scope, its services and their instances, each once. */
static void
down(env_t *e)
{
	scf_iter_t *scopes = scf_iter_create(e->h), *services = scf_iter_create(e->h);
	scf_scope_t *sc = scf_scope_create(e->h);
	scf_service_t *svc = scf_service_create(e->h);
	scf_instance_t *inst = scf_instance_create(e->h);
	int n, found = 0, mask = 0;

	FAILS(scf_iter_next_scope(scopes, sc), SCF_ERROR_NOT_SET, "not set up");
	FAILS(scf_iter_next_service(services, svc), SCF_ERROR_NOT_SET, "nor this one");
	OK(scf_iter_handle_scopes(scopes, e->h) == 0, "scopes");
	FAILS(scf_iter_next_service(scopes, svc), SCF_ERROR_INVALID_ARGUMENT, "not of services");
	OK(scf_iter_next_scope(scopes, sc) == 1, "one");
	TEXT(scf_scope_get_name, sc, "localhost");
	OK(scf_iter_next_scope(scopes, sc) == 0 && scf_iter_next_scope(scopes, sc) == 0, "no other");
	FAILS(scf_iter_scope_services(services, sc), SCF_ERROR_NOT_SET, "the end shows no scope");
	OK(scf_handle_get_local_scope(e->h, sc) == 0 &&
	    scf_iter_scope_services(services, sc) == 0, "its services");
	FAILS(scf_iter_next_scope(services, sc), SCF_ERROR_INVALID_ARGUMENT, "not of scopes");
	/* Others may make and delete services meanwhile; ours is there all the time. */
	while ((n = scf_iter_next_service(services, svc)) == 1)
		found += scf_service_get_name(svc, buf, sizeof (buf)) > 0 &&
		    strcmp(buf, e->svcname) == 0;
	OK(n == 0 && found == 1, "ours once");
	OK(scf_iter_next_service(services, svc) == 0, "the end stays the end");
	scf_iter_reset(services);
	FAILS(scf_iter_next_service(services, svc), SCF_ERROR_NOT_SET, "reset");
	OK(scf_iter_service_instances(services, e->svc) == 0, "set up for something else");
	for (n = 0; scf_iter_next_instance(services, inst) == 1; n++)
		if (scf_instance_get_name(inst, buf, sizeof (buf)) == 5 && strncmp(buf, "more", 4) == 0)
			mask |= 1 << (buf[4] - '0');
	OK(n == CHILDREN + 1 && mask == (1 << CHILDREN) - 1, "each instance once");
	scf_iter_reset(NULL);
	scf_instance_destroy(inst);
	scf_service_destroy(svc);
	scf_scope_destroy(sc);
	scf_iter_destroy(services);
	scf_iter_destroy(scopes);
}

/* Up: from a property group to its scope. */
static void
up(env_t *e)
{
	scf_scope_t *sc = scf_scope_create(e->h);
	scf_service_t *svc = scf_service_create(e->h);
	scf_instance_t *inst = scf_instance_create(e->h);
	scf_propertygroup_t *pg = scf_pg_create(e->h);
	char want[200];

	OK(scf_pg_get_parent_instance(e->pg, inst) == 0, "a group's instance");
	TEXT(scf_instance_get_name, inst, "default");
	FAILS(scf_pg_get_parent_service(e->pg, svc), SCF_ERROR_CONSTRAINT_VIOLATED, "is no service");
	FAILS(scf_service_get_name(svc, buf, sizeof (buf)), SCF_ERROR_NOT_SET, "which is not set");
	OK(scf_instance_get_parent(inst, svc) == 0, "an instance's service");
	TEXT(scf_service_get_name, svc, e->svcname);
	snprintf(want, sizeof (want), "svc:/%s", e->svcname);
	TEXT(scf_service_to_fmri, svc, want);
	strcat(want, ":default");
	TEXT(scf_instance_to_fmri, inst, want);
	OK(scf_service_get_parent(svc, sc) == 0, "a service's scope");
	TEXT(scf_scope_get_name, sc, "localhost");

	FAILS(scf_pg_get_underlying_pg(e->pg, pg), SCF_ERROR_NOT_FOUND, "the service has no such");
	OK(scf_service_add_pg(e->svc, "cfg", "framework", 0, pg) == 0 &&
	    t_set1(pg, ACT_NEW, "theirs", SCF_TYPE_COUNT, "2") == 1, "now it has");
	OK(scf_service_get_pg(e->svc, "cfg", pg) == 0 && IS(pg, "theirs", "2"), "and is asked");
	OK(scf_pg_get_parent_service(pg, svc) == 0, "the service's group");
	TEXT(scf_service_get_name, svc, e->svcname);
	FAILS(scf_pg_get_parent_instance(pg, inst), SCF_ERROR_CONSTRAINT_VIOLATED, "no instance");
	FAILS(scf_instance_get_name(inst, buf, sizeof (buf)), SCF_ERROR_NOT_SET, "not set");
	FAILS(scf_pg_get_underlying_pg(pg, pg), SCF_ERROR_NOT_FOUND, "nothing below the service");
	FAILS(scf_pg_get_name(pg, NULL, 0), SCF_ERROR_NOT_SET, "and the target is reset");
	OK(scf_pg_get_underlying_pg(e->pg, pg) == 0 && IS(pg, "theirs", "2"), "below the instance");
	OK(scf_pg_get_underlying_pg(e->pg, NULL) == 0 && scf_service_get_parent(e->svc, NULL) == 0 &&
	    scf_instance_get_parent(e->inst, NULL) == 0 &&
	    scf_pg_get_parent_instance(e->pg, NULL) == 0, "nobody needs to be shown");

	FAILS(scf_service_get_pg(e->svc, "none", pg), SCF_ERROR_NOT_FOUND, "no such group");
	FAILS(scf_pg_get_name(pg, NULL, 0), SCF_ERROR_NOT_SET, "so none is shown");
	FAILS(scf_service_get_pg(e->svc, "a b", pg), SCF_ERROR_INVALID_ARGUMENT, "no name");
	memset(buf, 'x', 120);
	buf[120] = '\0';
	FAILS(scf_service_get_pg(e->svc, buf, pg), SCF_ERROR_INVALID_ARGUMENT, "a name too long");
	FAILS(scf_service_get_pg(e->svc, NULL, pg), SCF_ERROR_INVALID_ARGUMENT, "no name at all");
	FAILS(scf_pg_get_parent_snaplevel(e->pg, NULL), SCF_ERROR_CONSTRAINT_VIOLATED, "no snapshot");
	scf_pg_destroy(pg);
	scf_instance_destroy(inst);
	scf_service_destroy(svc);
	scf_scope_destroy(sc);
}

/* What a property is and is not, up its type's ancestors. */
static void
types(env_t *e)
{
	scf_property_t *p = scf_property_create(e->h);

	OK(scf_pg_update(e->pg) != -1 && t_set1(e->pg, ACT_NEW, "address", SCF_TYPE_NET_ADDR_V4,
	    "10.0.0.1") == 1 && scf_pg_update(e->pg) == 1 &&
	    scf_pg_get_property(e->pg, "address", p) == 0, "an address");
	OK(scf_property_is_type(p, SCF_TYPE_NET_ADDR_V4) == 0 &&
	    scf_property_is_type(p, SCF_TYPE_NET_ADDR) == 0 &&
	    scf_property_is_type(p, SCF_TYPE_HOST) == 0 &&
	    scf_property_is_type(p, SCF_TYPE_USTRING) == 0 &&
	    scf_property_is_type(p, SCF_TYPE_ASTRING) == 0, "is of each type above");
	FAILS(scf_property_is_type(p, SCF_TYPE_NET_ADDR_V6), SCF_ERROR_TYPE_MISMATCH, "not beside");
	FAILS(scf_property_is_type(p, SCF_TYPE_URI), SCF_ERROR_TYPE_MISMATCH, "nor elsewhere");
	FAILS(scf_property_is_type(p, SCF_TYPE_COUNT), SCF_ERROR_TYPE_MISMATCH, "nor a count");
	FAILS(scf_property_is_type(p, SCF_TYPE_INVALID), SCF_ERROR_INVALID_ARGUMENT, "no type");
	FAILS(scf_property_is_type(p, (scf_type_t)77), SCF_ERROR_INVALID_ARGUMENT, "nor this");
	scf_property_destroy(p);
}

/* The names of the groups an iterator goes through, as bits: own 1, both 2, theirs 4, unlike 8. */
static int
groups(scf_iter_t *it, scf_propertygroup_t *pg)
{
	static const char *const names[] = { "own", "both", "theirs", "unlike" };
	int i, r, mask = 0;

	while ((r = scf_iter_next_pg(it, pg)) == 1) {
		if (scf_pg_get_name(pg, buf, sizeof (buf)) < 0)
			return (-1);
		for (i = 0; i < 4; i++)
			if (strcmp(buf, names[i]) == 0) {
				if (mask & (1 << i))
					return (-2);
				mask |= 1 << i;
				if (strcmp(buf, "both") == 0 && !(IS(pg, "a", "1") && IS(pg, "b", "2") &&
				    IS(pg, "c", "2")))
					return (-3);
				if (strcmp(buf, "unlike") == 0 && !(IS(pg, "a", "1") && IS(pg, "b", "?")))
					return (-4);
			}
	}
	return (r == 0 ? mask : r);
}

/* Adds a group with one or two properties to the service or to the instance. */
static void
add(env_t *e, int to_service, const char *name, const char *type, const char *first,
    const char *second)
{
	const char *value = to_service ? "2" : "1";

	if ((to_service ? scf_service_add_pg(e->svc, name, type, 0, e->pg) :
	    scf_instance_add_pg(e->inst, name, type, 0, e->pg)) != 0 ||
	    t_set1(e->pg, ACT_NEW, first, SCF_TYPE_COUNT, value) != 1 || scf_pg_update(e->pg) != 1 ||
	    t_set1(e->pg, ACT_NEW, second, SCF_TYPE_COUNT, value) != 1)
		t_bail("add");
}

/*
 * An instance and its service: each name once, the instance's properties first, and of groups whose
 * types differ the instance's alone; as they are, and as a snapshot holds them.
 */
static void
composed(void)
{
	env_t e;
	scf_iter_t *it;
	scf_propertygroup_t *pg;
	scf_snapshot_t *snap;

	env_new(&e, "p10c");
	it = scf_iter_create(e.h);
	pg = scf_pg_create(e.h);
	snap = scf_snapshot_create(e.h);
	add(&e, 0, "own", "application", "a", "x");
	add(&e, 0, "both", "application", "a", "x");
	add(&e, 0, "unlike", "application", "a", "x");
	add(&e, 1, "both", "application", "b", "c");
	add(&e, 1, "theirs", "framework", "b", "c");
	add(&e, 1, "unlike", "framework", "b", "c");
	OK(scf_iter_instance_pgs_composed(it, e.inst, NULL) == 0 && groups(it, pg) == 15, "all");
	OK(scf_iter_next_pg(it, pg) == 0, "the end stays the end");
	OK(scf_iter_instance_pgs_typed_composed(it, e.inst, NULL, "application") == 0 &&
	    groups(it, pg) == 11, "of one type");
	OK(scf_iter_instance_pgs_typed_composed(it, e.inst, NULL, "framework") == 0 &&
	    groups(it, pg) == 4, "of the other");
	OK(scf_iter_instance_pgs_typed_composed(it, e.inst, NULL, "nothing") == 0 &&
	    groups(it, pg) == 0, "of none");
	OK(_scf_snapshot_take_new(e.inst, "running", snap) == 0 &&
	    scf_instance_get_pg(e.inst, "own", pg) == 0 && scf_pg_delete(pg) == 0 &&
	    scf_service_get_pg(e.svc, "theirs", pg) == 0 && scf_pg_delete(pg) == 0,
	    "a snapshot, and then two are deleted");
	OK(scf_iter_instance_pgs_composed(it, e.inst, snap) == 0 && groups(it, pg) == 15,
	    "the snapshot has all");
	OK(scf_iter_instance_pgs_typed_composed(it, e.inst, snap, "framework") == 0 &&
	    groups(it, pg) == 4, "and of one type");
	OK(scf_iter_instance_pgs_composed(it, e.inst, NULL) == 0 && groups(it, pg) == 10,
	    "without it, two fewer");
	FAILS(scf_iter_instance_pgs_typed_composed(it, e.inst, NULL, "a b"),
	    SCF_ERROR_INVALID_ARGUMENT, "no type");
	FAILS(scf_iter_instance_pgs_typed_composed(it, e.inst, snap, "a b"),
	    SCF_ERROR_INVALID_ARGUMENT, "nor of a snapshot");
	memset(buf, 'x', 120);
	buf[120] = '\0';
	FAILS(scf_iter_instance_pgs_typed_composed(it, e.inst, NULL, buf),
	    SCF_ERROR_INVALID_ARGUMENT, "a type too long");
	FAILS(scf_iter_instance_pgs_typed_composed(it, e.inst, NULL, NULL),
	    SCF_ERROR_INVALID_ARGUMENT, "no type at all");
	scf_snapshot_destroy(snap);
	scf_pg_destroy(pg);
	scf_iter_destroy(it);
	env_delete(&e);
}

int
main(void)
{
	env_t e;
	char name[8];
	int i;

	env_new(&e, "p10");
	for (i = 0; i < CHILDREN; i++) {
		snprintf(name, sizeof (name), "more%d", i);
		if (scf_service_add_instance(e.svc, name, NULL) != 0)
			t_bail("scf_service_add_instance");
	}
	down(&e);
	up(&e);
	types(&e);
	composed();
	env_delete(&e);
	return (t_done());
}
