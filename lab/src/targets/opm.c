/* Asks libopm about one port, by every protocol it has, and says "opm: open" or "opm: nothing".
   Words: ADDRESS PORT LANDING-ADDRESS LANDING-PORT WORD-OF-THE-LANDING */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "opm.h"
#include "opm_error.h"
#include "opm_types.h"

static int ended, opened;

static void on_open(OPM_T *scanner, OPM_REMOTE_T *remote, int unused, void *data) {
    opened = 1;
}

static void on_end(OPM_T *scanner, OPM_REMOTE_T *remote, int unused, void *data) {
    ended = 1;
}

int main(int count, char **words) {
    if (count != 6)
        return 2;
    int descriptors = 512, seconds = 20, most_read = 4096, landing_port = atoi(words[4]);
    OPM_T *scanner = opm_create();
    OPM_REMOTE_T *remote = opm_remote_create(words[1]);
    opm_callback(scanner, OPM_CALLBACK_OPENPROXY, on_open, NULL);
    opm_callback(scanner, OPM_CALLBACK_END, on_end, NULL);
    opm_config(scanner, OPM_CONFIG_FD_LIMIT, &descriptors);
    opm_config(scanner, OPM_CONFIG_SCAN_IP, words[3]);
    opm_config(scanner, OPM_CONFIG_SCAN_PORT, &landing_port);
    opm_config(scanner, OPM_CONFIG_TARGET_STRING, words[5]);
    opm_config(scanner, OPM_CONFIG_TIMEOUT, &seconds);
    opm_config(scanner, OPM_CONFIG_MAX_READ, &most_read);
    for (int protocol = OPM_TYPE_HTTP; protocol <= OPM_TYPE_HTTPSPOST; protocol++)
        opm_addtype(scanner, protocol, atoi(words[2]));
    signal(SIGPIPE, SIG_IGN);
    opm_scan(scanner, remote);
    while (!ended && !opened)
        opm_cycle(scanner);
    puts(opened ? "opm: open" : "opm: nothing");
    return 0;
}
