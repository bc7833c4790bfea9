/* Snapshots, their levels, and what an instance shows together with its service. */
#include "scftest.h"
#include <libscf_priv.h>

int
main(void)
{
	env_t e;
	scf_snapshot_t *snap;
	scf_snaplevel_t *level;
	scf_propertygroup_t *pg;
	scf_iter_t *it;
	char buf[64];
	int n;

	env_new(&e, "p03");
	snap = scf_snapshot_create(e.h);
	level = scf_snaplevel_create(e.h);
	pg = scf_pg_create(e.h);
	it = scf_iter_create(e.h);
	OK(t_set1(e.pg, ACT_NEW, "own", SCF_TYPE_COUNT, "1") == 1, "a property of the instance");
	OK(scf_service_add_pg(e.svc, "cfg", "application", 0, pg) == 0 &&
	    t_set1(pg, ACT_NEW, "theirs", SCF_TYPE_COUNT, "2") == 1, "and one of the service");
	OK(scf_instance_get_pg_composed(e.inst, NULL, "cfg", pg) == 0 &&
	    IS(pg, "own", "1") && IS(pg, "theirs", "2"), "composed");

	FAILS(scf_instance_get_snapshot(e.inst, "running", snap), SCF_ERROR_NOT_FOUND, "none yet");
	FAILS(_scf_snapshot_take_new(e.inst, "1", snap), SCF_ERROR_INVALID_ARGUMENT, "bad name");
	OK(_scf_snapshot_take_new(e.inst, "running", snap) == 0, "taken");
	FAILS(_scf_snapshot_take_new(e.inst, "running", NULL), SCF_ERROR_EXISTS, "once");
	OK(scf_snapshot_get_name(snap, buf, sizeof (buf)) == 7 &&
	    strcmp(buf, "running") == 0, "its name");
	OK(scf_snapshot_update(snap) == 0, "nothing new");
	OK(scf_pg_update(e.pg) == 1 &&
	    t_set1(e.pg, ACT_CHANGE, "own", SCF_TYPE_COUNT, "9") == 1, "the instance changes");
	OK(scf_instance_get_pg_composed(e.inst, snap, "cfg", pg) == 0 &&
	    IS(pg, "own", "1") && IS(pg, "theirs", "2"), "the snapshot does not");
	FAILS(scf_pg_delete(pg), SCF_ERROR_PERMISSION_DENIED, "nor can it be changed");

	OK(scf_snapshot_get_base_snaplevel(snap, level) == 0 &&
	    scf_snaplevel_get_instance_name(level, buf, sizeof (buf)) == 7 &&
	    strcmp(buf, "default") == 0, "the instance's level");
	OK(scf_snaplevel_get_pg(level, "cfg", pg) == 0 && IS(pg, "own", "1") &&
	    IS(pg, "theirs", "?"), "its group");
	OK(scf_pg_get_parent_snaplevel(pg, level) == 0, "which knows its level");
	OK(scf_snaplevel_get_next_snaplevel(level, level) == 0, "the service's level");
	FAILS(scf_snaplevel_get_instance_name(level, buf, sizeof (buf)),
	    SCF_ERROR_CONSTRAINT_VIOLATED, "has no instance");
	OK(scf_iter_snaplevel_pgs(it, level) == 0 && scf_iter_next_pg(it, pg) == 1 &&
	    IS(pg, "theirs", "2") && scf_iter_next_pg(it, pg) == 0, "and one group");
	FAILS(scf_snaplevel_get_next_snaplevel(level, level), SCF_ERROR_NOT_FOUND, "the last");

	OK(_scf_snapshot_take_attach(e.inst, snap) == 0 && scf_snapshot_update(snap) == 1,
	    "taken again");
	OK(scf_instance_get_pg_composed(e.inst, snap, "cfg", pg) == 0 && IS(pg, "own", "9"),
	    "it shows what is now");
	OK(scf_iter_instance_snapshots(it, e.inst) == 0, "iterate snapshots");
	for (n = 0; scf_iter_next_snapshot(it, snap) == 1; n++)
		;
	OK(n == 1, "there is one");
	OK(scf_instance_get_snapshot(e.inst, "running", snap) == 0 &&
	    _scf_snapshot_delete(snap) == 0, "deleted");
	FAILS(scf_snapshot_update(snap), SCF_ERROR_DELETED, "and says so");
	scf_snapshot_destroy(snap);
	scf_snaplevel_destroy(level);
	scf_pg_destroy(pg);
	scf_iter_destroy(it);
	env_delete(&e);
	return (t_done());
}
