// A closed-loop load generator: N connections, each with one transaction under way at a time.
//
// One thread, one epoll set. A protocol turns a transaction into bytes and bytes into "finished";
// everything else (timing, CPU accounting, failover) is the same for all of them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Bytes that grow at the end and are taken from the front.
struct buffer {
    uint8_t *bytes;
    size_t count, capacity, taken;
};

uint8_t *buffer_extend(struct buffer *b, size_t count);
void buffer_append(struct buffer *b, const void *bytes, size_t count);
void buffer_append_u8(struct buffer *b, uint8_t value);
void buffer_append_u16(struct buffer *b, uint16_t value);
void buffer_append_u32(struct buffer *b, uint32_t value);
void buffer_append_u64(struct buffer *b, uint64_t value);
void buffer_append_varint(struct buffer *b, uint64_t value);
void buffer_take(struct buffer *b, size_t count);
void buffer_clear(struct buffer *b);

static inline const uint8_t *buffer_start(const struct buffer *b) { return b->bytes + b->taken; }
static inline size_t buffer_rest(const struct buffer *b) { return b->count - b->taken; }

struct connection {
    int fd;
    struct buffer in, out;
    bool greeted;      // the protocol's hello has been answered
    bool is_ready;     // transactions may be sent
    bool is_waiting;   // one is under way
    bool wants_write;  // epoll has been asked for writability
    double sent_at;
    // What outlives a connection, for protocols that answer a repeated transaction once.
    uint64_t session, sequence;
    struct buffer last;
    void *extra;  // a protocol's own
};

struct protocol {
    const char *name;
    // Says hello, or sets `is_ready` where there is nothing to say.
    void (*open)(struct connection *c);
    // Appends one new transaction.
    void (*submit)(struct connection *c);
    // Appends the transaction under way again, on a new connection.
    void (*repeat)(struct connection *c);
    // Takes what has arrived; false closes the connection.
    bool (*receive)(struct connection *c);
};

extern const struct protocol craft_protocol, etcd_protocol, lockstep_protocol;

struct options {
    const struct protocol *protocol;
    int ports[16], port_count;
    int processes[16], process_count;
    int clients, value_bytes, operations, timeout_ms;
    int kill_process;  // -1: no failover run; 0: kill nobody, measure the time to the first answer
    double seconds, warm_up;
    uint64_t most;  // transactions after which to stop; 0: by time
    uint64_t keys;
    bool is_incompressible;
    const char *tag;
};

extern struct options options;

// Told by a protocol when the transaction of `c` has been answered.
void finished(struct connection *c, bool committed, const char *why);

double now(void);
uint64_t random_number(void);
uint64_t random_key(void);
void make_values(void);
const uint8_t *next_value(void);

int connect_to(int port);
bool flush_output(struct connection *c);
bool read_input(struct connection *c);

// Processor seconds and resident memory of one process; zero if it is gone.
double process_seconds(int process);
long process_memory_mib(int process);
// Seconds that all processors of the machine together have been busy.
double machine_busy_seconds(void);

struct results {
    uint64_t total, errors;
    float *latencies;
    size_t latency_count;
    bool is_measuring;
    char last_error[200];
};

extern struct results results;

int run_failover(void);
