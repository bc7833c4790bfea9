/*
 * libscf_priv.h: what libscf has beyond its documented interface, as far as it is here.
 */
#ifndef _LIBSCF_PRIV_H
#define	_LIBSCF_PRIV_H

#include <libscf.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Takes the instance as it is under a new name, or under that of a snapshot that is there. */
int _scf_snapshot_take_new(scf_instance_t *, const char *, scf_snapshot_t *);
int _scf_snapshot_take_attach(scf_instance_t *, scf_snapshot_t *);
/* Makes the second snapshot hold what the first holds. */
int _scf_snapshot_attach(scf_snapshot_t *, scf_snapshot_t *);
int _scf_snapshot_delete(scf_snapshot_t *);

/*
 * Waits until the group has another version or is gone: 0, at once where that is so already; 1 after
 * that many seconds, which are for ever where they are negative.
 */
int _scf_pg_wait(scf_propertygroup_t *, int);

/*
 * Tells the handle of groups of a name or type that change, from the first call on, and of everything
 * that is deleted. _scf_notify_wait waits for the next: 0 and the group, or the length of the FMRI
 * of what is gone. It ends with SCF_ERROR_NOT_SET when another thread unbinds the handle.
 */
int _scf_notify_add_pgname(scf_handle_t *, const char *);
int _scf_notify_add_pgtype(scf_handle_t *, const char *);
ssize_t _scf_notify_wait(scf_propertygroup_t *, char *, size_t);

#ifdef __cplusplus
}
#endif

#endif /* _LIBSCF_PRIV_H */
