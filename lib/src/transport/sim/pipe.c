/* Bytes on their way in one direction. */
#include "transport/sim/internal.h"

#define CHUNK_MINIMUM 1024u
#define CHUNK_MAXIMUM (64u * 1024u)

bool sim_shape_is_plain(const nh_simulator_shape *shape) {
    return shape->segment_bytes == 0 && shape->delay_ms == 0 && shape->merge_ms == 0 &&
           !shape->stalled;
}

/* When bytes written now are due: with those that still wait to be merged, if there are any. */
static uint64_t due_of_new_bytes(const sim_pipe *pipe, uint64_t now_ms) {
    if (pipe->shape.merge_ms != 0 && pipe->arriving != NULL && pipe->last->due_ms > now_ms) {
        return pipe->last->due_ms;
    }
    return sim_later(sim_later(now_ms, pipe->shape.delay_ms), pipe->shape.merge_ms);
}

static void fill(sim_pipe *pipe, sim_chunk *chunk, const uint8_t *bytes, size_t length) {
    if (pipe->arriving == NULL) {
        pipe->arriving = chunk;
        pipe->arriving_from = chunk->end;
    }
    memcpy(chunk->bytes + chunk->end, bytes, length);
    chunk->end += length;
    pipe->queued += length;
}

/* A chunk with room at the end of the pipe, for bytes that are due then. */
static sim_chunk *chunk_for(sim_pipe *pipe, nh_memory *memory, size_t length, uint64_t due_ms) {
    sim_chunk *last = pipe->last;
    if (last != NULL && last->end < last->capacity &&
        (pipe->arriving == NULL || last->due_ms == due_ms)) {
        last->due_ms = due_ms;
        return last;
    }
    size_t capacity = length < CHUNK_MINIMUM ? CHUNK_MINIMUM : length;
    if (capacity > CHUNK_MAXIMUM) {
        capacity = CHUNK_MAXIMUM;
    }
    sim_chunk *chunk = nh_memory_allocate(memory, sizeof *chunk + capacity);
    if (chunk == NULL) {
        return NULL;
    }
    *chunk = (sim_chunk){.due_ms = due_ms, .capacity = capacity};
    if (last == NULL) {
        pipe->first = chunk;
    } else {
        last->next = chunk;
    }
    pipe->last = chunk;
    return chunk;
}

size_t sim_pipe_append(sim_pipe *pipe, nh_memory *memory, const uint8_t *bytes, size_t length,
                       uint64_t now_ms) {
    uint64_t due_ms = due_of_new_bytes(pipe, now_ms);
    size_t done = 0;
    while (done < length) {
        sim_chunk *chunk = chunk_for(pipe, memory, length - done, due_ms);
        if (chunk == NULL) {
            break;
        }
        size_t part = chunk->capacity - chunk->end;
        if (part > length - done) {
            part = length - done;
        }
        fill(pipe, chunk, bytes + done, part);
        done += part;
    }
    return done;
}

static void drop_first(sim_pipe *pipe, nh_memory *memory) {
    sim_chunk *chunk = pipe->first;
    pipe->first = chunk->next;
    if (pipe->first == NULL) {
        pipe->last = NULL;
    }
    nh_memory_free(memory, chunk);
}

size_t sim_pipe_take(sim_pipe *pipe, nh_memory *memory, uint8_t *buffer, size_t size) {
    size_t wanted = size < pipe->arrived ? size : pipe->arrived;
    size_t done = 0;
    while (done < wanted) {
        sim_chunk *chunk = pipe->first;
        size_t part = chunk->end - chunk->start;
        if (part > wanted - done) {
            part = wanted - done;
        }
        memcpy(buffer + done, chunk->bytes + chunk->start, part);
        chunk->start += part;
        done += part;
        if (chunk->start == chunk->end && chunk != pipe->arriving) {
            drop_first(pipe, memory);
        }
    }
    pipe->arrived -= done;
    pipe->queued -= done;
    return done;
}

void sim_pipe_truncate(sim_pipe *pipe, nh_memory *memory, size_t keep) {
    size_t left = pipe->arrived + keep; /* bytes that stay */
    if (left >= pipe->queued) {
        return;
    }
    pipe->queued = left;
    if (keep == 0) {
        pipe->arriving = NULL;
    }
    sim_chunk **place = &pipe->first;
    pipe->last = NULL;
    while (left > 0) {
        sim_chunk *chunk = *place;
        if (chunk->end - chunk->start > left) {
            chunk->end = chunk->start + left;
        }
        left -= chunk->end - chunk->start;
        pipe->last = chunk;
        place = &chunk->next;
    }
    sim_chunk *rest = *place;
    *place = NULL;
    while (rest != NULL) {
        sim_chunk *next = rest->next;
        nh_memory_free(memory, rest);
        rest = next;
    }
}

void sim_pipe_clear(sim_pipe *pipe, nh_memory *memory) {
    while (pipe->first != NULL) {
        drop_first(pipe, memory);
    }
    pipe->arriving = NULL;
    pipe->queued = pipe->arrived = 0;
}

size_t sim_pipe_arrive(sim_pipe *pipe, uint64_t now_ms, size_t room) {
    size_t done = 0;
    while (pipe->arriving != NULL && pipe->arriving->due_ms <= now_ms && done < room) {
        size_t part = pipe->arriving->end - pipe->arriving_from;
        if (part > room - done) {
            part = room - done;
        }
        done += part;
        pipe->arriving_from += part;
        if (pipe->arriving_from == pipe->arriving->end) {
            pipe->arriving = pipe->arriving->next;
            pipe->arriving_from = pipe->arriving == NULL ? 0 : pipe->arriving->start;
        }
    }
    pipe->arrived += done;
    pipe->total_arrived += done;
    return done;
}

uint64_t sim_pipe_flush(sim_pipe *pipe, uint64_t now_ms) {
    uint64_t due_ms = sim_later(now_ms, pipe->shape.delay_ms);
    for (sim_chunk *chunk = pipe->arriving; chunk != NULL; chunk = chunk->next) {
        if (chunk->due_ms > due_ms) {
            chunk->due_ms = due_ms;
        }
    }
    return due_ms;
}

uint64_t sim_pipe_next_due(const sim_pipe *pipe, size_t room) {
    if (pipe->shape.stalled) {
        return SIM_NEVER;
    }
    if (pipe->arriving != NULL) {
        return room == 0 ? SIM_NEVER : pipe->arriving->due_ms;
    }
    if (pipe->rst.state == SIM_MARK_SENT) {
        return pipe->rst.due_ms;
    }
    /* In segments, FIN is one of its own. */
    if (pipe->fin.state == SIM_MARK_SENT &&
        (pipe->shape.segment_bytes == 0 || pipe->arrived == 0)) {
        return pipe->fin.due_ms;
    }
    return SIM_NEVER;
}
