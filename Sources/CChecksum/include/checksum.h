#ifndef LOCKSTEP_CHECKSUM_H
#define LOCKSTEP_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* CRC32C (Castagnoli, reflected, as in RFC 3720 appendix B.4) of `length` bytes, continuing from
   `seed`, which is 0 at the start. Uses the processor's instruction where there is one. */
uint32_t lockstep_crc32c(uint32_t seed, const void *bytes, size_t length);

/* The same without that instruction, as a processor that lacks it has it; for tests. */
uint32_t lockstep_crc32c_portable(uint32_t seed, const void *bytes, size_t length);

#endif
