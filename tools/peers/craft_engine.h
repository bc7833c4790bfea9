// A durable state for craft.c: RocksDB, as our own nodes use it.
#ifndef CRAFT_ENGINE_H
#define CRAFT_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Opens the engine in `directory`, which is made; ends the program where that fails.
void engine_open(const char *directory);

// Whether `engine_open` was called.
bool engine_is_open(void);

// Reads the row of `key`, and adds its new value, the change and the outcome to the batch.
void engine_apply(const char *key, size_t key_bytes, const char *value, size_t value_bytes);

// Writes the batch with `applied` in it, if there is one.
void engine_write(uint64_t applied);

#endif
