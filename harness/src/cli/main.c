#include "cli/version.h"

#include <nodehttp/version.h>
#include <stdio.h>

int main(void) {
    (void)printf("touchstone %s, libnodehttp %s\n", ts_version(), nh_version());
    return 0;
}
