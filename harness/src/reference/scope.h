/* reference/scope.h - lexically scoped variables of a script. */
#ifndef TS_REFERENCE_SCOPE_H
#define TS_REFERENCE_SCOPE_H

#include <nodehttp/value.h>

typedef struct ts_scope ts_scope;

/* A scope inside `parent` (may be NULL; retained). NULL without memory. */
ts_scope *ts_scope_new(nh_memory *memory, ts_scope *parent);
ts_scope *ts_scope_retain(ts_scope *scope);
void ts_scope_release(ts_scope *scope);
/* Declares `name` here, or changes it if this very scope has it. Borrows `value`. */
bool ts_scope_declare(ts_scope *scope, const char *name, nh_value value);
/* Changes the nearest declaration; without one declares it in the outermost scope. */
bool ts_scope_assign(ts_scope *scope, const char *name, nh_value value);
/* The nearest value of that name, borrowed; false when there is none. */
bool ts_scope_find(const ts_scope *scope, const char *name, nh_value *out_value);
/* Forgets all variables: breaks the cycles that closures make. */
void ts_scope_clear(ts_scope *scope);

#endif
