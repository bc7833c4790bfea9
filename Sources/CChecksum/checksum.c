#include "checksum.h"

#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__)
#include <arm_acle.h>
#endif

static uint32_t table_crc(uint32_t crc, const uint8_t *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0x82F63B78u & -(crc & 1u));
        }
    }
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2")))
static uint32_t hardware_crc(uint32_t crc, const uint8_t *bytes, size_t length) {
    uint64_t wide = crc;
    while (length >= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        wide = _mm_crc32_u64(wide, word);
        bytes += 8;
        length -= 8;
    }
    crc = (uint32_t)wide;
    while (length-- > 0) {
        crc = _mm_crc32_u8(crc, *bytes++);
    }
    return crc;
}

static int has_hardware(void) {
    return __builtin_cpu_supports("sse4.2");
}
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
static uint32_t hardware_crc(uint32_t crc, const uint8_t *bytes, size_t length) {
    while (length >= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        crc = __crc32cd(crc, word);
        bytes += 8;
        length -= 8;
    }
    while (length-- > 0) {
        crc = __crc32cb(crc, *bytes++);
    }
    return crc;
}

static int has_hardware(void) {
    return 1;
}
#else
static uint32_t hardware_crc(uint32_t crc, const uint8_t *bytes, size_t length) {
    return table_crc(crc, bytes, length);
}

static int has_hardware(void) {
    return 0;
}
#endif

uint32_t lockstep_crc32c(uint32_t seed, const void *bytes, size_t length) {
    uint32_t crc = ~seed;
    crc = has_hardware() ? hardware_crc(crc, bytes, length) : table_crc(crc, bytes, length);
    return ~crc;
}

uint32_t lockstep_crc32c_portable(uint32_t seed, const void *bytes, size_t length) {
    return ~table_crc(~seed, bytes, length);
}
