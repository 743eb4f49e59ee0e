/* STORE (RFC 3501 6.4.6). */
#include <errno.h>

#include "answer.h"
#include "argument.h"
#include "command.h"
#include "progress.h"
#include "search/search_answer.h"
#include "selected/condstore.h"
#include "selected/sync.h"
#include "store/activity.h"

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
	struct span at[KEYWORDS_MAX];
	size_t count; /* above KEYWORDS_MAX: too many */
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
	if (keywords->count < KEYWORDS_MAX)
		keywords->at[keywords->count] = flag;
	keywords->count++;
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

/* Send FETCH for all named messages, even unchanged ones, but for those that were
 * modified before. RFC 7162 3.1.3: of modseqs alone after .SILENT, 3.2.4: with
 * UIDs. */
static void
stored_tell(struct session *s, const struct chosen *c,
    const struct flag_change *change, bool silent)
{
	bool modseqs = s->enabled & ENABLED_CONDSTORE;

	for (size_t i = 0; i < c->count && (modseqs || !silent); i++) {
		struct message m = folder_message(&s->folder, c->at[i]);

		if (m.gone || (change->conditional && change->modified_r[i]))
			continue;
		session_flags_renew(s); /* the message may have a new one */
		str_clear(&s->text);
		fetch_begin(s, &s->text, c->at[i]);
		if ((s->uid || modseqs) && !(s->enabled & ENABLED_UIDONLY))
			str_addf(&s->text, "UID %u ", m.uid);
		if (!silent)
			flags_add(s, &s->text, &m);
		if (!silent && modseqs)
			str_add_byte(&s->text, ' ');
		if (modseqs)
			modseq_add(s, &s->text, &m);
		str_add_text(&s->text, ")\r\n");
		io_put(&s->io, str_span(&s->text));
	}
}

static bool
is_any_gone(struct folder *f, const struct chosen *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (folder_message(f, c->at[i]).gone)
			return true;
	return false;
}

static void
delete_log(struct session *s, const struct chosen *c, const bool *was)
{
	struct activity a;

	activity_start(&a, "delete", s->user, str_span(&s->mailbox),
	    (struct span){ NULL, 0 });
	for (size_t i = 0; i < c->count; i++) {
		struct message m = folder_message(&s->folder, c->at[i]);

		if (!was[i] && (m.flags & FLAG_DELETED))
			activity_add(&a, m.uid,
			    folder_name(&s->folder, c->at[i]), 0, SPAN(""));
	}
	activity_end(&a);
}

/* Which of the chosen have \Deleted, or are gone, now. NULL: the change does
 * not affect \Deleted. */
static const bool *
deleted_before(
    struct session *s, const struct chosen *c, const struct flag_change *change)
{
	bool *was;

	if (change->how == FLAGS_REMOVE || !(change->flags & FLAG_DELETED))
		return NULL;
	was = arena_new(&s->arena, (c->count + 1) * sizeof *was);
	for (size_t i = 0; i < c->count; i++) {
		struct message m = folder_message(&s->folder, c->at[i]);

		was[i] = m.gone || (m.flags & FLAG_DELETED);
	}
	return was;
}

/* RFC 7162 3.1.3: MODIFIED, which may exceed the length that answer() takes. */
static void
store_answer(struct session *s, const struct chosen *c,
    const struct flag_change *change, bool gone)
{
	struct chosen modified = { .at = arena_new(&s->arena,
				       (c->count + 1) * sizeof *modified.at) };
	const struct finding e = {
		.f = &s->folder, .found = &modified, .uid = s->uid
	};

	for (size_t i = 0; change->conditional && i < c->count; i++)
		if (change->modified_r[i])
			modified.at[modified.count++] = c->at[i];
	if (modified.count == 0 && gone) {
		answer(s, RESULT_NO, "[EXPUNGEISSUED] Some messages are gone");
		return;
	}
	answer(s, gone ? RESULT_NO : RESULT_OK, "Stored");
	if (modified.count == 0)
		return;
	str_set(
	    &s->reply, gone ? SPAN("NO [MODIFIED ") : SPAN("OK [MODIFIED "));
	finding_set_add(&s->reply, &e, 0, modified.count);
	str_add_text(&s->reply,
	    gone ? "] Some messages are gone" : "] Some were changed before");
}

static void
store_run(struct session *s, const struct chosen *c,
    const struct flag_change *change, bool silent)
{
	struct flag_change quiet = *change;
	const bool *was = deleted_before(s, c, change);
	struct progress progress;
	int r, saved;

	quiet.silent = true; /* stored_tell() reports them */
	progress_change(&progress, s, c->count);
	r = folder_flags(&s->folder, c->at, c->count, &quiet);
	progress_end(s);
	saved = errno;
	if (was != NULL)
		delete_log(s, c, was);
	errno = saved;
	if (r < 0) {
		/* The sync reports changes made before the error. */
		answer_errno(s, "change flags");
		return;
	}
	session_flags_renew(s);
	stored_tell(s, c, change, silent);
	/* RFC 2180 4.2.1 to 4.2.3: not for .SILENT; RFC 3501 6.4.8: a
	 * nonexistent UID is ignored, and its EXPUNGE is sent here. */
	store_answer(
	    s, c, change, !silent && !s->uid && is_any_gone(&s->folder, c));
}

/* RFC 7162 3.1.3: "(UNCHANGEDSINCE n) ". */
static bool
take_modifier(struct session *s, struct flag_change *c)
{
	struct parser *p = &s->parser;

	if (!session_offers(s, "CONDSTORE") || !parse_byte(p, '('))
		return true;
	c->conditional = true;
	return parse_is(p, "UNCHANGEDSINCE") && parse_space(p) &&
	    parse_number64(p, &c->unchanged_since) && parse_byte(p, ')') &&
	    parse_space(p);
}

/* RFC 4314 4: it is refused only if none of the flags may be changed. */
static bool
is_allowed(
    const struct folder *f, const struct flag_change *c, size_t keyword_count)
{
	bool keywords;
	uint32_t may = folder_changeable(f, &keywords);

	if (may == FLAGS_IMAP || (c->flags == 0 && keyword_count == 0))
		return true;
	return (c->flags & may) || (keyword_count > 0 && keywords);
}

void
cmd_store(struct session *s)
{
	struct parser *p = &s->parser;
	struct flag_change change = { .how = FLAGS_SET };
	struct names keywords = { .count = 0 };
	struct chosen c;

	if (!parse_space(p)) {
		answer_syntax(s);
		return;
	}
	if (!argument_messages(s, &c))
		return;
	if (!parse_space(p) || !take_modifier(s, &change) ||
	    !take_how(p, &change) || !parse_space(p) ||
	    !take_flags(p, &change, &keywords)) {
		answer_syntax(s);
		return;
	}
	if (!argument_end(s))
		return;
	if (s->folder.read_only) {
		errno = EROFS;
		answer_errno(s, "change flags");
		return;
	}
	if (!is_allowed(&s->folder, &change, keywords.count)) {
		answer(s, RESULT_NO, "[NOPERM] No right to change these flags");
		return;
	}
	if (keywords.count > KEYWORDS_MAX) {
		errno = E2BIG;
		answer_errno(s, "change flags");
		return;
	}
	if (change.conditional) {
		condstore_enable(s);
		change.modified_r = arena_new(&s->arena, c.count + 1);
	}
	change.keywords = keywords.at;
	change.keyword_count = keywords.count;
	store_run(s, &c, &change, change.silent);
}
