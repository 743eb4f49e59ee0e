/* STORE (RFC 3501 6.4.6). */
#include <errno.h>

#include "command.h"
#include "sync.h"

static const struct {
	const char *name;
	enum flag_how how;
	bool silent;
} hows[] = {
	{ "FLAGS", FLAGS_SET, false },
	{ "FLAGS.SILENT", FLAGS_SET, true },
	{ "+FLAGS", FLAGS_ADD, false },
	{ "+FLAGS.SILENT", FLAGS_ADD, true },
	{ "-FLAGS", FLAGS_REMOVE, false },
	{ "-FLAGS.SILENT", FLAGS_REMOVE, true },
};

static bool
take_how(struct parser *p, struct flag_change *c)
{
	for (size_t i = 0; i < COUNT(hows); i++)
		if (parse_is(p, hows[i].name)) {
			c->how = hows[i].how;
			c->silent = hows[i].silent;
			return true;
		}
	return false;
}

struct names {
	struct span at[KEYWORDS_MAX + 1];
	size_t count; /* above KEYWORDS_MAX: more than there can be */
};

/* A system flag sets its bit; \Recent can't be stored and is ignored. */
static bool
take_flag(struct parser *p, struct flag_change *c, struct names *keywords)
{
	struct span flag;

	if (!parse_flag(p, &flag))
		return false;
	if (flag.at[0] == '\\') {
		c->flags |= flag_bit(flag);
		return flag_bit(flag) != 0 ||
		    span_equal_case(flag, SPAN("\\Recent"));
	}
	if (keywords->count <= KEYWORDS_MAX)
		keywords->at[keywords->count++] = flag;
	return true;
}

static bool
take_flags(struct parser *p, struct flag_change *c, struct names *keywords)
{
	bool list = parse_byte(p, '(');

	if (list && parse_byte(p, ')'))
		return true;
	do {
		if (!take_flag(p, c, keywords))
			return false;
	} while (parse_space(p) && p->rest.len > 0);
	return !list || parse_byte(p, ')');
}

/* False: the answer is given. */
static bool
keywords_resolve(
    struct session *s, const struct names *names, struct flag_change *c)
{
	bool create = c->how != FLAGS_REMOVE;

	for (size_t i = 0; i < names->count; i++) {
		uint32_t bit;

		errno = ENOSPC;
		bit = i < KEYWORDS_MAX
		    ? folder_keyword(&s->folder, names->at[i], create)
		    : 0;
		c->keywords |= bit;
		if (bit != 0 || !create)
			continue;
		if (errno == ENOSPC)
			answer(s, RESULT_NO,
			    "[LIMIT] A mailbox has at most %d keywords",
			    KEYWORDS_MAX);
		else if (errno == EINVAL)
			answer(
			    s, RESULT_NO, "[CANNOT] This can't be a keyword");
		else
			answer_errno(s, "add a keyword");
		return false;
	}
	return true;
}

/* All that were named are answered, also those that did not change. */
static void
flags_tell(struct session *s, const struct chosen *c)
{
	for (size_t i = 0; i < c->count; i++) {
		struct message *m = &s->folder.messages[c->at[i]];

		if (m->gone)
			continue;
		str_setf(&s->text, "* %u FETCH (", c->at[i] + 1);
		if (s->uid)
			str_addf(&s->text, "UID %u ", m->uid);
		flags_add(&s->text, &s->folder, m);
		str_add_text(&s->text, ")\r\n");
		io_put(&s->io, str_span(&s->text));
	}
}

static void
store_run(struct session *s, const struct chosen *c,
    const struct flag_change *change, bool silent)
{
	struct flag_change quiet = *change;

	quiet.silent = true; /* flags_tell() tells */
	if (c->count > 0 &&
	    folder_flags(&s->folder, c->at, c->count, &quiet) < 0) {
		answer_errno(s, "change flags");
		return;
	}
	if (!silent)
		flags_tell(s, c);
	for (size_t i = 0; i < c->count; i++)
		if (s->folder.messages[c->at[i]].gone) {
			answer(s, RESULT_NO,
			    "[EXPUNGEISSUED] Some messages are gone");
			return;
		}
	answer(s, RESULT_OK, "Stored");
}

void
cmd_store(struct session *s)
{
	struct parser *p = &s->parser;
	struct flag_change change = { .how = FLAGS_SET };
	struct names keywords = { .count = 0 };
	uint8_t known = s->folder.keywords.count;
	struct chosen c;

	if (!parse_space(p)) {
		answer_syntax(s);
		return;
	}
	if (!session_messages(s, &c))
		return;
	if (!parse_space(p) || !take_how(p, &change) || !parse_space(p) ||
	    !take_flags(p, &change, &keywords)) {
		answer_syntax(s);
		return;
	}
	if (!session_end(s))
		return;
	if (s->folder.read_only) {
		errno = EROFS;
		answer_errno(s, "change flags");
		return;
	}
	if (!keywords_resolve(s, &keywords, &change))
		return;
	if (s->folder.keywords.count != known)
		session_flags_tell(s);
	store_run(s, &c, &change, change.silent);
}
