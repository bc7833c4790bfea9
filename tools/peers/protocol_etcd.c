// etcd's gRPC over HTTP/2 without TLS: Put for one operation, Txn for several.
//
// A connection has one stream at a time. The protobuf messages are small enough to write by hand:
//
//     PutRequest:  field 1 key bytes, field 2 value bytes
//     TxnRequest:  field 2, repeated: RequestOp { field 2: PutRequest }
//
// and each is preceded by gRPC's five bytes: 0 for not compressed, u32 length in big-endian order.
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loadgen.h"

enum { KEY_LENGTH = 11, FIELD_1_BYTES = 0x0A, FIELD_2_BYTES = 0x12, WINDOW = 1 << 24 };

// What a connection of this protocol has beyond `struct connection`.
struct stream {
    nghttp2_session *session;
    size_t sent;  // bytes of the connection's `last` that are on their way
    bool succeeded;
};

static ssize_t read_body(nghttp2_session *session, int32_t identifier, uint8_t *place, size_t room,
    uint32_t *flags, nghttp2_data_source *source, void *unused) {
    (void)session, (void)identifier, (void)unused;
    struct connection *c = source->ptr;
    struct stream *stream = c->extra;
    size_t count = c->last.count - stream->sent;
    if (count > room) count = room;
    memcpy(place, c->last.bytes + stream->sent, count);
    stream->sent += count;
    if (stream->sent == c->last.count) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)count;
}

// The status of the call comes in the trailers.
static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
    size_t name_length, const uint8_t *value, size_t value_length, uint8_t flags, void *user) {
    (void)session, (void)frame, (void)flags;
    struct stream *stream = ((struct connection *)user)->extra;
    if (name_length == 11 && !memcmp(name, "grpc-status", 11))
        stream->succeeded = value_length == 1 && value[0] == '0';
    return 0;
}

static int on_stream_close(
    nghttp2_session *session, int32_t identifier, uint32_t code, void *user) {
    (void)session, (void)identifier, (void)code;
    struct connection *c = user;
    finished(c, ((struct stream *)c->extra)->succeeded, "grpc-status is not 0");
    return 0;
}

// Moves what nghttp2 wants to send into the connection's output.
static void collect(struct connection *c) {
    const uint8_t *bytes;
    ssize_t count;
    while ((count = nghttp2_session_mem_send(((struct stream *)c->extra)->session, &bytes)) > 0)
        buffer_append(&c->out, bytes, (size_t)count);
}

static void open_etcd(struct connection *c) {
    struct stream *stream = c->extra;
    if (stream) nghttp2_session_del(stream->session);
    free(stream);
    c->extra = stream = calloc(1, sizeof *stream);
    nghttp2_session_callbacks *callbacks;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_client_new(&stream->session, callbacks, c);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW}};
    nghttp2_submit_settings(stream->session, NGHTTP2_FLAG_NONE, settings, 1);
    nghttp2_submit_window_update(stream->session, NGHTTP2_FLAG_NONE, 0, WINDOW);
    collect(c);
    c->is_ready = true;
}

static void append_put(struct buffer *b) {
    char key[KEY_LENGTH + 1];
    snprintf(key, sizeof key, "k%010llu", (unsigned long long)random_key());
    buffer_append_u8(b, FIELD_1_BYTES);
    buffer_append_varint(b, KEY_LENGTH);
    buffer_append(b, key, KEY_LENGTH);
    buffer_append_u8(b, FIELD_2_BYTES);
    buffer_append_varint(b, (uint64_t)options.value_bytes);
    buffer_append(b, next_value(), (size_t)options.value_bytes);
}

static void append_operation(struct buffer *b, struct buffer *put, struct buffer *operation) {
    buffer_clear(put);
    buffer_clear(operation);
    append_put(put);
    buffer_append_u8(operation, FIELD_2_BYTES);
    buffer_append_varint(operation, put->count);
    buffer_append(operation, put->bytes, put->count);
    buffer_append_u8(b, FIELD_2_BYTES);
    buffer_append_varint(b, operation->count);
    buffer_append(b, operation->bytes, operation->count);
}

#define HEADER(name, value) \
    { (uint8_t *)(name), (uint8_t *)(value), sizeof(name) - 1, sizeof(value) - 1, 0 }

static void send_again(struct connection *c) {
    nghttp2_nv put[] = {HEADER(":method", "POST"), HEADER(":scheme", "http"),
        HEADER(":path", "/etcdserverpb.KV/Put"), HEADER(":authority", "localhost"),
        HEADER("content-type", "application/grpc"), HEADER("te", "trailers")};
    nghttp2_nv several = HEADER(":path", "/etcdserverpb.KV/Txn");
    if (options.operations > 1) put[2] = several;
    struct stream *stream = c->extra;
    stream->sent = 0;
    stream->succeeded = false;
    nghttp2_data_provider body = {.source.ptr = c, .read_callback = read_body};
    nghttp2_submit_request(stream->session, NULL, put, sizeof put / sizeof *put, &body, NULL);
    collect(c);
}

static void submit(struct connection *c) {
    static struct buffer put, operation;
    buffer_clear(&c->last);
    buffer_append(&c->last, "\0\0\0\0\0", 5);
    if (options.operations == 1)
        append_put(&c->last);
    else
        for (int i = 0; i < options.operations; i++) append_operation(&c->last, &put, &operation);
    uint32_t length = (uint32_t)(c->last.count - 5);
    for (int i = 0; i < 4; i++) c->last.bytes[1 + i] = (uint8_t)(length >> (24 - 8 * i));
    send_again(c);
}

static bool receive(struct connection *c) {
    struct stream *stream = c->extra;
    ssize_t count =
        nghttp2_session_mem_recv(stream->session, buffer_start(&c->in), buffer_rest(&c->in));
    if (count < 0) return false;
    buffer_take(&c->in, (size_t)count);
    collect(c);
    return true;
}

const struct protocol etcd_protocol = {"etcd", open_etcd, submit, send_again, receive};
