/* lib/imap: lines, literals and words of commands, in any order of asking; after
 * each command the next begins where it should. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "imap/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was taken lies within what was read. */
static void
check(struct span s, size_t size)
{
	if (s.len > size || (s.at == NULL && s.len > 0))
		abort();
}

static void
literal_take(struct parser *p, size_t size)
{
	struct span bytes;
	uint64_t left;
	bool waits;

	if (!parse_message(p, &left, &waits))
		return;
	p->line = SPAN("");
	while (left > 0 && parse_stream(p, left, &bytes)) {
		check(bytes, size);
		left -= bytes.len;
	}
	if (left == 0)
		parse_continue(p);
}

/* The first bytes of the command say how the rest is asked for. */
static void
words_take(struct parser *p, size_t size)
{
	static bool (*const takers[])(struct parser * p, struct span * s_r) = {
		parse_name, parse_atom, parse_string, parse_astring,
		parse_credential, parse_nstring, parse_pattern, parse_flag
	};
	struct span how, s;
	uint64_t n64;
	uint32_t n;

	if (!parse_name(p, &how))
		return;
	for (size_t i = 0; i < how.len; i++) {
		size_t k = (size_t)how.at[i] % (COUNT(takers) + 4);

		parse_space(p);
		if (k < COUNT(takers) && takers[k](p, &s))
			check(s, size);
		else if (k == COUNT(takers))
			literal_take(p, size);
		else if (k == COUNT(takers) + 1)
			parse_id(p);
		else if (k == COUNT(takers) + 2)
			parse_number(p, &n);
		else
			parse_number64(p, &n64);
		check(p->rest, size);
	}
	parse_end(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct parse_limits limits = { .literals = 10,
		.literal = 1000,
		.literal_bytes = 2000,
		.drain = 5000 };
	static int empty = -1;
	struct arena arena = ARENA_INIT;
	struct parser p;
	struct span tag;
	struct io io;

	if (empty < 0)
		empty = open("/dev/null", O_RDWR);
	io_init(&io, empty, empty);
	str_add(&io.input, (struct span){ (const char *)data, size });
	for (int i = 0; i < 100; i++) {
		enum io_result r = parse_start(&p, &limits, &io, &arena);

		if (r == IO_EOF || r == IO_TIMEOUT)
			break;
		if (parse_tag(&p, &tag) && parse_space(&p) && r == IO_OK)
			words_take(&p, size);
		if (!parse_finish(&p))
			break;
		arena_wipe(&arena);
	}
	arena_wipe(&arena);
	io_free(&io);
	return 0;
}
