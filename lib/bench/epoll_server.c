/* The yardstick of script/bench: hello world over HTTP/1.1 keep-alive with nothing but epoll and
 * llhttp. One thread, one buffer, a response with the head that Node writes, one write for all the
 * requests of a read. What a server on libnodehttp costs beyond this is the price of Node's
 * semantics.
 *
 * Usage: bench_epoll_server PORT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <llhttp.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG 511 /* Node's default */
#define EVENTS_PER_WAIT 256
#define READ_BYTES ((size_t)65536)
#define RESPONSE_BYTES ((size_t)256)

#define BODY "hello world\n"

struct connection {
    llhttp_t parser;
    int fd;
    bool close_after_write;
    bool waits_for_writable;
    unsigned complete; /* requests of the read at hand that are complete, not yet answered */
    char *unsent;      /* what the kernel did not take; NULL when it took all */
    size_t unsent_size;
};

static char response[RESPONSE_BYTES];
static size_t response_size;
static time_t response_second;

static int on_message_complete(llhttp_t *parser) {
    struct connection *connection = parser->data;

    connection->complete++;
    connection->close_after_write = llhttp_should_keep_alive(parser) == 0;
    return 0;
}

static void refresh_response(void) {
    time_t now = time(NULL);
    struct tm utc;
    char date[64];

    if (now == response_second || gmtime_r(&now, &utc) == NULL) {
        return;
    }
    (void)strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    response_size = (size_t)snprintf(response, sizeof(response),
                                     "HTTP/1.1 200 OK\r\n"
                                     "Content-Type: text/plain\r\n"
                                     "Date: %s\r\n"
                                     "Connection: keep-alive\r\n"
                                     "Keep-Alive: timeout=5\r\n"
                                     "Content-Length: %zu\r\n\r\n" BODY,
                                     date, sizeof(BODY) - 1);
    response_second = now;
}

static void connection_close(struct connection *connection) {
    (void)close(connection->fd); /* takes it out of the epoll set */
    free(connection->unsent);
    free(connection);
}

/* connection_write sends what it can and keeps the rest. Returns false when the connection is of no
 * more use. */
static bool connection_write(int epoll, struct connection *connection, const char *bytes,
                             size_t size) {
    size_t sent = 0;

    while (sent < size) {
        ssize_t wrote = send(connection->fd, bytes + sent, size - sent, MSG_NOSIGNAL);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote < 0 && errno != EAGAIN) {
            return false;
        }
        if (wrote < 0) {
            break;
        }
        sent += (size_t)wrote;
    }

    char *rest = NULL;
    if (sent < size) {
        rest = malloc(size - sent);
        if (rest == NULL) {
            return false;
        }
        memcpy(rest, bytes + sent, size - sent);
    }
    free(connection->unsent);
    connection->unsent = rest;
    connection->unsent_size = size - sent;
    if ((rest != NULL) != connection->waits_for_writable) {
        struct epoll_event event = {.events = rest != NULL ? EPOLLOUT : EPOLLIN,
                                    .data.ptr = connection};
        connection->waits_for_writable = rest != NULL;
        return epoll_ctl(epoll, EPOLL_CTL_MOD, connection->fd, &event) == 0;
    }
    return true;
}

static bool connection_answer(int epoll, struct connection *connection) {
    static char batch[64 * RESPONSE_BYTES];

    if (connection->complete == 1) {
        connection->complete = 0;
        return connection_write(epoll, connection, response, response_size);
    }
    /* Pipelined requests: their answers go out in as few writes as the batch allows. */
    while (connection->complete > 0 && connection->unsent == NULL) {
        size_t used = 0;
        while (connection->complete > 0 && used + response_size <= sizeof(batch)) {
            memcpy(batch + used, response, response_size);
            used += response_size;
            connection->complete--;
        }
        if (!connection_write(epoll, connection, batch, used)) {
            return false;
        }
    }
    return true;
}

static bool connection_read(int epoll, struct connection *connection) {
    static char buffer[READ_BYTES];
    ssize_t got = recv(connection->fd, buffer, sizeof(buffer), 0);

    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return true;
    }
    if (got <= 0 || llhttp_execute(&connection->parser, buffer, (size_t)got) != HPE_OK) {
        return false;
    }
    return connection_answer(epoll, connection);
}

static void connection_handle(int epoll, struct connection *connection, unsigned events) {
    bool alive = (events & (EPOLLERR | EPOLLHUP)) == 0;

    if (alive && (events & EPOLLOUT) != 0) {
        char *unsent = connection->unsent;
        connection->unsent = NULL;
        alive = connection_write(epoll, connection, unsent, connection->unsent_size);
        free(unsent);
        alive = alive && connection_answer(epoll, connection);
    }
    if (alive && (events & EPOLLIN) != 0) {
        alive = connection_read(epoll, connection);
    }
    bool answered = connection->complete == 0 && connection->unsent == NULL;
    if (!alive || (connection->close_after_write && answered)) {
        connection_close(connection);
    }
}

static void accept_all(int epoll, int listener, const llhttp_settings_t *settings) {
    int fd = -1;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        int one = 1;
        struct connection *connection = calloc(1, sizeof(*connection));
        if (connection == NULL) {
            (void)close(fd);
            continue;
        }
        connection->fd = fd;
        llhttp_init(&connection->parser, HTTP_REQUEST, settings);
        connection->parser.data = connection;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
            connection_close(connection);
        }
    }
}

static int listen_on(unsigned short port) {
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, BACKLOG) != 0) {
        perror("listen");
        exit(1);
    }
    return fd;
}

int main(int argc, char **argv) {
    long port = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
    if (port <= 0 || port > 65535) {
        (void)fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }

    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_message_complete = on_message_complete;

    int listener = listen_on((unsigned short)port);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) != 0) {
        perror("epoll");
        return 1;
    }

    for (;;) {
        struct epoll_event events[EVENTS_PER_WAIT];
        int count = epoll_wait(epoll, events, EVENTS_PER_WAIT, -1);
        refresh_response();
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL) {
                accept_all(epoll, listener, &settings);
            } else {
                connection_handle(epoll, events[i].data.ptr, events[i].events);
            }
        }
    }
}
