/* One line of the file `routes` (chainmail-routes(5)). */
#ifndef NET_ROUTE_PARSE_H
#define NET_ROUTE_PARSE_H

#include "base/str.h"
#include "net/route.h"

enum {
	ROUTE_LINE_MAX = 4096, /* bytes */
	ROUTE_TARGETS_MAX = 10,
};

struct route_line {
	struct span domain; /* folded: a domain, ".suffix", "*", a literal in
			     * lower case; "" when invalid */
	struct route route; /* without targets when they are faulty */
};
/* Parse one line without its comment, not empty, into the arena. False: wrong_r
 * has the fault and the remedy. */
bool route_parse(struct span line, struct arena *a, struct route_line *line_r,
    struct str *wrong_r);

/* Fold a host of a route: a name in its ASCII form, or an address, also in
 * brackets, as inet_ntop(3) writes it. Appends; false when it is neither. */
bool route_host_fold(struct span host, struct str *name_r);

#endif
