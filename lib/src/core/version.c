#include <nodehttp/version.h>

const char *nh_version(void) {
    return NH_VERSION;
}

const char *nh_node_version(void) {
    return NH_NODE_VERSION;
}
