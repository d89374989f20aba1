/* duplex.h - one end of a connection, for targets that look at the bytes themselves.
 *
 * What the library writes is collected; what is to arrive is pushed. */
#ifndef FUZZERS_MESSAGE_DUPLEX_H
#define FUZZERS_MESSAGE_DUPLEX_H

#include <nodehttp/stream.h>

/* More than any run writes: targets bound what they set and write. */
#define FUZZ_WIRE_CAPACITY ((size_t)1 << 18)

/* What came out of a duplex. One a process, made empty by fuzz_duplex_new(). */
struct fuzz_wire {
    uint8_t *bytes;
    size_t length;
    bool ended;     /* the writable side was ended */
    bool destroyed; /* the stream was destroyed */
};

/* A new Duplex that writes to the wire, which is emptied. One reference; NULL without memory. */
nh_stream *fuzz_duplex_new(nh_loop *loop, struct fuzz_wire **out_wire);
/* Lets bytes arrive, in a turn of their own; in segments of `segment` bytes unless that is 0. */
void fuzz_duplex_receive(nh_stream *duplex, nh_bytes bytes, size_t segment);
/* Destroys the stream in a turn of its own, and gives up the reference. NULL is allowed. */
void fuzz_duplex_discard(nh_stream *duplex);

#endif
