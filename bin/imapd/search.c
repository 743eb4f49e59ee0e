/* SEARCH (RFC 3501 6.4.4). */
#include "search.h"

#include "command.h"

static void
search_run(struct session *s, const struct search *q)
{
	struct matcher m = { .s = s,
		.q = q,
		.content = { .buffer = STR_INIT },
		.decoded = STR_INIT,
		.folded = STR_INIT };

	io_put_text(&s->io, "* SEARCH");
	for (uint32_t i = 0; i < s->folder.count && !s->io.failed; i++)
		if (matcher_holds(&m, i))
			io_putf(&s->io, " %u",
			    s->uid ? s->folder.messages[i].uid : i + 1);
	io_put_text(&s->io, "\r\n");
	matcher_free(&m);
	answer(s, RESULT_OK, "Searched");
}

void
cmd_search(struct session *s)
{
	struct search q;

	if (!parse_space(&s->parser) || !search_take(s, &q)) {
		answer_syntax(s);
		return;
	}
	if (!session_end(s))
		return;
	if (q.unknown_charset)
		answer(s, RESULT_NO,
		    "[BADCHARSET (UTF-8 US-ASCII ISO-8859-1)] Unknown "
		    "character set");
	else
		search_run(s, &q);
}
