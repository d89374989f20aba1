/* nodehttp/nodehttp.h - all of libnodehttp. */
#ifndef NODEHTTP_NODEHTTP_H
#define NODEHTTP_NODEHTTP_H

#include <nodehttp/abort_signal.h>
#include <nodehttp/agent.h>
#include <nodehttp/client_request.h>
#include <nodehttp/emitter.h>
#include <nodehttp/error.h>
#include <nodehttp/http.h>
#include <nodehttp/incoming_message.h>
#include <nodehttp/loop.h>
#include <nodehttp/memory.h>
#include <nodehttp/message_parser.h>
#include <nodehttp/net_server.h>
#include <nodehttp/outgoing_message.h>
#include <nodehttp/server.h>
#include <nodehttp/server_response.h>
#include <nodehttp/simulator.h>
#include <nodehttp/socket.h>
#include <nodehttp/stream.h>
#include <nodehttp/transport.h>
#include <nodehttp/uv.h>
#include <nodehttp/value.h>
#include <nodehttp/version.h>

#endif
