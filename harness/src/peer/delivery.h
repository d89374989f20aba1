/* Whether what was sent on a connection has been read at its other end, which is on this machine.
 */
#ifndef TOUCHSTONE_PEER_DELIVERY_H
#define TOUCHSTONE_PEER_DELIVERY_H

#include <nodehttp/transport.h>

typedef enum ts_delivery_state {
    TS_DELIVERY_READ,    /* nothing lies unread in the other end's buffer */
    TS_DELIVERY_UNREAD,  /* something does */
    TS_DELIVERY_NOWHERE, /* the kernel has no such connection: it is closed, or simulated */
    TS_DELIVERY_UNKNOWN  /* the kernel can't be asked */
} ts_delivery_state;

/* What asks the kernel. Zero-initialise; ts_delivery_close() when done. */
typedef struct ts_delivery {
    bool opened;
    int descriptor;
} ts_delivery;

/* The state of the other end of a TCP connection with these addresses of this end. */
ts_delivery_state ts_delivery_look(ts_delivery *delivery, const nh_address *local,
                                   const nh_address *remote);
void ts_delivery_close(ts_delivery *delivery);

#endif
