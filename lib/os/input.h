/* A message on standard input, made readable at any offset and more than
 * once. */
#ifndef OS_INPUT_H
#define OS_INPUT_H

#include "base/span.h"

struct input {
	int fd;          /* the caller's to close, close-on-exec */
	uint64_t offset; /* in bytes, of the first byte */
	uint64_t size;   /* bytes from there to the end */
};

/* Take everything from fd's position to the end. A file is used directly,
 * whatever its size; a pipe, socket or terminal is copied to memory. fd stays
 * open. 0; -1 and errno: EMSGSIZE when more than limit bytes came. */
int input_take(int fd, uint64_t limit, struct input *in_r);

#endif
