/* The networks whose hosts may relay: the file `relay`, one address or network
 * a line. */
#ifndef NET_RELAY_H
#define NET_RELAY_H

#include "net/network.h"

/* Add the networks of the file to the list; a missing one has none. Invalid
 * lines are reported through complain (may be NULL), one by one, and skipped.
 * Their number; -1 and errno when the file can't be read. */
int relay_read(int etc, struct network_list *l,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg);

#endif
