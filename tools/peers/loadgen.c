// Closed-loop load generator; see loadgen.h. Prints one line of JSON for a run.
//
// usage: loadgen lockstep|craft|etcd -a PORT[,PORT…] [-c CLIENTS] [-s VALUE_BYTES]
//            [-o OPERATIONS]
//            [-d SECONDS] [-w WARM_UP_SECONDS] [-n TRANSACTIONS] [-k KEYS] [-r] [-p PID[,PID…]]
//            [-t TAG] [-K PID [-T TIMEOUT_MS]]
//   -r      values are random bytes instead of record-like text
//   -p      processes whose CPU and memory are told
//   -K PID  failover run: kill PID and tell the time to the next answer; -K 0 kills nobody
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "loadgen.h"

enum { MOST_LATENCIES = 30000000, EVENTS = 256 };

struct options options = {.clients = 1, .value_bytes = 128, .operations = 1, .timeout_ms = 50,
    .kill_process = -1, .seconds = 5, .warm_up = 1, .keys = 1000000, .tag = ""};
struct results results;

double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

void finished(struct connection *c, bool committed, const char *why) {
    c->is_waiting = false;
    results.total++;
    if (!committed) {
        results.errors++;
        snprintf(results.last_error, sizeof results.last_error, "%.150s", why);
        for (char *p = results.last_error; *p; p++)
            if (*p < ' ' || *p > '~' || *p == '"' || *p == '\\') *p = ' ';
    } else if (results.is_measuring && results.latency_count < MOST_LATENCIES) {
        results.latencies[results.latency_count++] = (float)((now() - c->sent_at) * 1e6);
    }
}

int connect_to(int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(fd, (struct sockaddr *)&address, sizeof address)) {
        close(fd);
        return -1;
    }
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

bool flush_output(struct connection *c) {
    while (buffer_rest(&c->out) > 0) {
        ssize_t count = write(c->fd, buffer_start(&c->out), buffer_rest(&c->out));
        if (count < 0) return errno == EAGAIN;
        buffer_take(&c->out, (size_t)count);
    }
    return true;
}

bool read_input(struct connection *c) {
    if (c->in.taken > 0) {
        memmove(c->in.bytes, buffer_start(&c->in), buffer_rest(&c->in));
        c->in.count -= c->in.taken;
        c->in.taken = 0;
    }
    enum { CHUNK = 65536 };
    uint8_t *place = buffer_extend(&c->in, CHUNK);
    ssize_t count = read(c->fd, place, CHUNK);
    c->in.count -= CHUNK - (size_t)(count > 0 ? count : 0);
    if (count < 0 && errno == EAGAIN) return true;
    return count > 0 && options.protocol->receive(c);
}

static void submit_if_idle(struct connection *c) {
    if (!c->is_ready || c->is_waiting) return;
    c->is_waiting = true;
    c->sent_at = now();
    options.protocol->submit(c);
}

static void lost(struct connection *c) {
    fprintf(stderr, "loadgen: a connection was lost (%s)\n",
        results.last_error[0] ? results.last_error : strerror(errno));
    (void)c;
    exit(1);
}

static void watch(int set, struct connection *c, int operation) {
    struct epoll_event event = {
        .events = EPOLLIN | (c->wants_write ? EPOLLOUT : 0), .data.ptr = c};
    epoll_ctl(set, operation, c->fd, &event);
}

static void serve(int set, struct connection *c, uint32_t events) {
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !read_input(c)) lost(c);
    submit_if_idle(c);
    if (!flush_output(c)) lost(c);
    bool wants_write = buffer_rest(&c->out) > 0;
    if (wants_write != c->wants_write) {
        c->wants_write = wants_write;
        watch(set, c, EPOLL_CTL_MOD);
    }
}

static int open_connections(struct connection *connections) {
    int set = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < options.clients; i++) {
        struct connection *c = &connections[i];
        int port = options.ports[i % options.port_count];
        c->fd = connect_to(port);
        if (c->fd < 0) {
            fprintf(stderr, "loadgen: port %d: %s\n", port, strerror(errno));
            exit(1);
        }
        watch(set, c, EPOLL_CTL_ADD);
        options.protocol->open(c);
        submit_if_idle(c);
        if (!flush_output(c)) lost(c);
    }
    return set;
}

// Processor seconds at one moment.
struct usage {
    double time, own, machine, processes[16];
};

static struct usage usage_now(void) {
    struct usage u = {.time = now(), .machine = machine_busy_seconds()};
    struct rusage own;
    getrusage(RUSAGE_SELF, &own);
    u.own = (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec)
        + (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec) * 1e-6;
    for (int i = 0; i < options.process_count; i++)
        u.processes[i] = process_seconds(options.processes[i]);
    return u;
}

static int by_value(const void *left, const void *right) {
    float a = *(const float *)left, b = *(const float *)right;
    return a < b ? -1 : a > b;
}

static double percentile(double share) {
    if (results.latency_count == 0) return 0;
    return (double)results.latencies[(size_t)((double)results.latency_count * share)];
}

static void print_results(struct usage from, struct usage to) {
    double seconds = to.time - from.time, nodes = 0;
    size_t count = results.latency_count;
    qsort(results.latencies, count, sizeof *results.latencies, by_value);
    printf("{\"tag\":\"%s\",\"protocol\":\"%s\",\"clients\":%d,\"value_bytes\":%d,"
           "\"operations\":%d,\"per_second\":%.0f,\"p50_us\":%.0f,\"p99_us\":%.0f,\"max_us\":%.0f,"
           "\"count\":%zu,\"seconds\":%.2f,\"errors\":%llu,\"client_cpu\":%.2f,\"node_cpu\":[",
        options.tag, options.protocol->name, options.clients, options.value_bytes,
        options.operations, (double)count / seconds, percentile(0.5), percentile(0.99),
        count ? (double)results.latencies[count - 1] : 0, count, seconds,
        (unsigned long long)results.errors, (to.own - from.own) / seconds);
    for (int i = 0; i < options.process_count; i++) {
        double used = to.processes[i] - from.processes[i];
        nodes += used;
        printf("%s%.2f", i ? "," : "", used / seconds);
    }
    printf("],\"node_mib\":[");
    for (int i = 0; i < options.process_count; i++)
        printf("%s%ld", i ? "," : "", process_memory_mib(options.processes[i]));
    double others = to.machine - from.machine - nodes - (to.own - from.own);
    printf("],\"other_cpu\":%.2f,\"last_error\":\"%s\"}\n", others / seconds, results.last_error);
}

static int run_load(void) {
    struct connection *connections = calloc((size_t)options.clients, sizeof *connections);
    results.latencies = malloc(MOST_LATENCIES * sizeof *results.latencies);
    if (!connections || !results.latencies) {
        perror("loadgen: malloc");
        return 1;
    }
    int set = open_connections(connections);
    struct usage from = {0};
    double measures_at = now() + (options.most ? 0 : options.warm_up);
    double ends_at = options.most ? now() + 600 : measures_at + options.seconds;
    while (now() < ends_at && (!options.most || results.total < options.most)) {
        if (!results.is_measuring && now() >= measures_at) {
            results.is_measuring = true;
            from = usage_now();
        }
        struct epoll_event events[EVENTS];
        int count = epoll_wait(set, events, EVENTS, 50);
        for (int i = 0; i < count; i++) serve(set, events[i].data.ptr, events[i].events);
    }
    print_results(from, usage_now());
    return results.latency_count > 0 ? 0 : 1;
}

static int read_numbers(char *text, int *numbers) {
    int count = 0;
    for (char *part = strtok(text, ","); part && count < 16; part = strtok(NULL, ","))
        numbers[count++] = atoi(part);
    return count;
}

static void read_options(int count, char **arguments) {
    int option;
    while ((option = getopt(count, arguments, "a:c:s:o:d:w:n:k:rp:t:K:T:")) != -1) {
        switch (option) {
        case 'a': options.port_count = read_numbers(optarg, options.ports); break;
        case 'c': options.clients = atoi(optarg); break;
        case 's': options.value_bytes = atoi(optarg); break;
        case 'o': options.operations = atoi(optarg); break;
        case 'd': options.seconds = atof(optarg); break;
        case 'w': options.warm_up = atof(optarg); break;
        case 'n': options.most = strtoull(optarg, NULL, 10); break;
        case 'k': options.keys = strtoull(optarg, NULL, 10); break;
        case 'r': options.is_incompressible = true; break;
        case 'p': options.process_count = read_numbers(optarg, options.processes); break;
        case 't': options.tag = optarg; break;
        case 'K': options.kill_process = atoi(optarg); break;
        case 'T': options.timeout_ms = atoi(optarg); break;
        default: exit(2);
        }
    }
}

int main(int count, char **arguments) {
    const struct protocol *known[] = {&lockstep_protocol, &craft_protocol, &etcd_protocol};
    for (size_t i = 0; count > 1 && i < sizeof known / sizeof *known; i++)
        if (!strcmp(arguments[1], known[i]->name)) options.protocol = known[i];
    if (!options.protocol) {
        fprintf(stderr, "usage: loadgen lockstep|craft|etcd -a PORTS [options]; see loadgen.c\n");
        return 2;
    }
    read_options(count - 1, arguments + 1);
    if (options.port_count == 0 || options.clients < 1 || options.value_bytes < 1
        || options.operations < 1 || options.keys < 1) {
        fprintf(stderr, "loadgen: ports, clients, sizes and counts must be given and positive\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    make_values();
    return options.kill_process >= 0 ? run_failover() : run_load();
}
