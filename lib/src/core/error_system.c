/* System errors: numbers as libuv gives them, names and descriptions as Node.js prints them. */
#include <nodehttp/error.h>

#include "core/name.h"
#include "core/text.h"

#include <errno.h>

typedef struct status_entry {
    int status;
    const char *name;
    const char *description;
} status_entry;

/* libuv's numbers (uv/errno.h): -errno of this system, and -3000 and below for what has none. */
static const status_entry statuses[] = {
    {-E2BIG, "E2BIG", "argument list too long"},
    {-EACCES, "EACCES", "permission denied"},
    {-EADDRINUSE, "EADDRINUSE", "address already in use"},
    {-EADDRNOTAVAIL, "EADDRNOTAVAIL", "address not available"},
    {-EAFNOSUPPORT, "EAFNOSUPPORT", "address family not supported"},
    {-EAGAIN, "EAGAIN", "resource temporarily unavailable"},
    {-3000, "EAI_ADDRFAMILY", "address family not supported"},
    {-3001, "EAI_AGAIN", "temporary failure"},
    {-3002, "EAI_BADFLAGS", "bad ai_flags value"},
    {-3013, "EAI_BADHINTS", "invalid value for hints"},
    {-3003, "EAI_CANCELED", "request canceled"},
    {-3004, "EAI_FAIL", "permanent failure"},
    {-3005, "EAI_FAMILY", "ai_family not supported"},
    {-3006, "EAI_MEMORY", "out of memory"},
    {-3007, "EAI_NODATA", "no address"},
    {-3008, "EAI_NONAME", "unknown node or service"},
    {-3009, "EAI_OVERFLOW", "argument buffer overflow"},
    {-3014, "EAI_PROTOCOL", "resolved protocol is unknown"},
    {-3010, "EAI_SERVICE", "service not available for socket type"},
    {-3011, "EAI_SOCKTYPE", "socket type not supported"},
    {-EALREADY, "EALREADY", "connection already in progress"},
    {-EBADF, "EBADF", "bad file descriptor"},
    {-EBUSY, "EBUSY", "resource busy or locked"},
    {-ECANCELED, "ECANCELED", "operation canceled"},
    {-4080, "ECHARSET", "invalid Unicode character"},
    {-ECONNABORTED, "ECONNABORTED", "software caused connection abort"},
    {-ECONNREFUSED, "ECONNREFUSED", "connection refused"},
    {-ECONNRESET, "ECONNRESET", "connection reset by peer"},
    {-EDESTADDRREQ, "EDESTADDRREQ", "destination address required"},
    {-EEXIST, "EEXIST", "file already exists"},
    {-EFAULT, "EFAULT", "bad address in system call argument"},
    {-EFBIG, "EFBIG", "file too large"},
    {-EHOSTUNREACH, "EHOSTUNREACH", "host is unreachable"},
    {-EINTR, "EINTR", "interrupted system call"},
    {-EINVAL, "EINVAL", "invalid argument"},
    {-EIO, "EIO", "i/o error"},
    {-EISCONN, "EISCONN", "socket is already connected"},
    {-EISDIR, "EISDIR", "illegal operation on a directory"},
    {-ELOOP, "ELOOP", "too many symbolic links encountered"},
    {-EMFILE, "EMFILE", "too many open files"},
    {-EMSGSIZE, "EMSGSIZE", "message too long"},
    {-ENAMETOOLONG, "ENAMETOOLONG", "name too long"},
    {-ENETDOWN, "ENETDOWN", "network is down"},
    {-ENETUNREACH, "ENETUNREACH", "network is unreachable"},
    {-ENFILE, "ENFILE", "file table overflow"},
    {-ENOBUFS, "ENOBUFS", "no buffer space available"},
    {-ENODEV, "ENODEV", "no such device"},
    {-ENOENT, "ENOENT", "no such file or directory"},
    {-ENOMEM, "ENOMEM", "not enough memory"},
    {-ENOPROTOOPT, "ENOPROTOOPT", "protocol not available"},
    {-ENOSPC, "ENOSPC", "no space left on device"},
    {-ENOSYS, "ENOSYS", "function not implemented"},
    {-ENOTCONN, "ENOTCONN", "socket is not connected"},
    {-ENOTDIR, "ENOTDIR", "not a directory"},
    {-ENOTEMPTY, "ENOTEMPTY", "directory not empty"},
    {-ENOTSOCK, "ENOTSOCK", "socket operation on non-socket"},
    {-ENOTSUP, "ENOTSUP", "operation not supported on socket"},
    {-EOVERFLOW, "EOVERFLOW", "value too large for defined data type"},
    {-EPERM, "EPERM", "operation not permitted"},
    {-EPIPE, "EPIPE", "broken pipe"},
    {-EPROTO, "EPROTO", "protocol error"},
    {-EPROTONOSUPPORT, "EPROTONOSUPPORT", "protocol not supported"},
    {-EPROTOTYPE, "EPROTOTYPE", "protocol wrong type for socket"},
    {-ERANGE, "ERANGE", "result too large"},
    {-EROFS, "EROFS", "read-only file system"},
    {-ESPIPE, "ESPIPE", "invalid seek"},
    {-ESRCH, "ESRCH", "no such process"},
    {-ETIMEDOUT, "ETIMEDOUT", "connection timed out"},
    {-ETXTBSY, "ETXTBSY", "text file is busy"},
    {-EXDEV, "EXDEV", "cross-device link not permitted"},
    {-4094, "UNKNOWN", "unknown error"},
    {-4095, "EOF", "end of file"},
    {-ENXIO, "ENXIO", "no such device or address"},
    {-EMLINK, "EMLINK", "too many links"},
    {-ENOTTY, "ENOTTY", "inappropriate ioctl for device"},
    {-4028, "EFTYPE", "inappropriate file type or format"},
    {-EILSEQ, "EILSEQ", "illegal byte sequence"},
#ifdef ENONET
    {-ENONET, "ENONET", "machine is not on the network"},
#endif
#ifdef ESHUTDOWN
    {-ESHUTDOWN, "ESHUTDOWN", "cannot send after transport endpoint shutdown"},
#endif
#ifdef EHOSTDOWN
    {-EHOSTDOWN, "EHOSTDOWN", "host is down"},
#endif
#ifdef EREMOTEIO
    {-EREMOTEIO, "EREMOTEIO", "remote I/O error"},
#endif
#ifdef ESOCKTNOSUPPORT
    {-ESOCKTNOSUPPORT, "ESOCKTNOSUPPORT", "socket type not supported"},
#endif
#ifdef ENODATA
    {-ENODATA, "ENODATA", "no data available"},
#endif
#ifdef EUNATCH
    {-EUNATCH, "EUNATCH", "protocol driver not attached"},
#endif
};

static const status_entry *find_status(int status) {
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (statuses[i].status == status) {
            return &statuses[i];
        }
    }
    return NULL;
}

const char *nh_status_name(int status) {
    const status_entry *entry = find_status(status);
    return entry != NULL ? entry->name : "UNKNOWN";
}

const char *nh_status_description(int status) {
    const status_entry *entry = find_status(status);
    return entry != NULL ? entry->description : "unknown error";
}

int nh_status_of_name(const char *name) {
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (nh_name_equals(statuses[i].name, name)) {
            return statuses[i].status;
        }
    }
    return 0;
}

/* The parts of a message; what is NULL or not positive is left out. */
typedef struct system_error_parts {
    int status;
    const char *code;
    const char *syscall;
    bool described;
    const char *address;
    double port;
    const char *local_address;
    int local_port;
} system_error_parts;

static nh_value build_message(nh_memory *memory, const system_error_parts *parts) {
    nh_text text;
    nh_text_init(&text, memory);
    nh_text_add_format(&text, "%s %s", parts->syscall, parts->code);
    if (parts->described) {
        nh_text_add_format(&text, ": %s", nh_status_description(parts->status));
    }
    if (parts->address != NULL) {
        nh_text_add_format(&text, " %s", parts->address);
        if (parts->port > 0) {
            nh_text_add_c(&text, ":");
            nh_text_add_number(&text, parts->port);
        }
    }
    if (parts->local_address != NULL) {
        nh_text_add_format(&text, " - Local (%s:%d)", parts->local_address, parts->local_port);
    }
    return nh_text_take_string(&text);
}

static nh_error *build(nh_memory *memory, const system_error_parts *parts) {
    nh_error *error =
        nh_error_new_of_string_take(memory, "Error", parts->code, build_message(memory, parts));
    nh_error_set_property_take(error, "errno", nh_number(parts->status));
    nh_error_set_property_take(error, "syscall", nh_string_of(memory, parts->syscall));
    if (parts->address != NULL) {
        nh_error_set_property_take(error, "address", nh_string_of(memory, parts->address));
        if (parts->port > 0) {
            nh_error_set_property_take(error, "port", nh_number(parts->port));
        }
    }
    if (parts->local_address != NULL) {
        nh_error_set_property_take(error, "localAddress",
                                   nh_string_of(memory, parts->local_address));
        nh_error_set_property_take(error, "localPort", nh_number(parts->local_port));
    }
    return error;
}

nh_error *nh_error_new_system(nh_memory *memory, int status, const char *syscall,
                              const char *address, double port) {
    return build(memory, &(system_error_parts){.status = status,
                                               .code = nh_status_name(status),
                                               .syscall = syscall,
                                               .address = address,
                                               .port = port});
}

nh_error *nh_error_new_connect(nh_memory *memory, int status, const char *address, int port,
                               const char *local_address, int local_port) {
    return build(memory, &(system_error_parts){.status = status,
                                               .code = nh_status_name(status),
                                               .syscall = "connect",
                                               .address = address,
                                               .port = port,
                                               .local_address = local_address,
                                               .local_port = local_port});
}

nh_error *nh_error_new_listen(nh_memory *memory, int status, const char *address, int port) {
    nh_error *error = build(memory, &(system_error_parts){.status = status,
                                                          .code = nh_status_name(status),
                                                          .syscall = "listen",
                                                          .described = true,
                                                          .address = address,
                                                          .port = port});
    if (port < 0) {
        nh_error_set_property_take(error, "port", nh_number(port));
    }
    return error;
}

nh_error *nh_error_new_lookup(nh_memory *memory, int status, const char *host) {
    /* Node.js gives one name to "no such host" and "no address for it". */
    bool is_not_found = status == -3007 || status == -3008;
    const char *code = is_not_found ? "ENOTFOUND" : nh_status_name(status);
    nh_error *error = nh_error_new(memory, "Error", code, "getaddrinfo %s %s", code, host);
    nh_error_set_property_take(error, "errno", nh_number(status));
    nh_error_set_property_take(error, "syscall", nh_string_of(memory, "getaddrinfo"));
    nh_error_set_property_take(error, "hostname", nh_string_of(memory, host));
    return error;
}
