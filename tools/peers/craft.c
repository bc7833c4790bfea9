// One node of a C-Raft cluster: libraft with its own disk and TCP (raft_uv), a small key-value
// state in memory, and a framed TCP port for clients. The peer that we measure ourselves against.
//
// usage: craft ID DIRECTORY RAFT_PORT_BASE CLIENT_PORT_BASE ELECTION_MS HEARTBEAT_MS
//              REQUESTS_A_CALL [ENGINE_DIRECTORY]
//
// With the last argument the state is durable, as craft_engine.c has it, and an answer waits for it.
// Node N of three listens on base + N. An answer is sent when a majority has stored the entry with
// O_DSYNC and this node has applied it. The requests of one turn of the loop go into calls of
// raft_apply with up to REQUESTS_A_CALL of them: with many clients many are the faster way. The frame
// is that of protocol_craft.c.
#include <raft.h>
#include <raft/uv.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "craft_engine.h"

enum { NODES = 3, SLOTS = 1 << 20, MOST_REQUESTS = 512, KEY_BYTES = 16 };

struct value {
    uint32_t length, capacity;
    char *bytes;
};

struct client {
    uv_tcp_t handle;
    char *input;
    size_t count, capacity;
    int references;
    int is_closed;
};

// Who waits for one entry.
struct waiter {
    struct client *client;
    uint32_t id;
};

struct batch {
    struct raft_apply request;
    unsigned count;
    struct waiter waiters[];
};

static struct raft raft;
static struct raft_io io;
static struct raft_fsm machine;
static struct raft_uv_transport transport;
static uv_loop_t *loop;
static struct value values[SLOTS];
static uint64_t applied;

// Who is answered when the engine has been written, at the end of the loop's turn.
static struct applied_batch {
    struct batch *batch;
    int status;
} unanswered[MOST_REQUESTS];
static unsigned unanswered_count;

static struct raft_buffer pending[MOST_REQUESTS];
static struct waiter pending_waiters[MOST_REQUESTS];
static unsigned pending_count;
static unsigned requests_a_call;

static void check(int status, const char *what) {
    if (status == 0) return;
    fprintf(stderr, "craft: %s: status %d: %s\n", what, status, raft_errmsg(&raft));
    exit(1);
}

static size_t slot_of(const char *key) {
    uint64_t hash = 14695981039346656037u;  // FNV-1a
    for (int i = 0; i < KEY_BYTES; i++) hash = (hash ^ (uint8_t)key[i]) * 1099511628211u;
    return hash % SLOTS;
}

// An entry is u32 payload length | u32 zero | payload | padding to 8 bytes.
static int apply(struct raft_fsm *unused, const struct raft_buffer *entry, void **result) {
    (void)unused;
    uint32_t length;
    memcpy(&length, entry->base, 4);
    const char *payload = (const char *)entry->base + 8;
    applied++;
    *result = NULL;
    if (engine_is_open()) {
        engine_apply(payload, KEY_BYTES, payload + KEY_BYTES, length - KEY_BYTES);
        return 0;
    }
    struct value *value = &values[slot_of(payload)];
    if (value->capacity < length) {
        value->bytes = realloc(value->bytes, length);
        value->capacity = length;
    }
    memcpy(value->bytes, payload, length);
    value->length = length;
    return 0;
}

static int snapshot(struct raft_fsm *unused, struct raft_buffer *buffers[], unsigned *count) {
    (void)unused;
    *count = 1;
    *buffers = raft_malloc(sizeof **buffers);
    (*buffers)[0].len = sizeof applied;
    (*buffers)[0].base = raft_malloc(sizeof applied);
    memcpy((*buffers)[0].base, &applied, sizeof applied);
    return 0;
}

static int restore(struct raft_fsm *unused, struct raft_buffer *buffer) {
    (void)unused;
    memcpy(&applied, buffer->base, sizeof applied);
    raft_free(buffer->base);
    return 0;
}

static void release(struct client *client) {
    if (--client->references > 0) return;
    free(client->input);
    free(client);
}

static void on_closed(uv_handle_t *handle) { release((struct client *)handle); }

static void drop(struct client *client) {
    if (client->is_closed) return;
    client->is_closed = 1;
    uv_close((uv_handle_t *)client, on_closed);
}

struct late_write {
    uv_write_t request;
    uint32_t words[2];
};

static void on_late_write(uv_write_t *request, int status) {
    (void)status;
    free(request);
}

static void reply(struct waiter waiter, int status) {
    struct client *client = waiter.client;
    if (!client->is_closed) {
        uint32_t words[2] = {waiter.id, (uint32_t)status};
        uv_buf_t buffer = uv_buf_init((char *)words, sizeof words);
        int count = uv_try_write((uv_stream_t *)client, &buffer, 1);
        if (count == UV_EAGAIN) {
            struct late_write *late = malloc(sizeof *late);
            memcpy(late->words, words, sizeof words);
            buffer = uv_buf_init((char *)late->words, sizeof words);
            uv_write(&late->request, (uv_stream_t *)client, &buffer, 1, on_late_write);
        } else if (count != (int)sizeof words) {
            drop(client);
        }
    }
    release(client);
}

static void answer(struct batch *batch, int status) {
    for (unsigned i = 0; i < batch->count; i++) reply(batch->waiters[i], status);
    free(batch);
}

static void write_engine(void) {
    if (!engine_is_open()) return;
    engine_write(applied);
    for (unsigned i = 0; i < unanswered_count; i++)
        answer(unanswered[i].batch, unanswered[i].status);
    unanswered_count = 0;
}

static void on_applied(struct raft_apply *request, int status, void *result) {
    (void)result;
    struct batch *batch = (struct batch *)request;
    if (!engine_is_open()) {
        answer(batch, status);
        return;
    }
    unanswered[unanswered_count++] = (struct applied_batch){batch, status};
    if (unanswered_count == MOST_REQUESTS) write_engine();
}

static void submit_pending(void) {
    unsigned count = pending_count;
    if (count == 0) return;
    pending_count = 0;
    struct batch *batch = malloc(sizeof *batch + count * sizeof(struct waiter));
    batch->count = count;
    memcpy(batch->waiters, pending_waiters, count * sizeof(struct waiter));
    int status = raft_apply(&raft, &batch->request, pending, count, on_applied);
    if (status == 0) return;
    for (unsigned i = 0; i < count; i++) {
        raft_free(pending[i].base);
        reply(batch->waiters[i], status);
    }
    free(batch);
}

static void on_check(uv_check_t *handle) {
    (void)handle;
    write_engine();
    submit_pending();
}

static void on_room_wanted(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
    (void)suggested;
    struct client *client = (struct client *)handle;
    if (client->capacity - client->count < 65536) {
        client->capacity = client->capacity * 2 + 131072;
        client->input = realloc(client->input, client->capacity);
    }
    *buffer = uv_buf_init(
        client->input + client->count, (unsigned)(client->capacity - client->count));
}

static void take_request(struct client *client, const char *payload, uint32_t length, uint32_t id) {
    size_t padded = (8 + (size_t)length + 7) & ~(size_t)7;
    char *entry = raft_malloc(padded);
    memset(entry, 0, 8);
    memset(entry + padded - 8, 0, 8);
    memcpy(entry, &length, 4);
    memcpy(entry + 8, payload, length);
    client->references++;
    pending[pending_count] = (struct raft_buffer){.base = entry, .len = padded};
    pending_waiters[pending_count++] = (struct waiter){client, id};
    if (pending_count == requests_a_call) submit_pending();
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer) {
    (void)buffer;
    struct client *client = (struct client *)stream;
    if (count < 0) {
        drop(client);
        return;
    }
    client->count += (size_t)count;
    size_t taken = 0;
    while (client->count - taken >= 8) {
        uint32_t length, id;
        memcpy(&length, client->input + taken, 4);
        memcpy(&id, client->input + taken + 4, 4);
        if (client->count - taken < 8 + (size_t)length) break;
        take_request(client, client->input + taken + 8, length, id);
        taken += 8 + (size_t)length;
    }
    memmove(client->input, client->input + taken, client->count - taken);
    client->count -= taken;
}

static void on_connection(uv_stream_t *listener, int status) {
    if (status) return;
    struct client *client = calloc(1, sizeof *client);
    client->references = 1;
    uv_tcp_init(loop, &client->handle);
    if (uv_accept(listener, (uv_stream_t *)&client->handle)) {
        drop(client);
        return;
    }
    uv_tcp_nodelay(&client->handle, 1);
    uv_read_start((uv_stream_t *)&client->handle, on_room_wanted, on_read);
}

static void start_raft(unsigned id, const char *directory, int port_base, char **timers) {
    char address[64];
    machine = (struct raft_fsm){
        .version = 1, .apply = apply, .snapshot = snapshot, .restore = restore};
    check(raft_uv_tcp_init(&transport, loop), "raft_uv_tcp_init");
    check(raft_uv_init(&io, loop, directory, &transport), "raft_uv_init");
    snprintf(address, sizeof address, "127.0.0.1:%d", port_base + (int)id);
    check(raft_init(&raft, &io, &machine, id, address), "raft_init");
    raft_set_election_timeout(&raft, (unsigned)atoi(timers[0]));
    raft_set_heartbeat_timeout(&raft, (unsigned)atoi(timers[1]));
    raft_set_pre_vote(&raft, true);
    raft_set_snapshot_threshold(&raft, 1 << 30);
    raft_uv_set_connect_retry_delay(&io, 100);

    struct raft_configuration configuration;
    raft_configuration_init(&configuration);
    for (int node = 1; node <= NODES; node++) {
        snprintf(address, sizeof address, "127.0.0.1:%d", port_base + node);
        check(raft_configuration_add(&configuration, (raft_id)node, address, RAFT_VOTER),
            "raft_configuration_add");
    }
    int status = raft_bootstrap(&raft, &configuration);
    if (status != RAFT_CANTBOOTSTRAP) check(status, "raft_bootstrap");
    raft_configuration_close(&configuration);
    check(raft_start(&raft), "raft_start");
}

int main(int count, char **arguments) {
    int requests = count == 8 || count == 9 ? atoi(arguments[7]) : 0;
    if (requests < 1 || requests > MOST_REQUESTS) {
        fprintf(stderr, "usage: craft ID DIRECTORY RAFT_PORT_BASE CLIENT_PORT_BASE "
                        "ELECTION_MS HEARTBEAT_MS REQUESTS_A_CALL [ENGINE_DIRECTORY]\n"
                        "       REQUESTS_A_CALL: 1 to %d\n", MOST_REQUESTS);
        return 2;
    }
    requests_a_call = (unsigned)requests;
    signal(SIGPIPE, SIG_IGN);
    loop = uv_default_loop();
    unsigned id = (unsigned)atoi(arguments[1]);
    if (count == 9) engine_open(arguments[8]);
    start_raft(id, arguments[2], atoi(arguments[3]), arguments + 5);

    uv_tcp_t listener;
    struct sockaddr_in address;
    uv_tcp_init(loop, &listener);
    uv_ip4_addr("127.0.0.1", atoi(arguments[4]) + (int)id, &address);
    int status = uv_tcp_bind(&listener, (struct sockaddr *)&address, 0);
    if (status == 0) status = uv_listen((uv_stream_t *)&listener, 512, on_connection);
    if (status != 0) {
        fprintf(stderr, "craft: client port: %s\n", uv_strerror(status));
        return 1;
    }
    uv_check_t after_input;
    uv_check_init(loop, &after_input);
    uv_check_start(&after_input, on_check);
    return uv_run(loop, UV_RUN_DEFAULT);
}
