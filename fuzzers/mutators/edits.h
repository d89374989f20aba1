/* edits.h - the single changes of a message that message.c chooses from. */
#ifndef FUZZERS_MUTATORS_EDITS_H
#define FUZZERS_MUTATORS_EDITS_H

#include "mutators/parts.h"

/* A stream that is being changed, with its parts as they were before this edit. */
struct fuzz_editor {
    struct fuzz_mutator *mutator;
    struct fuzz_buffer *buffer;
    struct fuzz_parts parts;
};

#define FUZZ_KIND(kind) (1U << FUZZ_PART_##kind)

/* One of the parts of these kinds (a sum of FUZZ_KIND), NULL if there is none. */
const struct fuzz_part *fuzz_choose_part(const struct fuzz_editor *editor, unsigned kinds);

/* Each makes one edit; false if there is nothing in the stream it could be made on, or no room. */
typedef bool fuzz_edit(struct fuzz_editor *editor);

/* Field lines (edit_fields.c). */
fuzz_edit fuzz_edit_field_delete, fuzz_edit_field_duplicate, fuzz_edit_field_swap;
fuzz_edit fuzz_edit_field_insert_known, fuzz_edit_field_insert_framing, fuzz_edit_field_rename;
fuzz_edit fuzz_edit_field_value_known, fuzz_edit_field_name, fuzz_edit_field_value;
fuzz_edit fuzz_edit_field_odd, fuzz_edit_field_number, fuzz_edit_field_fold, fuzz_edit_field_many;
fuzz_edit fuzz_edit_field_long;

/* Start lines (edit_start.c). */
fuzz_edit fuzz_edit_method, fuzz_edit_target, fuzz_edit_target_bytes, fuzz_edit_version;
fuzz_edit fuzz_edit_status, fuzz_edit_reason, fuzz_edit_start_odd;

/* Bodies and chunks (edit_body.c). */
fuzz_edit fuzz_edit_body, fuzz_edit_body_length, fuzz_edit_chunk_size, fuzz_edit_chunk_extension;
fuzz_edit fuzz_edit_chunk_split, fuzz_edit_chunk_insert, fuzz_edit_chunk_swap, fuzz_edit_trailer;
fuzz_edit fuzz_edit_to_chunked, fuzz_edit_to_length;

/* Lines and whole messages (edit_stream.c). */
fuzz_edit fuzz_edit_line_end, fuzz_edit_message_duplicate, fuzz_edit_message_delete;
fuzz_edit fuzz_edit_message_swap, fuzz_edit_message_insert, fuzz_edit_part_delete;
fuzz_edit fuzz_edit_part_duplicate, fuzz_edit_truncate, fuzz_edit_between;

#endif
