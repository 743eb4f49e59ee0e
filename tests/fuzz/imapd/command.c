/* Commands of a client: the parser takes them apart, FETCH items and sets with
 * them; then it is at the start of a line again. */
#include <fcntl.h>
#include <unistd.h>

#include "../../../bin/imapd/fetch/fetch.h"
#include "../../../bin/imapd/mailbox/list.h"
#include "../../../bin/imapd/mailbox/metadata.h"
#include "../../../bin/imapd/notify/notify.h"
#include "../../../bin/imapd/search/search_source.h"
#include "../../../bin/imapd/search/searching.h"
#include "../../../bin/imapd/selected/condstore.h"
#include "../../../bin/imapd/sequence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
take_fetch(struct session *s)
{
	struct fetch_modifiers modifiers;
	struct fetch fetch;

	s->uid = true;
	s->enabled = ENABLED_QRESYNC;
	if (fetch_take(&s->parser, &fetch))
		fetch_modifiers_take(s, &modifiers);
}

static void
take_select(struct session *s)
{
	struct select_parameters parameters;

	s->enabled = ENABLED_QRESYNC;
	if (select_parameters_take(s, &parameters))
		sequences_match(
		    &s->folder, &parameters.numbers, &parameters.uids);
}

static void
take_pattern(struct session *s)
{
	struct span pattern;

	if (parse_pattern(&s->parser, &pattern))
		list_match(SPAN("aaa/aab/b"), pattern);
}

static void
take_metadata(struct session *s)
{
	struct metadata_ask ask = { .count = 0 };

	metadata_names_take(&s->parser, &ask);
}

static void
take_rules(struct session *s)
{
	struct rules rules;

	if (rules_take(&s->parser, &rules) != RULES_GOOD)
		return;
	rules_decode(s, s->parser.arena, &rules);
	rules_events(&rules, SPAN("a/b"), MAILBOX_EXISTS);
}

static void
take_search(struct session *s)
{
	struct search search;

	if (!search_take(s, CHARSET_OPTIONAL, &search))
		return;
	search_bind(&search, s, &s->folder, &s->arena);
	search_fix(&search, &s->folder);
}

static void
take_esearch(struct session *s)
{
	struct searching searching;
	struct source source;

	if (source_take(s, &source) && searching_start(s, &searching) &&
	    searching_keys(s, &searching, CHARSET_OPTIONAL))
		searching_fail(s, &searching);
}

static void
take_sort(struct session *s)
{
	struct searching searching;
	struct sort_order order;

	if (!searching_start(s, &searching))
		return;
	if (!sort_order_take(s, &order) || !parse_space(&s->parser))
		searching_refuse(s, &searching);
	else if (searching_keys(s, &searching, CHARSET_FIRST))
		searching_fail(s, &searching);
}

static void
take_sequence(struct session *s)
{
	struct sequence set;

	if (!sequence_take(&s->parser.rest, s->parser.arena, &set))
		return;
	sequence_resolve(&set, 100);
	sequence_has(&set, 50);
}

static void
take_words(struct session *s)
{
	struct parser *p = &s->parser;
	struct span word;

	while (parse_space(p) || parse_flag(p, &word) ||
	    parse_astring(p, &word) || parse_nstring(p, &word) ||
	    parse_byte(p, '(') || parse_byte(p, ')'))
		continue;
}

/* The first letter says what of it. */
static void
take_all(struct session *s)
{
	static const struct {
		char letter;
		void (*take)(struct session *s);
	} takers[] = {
		{ 'f', take_fetch },
		{ 'c', take_select },
		{ 'l', take_pattern },
		{ 'm', take_metadata },
		{ 'n', take_rules },
		{ 'q', take_search },
		{ 'e', take_esearch },
		{ 'o', take_sort },
		{ 's', take_sequence },
	};

	for (size_t i = 0; i < COUNT(takers); i++)
		if (parse_byte(&s->parser, takers[i].letter)) {
			takers[i].take(s);
			return;
		}
	take_words(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct parse_limits limits = { .literals = 1000,
		.literal = 1 << 20,
		.literal_bytes = 1 << 20,
		.drain = 1 << 20 };
	static int empty = -1;
	struct session s = { .uid = false };
	struct span tag;

	if (empty < 0)
		empty = open("/dev/null", O_RDWR);
	io_init(&s.io, empty, empty);
	keywords_init(&s.folder.keywords);
	str_init(&s.reply);
	str_init(&s.text);
	str_add(&s.io.input, (struct span){ (const char *)data, size });
	for (int i = 0; i < 100; i++) {
		enum io_result r = parse_start(
		    &s.parser, &limits, &s.io, &s.arena);

		if (r == IO_EOF || r == IO_TIMEOUT)
			break;
		if (parse_tag(&s.parser, &tag) && parse_space(&s.parser))
			take_all(&s);
		if (!parse_finish(&s.parser))
			break;
		arena_clear(&s.arena);
	}
	io_free(&s.io);
	str_free(&s.reply);
	str_free(&s.text);
	keywords_free(&s.folder.keywords);
	arena_free(&s.arena);
	return 0;
}
