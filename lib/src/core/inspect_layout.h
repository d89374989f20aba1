/* core/inspect_layout.h - how the printed entries of an object or array are put on lines. */
#ifndef NH_CORE_INSPECT_LAYOUT_H
#define NH_CORE_INSPECT_LAYOUT_H

#include <nodehttp/value.h>

/* Width of a line. */
#define NH_INSPECT_COLUMNS 80

typedef struct nh_inspect_layout {
    nh_value base; /* a string that comes before the brace, "" for none; borrowed */
    char open;     /* the braces */
    char close;
    size_t indentation; /* of the line that the container starts on */
    int levels_below;   /* containers inside the last entry printed: few enough share a line */
    nh_value array;     /* the list that is printed; undefined for an object */
    bool has_rest;      /* the last entry says how many elements are not shown */
} nh_inspect_layout;

/* `entries` (a list of strings) laid out: a string, NH_INVALID without memory. */
nh_value nh_inspect_lay_out(nh_memory *memory, nh_value entries, const nh_inspect_layout *layout);

#endif
