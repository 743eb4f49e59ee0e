/* tlsd's sandboxes. */
#ifndef TLSD_SANDBOX_H
#define TLSD_SANDBOX_H

#include "certs.h"

/* The parent reads certificates and forks. */
void parent_sandbox(const struct certs *c);
/* A connection's process, before it reads the client's first byte: reads and
 * writes what is open, and opens nothing. */
void connection_sandbox(void);

#endif
