/*
 * Takes back what a killed node had written to its log and not synced, as a power cut would.
 *
 *   undo JOURNAL FOLDER all|torn SEED
 *
 * `all` restores every byte of such writes and the sizes of the files; `torn` restores about half
 * of their 512-byte sectors, chosen by SEED, and leaves the sizes. Then empties the journal.
 * Prints: writes=<not covered by a sync> sectors=<restored> of=<touched>.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal.h"

struct entry {
    struct journal_record record;
    const uint8_t *payload;
};

static uint64_t seed;
static int is_torn;
static uint64_t touched, restored;

static void fail(const char *what) {
    fprintf(stderr, "undo: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint8_t *contents(const char *path, size_t *size) {
    int descriptor = open(path, O_RDONLY);
    struct stat status;
    if (descriptor < 0 || fstat(descriptor, &status) != 0) fail(path);
    uint8_t *bytes = malloc((size_t)status.st_size + 1);
    if (bytes == NULL) fail("malloc");
    *size = 0;
    while (*size < (size_t)status.st_size) {
        ssize_t got = read(descriptor, bytes + *size, (size_t)status.st_size - *size);
        if (got <= 0) fail(path);
        *size += (size_t)got;
    }
    close(descriptor);
    return bytes;
}

/* The file with an inode below the folder, open for writing; -1 if it was removed. */
static int open_inode(const char *folder, uint64_t inode) {
    DIR *directory = opendir(folder);
    if (directory == NULL) fail(folder);
    int found = -1;
    struct dirent *each;
    while (found < 0 && (each = readdir(directory)) != NULL) {
        char path[PATH_MAX];
        if (each->d_ino != inode || each->d_type != DT_REG) continue;
        snprintf(path, sizeof path, "%s/%s", folder, each->d_name);
        found = open(path, O_RDWR);
        if (found < 0) fail(path);
    }
    closedir(directory);
    return found;
}

/* One decision for a sector, whatever number of writes touched it: all of them or none were kept. */
static int is_lost(uint64_t inode, uint64_t sector) {
    if (!is_torn) return 1;
    uint64_t mixed = seed ^ (inode * 0x9e3779b97f4a7c15u) ^ (sector * 0xbf58476d1ce4e5b9u);
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return (int)((mixed ^ (mixed >> 31)) & 1);
}

static void put(int descriptor, const uint8_t *bytes, size_t count, uint64_t offset) {
    while (count > 0) {
        ssize_t done = pwrite(descriptor, bytes, count, (off_t)offset);
        if (done < 0) fail("pwrite");
        bytes += done;
        offset += (uint64_t)done;
        count -= (size_t)done;
    }
}

/* Restores what a write overwrote, sector by sector; behind the old end of the file, zeros. */
static void undo_write(int descriptor, const struct entry *entry, uint64_t size) {
    static const uint8_t zeros[JOURNAL_SECTOR];
    const struct journal_record *record = &entry->record;
    uint64_t at = record->offset, end = record->offset + record->length;
    if (end > size) end = size;
    while (at < end) {
        uint64_t stop = (at / JOURNAL_SECTOR + 1) * JOURNAL_SECTOR;
        if (stop > end) stop = end;
        touched++;
        if (is_lost(record->inode, at / JOURNAL_SECTOR)) {
            restored++;
            uint64_t from = at - record->offset;
            uint64_t known = record->payload > from ? record->payload - from : 0;
            if (known > stop - at) known = stop - at;
            put(descriptor, entry->payload + from, known, at);
            put(descriptor, zeros, stop - at - known, at + known);
        }
        at = stop;
    }
}

static void undo(const char *folder, const struct entry *entry) {
    const struct journal_record *record = &entry->record;
    int descriptor = open_inode(folder, record->inode);
    if (descriptor < 0) return;
    struct stat status;
    if (fstat(descriptor, &status) != 0 || (uint64_t)status.st_dev != record->device)
        fail("fstat");
    if (record->kind == journal_write) {
        undo_write(descriptor, entry, (uint64_t)status.st_size);
    } else if (!is_torn && record->payload > 0) {
        put(descriptor, entry->payload, record->payload, record->offset);
    }
    if (!is_torn && ftruncate(descriptor, (off_t)record->size) != 0) fail("ftruncate");
    if (fsync(descriptor) != 0) fail("fsync");
    close(descriptor);
}

/* Whether a later sync of the same file covers the write, or it was a durable one. */
static int is_synced(const struct entry *entries, size_t count, size_t place) {
    const struct journal_record *record = &entries[place].record;
    for (size_t each = place + 1; each < count; each++) {
        const struct journal_record *sync = &entries[each].record;
        if (sync->inode != record->inode) continue;
        if (sync->kind == journal_sync && sync->offset >= record->sequence) return 1;
        if (sync->kind == journal_durable && sync->offset == record->sequence) return 1;
    }
    return 0;
}

int main(int count, char **words) {
    if (count != 5 || (strcmp(words[3], "all") != 0 && strcmp(words[3], "torn") != 0)) {
        fprintf(stderr, "usage: undo JOURNAL FOLDER all|torn SEED\n");
        return 64;
    }
    is_torn = strcmp(words[3], "torn") == 0;
    seed = strtoull(words[4], NULL, 10);
    size_t size = 0, entries_count = 0, room = 1024;
    uint8_t *bytes = contents(words[1], &size);
    struct entry *entries = malloc(room * sizeof *entries);
    for (size_t at = 0; size - at >= sizeof(struct journal_record);) {
        struct entry entry;
        memcpy(&entry.record, bytes + at, sizeof entry.record);
        if (entry.record.magic != JOURNAL_MAGIC) {
            errno = EINVAL;
            fail("journal");
        }
        at += sizeof entry.record;
        if (size - at < entry.record.payload) break;
        entry.payload = bytes + at;
        at += entry.record.payload;
        if (entries_count == room) {
            room *= 2;
            entries = realloc(entries, room * sizeof *entries);
        }
        if (entries == NULL) fail("malloc");
        entries[entries_count++] = entry;
    }
    size_t pending = 0;
    for (size_t place = entries_count; place-- > 0;) {
        uint32_t kind = entries[place].record.kind;
        if (kind == journal_sync || kind == journal_durable) continue;
        if (is_synced(entries, entries_count, place)) continue;
        pending++;
        undo(words[2], &entries[place]);
    }
    if (truncate(words[1], 0) != 0) fail(words[1]);
    printf("writes=%zu sectors=%llu of=%llu\n", pending, (unsigned long long)restored,
        (unsigned long long)touched);
    return 0;
}
