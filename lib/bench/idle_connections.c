/* Measures what an idle keep-alive connection costs a server: opens COUNT connections to
 * 127.0.0.1:PORT, has one GET answered on each, keeps them open, and compares the resident memory
 * of process PID with that before.
 *
 * Usage: bench_idle_connections PORT PID COUNT
 * Prints: RSS_BEFORE RSS_AFTER BYTES_PER_CONNECTION, in bytes. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define RESPONSE_BYTES ((size_t)4096)
#define ANSWER_TIMEOUT_SECONDS 5
/* Before each reading of the memory the server is left alone, so that it finishes what it does
 * after a response. */
#define SETTLE_NANOSECONDS 300000000L

static void fail(const char *what) {
    (void)fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static long resident_bytes(long pid) {
    char path[64];
    char line[256];
    long kilobytes = -1;

    (void)snprintf(path, sizeof(path), "/proc/%ld/status", pid);
    FILE *status = fopen(path, "r");
    if (status == NULL) {
        fail(path);
    }
    while (fgets(line, sizeof(line), status) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0) {
            kilobytes = strtol(line + 6, NULL, 10);
        }
    }
    (void)fclose(status);
    return kilobytes * 1024;
}

/* response_complete: the head is there, and as much body as its Content-Length says. */
static int response_complete(const char *response, size_t size) {
    const char *end = strstr(response, "\r\n\r\n");
    const char *length = strcasestr(response, "\r\nContent-Length:");

    if (end == NULL || length == NULL || length > end) {
        return 0;
    }
    size_t body = (size_t)strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
    return size >= (size_t)(end - response) + 4 + body;
}

static int open_connection(unsigned short port) {
    static const char request[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_SECONDS};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) != 0 ||
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(request) - 1) {
        fail("connection");
    }

    char response[RESPONSE_BYTES + 1];
    size_t size = 0;
    do {
        ssize_t got = recv(fd, response + size, RESPONSE_BYTES - size, 0);
        if (got <= 0) {
            fail("response");
        }
        size += (size_t)got;
        response[size] = '\0';
    } while (!response_complete(response, size));
    return fd;
}

static void settle(void) {
    struct timespec pause = {.tv_nsec = SETTLE_NANOSECONDS};
    (void)nanosleep(&pause, NULL);
}

int main(int argc, char **argv) {
    long port = argc == 4 ? strtol(argv[1], NULL, 10) : 0;
    long pid = argc == 4 ? strtol(argv[2], NULL, 10) : 0;
    long count = argc == 4 ? strtol(argv[3], NULL, 10) : 0;
    if (port <= 0 || port > 65535 || pid <= 0 || count <= 0) {
        (void)fprintf(stderr, "usage: %s PORT PID COUNT\n", argv[0]);
        return 2;
    }

    struct rlimit files;
    rlim_t wanted = (rlim_t)count + 64;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) {
        fail("getrlimit");
    }
    if (files.rlim_cur < wanted) {
        files.rlim_cur = wanted;
        files.rlim_max = files.rlim_max < wanted ? wanted : files.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &files) != 0) {
            fail("open files (ulimit -n)");
        }
    }

    /* One connection first: what the server allocates only once is not the price of a connection.
     */
    (void)close(open_connection((unsigned short)port));
    settle();
    long before = resident_bytes(pid);
    for (long i = 0; i < count; i++) {
        (void)open_connection((unsigned short)port); /* open until this process ends */
    }
    settle();
    long after = resident_bytes(pid);
    (void)printf("%ld %ld %ld\n", before, after, (after - before) / count);
    return 0;
}
