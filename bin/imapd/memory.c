#include "memory.h"

#include <malloc.h>

enum {
	KEEP_BUFFER = 8192,  /* larger ones are freed after the command */
	TRIM_AT = 64 * 1024, /* free memory worth returning */
	MAP_AT = 128 * 1024,
};

void
memory_tune(void)
{
	mallopt(M_MMAP_THRESHOLD, MAP_AT);
	mallopt(M_TRIM_THRESHOLD, MAP_AT);
}

void
memory_rest(struct session *s)
{
	struct io *io = &s->io;

	if (io_flush(io) != IO_OK || io_pending(io).len > 0)
		return;
	if (s->text.size > KEEP_BUFFER)
		str_free(&s->text);
	if (s->reply.size > KEEP_BUFFER)
		str_free(&s->reply);
	if (io->output.size > KEEP_BUFFER)
		str_free(&io->output);
	if (io->input.size > KEEP_BUFFER) {
		str_free(&io->input);
		io->input_at = 0;
	}
	if (mallinfo2().fordblks > TRIM_AT)
		malloc_trim(0);
}
