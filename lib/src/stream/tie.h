/* stream/tie.h - things that keep streams alive which keep them alive in turn, such as a pipe, or a
 * callback that waits for a write. They come apart by themselves when the streams end;
 * nh_loop_free() cuts what has not ended. */
#ifndef NH_STREAM_TIE_H
#define NH_STREAM_TIE_H

#include <nodehttp/loop.h>

typedef struct nh_tie nh_tie;
struct nh_tie {
    nh_tie *previous; /* NULL: not listed */
    nh_tie *next;
    void (*cut)(nh_tie *tie); /* lets go of the streams; the tie is not listed any more */
};

/* Lists the tie (zeroed before); false without memory. */
bool nh_tie_add(nh_loop *loop, nh_tie *tie, void (*cut)(nh_tie *tie));
bool nh_tie_is_listed(const nh_tie *tie);
/* Takes it off the list, where it need not be. */
void nh_tie_remove(nh_tie *tie);

#endif
