/* Detecting HTTP on other ports. */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include "base/span.h"

/* The line begins like an HTTP request: a browser was tricked into connecting,
 * and an attacker's commands may follow. */
bool http_is_request(struct span line);

#endif
