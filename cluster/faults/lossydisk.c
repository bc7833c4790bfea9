/*
 * Preloaded into a node: notes in a journal what every write to its log overwrites, and what every
 * sync makes durable, so that after a SIGKILL undo.c can take back what a power cut would have
 * taken.
 *
 *   LOSSYDISK_FOLDER   files below this absolute path are watched
 *   LOSSYDISK_JOURNAL  the journal, outside that folder
 *   LOSSYDISK_IGNORE   if set, syncs report success and do nothing
 *
 * Creating, renaming and removing files is not undone. Without the first two the library does
 * nothing.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "journal.h"

static char folder[PATH_MAX];
static size_t folder_length;
static int journal = -1;
static int ignores_sync;
static uint64_t last_sequence;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_pwritev)(int, const struct iovec *, int, off_t);
static ssize_t (*real_pwritev2)(int, const struct iovec *, int, off_t, int);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

static void give_up(const char *what) {
    dprintf(2, "lossydisk: %s: %s\n", what, strerror(errno));
    abort();
}

static void *next_symbol(const char *name) {
    void *symbol = dlsym(RTLD_NEXT, name);
    if (symbol == NULL) give_up(name);
    return symbol;
}

__attribute__((constructor)) static void begin(void) {
    real_write = next_symbol("write");
    real_writev = next_symbol("writev");
    real_pwrite = next_symbol("pwrite");
    real_pwritev = next_symbol("pwritev");
    real_pwritev2 = next_symbol("pwritev2");
    real_ftruncate = next_symbol("ftruncate");
    real_fsync = next_symbol("fsync");
    real_fdatasync = next_symbol("fdatasync");
    const char *watched = getenv("LOSSYDISK_FOLDER");
    const char *path = getenv("LOSSYDISK_JOURNAL");
    if (watched == NULL || path == NULL) return;
    folder_length = strlen(watched);
    if (folder_length == 0 || folder_length + 2 > sizeof folder) {
        errno = ENAMETOOLONG;
        give_up(watched);
    }
    memcpy(folder, watched, folder_length);
    if (folder[folder_length - 1] != '/') folder[folder_length++] = '/';
    ignores_sync = getenv("LOSSYDISK_IGNORE") != NULL;
    journal = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (journal < 0) give_up(path);
    /* Behind every number of the processes before: each has taken more than a byte. */
    off_t present = lseek(journal, 0, SEEK_END);
    if (present < 0) give_up(path);
    last_sequence = (uint64_t)present;
    /* What was started by the node is none of ours. */
    unsetenv("LD_PRELOAD");
}

static int is_watched(int descriptor, struct stat *status) {
    if (journal < 0) return 0;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path);
    if (length <= (ssize_t)folder_length || memcmp(path, folder, folder_length) != 0) return 0;
    return fstat(descriptor, status) == 0 && S_ISREG(status->st_mode);
}

/* Reads through /proc, since the descriptor itself may be open for writing only. */
static size_t old_bytes(int descriptor, uint8_t *bytes, size_t count, uint64_t offset) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    int reader = open(link, O_RDONLY | O_CLOEXEC);
    if (reader < 0) give_up("open for reading");
    size_t have = 0;
    while (have < count) {
        ssize_t got = pread(reader, bytes + have, count - have, (off_t)(offset + have));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) give_up("pread");
        if (got == 0) break;
        have += (size_t)got;
    }
    close(reader);
    return have;
}

/* Called under the lock; one call of writev, so that a kill leaves whole records before the last. */
static void append(
    const struct stat *status, uint32_t kind, uint64_t sequence, uint64_t offset, uint64_t length,
    const uint8_t *payload, size_t payload_length
) {
    struct journal_record record = {
        .magic = JOURNAL_MAGIC, .kind = kind, .device = status->st_dev, .inode = status->st_ino,
        .sequence = sequence, .offset = offset, .length = length,
        .size = (uint64_t)status->st_size, .payload = payload_length,
    };
    struct iovec parts[2] = {
        {&record, sizeof record}, {(void *)payload, payload_length},
    };
    ssize_t done = real_writev(journal, parts, payload_length > 0 ? 2 : 1);
    if (done != (ssize_t)(sizeof record + payload_length)) give_up("write to the journal");
}

/* Returns the sequence number of what was noted, 0 for nothing. */
static uint64_t note(int descriptor, uint32_t kind, uint64_t offset, uint64_t length) {
    struct stat status;
    uint64_t sequence = 0;
    if (length == 0 && kind == journal_write) return 0;
    int saved = errno;
    if (is_watched(descriptor, &status)) {
        uint64_t size = (uint64_t)status.st_size, want = 0;
        if (kind == journal_write && offset < size) {
            want = length < size - offset ? length : size - offset;
        } else if (kind == journal_resize && offset < size) {
            want = size - offset;
        }
        uint8_t *bytes = want > 0 ? malloc(want) : NULL;
        if (want > 0 && bytes == NULL) give_up("malloc");
        pthread_mutex_lock(&lock);
        size_t have = want > 0 ? old_bytes(descriptor, bytes, want, offset) : 0;
        sequence = ++last_sequence;
        append(&status, kind, sequence, offset, length, bytes, have);
        pthread_mutex_unlock(&lock);
        free(bytes);
    }
    errno = saved;
    return sequence;
}

static uint64_t total(const struct iovec *parts, int count) {
    uint64_t sum = 0;
    for (int each = 0; each < count; each++) sum += parts[each].iov_len;
    return sum;
}

/* Where a write without an offset goes. */
static uint64_t position(int descriptor) {
    struct stat status;
    int flags = fcntl(descriptor, F_GETFL);
    if (flags >= 0 && (flags & O_APPEND) != 0 && fstat(descriptor, &status) == 0)
        return (uint64_t)status.st_size;
    off_t place = lseek(descriptor, 0, SEEK_CUR);
    return place < 0 ? 0 : (uint64_t)place;
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    struct stat status;
    if (journal >= 0 && is_watched(descriptor, &status))
        note(descriptor, journal_write, position(descriptor), count);
    return real_write(descriptor, bytes, count);
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    struct stat status;
    if (journal >= 0 && is_watched(descriptor, &status))
        note(descriptor, journal_write, position(descriptor), total(parts, count));
    return real_writev(descriptor, parts, count);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    note(descriptor, journal_write, (uint64_t)offset, count);
    return real_pwrite(descriptor, bytes, count, offset);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off_t offset) {
    return pwrite(descriptor, bytes, count, offset);
}

ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset) {
    note(descriptor, journal_write, (uint64_t)offset, total(parts, count));
    return real_pwritev(descriptor, parts, count, offset);
}

ssize_t pwritev64(int descriptor, const struct iovec *parts, int count, off_t offset) {
    return pwritev(descriptor, parts, count, offset);
}

/* A write that is durable when it returns, where the flags say so, covers no other. */
ssize_t pwritev2(int descriptor, const struct iovec *parts, int count, off_t offset, int flags) {
    const int durable = RWF_SYNC | RWF_DSYNC;
    uint64_t sequence = note(descriptor, journal_write, (uint64_t)offset, total(parts, count));
    if (sequence == 0 || (flags & durable) == 0)
        return real_pwritev2(descriptor, parts, count, offset, flags);
    if (ignores_sync) return real_pwritev2(descriptor, parts, count, offset, flags & ~durable);
    ssize_t done = real_pwritev2(descriptor, parts, count, offset, flags);
    int saved = errno;
    struct stat status;
    if (done == (ssize_t)total(parts, count) && is_watched(descriptor, &status)) {
        pthread_mutex_lock(&lock);
        append(&status, journal_durable, ++last_sequence, sequence, 0, NULL, 0);
        pthread_mutex_unlock(&lock);
    }
    errno = saved;
    return done;
}

ssize_t pwritev64v2(int descriptor, const struct iovec *parts, int count, off_t offset, int flags) {
    return pwritev2(descriptor, parts, count, offset, flags);
}

int ftruncate(int descriptor, off_t size) {
    note(descriptor, journal_resize, (uint64_t)size, 0);
    return real_ftruncate(descriptor, size);
}

int ftruncate64(int descriptor, off_t size) {
    return ftruncate(descriptor, size);
}

static int synchronise(int descriptor, int (*call)(int)) {
    struct stat status;
    if (!is_watched(descriptor, &status)) return call(descriptor);
    if (ignores_sync) return 0;
    /* Only what was written before the call is covered by it. */
    pthread_mutex_lock(&lock);
    uint64_t covered = last_sequence;
    pthread_mutex_unlock(&lock);
    int result = call(descriptor);
    int saved = errno;
    if (result == 0) {
        pthread_mutex_lock(&lock);
        append(&status, journal_sync, ++last_sequence, covered, 0, NULL, 0);
        pthread_mutex_unlock(&lock);
    }
    errno = saved;
    return result;
}

int fsync(int descriptor) {
    return synchronise(descriptor, real_fsync);
}

int fdatasync(int descriptor) {
    return synchronise(descriptor, real_fdatasync);
}
