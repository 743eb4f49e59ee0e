/* The names in a ClientHello, parsed before TLS sees it; the functions accept
 * any input. */
#ifndef TLSD_HELLO_H
#define TLSD_HELLO_H

#include "base/str.h"

enum hello_state {
	HELLO_PART,  /* incomplete, valid so far */
	HELLO_WHOLE, /* complete */
	HELLO_NONE,  /* not one, or malformed: left to the library */
};

struct hello {
	struct span name; /* the host asked for (RFC 6066 3); may be empty */
	struct span alpn; /* the list (RFC 7301 3.1: names, each after its
			   * length); may be empty */
};

/* Parse a connection's first bytes (records, RFC 8446 5.1). The spans are in
 * message, which the function fills. */
enum hello_state hello_read(
    struct span bytes, struct str *message, struct hello *h_r);

/* The host name of a server_name extension's content (RFC 6066 3); false when
 * it holds none or is malformed, or the name is not made of letters, digits,
 * '-', '_' and '.' (at most 255). */
bool hello_server_name(struct span extension, struct span *name_r);
/* The client's ALPN list contains this name. */
bool hello_alpn_has(struct span list, struct span name);
/* The list has only web protocols: the client was tricked into connecting. */
bool hello_alpn_is_web(struct span list);

#endif
