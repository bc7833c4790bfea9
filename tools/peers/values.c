// Keys and values: record-like JSON that compresses as such data does, or random bytes.
//
// The seed is fixed, so that two runs see the same data. The pool is large enough (64 MiB) that a
// compressor does not live off its repeats.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loadgen.h"

static uint8_t *pool;
static size_t pool_count, pool_next;
static uint64_t state = 88172645463325252u;

// xorshift64 (Marsaglia 2003).
uint64_t random_number(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

uint64_t random_key(void) { return random_number() % options.keys; }

static size_t make_record(char *text, size_t capacity, unsigned number) {
    static const char *words[] = {"paid", "open", "closed", "shipped", "pending", "EUR",
                                  "USD",  "NOK",  "user",   "order",   "account"};
    int count = snprintf(text, capacity,
        "{\"id\":%u,\"status\":\"%s\",\"cur\":\"%s\",\"amount\":%u.%02u,\"ref\":\"%016llx\"}",
        number, words[random_number() % 11], words[random_number() % 11],
        (unsigned)(random_number() % 10000), (unsigned)(random_number() % 100),
        (unsigned long long)random_number());
    return (size_t)count;
}

static void fill_record_like(uint8_t *value, size_t count, unsigned number) {
    size_t filled = 0;
    while (filled < count) {
        char text[256];
        size_t length = make_record(text, sizeof text, number);
        if (length > count - filled) length = count - filled;
        memcpy(value + filled, text, length);
        filled += length;
    }
}

static void fill_random(uint8_t *value, size_t count) {
    for (size_t i = 0; i < count; i++) value[i] = (uint8_t)random_number();
}

void make_values(void) {
    size_t bytes = (size_t)options.value_bytes;
    pool_count = ((size_t)64 << 20) / bytes;
    // A run of few transactions, such as a probe, does not wait for a pool it will not use.
    uint64_t wanted = options.most * (uint64_t)options.operations;
    if (options.kill_process >= 0) wanted = 4096;
    if (wanted > 0 && wanted < pool_count) pool_count = (size_t)wanted;
    pool = malloc(pool_count * bytes);
    if (!pool) {
        perror("loadgen: malloc");
        exit(1);
    }
    for (size_t i = 0; i < pool_count; i++) {
        if (options.is_incompressible)
            fill_random(pool + i * bytes, bytes);
        else
            fill_record_like(pool + i * bytes, bytes, (unsigned)i);
    }
}

const uint8_t *next_value(void) {
    pool_next = (pool_next + 1) % pool_count;
    return pool + pool_next * (size_t)options.value_bytes;
}
