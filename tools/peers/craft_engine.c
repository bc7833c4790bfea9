// What a Lockstep node's engine does for a transaction, in kind and size, under C-Raft: each turn of
// the loop is one write batch of RocksDB without its own log. It holds
//
//   for each transaction   a row of its key, after that row was read
//   for each turn          one row with the change sets, one with the outcomes, the applied index
//
// So it tells how much of the distance between the two is the durable state, and how much the rest.
#include <rocksdb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "craft_engine.h"

enum {
    // What one of our transactions has beside its keys and values.
    ROW_HEADER_BYTES = 28,
    FEED_HEADER_BYTES = 60,
    OUTCOME_BYTES = 28,
    NUMBER_KEY_BYTES = 10,
    MOST_KEY_BYTES = 64,
};

struct text {
    char *bytes;
    size_t count, capacity;
};

static rocksdb_t *database;
static rocksdb_readoptions_t *reading;
static rocksdb_writeoptions_t *writing;
static rocksdb_writebatch_t *batch;
static struct text row, feed, outcomes;
static uint64_t turn;

static void check(char *error, const char *what) {
    if (!error) return;
    fprintf(stderr, "craft: engine: %s: %s\n", what, error);
    exit(1);
}

static void append(struct text *text, const void *bytes, size_t count) {
    if (text->count + count > text->capacity) {
        text->capacity = (text->count + count) * 2;
        text->bytes = realloc(text->bytes, text->capacity);
    }
    memcpy(text->bytes + text->count, bytes, count);
    text->count += count;
}

static void append_filler(struct text *text, size_t count) {
    static const char filler[64] = "svc:/bench/:properties/";
    append(text, filler, count);
}

// Of few shards: each must have room for several tables' filters.
static rocksdb_cache_t *make_cache(void) {
    rocksdb_lru_cache_options_t *options = rocksdb_lru_cache_options_create();
    rocksdb_lru_cache_options_set_capacity(options, 32 << 20);
    rocksdb_lru_cache_options_set_num_shard_bits(options, 2);
    return rocksdb_cache_create_lru_opts(options);
}

// The settings of Sources/RocksEngine/NativeOptions.swift that matter for speed.
static rocksdb_options_t *make_options(void) {
    rocksdb_options_t *options = rocksdb_options_create();
    rocksdb_block_based_table_options_t *tables = rocksdb_block_based_options_create();
    rocksdb_block_based_options_set_block_cache(tables, make_cache());
    rocksdb_block_based_options_set_filter_policy(
        tables, rocksdb_filterpolicy_create_bloom_full(10));
    rocksdb_block_based_options_set_format_version(tables, 5);
    rocksdb_block_based_options_set_cache_index_and_filter_blocks(tables, 1);
    rocksdb_block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(tables, 1);
    rocksdb_options_set_block_based_table_factory(options, tables);
    rocksdb_options_set_create_if_missing(options, 1);
    rocksdb_options_set_write_buffer_size(options, 32 << 20);
    rocksdb_options_set_max_write_buffer_number(options, 3);
    rocksdb_options_set_memtable_prefix_bloom_size_ratio(options, 0.02);
    rocksdb_options_set_memtable_whole_key_filtering(options, 1);
    rocksdb_options_set_allow_concurrent_memtable_write(options, 0);
    rocksdb_options_set_enable_write_thread_adaptive_yield(options, 0);
    rocksdb_options_set_max_background_jobs(options, 2);
    rocksdb_options_set_level_compaction_dynamic_level_bytes(options, 1);
    rocksdb_options_set_target_file_size_base(options, 32 << 20);
    rocksdb_options_set_max_bytes_for_level_base(options, 128 << 20);
    rocksdb_options_set_level0_slowdown_writes_trigger(options, 24);
    rocksdb_options_set_level0_stop_writes_trigger(options, 40);
    rocksdb_options_set_bytes_per_sync(options, 1 << 20);
    return options;
}

void engine_open(const char *directory) {
    char *error = NULL;
    rocksdb_options_t *options = make_options();
    rocksdb_options_t *hinted = rocksdb_options_create();
    rocksdb_get_options_from_string(
        options, "memtable_insert_with_hint_prefix_extractor=fixed:2", hinted, &error);
    check(error, "options");
    database = rocksdb_open(hinted, directory, &error);
    check(error, "open");
    reading = rocksdb_readoptions_create();
    writing = rocksdb_writeoptions_create();
    rocksdb_writeoptions_disable_WAL(writing, 1);
    batch = rocksdb_writebatch_create();
}

bool engine_is_open(void) { return database != NULL; }

void engine_apply(const char *key, size_t key_bytes, const char *value, size_t value_bytes) {
    char name[MOST_KEY_BYTES] = "\x10\x03" "bench\0\x01";
    const size_t start = 10;
    memcpy(name + start, key, key_bytes);
    size_t name_bytes = start + key_bytes;
    char *error = NULL;
    rocksdb_pinnableslice_t *found =
        rocksdb_get_pinned(database, reading, name, name_bytes, &error);
    check(error, "get");
    append_filler(&feed, FEED_HEADER_BYTES);
    append(&feed, key, key_bytes);
    if (found) {
        size_t old_bytes;
        const char *old = rocksdb_pinnableslice_value(found, &old_bytes);
        append(&feed, old, old_bytes);
        rocksdb_pinnableslice_destroy(found);
    } else {
        // The group is made as well: a change of its own.
        append_filler(&feed, FEED_HEADER_BYTES);
    }
    append(&feed, value, value_bytes);
    append_filler(&outcomes, OUTCOME_BYTES);
    row.count = 0;
    append_filler(&row, ROW_HEADER_BYTES);
    append(&row, value, value_bytes);
    rocksdb_writebatch_put(batch, name, name_bytes, row.bytes, row.count);
}

static void put_numbered(char space, uint64_t number, struct text *text) {
    char key[NUMBER_KEY_BYTES] = {0x01, space};
    for (int i = 0; i < 8; i++) key[2 + i] = (char)(number >> (56 - 8 * i));
    rocksdb_writebatch_put(batch, key, sizeof key, text->bytes, text->count);
    text->count = 0;
}

void engine_write(uint64_t applied) {
    if (rocksdb_writebatch_count(batch) == 0) return;
    turn++;
    put_numbered(0x04, turn, &outcomes);
    put_numbered(0x05, turn, &feed);
    static const char applied_key[2] = {0x01, 0x01};
    rocksdb_writebatch_put(
        batch, applied_key, sizeof applied_key, (const char *)&applied, sizeof applied);
    char *error = NULL;
    rocksdb_write(database, writing, batch, &error);
    check(error, "write");
    rocksdb_writebatch_clear(batch);
}
