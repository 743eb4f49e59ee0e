/* What a ClientHello says about names: total functions over foreign bytes. */
#ifndef TLSD_HELLO_H
#define TLSD_HELLO_H

#include "base/span.h"

/* The host name of a server_name extension's content (RFC 6066 3); false when
 * it holds none or is malformed, or the name is not made of letters, digits,
 * '-', '_' and '.' (at most 255). */
bool hello_server_name(struct span extension, struct span *name_r);
/* The client's ALPN list (RFC 7301 3.1: names, each after its length) holds
 * this one. */
bool hello_alpn_has(struct span list, struct span name);
/* The list speaks of web protocols alone: this client was led here. */
bool hello_alpn_is_web(struct span list);

#endif
