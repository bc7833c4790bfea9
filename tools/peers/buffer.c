// Growing byte buffers, little-endian integers and unsigned LEB128 varints.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loadgen.h"

// Makes room for `count` bytes at the end and counts them in.
uint8_t *buffer_extend(struct buffer *b, size_t count) {
    if (b->count + count > b->capacity) {
        b->capacity = (b->count + count) * 2 + 4096;
        b->bytes = realloc(b->bytes, b->capacity);
        if (!b->bytes) {
            perror("loadgen: realloc");
            exit(1);
        }
    }
    uint8_t *place = b->bytes + b->count;
    b->count += count;
    return place;
}

void buffer_append(struct buffer *b, const void *bytes, size_t count) {
    memcpy(buffer_extend(b, count), bytes, count);
}

void buffer_append_u8(struct buffer *b, uint8_t value) { *buffer_extend(b, 1) = value; }

static void append_little_endian(struct buffer *b, uint64_t value, int count) {
    uint8_t *place = buffer_extend(b, count);
    for (int i = 0; i < count; i++) place[i] = (uint8_t)(value >> (8 * i));
}

void buffer_append_u16(struct buffer *b, uint16_t value) { append_little_endian(b, value, 2); }
void buffer_append_u32(struct buffer *b, uint32_t value) { append_little_endian(b, value, 4); }
void buffer_append_u64(struct buffer *b, uint64_t value) { append_little_endian(b, value, 8); }

void buffer_append_varint(struct buffer *b, uint64_t value) {
    while (value >= 0x80) {
        buffer_append_u8(b, (uint8_t)(value | 0x80));
        value >>= 7;
    }
    buffer_append_u8(b, (uint8_t)value);
}

void buffer_take(struct buffer *b, size_t count) {
    b->taken += count;
    if (b->taken == b->count) buffer_clear(b);
}

void buffer_clear(struct buffer *b) { b->count = b->taken = 0; }
