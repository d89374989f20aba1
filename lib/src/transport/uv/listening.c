/* nh_listening on uv_tcp_t and uv_pipe_t.
 *
 * libuv stops accepting until the connection that it announced is taken. Without memory for it, it
 * is taken into a handle that is part of the listening endpoint, and closed. */
#include "transport/uv/internal.h"

typedef struct uvt_listening {
    uvt_handle handle;
    const nh_listening_observer *observer; /* NULL: nobody to tell */
    void *owner;
    uvt_stream refused; /* a connection that there was no memory for */
    bool is_refusing;   /* `refused` is not closed yet */
    bool has_to_refuse; /* another one waits for it */
    bool is_closed;
} uvt_listening;

static uvt_listening *of_public(nh_listening *listening) {
    return (uvt_listening *)(void *)listening;
}

/* --- life --------------------------------------------------------------------------------- */

static void settle(uvt_listening *listening) {
    if (listening->is_closed && !listening->is_refusing) {
        uvt_handle_free(&listening->handle);
    }
}

static void report_closed(uvt_listening *listening) {
    const nh_listening_observer *observer = listening->observer;
    listening->observer = NULL; /* it was the last report */
    if (observer != NULL && observer->closed != NULL) {
        uvt_begin_report(listening->handle.transport);
        observer->closed(listening->owner);
        uvt_end_report(listening->handle.transport);
    }
}

static void on_closed(uv_handle_t *handle) {
    uvt_listening *listening = handle->data;
    report_closed(listening);
    listening->is_closed = true;
    settle(listening);
}

static void close_now(uvt_listening *listening) {
    if (!listening->handle.is_closing) {
        uvt_handle_closes(&listening->handle);
        uv_close(&listening->handle.uv.handle, on_closed);
    }
}

static void abandon(uvt_handle *handle) {
    uvt_listening *listening = (uvt_listening *)(void *)handle;
    close_now(listening);
    if (handle->transport->loop != NULL) {
        report_closed(listening);
    }
    listening->observer = NULL;
}

/* --- accepting ---------------------------------------------------------------------------- */

static void refuse(uvt_listening *listening);

static void on_refused(uv_handle_t *handle) {
    uvt_listening *listening = handle->data;
    listening->is_refusing = false;
    if (listening->has_to_refuse && !listening->handle.is_closing) {
        refuse(listening);
    }
    settle(listening);
}

static void refuse(uvt_listening *listening) {
    uvt_handle *handle = &listening->handle;
    listening->has_to_refuse = listening->is_refusing;
    if (listening->is_refusing) {
        return;
    }
    if (uvt_stream_init(handle->transport, &listening->refused, handle->family) == 0) {
        listening->refused.handle.data = listening;
        listening->is_refusing = true;
        (void)uv_accept(&handle->uv.stream, &listening->refused.stream);
        uv_close(&listening->refused.handle, on_refused);
    }
}

static void on_connection(uv_stream_t *server, int status) {
    uvt_listening *listening = server->data;
    nh_connection *connection = NULL;
    if (status == 0) {
        status = uvt_connection_accept(listening->handle.transport, listening->handle.family,
                                       server, &connection);
        if (status == UV_ENOMEM) {
            refuse(listening);
        }
    }
    if (listening->observer != NULL) {
        uvt_begin_report(listening->handle.transport);
        listening->observer->connection(listening->owner, status, connection);
        uvt_end_report(listening->handle.transport);
    }
}

/* --- listening ---------------------------------------------------------------------------- */

static int bind_to(uvt_handle *handle, const nh_address *address) {
    if (handle->family == NH_ADDRESS_UNIX) {
        return uv_pipe_bind(&handle->uv.pipe, address->host);
    }
    struct sockaddr_storage system;
    int status = uvt_address_to_system(address, &system);
    return status != 0 ? status : uv_tcp_bind(&handle->uv.tcp, (const struct sockaddr *)&system, 0);
}

int uvt_listen(nh_transport *public_transport, const nh_address *address, int backlog,
               const nh_listening_observer *observer, void *owner, nh_listening **out_listening) {
    uvt_transport *transport = uvt_transport_of(public_transport);
    uvt_listening *listening = nh_memory_allocate_zeroed(transport->memory, 1, sizeof *listening);
    if (listening == NULL) {
        return UV_ENOMEM;
    }
    int status = uvt_handle_init(&listening->handle, transport, address->family);
    if (status != 0) {
        nh_memory_free(transport->memory, listening);
        return status;
    }
    listening->handle.abandon = abandon;
    status = bind_to(&listening->handle, address);
    if (status == 0) {
        status = uv_listen(&listening->handle.uv.stream, backlog, on_connection);
    }
    if (status != 0) {
        abandon(&listening->handle);
        return status;
    }
    listening->observer = observer;
    listening->owner = owner;
    *out_listening = (nh_listening *)(void *)listening;
    return 0;
}

int uvt_listening_address(nh_listening *listening, nh_address *out_address) {
    return uvt_handle_address(&of_public(listening)->handle, false, out_address);
}

void uvt_listening_set_referenced(nh_listening *listening, bool referenced) {
    uv_handle_t *handle = &of_public(listening)->handle.uv.handle;
    if (referenced) {
        uv_ref(handle);
    } else {
        uv_unref(handle);
    }
}

void uvt_close_listening(nh_listening *listening) {
    close_now(of_public(listening));
}
