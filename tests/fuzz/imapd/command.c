/* Commands of a client: the parser takes them apart, FETCH items and sets with
 * them; then it is at the start of a line again. */
#include <fcntl.h>
#include <unistd.h>

#include "../../../bin/imapd/fetch.h"
#include "../../../bin/imapd/list.h"
#include "../../../bin/imapd/search.h"
#include "../../../bin/imapd/sequence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
take_all(struct session *session)
{
	struct parser *p = &session->parser;
	struct sequence set;
	struct search search;
	struct fetch fetch;
	struct span s;

	switch (p->rest.len > 0 ? p->rest.at[0] : '\0') {
	case 'f':
		parse_byte(p, 'f');
		fetch_take(p, &fetch);
		break;
	case 'l':
		parse_byte(p, 'l');
		if (parse_pattern(p, &s))
			list_match(SPAN("aaa/aab/b"), s);
		break;
	case 'q':
		parse_byte(p, 'q');
		search_take(session, &search);
		break;
	case 's':
		parse_byte(p, 's');
		if (sequence_take(&p->rest, p->arena, &set)) {
			sequence_resolve(&set, 100);
			sequence_has(&set, 50);
		}
		break;
	default:
		while (parse_space(p) || parse_flag(p, &s) ||
		    parse_astring(p, &s) || parse_nstring(p, &s) ||
		    parse_byte(p, '(') || parse_byte(p, ')'))
			continue;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int empty = -1;
	struct session s = { .uid = false };
	struct span tag;

	if (empty < 0)
		empty = open("/dev/null", O_RDWR);
	io_init(&s.io, empty, empty);
	keywords_init(&s.folder.keywords);
	str_add(&s.io.input, (struct span){ (const char *)data, size });
	for (int i = 0; i < 100; i++) {
		enum io_result r = parse_start(&s.parser, &s.io, &s.arena);

		if (r == IO_EOF || r == IO_TIMEOUT)
			break;
		if (parse_tag(&s.parser, &tag) && parse_space(&s.parser))
			take_all(&s);
		if (!parse_finish(&s.parser))
			break;
		arena_clear(&s.arena);
	}
	io_free(&s.io);
	keywords_free(&s.folder.keywords);
	arena_free(&s.arena);
	return 0;
}
