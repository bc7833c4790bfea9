/* The simple interface: one call a property, with a handle and without. */
#include "scftest.h"
#include <libscf_priv.h>

typedef struct seen {
	const char *fmri;
	int matches;
	int all;
} seen_t;

static int
look(scf_handle_t *h, scf_instance_t *inst, void *arg)
{
	seen_t *seen = arg;
	char buf[700];

	if (h == NULL || scf_instance_to_fmri(inst, buf, sizeof (buf)) < 0)
		return (1);
	seen->all++;
	seen->matches += strcmp(buf, seen->fmri) == 0;
	return (0);
}

static int
refuse(scf_handle_t *h, scf_instance_t *inst, void *arg)
{
	(void) h;
	(void) inst;
	(void) arg;
	return (1);
}

/* What runs may be older than what is read. */
static void
running(env_t *e, const char *fmri)
{
	scf_snapshot_t *snap = scf_snapshot_create(e->h);
	scf_simple_prop_t *p;
	uint64_t *count;

	OK(_scf_snapshot_take_new(e->inst, "running", snap) == 0 && scf_pg_update(e->pg) == 1 &&
	    t_set1(e->pg, ACT_CHANGE, "num", SCF_TYPE_COUNT, "8") == 1, "a change after running");
	p = scf_simple_prop_get(e->h, fmri, "cfg", "num");
	OK(p != NULL && (count = scf_simple_prop_next_count(p)) != NULL && *count == 8,
	    "is read at once");
	scf_simple_prop_free(p);
	scf_snapshot_destroy(snap);
}

/* Groups of one name and two types, and a text that is no astring. */
static void
mixed(env_t *e, const char *fmri)
{
	scf_propertygroup_t *pg = scf_pg_create(e->h);
	scf_simple_prop_t *p;
	const char *text;

	OK(scf_service_add_pg(e->svc, "mixed", "framework", 0, pg) == 0 &&
	    t_set1(pg, ACT_NEW, "p", SCF_TYPE_COUNT, "1") == 1 &&
	    scf_instance_add_pg(e->inst, "mixed", "application", 0, pg) == 0 &&
	    t_set1(pg, ACT_NEW, "peer", SCF_TYPE_FMRI, "svc:/a") == 1, "groups of two types");
	OK((p = scf_simple_prop_get(e->h, fmri, "mixed", "p")) != NULL, "the service's property");
	scf_simple_prop_free(p);
	OK((p = scf_simple_prop_get(e->h, fmri, "mixed", "peer")) != NULL, "the instance's");
	NULLS(scf_simple_prop_next_astring(p), SCF_ERROR_TYPE_MISMATCH, "an FMRI is no astring");
	OK((text = scf_simple_prop_next_ustring(p)) != NULL && strcmp(text, "svc:/a") == 0,
	    "but a ustring");
	scf_simple_prop_free(p);
	scf_pg_destroy(pg);
}

/* NULL is nothing that was read. */
static void
nothing(void)
{
	size_t size = 77;

	FAILS(scf_simple_prop_numvalues(NULL), SCF_ERROR_NOT_SET, "no values of nothing");
	FAILS(scf_simple_prop_type(NULL), SCF_ERROR_NOT_SET, "no type");
	NULLS(scf_simple_prop_name(NULL), SCF_ERROR_NOT_SET, "no name");
	NULLS(scf_simple_prop_pgname(NULL), SCF_ERROR_NOT_SET, "no group");
	NULLS(scf_simple_prop_next_opaque(NULL, &size), SCF_ERROR_NOT_SET, "no next value");
	OK(size == 0, "of no size");
	NULLS(scf_simple_app_props_next(NULL, NULL), SCF_ERROR_NOT_SET, "no next property");
	NULLS(scf_simple_app_props_search(NULL, "cfg", "num"), SCF_ERROR_NOT_SET, "none found");
}

int
main(void)
{
	env_t e;
	scf_propertygroup_t *pg;
	scf_simple_prop_t *p;
	scf_simple_app_props_t *all;
	const scf_simple_prop_t *each;
	const char *values[] = { "b", "a" };
	char fmri[200], service[200], buf[200];
	seen_t seen = { fmri, 0, 0 };
	uint64_t *count;
	int64_t *seconds;
	int32_t ns;
	uint8_t *bytes;
	size_t size;
	int n;

	env_new(&e, "p04");
	snprintf(fmri, sizeof (fmri), "svc:/%s:default", e.svcname);
	pg = scf_pg_create(e.h);
	OK(t_tx(e.pg, ACT_NEW, "list", SCF_TYPE_ASTRING, 2, values) == 1 &&
	    scf_pg_update(e.pg) == 1 &&
	    t_set1(e.pg, ACT_NEW, "num", SCF_TYPE_COUNT, "7") == 1 &&
	    scf_pg_update(e.pg) == 1 &&
	    t_set1(e.pg, ACT_NEW, "when", SCF_TYPE_TIME, "3.5") == 1 &&
	    scf_pg_update(e.pg) == 1 &&
	    t_set1(e.pg, ACT_NEW, "raw", SCF_TYPE_OPAQUE, "00ff") == 1, "properties");
	OK(scf_service_add_pg(e.svc, "cfg", "application", 0, pg) == 0 &&
	    t_set1(pg, ACT_NEW, "theirs", SCF_TYPE_BOOLEAN, "true") == 1, "of the service");

	OK((p = scf_simple_prop_get(e.h, fmri, "cfg", "list")) != NULL, "a property");
	OK(scf_simple_prop_numvalues(p) == 2 && scf_simple_prop_type(p) == SCF_TYPE_ASTRING &&
	    strcmp(scf_simple_prop_name(p), "list") == 0 &&
	    strcmp(scf_simple_prop_pgname(p), "cfg") == 0, "what it is");
	NULLS(scf_simple_prop_next_count(p), SCF_ERROR_TYPE_MISMATCH, "not a count");
	OK(strcmp(scf_simple_prop_next_astring(p), "b") == 0 &&
	    strcmp(scf_simple_prop_next_astring(p), "a") == 0 &&
	    scf_simple_prop_next_astring(p) == NULL, "its values");
	scf_simple_prop_next_reset(p);
	OK(strcmp(scf_simple_prop_next_astring(p), "b") == 0, "and again");
	scf_simple_prop_free(p);

	p = scf_simple_prop_get(NULL, fmri, "cfg", "num");
	OK(p != NULL && (count = scf_simple_prop_next_count(p)) != NULL && *count == 7,
	    "without a handle");
	scf_simple_prop_free(p);
	p = scf_simple_prop_get(e.h, fmri, "cfg", "when");
	OK(p != NULL && (seconds = scf_simple_prop_next_time(p, &ns)) != NULL &&
	    *seconds == 3 && ns == 500000000, "a time");
	scf_simple_prop_free(p);
	p = scf_simple_prop_get(e.h, fmri, "cfg", "raw");
	OK(p != NULL && (bytes = scf_simple_prop_next_opaque(p, &size)) != NULL && size == 2 &&
	    bytes[0] == 0 && bytes[1] == 0xff, "an opaque one");
	OK(scf_simple_prop_next_opaque(p, &size) == NULL && size == 0, "and no more of it");
	scf_simple_prop_free(p);
	p = scf_simple_prop_get(e.h, fmri, "cfg", "theirs");
	OK(p != NULL && *scf_simple_prop_next_boolean(p) == 1, "the service's");
	scf_simple_prop_free(p);
	running(&e, fmri);
	mixed(&e, fmri);
	nothing();
	snprintf(service, sizeof (service), "svc:/%s", e.svcname);
	NULLS(scf_simple_prop_get(e.h, service, "cfg", "theirs"), SCF_ERROR_INVALID_ARGUMENT,
	    "a service's FMRI");
	NULLS(scf_simple_prop_get(e.h, fmri, "cfg", "none"), SCF_ERROR_NOT_FOUND, "no property");
	NULLS(scf_simple_prop_get(e.h, fmri, NULL, "num"), SCF_ERROR_NOT_FOUND, "no group");
	NULLS(scf_simple_prop_get(e.h, "::", "cfg", "num"), SCF_ERROR_INVALID_ARGUMENT, "no FMRI");
	unsetenv("SMF_FMRI");
	NULLS(scf_simple_prop_get(e.h, NULL, "cfg", "num"), SCF_ERROR_NOT_SET, "no service");
	FAILS(scf_myname(e.h, buf, sizeof (buf)), SCF_ERROR_NOT_SET, "no name");
	setenv("SMF_FMRI", fmri, 1);
	OK(scf_myname(e.h, buf, sizeof (buf)) == (ssize_t)strlen(fmri) &&
	    strcmp(buf, fmri) == 0, "its own name");
	OK((p = scf_simple_prop_get(e.h, NULL, "cfg", "num")) != NULL, "its own property");
	scf_simple_prop_free(p);

	OK((all = scf_simple_app_props_get(e.h, fmri)) != NULL, "all properties");
	for (n = 0, each = NULL; (each = scf_simple_app_props_next(all,
	    (scf_simple_prop_t *)each)) != NULL; n++)
		;
	OK(n == 6, "six of them");
	OK((each = scf_simple_app_props_search(all, "cfg", "num")) != NULL &&
	    scf_simple_prop_type(each) == SCF_TYPE_COUNT, "found by name");
	NULLS(scf_simple_app_props_search(all, NULL, "num"), SCF_ERROR_NOT_FOUND, "not there");
	NULLS(scf_simple_app_props_search(all, "cfg", NULL), SCF_ERROR_NOT_SET, "nothing");
	scf_simple_app_props_free(all);
	scf_simple_app_props_free(NULL);
	scf_simple_prop_free(NULL);

	OK(scf_instance_add_pg(e.inst, SCF_PG_RESTARTER, SCF_GROUP_FRAMEWORK,
	    SCF_PG_FLAG_NONPERSISTENT, pg) == 0 && t_set1(pg, ACT_NEW, SCF_PROPERTY_STATE,
	    SCF_TYPE_ASTRING, SCF_STATE_STRING_ONLINE) == 1, "it is online");
	OK(scf_simple_walk_instances(SCF_STATE_ONLINE, &seen, look) == 0 &&
	    seen.matches == 1, "and is seen");
	seen.matches = 0;
	OK(scf_simple_walk_instances(SCF_STATE_DISABLED | 0x1000, &seen, look) == 0 &&
	    seen.matches == 0, "but not among those that are off");
	FAILS(scf_simple_walk_instances(SCF_STATE_ALL, NULL, refuse),
	    SCF_ERROR_CALLBACK_FAILED, "a callback that fails");
	scf_pg_destroy(pg);
	env_delete(&e);
	return (t_done());
}
