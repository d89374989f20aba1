/* Bytes. A slice holds the buffer that owns the memory, never another slice. */
#include "core/value_internal.h"

#include <stdint.h>
#include <string.h>

struct nh_buffer {
    size_t references;
    nh_memory *memory;
    uint8_t *data;
    size_t length;
    nh_buffer *owner; /* of the memory, for a slice; NULL when the bytes follow this header */
    uint8_t bytes[];
};

nh_value nh_buffer_new(nh_memory *memory, size_t length) {
    nh_buffer *buffer = length > SIZE_MAX - sizeof(nh_buffer)
                            ? NULL
                            : nh_memory_allocate(memory, sizeof(nh_buffer) + length);
    if (buffer == NULL) {
        return (nh_value){.type = NH_INVALID};
    }
    *buffer = (nh_buffer){.references = 1, .memory = memory, .length = length};
    buffer->data = buffer->bytes;
    return (nh_value){.type = NH_BUFFER, .as.buffer = buffer};
}

nh_value nh_buffer_of(nh_memory *memory, nh_bytes bytes) {
    nh_value buffer = nh_buffer_new(memory, bytes.length);
    if (buffer.type == NH_BUFFER && bytes.length != 0) {
        memcpy(buffer.as.buffer->data, bytes.data, bytes.length);
    }
    return buffer;
}

nh_value nh_buffer_slice(nh_memory *memory, nh_value buffer, size_t offset, size_t length) {
    if (buffer.type != NH_BUFFER) {
        return (nh_value){.type = NH_INVALID};
    }
    nh_buffer *whole = buffer.as.buffer;
    if (offset > whole->length || length > whole->length - offset) {
        return (nh_value){.type = NH_INVALID};
    }
    nh_buffer *slice = nh_memory_allocate(memory, sizeof(nh_buffer));
    if (slice == NULL) {
        return (nh_value){.type = NH_INVALID};
    }
    *slice = (nh_buffer){
        .references = 1,
        .memory = memory,
        .data = whole->data + offset,
        .length = length,
        .owner = whole->owner != NULL ? whole->owner : whole,
    };
    slice->owner->references++;
    return (nh_value){.type = NH_BUFFER, .as.buffer = slice};
}

void nh_buffer_retain(nh_buffer *buffer) {
    buffer->references++;
}

void nh_buffer_release(nh_buffer *buffer) {
    if (--buffer->references != 0) {
        return;
    }
    nh_buffer *owner = buffer->owner;
    nh_memory_free(buffer->memory, buffer);
    if (owner != NULL) {
        nh_buffer_release(owner); /* an owner has no owner: no deeper than this */
    }
}

nh_bytes nh_buffer_bytes(const nh_buffer *buffer) {
    return nh_bytes_of(buffer->data, buffer->length);
}

uint8_t *nh_buffer_data(nh_value buffer) {
    return buffer.type == NH_BUFFER ? buffer.as.buffer->data : NULL;
}
