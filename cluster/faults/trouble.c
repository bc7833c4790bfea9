/*
 * Preloaded into a node: lets its disk fail, stall and be slow, its wall clock jump, and its other
 * clocks go fast or slow, as a control file says at that moment.
 *
 *   TROUBLE_FOLDER   files below this absolute path are on the bad disk
 *   TROUBLE_CONTROL  the control file, TROUBLE_BYTES long, outside that folder
 *
 * Without the two the library does nothing. What goes through mapped memory is not reached.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "trouble.h"

static char folder[PATH_MAX];
static size_t folder_length;
static volatile struct trouble_control *control;
static _Atomic uint64_t calls;

static ssize_t (*real_read)(int, void *, size_t);
static ssize_t (*real_pread)(int, void *, size_t, off_t);
static ssize_t (*real_preadv)(int, const struct iovec *, int, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_pwritev)(int, const struct iovec *, int, off_t);
static ssize_t (*real_pwritev2)(int, const struct iovec *, int, off_t, int);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static int (*real_rename)(const char *, const char *);
static int (*real_unlink)(const char *);
static int (*real_mkdir)(const char *, mode_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fallocate)(int, int, off_t, off_t);
static int (*real_posix_fallocate)(int, off_t, off_t);
static int (*real_epoll_wait)(int, struct epoll_event *, int, int);
static int (*real_epoll_pwait)(int, struct epoll_event *, int, int, const sigset_t *);
static int (*real_clock_gettime)(clockid_t, struct timespec *);

static void give_up(const char *what) {
    dprintf(2, "trouble: %s: %s\n", what, strerror(errno));
    abort();
}

static void *next_symbol(const char *name) {
    void *symbol = dlsym(RTLD_NEXT, name);
    if (symbol == NULL) give_up(name);
    return symbol;
}

/* Finds what is called in the end; other libraries may call before our constructor has run. */
static void resolve(void) {
    real_read = next_symbol("read");
    real_pread = next_symbol("pread");
    real_preadv = next_symbol("preadv");
    real_write = next_symbol("write");
    real_writev = next_symbol("writev");
    real_pwrite = next_symbol("pwrite");
    real_pwritev = next_symbol("pwritev");
    real_pwritev2 = next_symbol("pwritev2");
    real_fsync = next_symbol("fsync");
    real_fdatasync = next_symbol("fdatasync");
    real_open = next_symbol("open");
    real_openat = next_symbol("openat");
    real_rename = next_symbol("rename");
    real_unlink = next_symbol("unlink");
    real_mkdir = next_symbol("mkdir");
    real_ftruncate = next_symbol("ftruncate");
    real_fallocate = next_symbol("fallocate");
    real_posix_fallocate = next_symbol("posix_fallocate");
    real_epoll_wait = next_symbol("epoll_wait");
    real_epoll_pwait = next_symbol("epoll_pwait");
    real_clock_gettime = next_symbol("clock_gettime");
}

__attribute__((constructor)) static void begin(void) {
    resolve();
    const char *watched = getenv("TROUBLE_FOLDER");
    const char *path = getenv("TROUBLE_CONTROL");
    if (watched == NULL || path == NULL) return;
    folder_length = strlen(watched);
    if (folder_length == 0 || folder_length + 2 > sizeof folder) {
        errno = ENAMETOOLONG;
        give_up(watched);
    }
    memcpy(folder, watched, folder_length);
    if (folder[folder_length - 1] != '/') folder[folder_length++] = '/';
    int descriptor = open(path, O_RDWR | O_CLOEXEC);
    if (descriptor < 0) give_up(path);
    void *memory =
        mmap(NULL, TROUBLE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (memory == MAP_FAILED) give_up(path);
    close(descriptor);
    control = memory;
    /* What was started by the node is none of ours. */
    unsetenv("LD_PRELOAD");
}

enum place { place_elsewhere, place_bad_disk, place_log };

static enum place place_of(int descriptor) {
    static const char log[] = "log/";
    char link[64], path[PATH_MAX + sizeof log];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    memset(path, 0, sizeof path);
    ssize_t length = readlink(link, path, PATH_MAX);
    if (length <= (ssize_t)folder_length || memcmp(path, folder, folder_length) != 0)
        return place_elsewhere;
    return strncmp(path + folder_length, log, sizeof log - 1) == 0 ? place_log : place_bad_disk;
}

/* The same of an absolute path; others are elsewhere. */
static enum place place_of_path(const char *path) {
    return strncmp(path, folder, folder_length) == 0 ? place_bad_disk : place_elsewhere;
}

static void count(volatile uint64_t *counter) {
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static int is_chosen(uint32_t permille) {
    uint64_t mixed = atomic_fetch_add(&calls, 1) * 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    return ((mixed ^ (mixed >> 27)) % 1000) < permille;
}

static void sleep_microseconds(uint32_t microseconds) {
    struct timespec rest = {microseconds / 1000000, (long)(microseconds % 1000000) * 1000};
    while (nanosleep(&rest, &rest) != 0 && errno == EINTR) {}
}

enum kind { kind_read, kind_write, kind_sync };

/* What a call of a file, or of a path where there is one, is to fail with, after it has waited as long
   as it has to; 0 if it goes on. */
static int trouble_of(int descriptor, const char *path, enum kind kind) {
    if (control == NULL) return 0;
    uint32_t error = kind == kind_read ? control->read_error
        : kind == kind_write ? control->write_error : control->sync_error;
    uint32_t delay = kind == kind_read ? 0 : control->delay_microseconds;
    uint32_t log_stall = kind == kind_sync ? control->log_sync_stall : 0;
    if (error == 0 && delay == 0 && control->stall == 0 && log_stall == 0) return 0;
    int saved = errno;
    enum place place = path == NULL ? place_of(descriptor) : place_of_path(path);
    int is_reached = place != place_elsewhere;
    if (is_reached && control->stall != 0) {
        count(&control->stalls);
        while (control->stall != 0) sleep_microseconds(2000);
    }
    if (place == place_log && log_stall != 0) {
        count(&control->stalls);
        while (control->log_sync_stall != 0) sleep_microseconds(2000);
    }
    if (is_reached && delay != 0) {
        count(&control->delays);
        sleep_microseconds(delay);
    }
    errno = saved;
    if (!is_reached || error == 0 || !is_chosen(control->permille)) return 0;
    count(&control->failures);
    return (int)error;
}

#define FAIL_IF(descriptor, path, kind) \
    if (real_clock_gettime == NULL) resolve(); \
    int error = trouble_of(descriptor, path, kind); \
    if (error != 0) { \
        errno = error; \
        return -1; \
    }

#define FAIL_OR(kind, call) \
    FAIL_IF(descriptor, NULL, kind) \
    return call

ssize_t read(int descriptor, void *bytes, size_t length) {
    FAIL_OR(kind_read, real_read(descriptor, bytes, length));
}

ssize_t pread(int descriptor, void *bytes, size_t length, off_t offset) {
    FAIL_OR(kind_read, real_pread(descriptor, bytes, length, offset));
}

ssize_t pread64(int descriptor, void *bytes, size_t length, off_t offset) {
    return pread(descriptor, bytes, length, offset);
}

ssize_t preadv(int descriptor, const struct iovec *parts, int length, off_t offset) {
    FAIL_OR(kind_read, real_preadv(descriptor, parts, length, offset));
}

ssize_t preadv64(int descriptor, const struct iovec *parts, int length, off_t offset) {
    return preadv(descriptor, parts, length, offset);
}

ssize_t write(int descriptor, const void *bytes, size_t length) {
    FAIL_OR(kind_write, real_write(descriptor, bytes, length));
}

ssize_t writev(int descriptor, const struct iovec *parts, int length) {
    FAIL_OR(kind_write, real_writev(descriptor, parts, length));
}

ssize_t pwrite(int descriptor, const void *bytes, size_t length, off_t offset) {
    FAIL_OR(kind_write, real_pwrite(descriptor, bytes, length, offset));
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t length, off_t offset) {
    return pwrite(descriptor, bytes, length, offset);
}

ssize_t pwritev(int descriptor, const struct iovec *parts, int length, off_t offset) {
    FAIL_OR(kind_write, real_pwritev(descriptor, parts, length, offset));
}

ssize_t pwritev64(int descriptor, const struct iovec *parts, int length, off_t offset) {
    return pwritev(descriptor, parts, length, offset);
}

/* A write and, where the flags say so, a sync, one after the other. */
ssize_t pwritev2(int descriptor, const struct iovec *parts, int length, off_t offset, int flags) {
    const int durable = RWF_SYNC | RWF_DSYNC;
    FAIL_IF(descriptor, NULL, kind_write)
    if (control == NULL || (flags & durable) == 0)
        return real_pwritev2(descriptor, parts, length, offset, flags);
    ssize_t done = real_pwritev2(descriptor, parts, length, offset, flags & ~durable);
    if (done < 0) return done;
    error = trouble_of(descriptor, NULL, kind_sync);
    if (error == 0 && real_fdatasync(descriptor) == 0) return done;
    if (error != 0) errno = error;
    return -1;
}

ssize_t pwritev64v2(int descriptor, const struct iovec *parts, int length, off_t offset, int flags) {
    return pwritev2(descriptor, parts, length, offset, flags);
}

int fsync(int descriptor) {
    FAIL_OR(kind_sync, real_fsync(descriptor));
}

int fdatasync(int descriptor) {
    FAIL_OR(kind_sync, real_fdatasync(descriptor));
}

/* What makes, names and sizes files fails where writes do; opening one that is there does not. */

#define MODE_OF(flags, mode) \
    mode_t mode = 0; \
    if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) { \
        va_list rest; \
        va_start(rest, flags); \
        mode = va_arg(rest, mode_t); \
        va_end(rest); \
    }

int open(const char *path, int flags, ...) {
    MODE_OF(flags, mode)
    if (real_clock_gettime == NULL) resolve();
    if ((flags & O_CREAT) != 0) {
        FAIL_IF(-1, path, kind_write)
    }
    return real_open(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    MODE_OF(flags, mode)
    return open(path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...) {
    MODE_OF(flags, mode)
    if (real_clock_gettime == NULL) resolve();
    if ((flags & O_CREAT) != 0) {
        FAIL_IF(-1, path, kind_write)
    }
    return real_openat(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...) {
    MODE_OF(flags, mode)
    return openat(folder, path, flags, mode);
}

int rename(const char *path, const char *wanted) {
    FAIL_IF(-1, path, kind_write)
    return real_rename(path, wanted);
}

int unlink(const char *path) {
    FAIL_IF(-1, path, kind_write)
    return real_unlink(path);
}

int mkdir(const char *path, mode_t mode) {
    FAIL_IF(-1, path, kind_write)
    return real_mkdir(path, mode);
}

int ftruncate(int descriptor, off_t length) {
    FAIL_OR(kind_write, real_ftruncate(descriptor, length));
}

int ftruncate64(int descriptor, off_t length) {
    return ftruncate(descriptor, length);
}

int fallocate(int descriptor, int mode, off_t offset, off_t length) {
    FAIL_OR(kind_write, real_fallocate(descriptor, mode, offset, length));
}

int fallocate64(int descriptor, int mode, off_t offset, off_t length) {
    return fallocate(descriptor, mode, offset, length);
}

/* Returns its error and leaves errno alone. */
int posix_fallocate(int descriptor, off_t offset, off_t length) {
    if (real_clock_gettime == NULL) resolve();
    int error = trouble_of(descriptor, NULL, kind_write);
    return error != 0 ? error : real_posix_fallocate(descriptor, offset, length);
}

int posix_fallocate64(int descriptor, off_t offset, off_t length) {
    return posix_fallocate(descriptor, offset, length);
}

/* Adds the jump to a time of the wall clock. */
static void shift(struct timespec *time) {
    if (control == NULL || control->wall_nanoseconds == 0) return;
    count(&control->shifted_clock_reads);
    int64_t sum = (int64_t)time->tv_sec * 1000000000 + time->tv_nsec + control->wall_nanoseconds;
    if (sum < 0) sum = 0;
    time->tv_sec = sum / 1000000000;
    time->tv_nsec = sum % 1000000000;
}

/*
 * What this process has made of its clocks that never jump: they stand at `offset` beside the real ones
 * where the monotonic one was at `anchor`, and go on from there at `rate`. The clock is read under a
 * lock, or a thread that was held up between reading and reckoning would see it go back when the rate
 * changes. CLOCK_MONOTONIC_RAW, and how long calls wait until an absolute time, are left alone.
 */
static atomic_flag bend_lock = ATOMIC_FLAG_INIT;
static uint32_t rate = 1000;
static int64_t offset;
static int64_t anchor;

static uint32_t wanted_rate(void) {
    return control == NULL || control->rate_permille == 0 ? 1000 : control->rate_permille;
}

/* Nanoseconds of a real clock. */
static int64_t real_nanoseconds(clockid_t clock) {
    struct timespec time;
    if (real_clock_gettime(clock, &time) != 0) give_up("clock_gettime");
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Reads CLOCK_MONOTONIC, its coarse sister, or CLOCK_BOOTTIME at the rate that is wanted; 0 where
   there is none to be changed, with nothing read. */
static int bend(clockid_t clock, struct timespec *time) {
    static int64_t boot;
    uint32_t wanted = wanted_rate();
    if (control == NULL) return 0;
    if (wanted != 1000) count(&control->bent_clock_reads);
    while (atomic_flag_test_and_set_explicit(&bend_lock, memory_order_acquire)) {}
    int64_t now = real_nanoseconds(CLOCK_MONOTONIC);
    if (boot == 0) boot = real_nanoseconds(CLOCK_BOOTTIME) - now;
    if (anchor == 0) anchor = now;
    int64_t gained = (now - anchor) * ((int64_t)rate - 1000) / 1000;
    if (wanted != rate) {
        offset += gained;
        gained = 0;
        anchor = now;
        rate = wanted;
    }
    int64_t bent = now + offset + gained + (clock == CLOCK_BOOTTIME ? boot : 0);
    atomic_flag_clear_explicit(&bend_lock, memory_order_release);
    if (bent < 0) bent = 0;
    time->tv_sec = bent / 1000000000;
    time->tv_nsec = bent % 1000000000;
    return 1;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    if (real_clock_gettime == NULL) resolve();
    int is_bendable = clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE
        || clock == CLOCK_BOOTTIME;
    if (is_bendable && bend(clock, time)) return 0;
    int result = real_clock_gettime(clock, time);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) shift(time);
    return result;
}

/* How long the kernel has to wait so that the process's clock has gone on by so much. */
static int bent_timeout(int milliseconds) {
    uint32_t wanted = wanted_rate();
    if (milliseconds <= 0 || wanted == 1000) return milliseconds;
    int64_t bent = ((int64_t)milliseconds * 1000 + wanted - 1) / wanted;
    return bent > INT_MAX ? INT_MAX : (int)bent;
}

int epoll_wait(int descriptor, struct epoll_event *events, int most, int timeout) {
    if (real_clock_gettime == NULL) resolve();
    return real_epoll_wait(descriptor, events, most, bent_timeout(timeout));
}

int epoll_pwait(
    int descriptor, struct epoll_event *events, int most, int timeout, const sigset_t *mask) {
    if (real_clock_gettime == NULL) resolve();
    return real_epoll_pwait(descriptor, events, most, bent_timeout(timeout), mask);
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *result) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    if (result != NULL) *result = now.tv_sec;
    return now.tv_sec;
}
