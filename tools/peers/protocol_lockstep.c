// Our own protocol, after the byte tables of Sources/Wire, Sources/Transactions and
// Sources/Properties.
//
// A connection begins with the handshake and opens a session; then each operation of a transaction
// sets a property in a group of a random name. A transaction that is repeated on another connection
// carries the same session and sequence number, so it happens once.
#include <stdio.h>
#include <string.h>

#include "loadgen.h"

enum {
    OFFER_BYTES = 45,
    ANSWER_BYTES = 45,
    ROLE_CLIENT = 1,
    VERSION = 1,
    REQUEST_OPEN_SESSION = 0x01,
    REQUEST_SUBMIT = 0x02,
    RESPONSE_SESSION_OPENED = 0x81,
    RESPONSE_OUTCOME = 0x82,
    RESPONSE_ERROR = 0xFF,
    SESSION_MILLISECONDS = 60000,
    STORE_PROPERTIES = 0x10,
    OPERATION_COMMIT_GROUP = 5,
    PATH_HAS_GROUP = 2,
    EDIT_SET = 5,
    TYPE_ASTRING = 5,
    TYPE_OPAQUE = 6,
    KEY_LENGTH = 16,
    MOST_VALUE_BYTES = 4095,
};

static void append_text(struct buffer *b, const char *text) {
    buffer_append_varint(b, strlen(text));
    buffer_append(b, text, strlen(text));
}

// Starts a message: u32 length, u8 kind, u32 request id; returns where the length stands.
static size_t begin_message(struct buffer *b, uint8_t kind) {
    size_t start = b->count;
    buffer_append_u32(b, 0);
    buffer_append_u8(b, kind);
    buffer_append_u32(b, 1);
    return start;
}

static void end_message(struct buffer *b, size_t start) {
    uint32_t length = (uint32_t)(b->count - start - 4);
    memcpy(b->bytes + start, &length, 4);
}

static void open_lockstep(struct connection *c) {
    buffer_append(&c->out, "LOCKSTEP", 8);
    buffer_append_u8(&c->out, ROLE_CLIENT);
    buffer_append_u16(&c->out, VERSION);
    buffer_append_u16(&c->out, VERSION);
    for (int word = 0; word < 4; word++) buffer_append_u64(&c->out, 0);  // any cluster, no node
}

static void open_session(struct connection *c) {
    size_t start = begin_message(&c->out, REQUEST_OPEN_SESSION);
    buffer_append_varint(&c->out, SESSION_MILLISECONDS);
    append_text(&c->out, "loadgen");
    end_message(&c->out, start);
}
// One value, or as many as it takes: a property's value has a limit.
static void append_values(struct buffer *b, const uint8_t *bytes, size_t count) {
    buffer_append_varint(b, (count + MOST_VALUE_BYTES - 1) / MOST_VALUE_BYTES);
    while (count > 0) {
        size_t part = count < MOST_VALUE_BYTES ? count : MOST_VALUE_BYTES;
        buffer_append_varint(b, part);
        buffer_append(b, bytes, part);
        bytes += part;
        count -= part;
    }
}

// A step of the property store: commit one property `value` to the group of a random name, which
// is made where it is missing.
static void append_step(struct buffer *b) {
    static struct buffer body;
    char group[KEY_LENGTH + 1];
    snprintf(group, sizeof group, "k%015llu", (unsigned long long)random_key());
    buffer_clear(&body);
    buffer_append_u8(&body, PATH_HAS_GROUP);
    append_text(&body, "bench");
    append_text(&body, group);
    buffer_append_u8(&body, 0);  // whatever the group's identity
    buffer_append_u8(&body, 0);  // and version
    buffer_append_u8(&body, 1);  // made if it is missing: type, persistent
    append_text(&body, "bench");
    buffer_append_u8(&body, 1);
    buffer_append_varint(&body, 1);  // one edit
    buffer_append_u8(&body, EDIT_SET);
    append_text(&body, "value");
    buffer_append_varint(&body, options.is_incompressible ? TYPE_OPAQUE : TYPE_ASTRING);
    append_values(&body, next_value(), (size_t)options.value_bytes);

    buffer_append_u8(b, STORE_PROPERTIES);
    buffer_append_u8(b, OPERATION_COMMIT_GROUP);
    buffer_append_varint(b, body.count);
    buffer_append(b, body.bytes, body.count);
}
// One transaction as it stands in the log: format and mode, steps, no expectations, no properties.
static void append_transaction(struct buffer *b) {
    buffer_append_u8(b, 0x10);
    buffer_append_varint(b, (uint64_t)options.operations);
    for (int i = 0; i < options.operations; i++) append_step(b);
    buffer_append_varint(b, 0);
    buffer_append_varint(b, 0);
}

// A submission with the connection's session and sequence; `last` holds the transaction, so that
// it can be sent again as it was.
static void append_submission(struct connection *c) {
    size_t start = begin_message(&c->out, REQUEST_SUBMIT);
    buffer_append_varint(&c->out, c->session);
    buffer_append_varint(&c->out, c->sequence);
    buffer_append_varint(&c->out, c->sequence - 1);
    buffer_append_u8(&c->out, 0);  // no changes wanted
    buffer_append_varint(&c->out, buffer_rest(&c->last));
    buffer_append(&c->out, buffer_start(&c->last), buffer_rest(&c->last));
    end_message(&c->out, start);
}

static void submit(struct connection *c) {
    c->sequence++;
    buffer_clear(&c->last);
    append_transaction(&c->last);
    append_submission(c);
}

static uint64_t read_varint(const uint8_t **place, const uint8_t *end) {
    uint64_t value = 0;
    for (int shift = 0; *place < end && shift < 64; shift += 7) {
        uint8_t byte = *(*place)++;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) break;
    }
    return value;
}

// Of an outcome: its length, 1 for committed or 2 for aborted, its index, results or the abort.
static void take_outcome(struct connection *c, const uint8_t *body, const uint8_t *end) {
    read_varint(&body, end);
    bool committed = body < end && *body == 1;
    char why[150] = "";
    if (!committed) {
        size_t count = (size_t)(end - body), most = sizeof why - 20;
        if (count > most) count = most;
        snprintf(why, sizeof why, "aborted: %.*s", (int)count, (const char *)body);
    }
    finished(c, committed, why);
}

// False closes the connection: the failover run then goes on with the next node.
static bool take_message(
    struct connection *c, uint8_t kind, const uint8_t *body, const uint8_t *end) {
    switch (kind) {
    case RESPONSE_SESSION_OPENED:
        c->session = read_varint(&body, end);
        c->is_ready = true;
        return true;
    case RESPONSE_OUTCOME:
        take_outcome(c, body, end);
        return true;
    default:
        snprintf(results.last_error, sizeof results.last_error, "answer of kind %#x, code %d", kind,
            body < end ? *body : 0);
        return false;
    }
}

// The answer to the hello: a length of text behind the fixed part says why it was refused.
static bool take_answer(struct connection *c) {
    if (buffer_rest(&c->in) < ANSWER_BYTES) return true;
    const uint8_t *answer = buffer_start(&c->in);
    if (memcmp(answer, "LOCKSTEP", 8) || answer[8] != 0) {
        snprintf(results.last_error, sizeof results.last_error, "handshake refused, code %d",
            answer[8]);
        return false;
    }
    buffer_take(&c->in, ANSWER_BYTES);
    c->greeted = true;
    if (c->session != 0)
        c->is_ready = true;
    else
        open_session(c);
    return true;
}

static bool receive(struct connection *c) {
    if (!c->greeted && !take_answer(c)) return false;
    while (c->greeted && buffer_rest(&c->in) >= 4) {
        const uint8_t *start = buffer_start(&c->in);
        uint32_t length;
        memcpy(&length, start, 4);
        if (buffer_rest(&c->in) - 4 < length) break;
        if (length < 5 || !take_message(c, start[4], start + 9, start + 4 + length)) return false;
        buffer_take(&c->in, 4 + (size_t)length);
    }
    return true;
}

const struct protocol lockstep_protocol = {
    "lockstep", open_lockstep, submit, append_submission, receive};
