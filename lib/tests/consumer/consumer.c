/* Uses the installed library: the version that it was compiled for is the one that it runs with. */
#include <nodehttp/version.h>
#include <stdio.h>
#include <string.h>

int main(void) {
    (void)printf("headers %s, library %s\n", NH_VERSION, nh_version());
    return strcmp(NH_VERSION, nh_version()) == 0 ? 0 : 1;
}
