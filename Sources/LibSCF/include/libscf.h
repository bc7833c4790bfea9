/*
 * libscf.h: the configuration store of a Lockstep cluster, by libscf's interface.
 *
 * Made from the documented interface (man pages 3SCF); the functions that are here behave as those
 * pages say. Every function that returns int or ssize_t returns -1 where it fails, every one that
 * returns an object NULL; scf_error() then says why, for each thread by itself.
 *
 * The cluster is found by the decoration "door_path" of a handle (an astring value,
 * "host:port[,host:port...]"), else by the environment's LIBSCF_DOORPATH or LOCKSTEP_ENDPOINTS,
 * else at 127.0.0.1:27010.
 *
 * What is over a bound of the cluster's is refused with SCF_ERROR_NO_RESOURCES: a property group has
 * at most 1 MiB, a transaction 10,000 entries of 2 MiB, an instance 64 snapshots, and one snapshot
 * 1,024 groups of 4 MiB in all.
 */
#ifndef _LIBSCF_H
#define	_LIBSCF_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define	SCF_SUCCESS	0
#define	SCF_COMPLETE	1
#define	SCF_FAILED	(-1)

typedef unsigned long scf_version_t;
#define	SCF_VERSION	1UL

typedef struct scf_handle scf_handle_t;
typedef struct scf_scope scf_scope_t;
typedef struct scf_service scf_service_t;
typedef struct scf_instance scf_instance_t;
typedef struct scf_propertygroup scf_propertygroup_t;
typedef struct scf_property scf_property_t;
typedef struct scf_value scf_value_t;
typedef struct scf_iter scf_iter_t;
typedef struct scf_snapshot scf_snapshot_t;
typedef struct scf_snaplevel scf_snaplevel_t;
typedef struct scf_transaction scf_transaction_t;
typedef struct scf_transaction_entry scf_transaction_entry_t;
typedef struct scf_simple_prop scf_simple_prop_t;
typedef struct scf_simple_app_props scf_simple_app_props_t;

typedef enum scf_error {
	SCF_ERROR_NONE = 1000,
	SCF_ERROR_NOT_BOUND,
	SCF_ERROR_NOT_SET,
	SCF_ERROR_NOT_FOUND,
	SCF_ERROR_TYPE_MISMATCH,
	SCF_ERROR_IN_USE,
	SCF_ERROR_CONNECTION_BROKEN,
	SCF_ERROR_INVALID_ARGUMENT,
	SCF_ERROR_NO_MEMORY,
	SCF_ERROR_CONSTRAINT_VIOLATED,
	SCF_ERROR_EXISTS,
	SCF_ERROR_NO_SERVER,
	SCF_ERROR_NO_RESOURCES,
	SCF_ERROR_PERMISSION_DENIED,
	SCF_ERROR_BACKEND_ACCESS,
	SCF_ERROR_HANDLE_MISMATCH,
	SCF_ERROR_HANDLE_DESTROYED,
	SCF_ERROR_VERSION_MISMATCH,
	SCF_ERROR_BACKEND_READONLY,
	SCF_ERROR_DELETED,
	SCF_ERROR_TEMPLATE_INVALID,
	SCF_ERROR_CALLBACK_FAILED = 1080,
	SCF_ERROR_INTERNAL = 1101
} scf_error_t;

typedef enum {
	SCF_TYPE_INVALID = 0,
	SCF_TYPE_BOOLEAN,
	SCF_TYPE_COUNT,
	SCF_TYPE_INTEGER,
	SCF_TYPE_TIME,
	SCF_TYPE_ASTRING,
	SCF_TYPE_OPAQUE,
	SCF_TYPE_USTRING = 100,
	SCF_TYPE_URI = 200,
	SCF_TYPE_FMRI,
	SCF_TYPE_HOST = 300,
	SCF_TYPE_HOSTNAME,
	SCF_TYPE_NET_ADDR_V4,
	SCF_TYPE_NET_ADDR_V6,
	SCF_TYPE_NET_ADDR
} scf_type_t;

#define	SCF_LIMIT_MAX_NAME_LENGTH	(-2000U)
#define	SCF_LIMIT_MAX_VALUE_LENGTH	(-2001U)
#define	SCF_LIMIT_MAX_PG_TYPE_LENGTH	(-2002U)
#define	SCF_LIMIT_MAX_FMRI_LENGTH	(-2003U)

#define	SCF_PG_FLAG_NONPERSISTENT	0x1

#define	SCF_DECODE_FMRI_EXACT			0x1
#define	SCF_DECODE_FMRI_TRUNCATE		0x2
#define	SCF_DECODE_FMRI_REQUIRE_INSTANCE	0x4
#define	SCF_DECODE_FMRI_REQUIRE_NO_INSTANCE	0x8

#define	SCF_DECORATE_CLEAR	((scf_value_t *)0)

#define	SCF_SCOPE_LOCAL		"localhost"
#define	scf_handle_get_local_scope(h, s) \
	scf_handle_get_scope((h), SCF_SCOPE_LOCAL, (s))

/* The names of types, of usual groups and their types, of properties and of states. */

#define	SCF_TYPE_STRING_BOOLEAN		"boolean"
#define	SCF_TYPE_STRING_COUNT		"count"
#define	SCF_TYPE_STRING_INTEGER		"integer"
#define	SCF_TYPE_STRING_TIME		"time"
#define	SCF_TYPE_STRING_ASTRING		"astring"
#define	SCF_TYPE_STRING_OPAQUE		"opaque"
#define	SCF_TYPE_STRING_USTRING		"ustring"
#define	SCF_TYPE_STRING_URI		"uri"
#define	SCF_TYPE_STRING_FMRI		"fmri"
#define	SCF_TYPE_STRING_HOST		"host"
#define	SCF_TYPE_STRING_HOSTNAME	"hostname"
#define	SCF_TYPE_STRING_NET_ADDR	"net_address"
#define	SCF_TYPE_STRING_NET_ADDR_V4	"net_address_v4"
#define	SCF_TYPE_STRING_NET_ADDR_V6	"net_address_v6"

#define	SCF_GROUP_APPLICATION		"application"
#define	SCF_GROUP_FRAMEWORK		"framework"
#define	SCF_GROUP_DEPENDENCY		"dependency"
#define	SCF_GROUP_METHOD		"method"
#define	SCF_GROUP_TEMPLATE		"template"
#define	SCF_GROUP_TEMPLATE_PG_PATTERN	"template_pg_pattern"
#define	SCF_GROUP_TEMPLATE_PROP_PATTERN	"template_prop_pattern"

#define	SCF_PG_APP_DEFAULT		"application"
#define	SCF_PG_GENERAL			"general"
#define	SCF_PG_GENERAL_OVR		"general_ovr"
#define	SCF_PG_RESTARTER		"restarter"
#define	SCF_PG_RESTARTER_ACTIONS	"restarter_actions"
#define	SCF_PG_METHOD_CONTEXT		"method_context"
#define	SCF_PG_DEPENDENTS		"dependents"
#define	SCF_PG_OPTIONS			"options"
#define	SCF_PG_OPTIONS_OVR		"options_ovr"
#define	SCF_PG_STARTD			"startd"
#define	SCF_PG_TM_COMMON_NAME		"tm_common_name"
#define	SCF_PG_TM_DESCRIPTION		"tm_description"

#define	SCF_PROPERTY_AUX_STATE		"auxiliary_state"
#define	SCF_PROPERTY_CONTRACT		"contract"
#define	SCF_PROPERTY_DURATION		"duration"
#define	SCF_PROPERTY_ENABLED		"enabled"
#define	SCF_PROPERTY_ENTITIES		"entities"
#define	SCF_PROPERTY_ENTITY_STABILITY	"entity_stability"
#define	SCF_PROPERTY_ENVIRONMENT	"environment"
#define	SCF_PROPERTY_EXEC		"exec"
#define	SCF_PROPERTY_GROUP		"group"
#define	SCF_PROPERTY_GROUPING		"grouping"
#define	SCF_PROPERTY_NEXT_STATE		"next_state"
#define	SCF_PROPERTY_PRIVILEGES		"privileges"
#define	SCF_PROPERTY_PROFILE		"profile"
#define	SCF_PROPERTY_REFRESH		"refresh"
#define	SCF_PROPERTY_RESTART		"restart"
#define	SCF_PROPERTY_RESTARTER		"restarter"
#define	SCF_PROPERTY_RESTART_ON		"restart_on"
#define	SCF_PROPERTY_SINGLE_INSTANCE	"single_instance"
#define	SCF_PROPERTY_START_PID		"start_pid"
#define	SCF_PROPERTY_STATE		"state"
#define	SCF_PROPERTY_STATE_TIMESTAMP	"state_timestamp"
#define	SCF_PROPERTY_TIMEOUT		"timeout_seconds"
#define	SCF_PROPERTY_TYPE		"type"
#define	SCF_PROPERTY_USE_PROFILE	"use_profile"
#define	SCF_PROPERTY_USER		"user"
#define	SCF_PROPERTY_WORKING_DIRECTORY	"working_directory"

#define	SCF_DEP_REQUIRE_ALL		"require_all"
#define	SCF_DEP_REQUIRE_ANY		"require_any"
#define	SCF_DEP_EXCLUDE_ALL		"exclude_all"
#define	SCF_DEP_OPTIONAL_ALL		"optional_all"
#define	SCF_DEP_RESET_ON_ERROR		"error"
#define	SCF_DEP_RESET_ON_RESTART	"restart"
#define	SCF_DEP_RESET_ON_REFRESH	"refresh"
#define	SCF_DEP_RESET_ON_NONE		"none"

#define	SCF_STATE_STRING_NONE		"none"
#define	SCF_STATE_STRING_UNINIT		"uninitialized"
#define	SCF_STATE_STRING_MAINT		"maintenance"
#define	SCF_STATE_STRING_OFFLINE	"offline"
#define	SCF_STATE_STRING_DISABLED	"disabled"
#define	SCF_STATE_STRING_ONLINE		"online"
#define	SCF_STATE_STRING_DEGRADED	"degraded"
#define	SCF_STATE_STRING_LEGACY		"legacy_run"
#define	MAX_SCF_STATE_STRING_SZ		14

#define	SCF_STATE_UNINIT	0x1
#define	SCF_STATE_MAINT		0x2
#define	SCF_STATE_OFFLINE	0x4
#define	SCF_STATE_DISABLED	0x8
#define	SCF_STATE_ONLINE	0x10
#define	SCF_STATE_DEGRADED	0x20
#define	SCF_STATE_ALL		0x3f

/* Errors, limits and handles. */

scf_error_t scf_error(void);
const char *scf_strerror(scf_error_t);
ssize_t scf_limit(uint32_t);
scf_handle_t *scf_handle_create(scf_version_t);
int scf_handle_decorate(scf_handle_t *, const char *, scf_value_t *);
int scf_handle_bind(scf_handle_t *);
int scf_handle_unbind(scf_handle_t *);
void scf_handle_destroy(scf_handle_t *);
int scf_handle_get_scope(scf_handle_t *, const char *, scf_scope_t *);
int scf_handle_decode_fmri(scf_handle_t *, const char *, scf_scope_t *, scf_service_t *,
    scf_instance_t *, scf_propertygroup_t *, scf_property_t *, int);

/* Types and values. */

int scf_type_base_type(scf_type_t, scf_type_t *);
const char *scf_type_to_string(scf_type_t);
scf_type_t scf_string_to_type(const char *);
scf_value_t *scf_value_create(scf_handle_t *);
scf_handle_t *scf_value_handle(const scf_value_t *);
void scf_value_destroy(scf_value_t *);
scf_type_t scf_value_base_type(const scf_value_t *);
scf_type_t scf_value_type(const scf_value_t *);
int scf_value_is_type(const scf_value_t *, scf_type_t);
void scf_value_reset(scf_value_t *);
int scf_value_get_boolean(const scf_value_t *, uint8_t *);
int scf_value_get_count(const scf_value_t *, uint64_t *);
int scf_value_get_integer(const scf_value_t *, int64_t *);
int scf_value_get_time(const scf_value_t *, int64_t *, int32_t *);
ssize_t scf_value_get_astring(const scf_value_t *, char *, size_t);
ssize_t scf_value_get_ustring(const scf_value_t *, char *, size_t);
ssize_t scf_value_get_opaque(const scf_value_t *, void *, size_t);
void scf_value_set_boolean(scf_value_t *, uint8_t);
void scf_value_set_count(scf_value_t *, uint64_t);
void scf_value_set_integer(scf_value_t *, int64_t);
int scf_value_set_time(scf_value_t *, int64_t, int32_t);
int scf_value_set_astring(scf_value_t *, const char *);
int scf_value_set_ustring(scf_value_t *, const char *);
int scf_value_set_opaque(scf_value_t *, const void *, size_t);
ssize_t scf_value_get_as_string(const scf_value_t *, char *, size_t);
ssize_t scf_value_get_as_string_typed(const scf_value_t *, scf_type_t, char *, size_t);
int scf_value_set_from_string(scf_value_t *, scf_type_t, const char *);

/* Scopes, services and instances. */

scf_scope_t *scf_scope_create(scf_handle_t *);
void scf_scope_destroy(scf_scope_t *);
ssize_t scf_scope_get_name(const scf_scope_t *, char *, size_t);
ssize_t scf_scope_to_fmri(const scf_scope_t *, char *, size_t);
int scf_scope_get_service(const scf_scope_t *, const char *, scf_service_t *);
int scf_scope_add_service(const scf_scope_t *, const char *, scf_service_t *);
scf_service_t *scf_service_create(scf_handle_t *);
void scf_service_destroy(scf_service_t *);
ssize_t scf_service_get_name(const scf_service_t *, char *, size_t);
ssize_t scf_service_to_fmri(const scf_service_t *, char *, size_t);
int scf_service_get_parent(const scf_service_t *, scf_scope_t *);
int scf_service_get_instance(const scf_service_t *, const char *, scf_instance_t *);
int scf_service_add_instance(const scf_service_t *, const char *, scf_instance_t *);
int scf_service_add_pg(const scf_service_t *, const char *, const char *, uint32_t,
    scf_propertygroup_t *);
int scf_service_delete(scf_service_t *);
scf_instance_t *scf_instance_create(scf_handle_t *);
void scf_instance_destroy(scf_instance_t *);
ssize_t scf_instance_get_name(const scf_instance_t *, char *, size_t);
ssize_t scf_instance_to_fmri(const scf_instance_t *, char *, size_t);
int scf_instance_get_parent(const scf_instance_t *, scf_service_t *);
int scf_instance_get_pg(const scf_instance_t *, const char *, scf_propertygroup_t *);
int scf_instance_add_pg(const scf_instance_t *, const char *, const char *, uint32_t,
    scf_propertygroup_t *);
int scf_instance_delete(scf_instance_t *);
scf_handle_t *scf_scope_handle(const scf_scope_t *);
int scf_scope_get_parent(const scf_scope_t *, scf_scope_t *);
scf_handle_t *scf_service_handle(const scf_service_t *);
int scf_service_get_pg(const scf_service_t *, const char *, scf_propertygroup_t *);
scf_handle_t *scf_instance_handle(const scf_instance_t *);

/* Property groups and properties. */

scf_propertygroup_t *scf_pg_create(scf_handle_t *);
scf_handle_t *scf_pg_handle(const scf_propertygroup_t *);
void scf_pg_destroy(scf_propertygroup_t *);
ssize_t scf_pg_to_fmri(const scf_propertygroup_t *, char *, size_t);
ssize_t scf_pg_get_name(const scf_propertygroup_t *, char *, size_t);
ssize_t scf_pg_get_type(const scf_propertygroup_t *, char *, size_t);
int scf_pg_get_flags(const scf_propertygroup_t *, uint32_t *);
int scf_pg_get_parent_service(const scf_propertygroup_t *, scf_service_t *);
int scf_pg_get_parent_instance(const scf_propertygroup_t *, scf_instance_t *);
int scf_pg_get_underlying_pg(const scf_propertygroup_t *, scf_propertygroup_t *);
int scf_pg_get_property(const scf_propertygroup_t *, const char *, scf_property_t *);
int scf_pg_update(scf_propertygroup_t *);
int scf_pg_delete(scf_propertygroup_t *);
scf_property_t *scf_property_create(scf_handle_t *);
void scf_property_destroy(scf_property_t *);
int scf_property_is_type(const scf_property_t *, scf_type_t);
int scf_property_type(const scf_property_t *, scf_type_t *);
ssize_t scf_property_get_name(const scf_property_t *, char *, size_t);
int scf_property_get_value(const scf_property_t *, scf_value_t *);
ssize_t scf_property_to_fmri(const scf_property_t *, char *, size_t);
scf_handle_t *scf_property_handle(const scf_property_t *);

int scf_pg_get_parent_snaplevel(const scf_propertygroup_t *, scf_snaplevel_t *);

/* Snapshots of instances and their levels: the instance's groups, then its service's. */

scf_snapshot_t *scf_snapshot_create(scf_handle_t *);
scf_handle_t *scf_snapshot_handle(const scf_snapshot_t *);
void scf_snapshot_destroy(scf_snapshot_t *);
ssize_t scf_snapshot_get_name(const scf_snapshot_t *, char *, size_t);
int scf_snapshot_get_parent(const scf_snapshot_t *, scf_instance_t *);
int scf_snapshot_update(scf_snapshot_t *);
int scf_snapshot_get_base_snaplevel(const scf_snapshot_t *, scf_snaplevel_t *);
int scf_instance_get_snapshot(const scf_instance_t *, const char *, scf_snapshot_t *);
int scf_instance_get_pg_composed(const scf_instance_t *, const scf_snapshot_t *, const char *,
    scf_propertygroup_t *);
scf_snaplevel_t *scf_snaplevel_create(scf_handle_t *);
scf_handle_t *scf_snaplevel_handle(const scf_snaplevel_t *);
void scf_snaplevel_destroy(scf_snaplevel_t *);
int scf_snaplevel_get_parent(const scf_snaplevel_t *, scf_snapshot_t *);
ssize_t scf_snaplevel_get_scope_name(const scf_snaplevel_t *, char *, size_t);
ssize_t scf_snaplevel_get_service_name(const scf_snaplevel_t *, char *, size_t);
ssize_t scf_snaplevel_get_instance_name(const scf_snaplevel_t *, char *, size_t);
int scf_snaplevel_get_pg(const scf_snaplevel_t *, const char *, scf_propertygroup_t *);
int scf_snaplevel_get_next_snaplevel(const scf_snaplevel_t *, scf_snaplevel_t *);

/* Iterators. */

scf_iter_t *scf_iter_create(scf_handle_t *);
void scf_iter_reset(scf_iter_t *);
void scf_iter_destroy(scf_iter_t *);
int scf_iter_handle_scopes(scf_iter_t *, const scf_handle_t *);
int scf_iter_scope_services(scf_iter_t *, const scf_scope_t *);
int scf_iter_service_instances(scf_iter_t *, const scf_service_t *);
int scf_iter_service_pgs(scf_iter_t *, const scf_service_t *);
int scf_iter_service_pgs_typed(scf_iter_t *, const scf_service_t *, const char *);
int scf_iter_instance_pgs(scf_iter_t *, const scf_instance_t *);
int scf_iter_instance_pgs_typed(scf_iter_t *, const scf_instance_t *, const char *);
int scf_iter_instance_pgs_composed(scf_iter_t *, const scf_instance_t *, const scf_snapshot_t *);
int scf_iter_instance_pgs_typed_composed(scf_iter_t *, const scf_instance_t *,
    const scf_snapshot_t *, const char *);
int scf_iter_instance_snapshots(scf_iter_t *, const scf_instance_t *);
int scf_iter_snaplevel_pgs(scf_iter_t *, const scf_snaplevel_t *);
int scf_iter_snaplevel_pgs_typed(scf_iter_t *, const scf_snaplevel_t *, const char *);
int scf_iter_pg_properties(scf_iter_t *, const scf_propertygroup_t *);
int scf_iter_property_values(scf_iter_t *, const scf_property_t *);
int scf_iter_next_scope(scf_iter_t *, scf_scope_t *);
int scf_iter_next_service(scf_iter_t *, scf_service_t *);
int scf_iter_next_instance(scf_iter_t *, scf_instance_t *);
int scf_iter_next_pg(scf_iter_t *, scf_propertygroup_t *);
int scf_iter_next_property(scf_iter_t *, scf_property_t *);
int scf_iter_next_snapshot(scf_iter_t *, scf_snapshot_t *);
int scf_iter_next_value(scf_iter_t *, scf_value_t *);
scf_handle_t *scf_iter_handle(const scf_iter_t *);

/* Transactions and their entries. */

scf_transaction_t *scf_transaction_create(scf_handle_t *);
scf_handle_t *scf_transaction_handle(const scf_transaction_t *);
int scf_transaction_start(scf_transaction_t *, scf_propertygroup_t *);
void scf_transaction_destroy(scf_transaction_t *);
void scf_transaction_destroy_children(scf_transaction_t *);
void scf_transaction_reset(scf_transaction_t *);
void scf_transaction_reset_all(scf_transaction_t *);
int scf_transaction_commit(scf_transaction_t *);
int scf_transaction_property_change(scf_transaction_t *, scf_transaction_entry_t *, const char *,
    scf_type_t);
int scf_transaction_property_delete(scf_transaction_t *, scf_transaction_entry_t *, const char *);
int scf_transaction_property_new(scf_transaction_t *, scf_transaction_entry_t *, const char *,
    scf_type_t);
int scf_transaction_property_change_type(scf_transaction_t *, scf_transaction_entry_t *, const
    char *, scf_type_t);
scf_transaction_entry_t *scf_entry_create(scf_handle_t *);
scf_handle_t *scf_entry_handle(const scf_transaction_entry_t *);
void scf_entry_reset(scf_transaction_entry_t *);
void scf_entry_destroy(scf_transaction_entry_t *);
void scf_entry_destroy_children(scf_transaction_entry_t *);
int scf_entry_add_value(scf_transaction_entry_t *, scf_value_t *);

/* The simple interface: what is read lasts until it is freed, and needs no handle. */

ssize_t scf_myname(scf_handle_t *, char *, size_t);
int scf_simple_walk_instances(unsigned int, void *, int (*)(scf_handle_t *, scf_instance_t *,
    void *));
scf_simple_prop_t *scf_simple_prop_get(scf_handle_t *, const char *, const char *, const char *);
void scf_simple_prop_free(scf_simple_prop_t *);
ssize_t scf_simple_prop_numvalues(const scf_simple_prop_t *);
scf_type_t scf_simple_prop_type(const scf_simple_prop_t *);
char *scf_simple_prop_name(const scf_simple_prop_t *);
char *scf_simple_prop_pgname(const scf_simple_prop_t *);
uint8_t *scf_simple_prop_next_boolean(scf_simple_prop_t *);
uint64_t *scf_simple_prop_next_count(scf_simple_prop_t *);
int64_t *scf_simple_prop_next_integer(scf_simple_prop_t *);
int64_t *scf_simple_prop_next_time(scf_simple_prop_t *, int32_t *);
char *scf_simple_prop_next_astring(scf_simple_prop_t *);
char *scf_simple_prop_next_ustring(scf_simple_prop_t *);
void *scf_simple_prop_next_opaque(scf_simple_prop_t *, size_t *);
void scf_simple_prop_next_reset(scf_simple_prop_t *);
scf_simple_app_props_t *scf_simple_app_props_get(scf_handle_t *, const char *);
void scf_simple_app_props_free(scf_simple_app_props_t *);
const scf_simple_prop_t *scf_simple_app_props_next(const scf_simple_app_props_t *,
    scf_simple_prop_t *);
const scf_simple_prop_t *scf_simple_app_props_search(const scf_simple_app_props_t *, const char *,
    const char *);

#ifdef __cplusplus
}
#endif

#endif /* _LIBSCF_H */
