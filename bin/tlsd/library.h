/* Settings of OpenSSL that libtls has no calls for. */
#ifndef TLSD_LIBRARY_H
#define TLSD_LIBRARY_H

#include "base/span.h"

/* Once, before anything else of libtls; ends the program when it fails. Returns
 * the memory of OpenSSL's secure heap, where it keeps private keys' numbers,
 * apart from the heap. Empty with LibreSSL. */
void library_start(struct span *keys_r);

#endif
