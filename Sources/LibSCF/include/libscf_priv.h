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

#ifdef __cplusplus
}
#endif

#endif /* _LIBSCF_PRIV_H */
