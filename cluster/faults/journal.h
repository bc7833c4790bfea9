/*
 * The journal of one node's log files: what their bytes were before each write that no sync has
 * covered yet. The library in lossydisk.c writes it, the program in undo.c reads it.
 *
 * A file of records, each a header and `payload` bytes. Files are named by inode, since segments
 * are renamed. A record that ends early was cut by the kill, and its write did not happen.
 */
#ifndef LOCKSTEP_FAULTS_JOURNAL_H
#define LOCKSTEP_FAULTS_JOURNAL_H

#include <stdint.h>

#define JOURNAL_MAGIC 0x4c4f5353u
#define JOURNAL_SECTOR 512u

enum journal_kind {
    /* The bytes at [offset, offset + length) are about to be written; the payload is what was
     * there, shorter than length where the file ended. */
    journal_write = 1,
    /* The file is about to be cut or grown to `offset`; the payload is what lay behind that. */
    journal_resize = 2,
    /* Every write of the file up to sequence number `offset` is durable. */
    journal_sync = 3,
    /* The one write with sequence number `offset` is durable. */
    journal_durable = 4,
};

struct journal_record {
    uint32_t magic;
    uint32_t kind;
    uint64_t device;
    uint64_t inode;
    uint64_t sequence;
    uint64_t offset;
    uint64_t length;
    /* Size of the file before. */
    uint64_t size;
    uint64_t payload;
};

#endif
