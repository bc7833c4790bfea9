// The failover run: one client that goes on by itself while the leader is killed.
//
// It writes for 1.5 s, kills the leader with SIGKILL, and goes from node to node, with a time-out
// for each try. The result is the time from the kill to the first acknowledgement of a transaction
// that was begun after it.
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "loadgen.h"

struct failover {
    double ends_at, kills_at, killed_at;
    double begun_at;  // when the transaction under way was sent first
    int port, before, failures;
    struct connection connection;
};

static void kill_if_due(struct failover *f) {
    if (f->killed_at > 0 || now() < f->kills_at) return;
    if (options.kill_process > 0) kill(options.kill_process, SIGKILL);
    f->killed_at = now();
}

// Sends and receives until `done` holds or the try has taken too long.
static bool exchange(struct connection *c, const bool *done, bool wanted) {
    double deadline = now() + options.timeout_ms / 1e3;
    while (*done != wanted) {
        if (!flush_output(c)) return false;
        int rest = (int)((deadline - now()) * 1e3) + 1;
        if (rest <= 0) return false;
        struct pollfd p = {c->fd, POLLIN, 0};
        if (poll(&p, 1, rest) <= 0 || !read_input(c)) return false;
    }
    return true;
}

static bool reconnect(struct failover *f) {
    struct connection *c = &f->connection;
    buffer_clear(&c->in);
    buffer_clear(&c->out);
    c->greeted = c->is_ready = false;
    c->fd = connect_to(options.ports[f->port]);
    if (c->fd < 0) return false;
    options.protocol->open(c);
    return exchange(c, &c->is_ready, true);
}

// One transaction on the open connection; a try that fails is repeated on the next one.
static bool transact(struct failover *f) {
    struct connection *c = &f->connection;
    uint64_t errors = results.errors;
    if (!c->is_waiting) {
        c->is_waiting = true;
        f->begun_at = now();
        options.protocol->submit(c);
    } else {
        options.protocol->repeat(c);
    }
    if (!exchange(c, &c->is_waiting, false)) return false;
    if (results.errors == errors) return true;
    c->is_waiting = true;
    return false;
}

static void next_node(struct failover *f) {
    if (f->connection.fd >= 0) close(f->connection.fd);
    f->failures++;
    f->port = (f->port + 1) % options.port_count;
    usleep(2000);
}

int run_failover(void) {
    struct failover f = {.ends_at = now() + 60};
    f.kills_at = now() + (options.kill_process > 0 ? 1.5 : 0);
    f.connection.fd = -1;
    while (now() < f.ends_at) {
        if (!reconnect(&f)) {
            kill_if_due(&f);
            next_node(&f);
            continue;
        }
        for (;;) {
            kill_if_due(&f);
            if (!transact(&f)) break;
            if (f.killed_at > 0 && f.begun_at >= f.killed_at) {
                printf("{\"tag\":\"%s\",\"failover_ms\":%.1f,\"before\":%d,\"failures\":%d,"
                       "\"port\":%d}\n",
                    options.tag, (now() - f.killed_at) * 1e3, f.before, f.failures,
                    options.ports[f.port]);
                return 0;
            }
            f.before++;
        }
        next_node(&f);
    }
    printf("{\"tag\":\"%s\",\"failover_ms\":null,\"before\":%d,\"failures\":%d,\"note\":\"%s\"}\n",
        options.tag, f.before, f.failures, results.last_error);
    return 1;
}
