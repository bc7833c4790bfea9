// What the disk and the loopback give at most: fdatasync a second, and round trips a second.
//
// usage: limits DIRECTORY SECONDS      prints one line of JSON
//
// The first figure overwrites blocks that have been written before, one writer, 4 KiB and an
// fdatasync each time; the second does so in three processes at once, as three nodes do.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096, FILE_BYTES = 16 << 20, MOST = 4000000 };

struct figures {
    double per_second, p50_us, p99_us;
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int by_value(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static struct figures summary(double *times, size_t count, double seconds) {
    struct figures f = {0};
    if (count == 0) return f;
    qsort(times, count, sizeof *times, by_value);
    f.per_second = (double)count / seconds;
    f.p50_us = times[count / 2] * 1e6;
    f.p99_us = times[(size_t)((double)count * 0.99)] * 1e6;
    return f;
}

static struct figures sync_blocks(const char *directory, int writer, double seconds) {
    char path[512], block[BLOCK];
    for (size_t i = 0; i < sizeof block; i++) block[i] = (char)rand();
    snprintf(path, sizeof path, "%s/limits.%d", directory, writer);
    int fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);
    if (fd < 0) fail(path);
    for (off_t at = 0; at < FILE_BYTES; at += BLOCK)
        if (pwrite(fd, block, BLOCK, at) != BLOCK) fail("pwrite");
    if (fsync(fd)) fail("fsync");

    double *times = malloc(MOST * sizeof *times), start = now();
    size_t count = 0;
    while (now() < start + seconds && count < MOST) {
        double before = now();
        off_t at = (off_t)(count * BLOCK % FILE_BYTES);
        if (pwrite(fd, block, BLOCK, at) != BLOCK || fdatasync(fd)) fail("write or fdatasync");
        times[count++] = now() - before;
    }
    struct figures f = summary(times, count, now() - start);
    free(times);
    close(fd);
    unlink(path);
    return f;
}

static struct figures sync_in_processes(const char *directory, int writers, double seconds) {
    int ends[2];
    if (pipe(ends)) fail("pipe");
    for (int writer = 0; writer < writers; writer++) {
        pid_t child = fork();
        if (child < 0) fail("fork");
        if (child > 0) continue;
        struct figures f = sync_blocks(directory, writer, seconds);
        _exit(write(ends[1], &f, sizeof f) == sizeof f ? 0 : 1);
    }
    struct figures total = {0};
    for (int writer = 0; writer < writers; writer++) {
        struct figures f;
        if (read(ends[0], &f, sizeof f) != sizeof f) fail("a writer");
        total.per_second += f.per_second;
        total.p50_us += f.p50_us / writers;
        if (f.p99_us > total.p99_us) total.p99_us = f.p99_us;
    }
    while (wait(NULL) > 0) continue;
    return total;
}

static void echo(int listener) {
    char bytes[4096];
    int on = 1, fd = accept(listener, NULL, NULL);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ssize_t count;
    while ((count = read(fd, bytes, sizeof bytes)) > 0)
        if (write(fd, bytes, (size_t)count) != count) break;
    _exit(0);
}

static struct figures round_trips(double seconds) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 1)) fail("listen");
    getsockname(listener, (struct sockaddr *)&address, &length);
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) echo(listener);

    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, length)) fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    char bytes[128] = {0};
    double *times = malloc(MOST * sizeof *times), start = now();
    size_t count = 0;
    while (now() < start + seconds && count < MOST) {
        double before = now();
        if (write(fd, bytes, sizeof bytes) != sizeof bytes) fail("write");
        for (size_t got = 0; got < sizeof bytes;) {
            ssize_t part = read(fd, bytes, sizeof bytes - got);
            if (part <= 0) fail("read");
            got += (size_t)part;
        }
        times[count++] = now() - before;
    }
    struct figures f = summary(times, count, now() - start);
    free(times);
    close(fd);
    close(listener);
    waitpid(child, NULL, 0);
    return f;
}

int main(int count, char **arguments) {
    if (count != 3) {
        fprintf(stderr, "usage: limits DIRECTORY SECONDS\n");
        return 2;
    }
    double seconds = atof(arguments[2]);
    struct figures one = sync_in_processes(arguments[1], 1, seconds);
    struct figures three = sync_in_processes(arguments[1], 3, seconds);
    struct figures trip = round_trips(seconds);
    printf("{\"fdatasync_1_per_second\":%.0f,\"fdatasync_1_p50_us\":%.0f,"
           "\"fdatasync_1_p99_us\":%.0f,\"fdatasync_3_per_second\":%.0f,"
           "\"fdatasync_3_p50_us\":%.0f,\"round_trip_p50_us\":%.1f,\"round_trip_p99_us\":%.1f}\n",
        one.per_second, one.p50_us, one.p99_us, three.per_second, three.p50_us, trip.p50_us,
        trip.p99_us);
    return 0;
}
