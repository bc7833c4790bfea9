/*
 * The control file of one node's troubles: the harness writes it, the library in trouble.c maps it.
 * All fields are little-endian and naturally aligned; 0 everywhere means that all is well.
 */
#ifndef LOCKSTEP_FAULTS_TROUBLE_H
#define LOCKSTEP_FAULTS_TROUBLE_H

#include <stdint.h>

#define TROUBLE_BYTES 4096u

struct trouble_control {
    /* Bytes 0 to 47 belong to the harness. */
    /* Added to what the wall clock says, in nanoseconds. */
    int64_t wall_nanoseconds;
    /* The errno that calls of a kind fail with; 0 for none. */
    uint32_t write_error;
    uint32_t sync_error;
    uint32_t read_error;
    /* Of a thousand calls that may fail, how many do. */
    uint32_t permille;
    /* While not 0, every call waits. */
    uint32_t stall;
    /* How long every write and sync takes longer. */
    uint32_t delay_microseconds;
    /* How far the clocks that never jump go in a thousand seconds; 0 for a thousand. */
    uint32_t rate_permille;
    /* While not 0, every sync of a file below log/ in the folder waits. */
    uint32_t log_sync_stall;
    uint32_t reserved[2];
    /* Bytes 48 to 87 belong to the library: how often each trouble has met a call. */
    uint64_t failures;
    uint64_t stalls;
    uint64_t delays;
    uint64_t shifted_clock_reads;
    uint64_t bent_clock_reads;
};

#endif
