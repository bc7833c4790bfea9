// What processes and the machine have used, from /proc.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "loadgen.h"

double process_seconds(int process) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", process);
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    size_t count = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[count] = 0;
    // The command may hold spaces and parentheses: go on behind the last one.
    char *rest = strrchr(text, ')');
    unsigned long user = 0, system = 0;
    if (!rest
        || sscanf(rest + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system)
            != 2)
        return 0;
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

long process_memory_mib(int process) {
    char path[64];
    long size = 0, resident = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", process);
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    if (fscanf(file, "%ld %ld", &size, &resident) != 2) resident = 0;
    fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024) / 1024;
}

double machine_busy_seconds(void) {
    double user, nice, system, idle, wait, interrupt, soft;
    FILE *file = fopen("/proc/stat", "r");
    if (!file) return 0;
    int count = fscanf(file, "cpu %lf %lf %lf %lf %lf %lf %lf", &user, &nice, &system, &idle,
        &wait, &interrupt, &soft);
    fclose(file);
    if (count != 7) return 0;
    return (user + nice + system + interrupt + soft) / (double)sysconf(_SC_CLK_TCK);
}
