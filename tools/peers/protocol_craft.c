// The frame of tools/peers/craft.c.
//
//     request:  u32 payload length | u32 id | payload: per operation a key of 16 bytes, a value
//     reply:    u32 id | u32 status of libraft, 0 for committed
#include <stdio.h>
#include <string.h>

#include "loadgen.h"

static void open_craft(struct connection *c) { c->is_ready = true; }

static void submit(struct connection *c) {
    uint32_t payload = (uint32_t)(options.operations * (options.value_bytes + 16));
    buffer_append_u32(&c->out, payload);
    buffer_append_u32(&c->out, 0);
    for (int i = 0; i < options.operations; i++) {
        char key[17];
        snprintf(key, sizeof key, "k%015llu", (unsigned long long)random_key());
        buffer_append(&c->out, key, 16);
        buffer_append(&c->out, next_value(), (size_t)options.value_bytes);
    }
}

static bool receive(struct connection *c) {
    while (buffer_rest(&c->in) >= 8) {
        uint32_t status;
        memcpy(&status, buffer_start(&c->in) + 4, 4);
        buffer_take(&c->in, 8);
        char why[40];
        snprintf(why, sizeof why, "libraft status %d", (int)status);
        finished(c, status == 0, why);
    }
    return true;
}

const struct protocol craft_protocol = {"craft", open_craft, submit, submit, receive};
