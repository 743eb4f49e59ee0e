/* What a client sends after COMPRESS: inflated, and read as commands. */
#include <sys/socket.h>
#include <unistd.h>

#include "../../../bin/imapd/command.h"
#include "../../../bin/imapd/compress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct parse_limits limits = { .literals = 1000,
		.literal = 1 << 20,
		.literal_bytes = 1 << 20,
		.drain = 1 << 20 };
	struct session s = { .limits.message_size = 1 << 20 };
	int ends[2];

	if (size > 60000 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		return 0;
	str_init(&s.reply);
	io_init(&s.io, ends[0], ends[0]);
	str_add(&s.io.input, SPAN("a COMPRESS DEFLATE\r\n"));
	if (write(ends[1], data, size) == (ssize_t)size) {
		shutdown(ends[1], SHUT_WR);
		parse_start(&s.parser, &limits, &s.io, &s.arena);
		s.parser.rest = SPAN(" DEFLATE");
		cmd_compress(&s);
		compress_begin(&s);
		do {
			compress_renew(&s);
			arena_clear(&s.arena);
			parse_start(&s.parser, &limits, &s.io, &s.arena);
		} while (s.parser.end != IO_EOF && parse_finish(&s.parser));
	}
	compress_end(&s);
	io_free(&s.io);
	arena_free(&s.arena);
	str_free(&s.reply);
	close(ends[0]);
	close(ends[1]);
	return 0;
}
