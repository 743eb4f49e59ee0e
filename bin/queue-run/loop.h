/* Events, and the order of a turn. */
#ifndef LOOP_H
#define LOOP_H

#include "runner.h"

/* Run until the end; returns the exit code. */
int loop(struct runner *r);

#endif
