/* A line never holds CR or LF and is never over its limit, however the bytes
 * arrive; and no byte is lost between lines. */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 16, MOST = 60000 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span line;
	struct io io;
	enum io_result r;
	int ends[2];

	if (size < 1 || size > MOST ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		return 0;
	write_all(ends[1], (struct span){ (const char *)data + 1, size - 1 });
	close(ends[1]);
	io_init(&io, ends[0], -1);
	io.exact = (data[0] & 1) != 0;
	while ((r = io_line(&io, LIMIT, &line)) != IO_EOF) {
		if (r == IO_TIMEOUT)
			abort();
		if (r == IO_OK &&
		    (line.len > LIMIT || span_find(line, '\r') < line.len ||
			span_find(line, '\n') < line.len))
			abort();
	}
	if (io.bytes_in != size - 1)
		abort();
	io_free(&io);
	close(ends[0]);
	return 0;
}
