/* stream/encoding.h - Buffer's encodings: text to bytes, bytes to text, and across chunks. */
#ifndef NH_STREAM_ENCODING_H
#define NH_STREAM_ENCODING_H

#include <nodehttp/error.h>

#define NH_ENCODINGS(X)                                                                            \
    X(UTF8, "utf8")                                                                                \
    X(UTF16LE, "utf16le")                                                                          \
    X(LATIN1, "latin1")                                                                            \
    X(ASCII, "ascii")                                                                              \
    X(BASE64, "base64")                                                                            \
    X(BASE64URL, "base64url")                                                                      \
    X(HEX, "hex")

typedef enum nh_encoding {
#define X(name, text) NH_ENCODING_##name,
    NH_ENCODINGS(X)
#undef X
        NH_ENCODING_BUFFER, /* the pseudo encoding "buffer" of chunks that are bytes already */
    NH_ENCODING_UNKNOWN
} nh_encoding;

/* The encoding that a name ("utf-8", "UCS2", "binary" ...; any case) stands for. */
nh_encoding nh_encoding_of_name(nh_bytes name);
/* The canonical name, as in the table above. */
const char *nh_encoding_name(nh_encoding encoding);
/* The encoding argument of an API: undefined gives `fallback`, a known name its encoding; anything
 * else fails with ERR_UNKNOWN_ENCODING. */
nh_error *nh_encoding_of_value(nh_memory *memory, nh_value value, nh_encoding fallback,
                               nh_encoding *out_encoding);
nh_error *nh_encoding_error(nh_memory *memory, nh_value value);

/* How many bytes nh_encode() gives at most; exact for all but base64 and hex with bad input. */
size_t nh_encoded_size(nh_value string, nh_encoding encoding);
/* Buffer.from(string, encoding): a buffer value; NH_INVALID without memory. */
nh_value nh_encode(nh_memory *memory, nh_value string, nh_encoding encoding);
/* The same into `out`, which has room for nh_encoded_size(); returns the number of bytes. */
size_t nh_encode_into(nh_value string, nh_encoding encoding, uint8_t *out);
/* buffer.toString(encoding): a string value; NH_INVALID without memory. */
nh_value nh_decode(nh_memory *memory, nh_bytes bytes, nh_encoding encoding);

/* string_decoder.StringDecoder: holds back an incomplete character until the rest comes. */
typedef struct nh_string_decoder {
    nh_encoding encoding;
    uint8_t held[4];
    size_t held_count;
} nh_string_decoder;

void nh_string_decoder_init(nh_string_decoder *decoder, nh_encoding encoding);
/* The text that is complete; NH_INVALID without memory. */
nh_value nh_string_decoder_write(nh_string_decoder *decoder, nh_memory *memory, nh_bytes bytes);
/* What is left, replacement characters for what never became complete. */
nh_value nh_string_decoder_end(nh_string_decoder *decoder, nh_memory *memory);

#endif
