#ifndef LOCKSTEP_DIRECT_IO_H
#define LOCKSTEP_DIRECT_IO_H

#include <stddef.h>
#include <stdint.h>

/* Opens the file of `descriptor` once more, for writes past the page cache; -1 and errno where that
   cannot be. */
int lockstep_open_direct(int descriptor);

/* Writes `count` bytes from `offset`, which are on the disk when it returns: how many, or -1 and errno. */
ptrdiff_t lockstep_write_durable(
    int descriptor, const void *bytes, size_t count, int64_t offset);

#endif
