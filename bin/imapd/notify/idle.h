/* Waiting for the client. */
#ifndef IMAPD_IDLE_H
#define IMAPD_IDLE_H

#include "session.h"

/* Wait for the client until then (clock_mono_ms()), and tell it what changes
 * meanwhile: in IDLE, or as NOTIFY has it. True: it has sent something, or is
 * gone, or the session is over (state). */
bool client_wait(struct session *s, int64_t until, bool idle);

#endif
