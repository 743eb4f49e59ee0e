/* A message on standard input, as something that can be read from any place
 * and more than once. */
#ifndef OS_INPUT_H
#define OS_INPUT_H

#include "base/span.h"

struct input {
	int fd;          /* the caller's to close, close-on-exec */
	uint64_t offset; /* of the first byte, in bytes */
	uint64_t size;   /* bytes from there to the end */
};

/* Take all that fd holds from where it stands. A file is used as it is, however
 * long; of a pipe, a socket or a terminal a copy is made in memory, to the end.
 * fd stays open. 0; -1 and errno: EMSGSIZE when more than limit bytes came. */
int input_take(int fd, uint64_t limit, struct input *in_r);

#endif
