#include "fetch/fetch.h"

#include <errno.h>

#include "answer.h"
#include "argument.h"
#include "base/log.h"
#include "command.h"
#include "mail/date.h"
#include "mail/envelope.h"
#include "mail/header.h"
#include "mail/nstring.h"
#include "mail/preview.h"
#include "selected/condstore.h"
#include "selected/object.h"
#include "selected/sync.h"

/* A FETCH command in progress. */
struct run {
	struct session *s;
	struct fetch what;
	enum content_need need;
	struct content content;
	unsigned excerpt; /* the parts of it that suffice; 0: they don't */
	struct kept kept;
	bool made;              /* and not kept yet */
	struct arena arena;     /* of one message */
	struct message message; /* the one that is told */
	unsigned gone, failed, unknown;
};

static void
date_put(struct run *r, uint32_t at)
{
	struct str *text = &r->s->text;
	int64_t date = 0;

	folder_date(&r->s->folder, at, &date);
	str_set(text, SPAN("INTERNALDATE \""));
	date_imap_format(text, (struct date){ .seconds = date });
	str_add_byte(text, '"');
	io_put(&r->s->io, str_span(text));
}

static void
email_id_put(struct run *r, uint32_t at)
{
	struct str *text = &r->s->text;

	str_set(text, SPAN("EMAILID ("));
	email_id_add(text, &r->s->folder, at);
	str_add_byte(text, ')');
	io_put(&r->s->io, str_span(text));
}

static void
save_date_put(struct run *r, uint32_t at)
{
	struct str *text = &r->s->text;

	str_set(text, SPAN("SAVEDATE \""));
	date_imap_format(
	    text, (struct date){ .seconds = save_date(&r->s->folder, at) });
	str_add_byte(text, '"');
	io_put(&r->s->io, str_span(text));
}

static void
preview_put(struct run *r)
{
	struct str words = STR_INIT;

	preview_add(&words, content_mime(&r->content, &r->arena));
	str_set(&r->s->text, SPAN("PREVIEW "));
	if (session_is_utf8(r->s))
		string_add_utf8(&r->s->text, str_span(&words));
	else
		string_add(&r->s->text, str_span(&words));
	io_put(&r->s->io, str_span(&r->s->text));
	str_free(&words);
}

static void
number_put(struct run *r, struct span name, uint64_t n)
{
	str_set(&r->s->text, name);
	str_add_number(&r->s->text, n);
	io_put(&r->s->io, str_span(&r->s->text));
}

static void
size_put(struct run *r, uint32_t at)
{
	uint64_t wire = 0;

	folder_wire(&r->s->folder, at, &wire);
	number_put(r, SPAN("RFC822.SIZE "), wire);
}

/* What the excerpt has does not depend on what the client has enabled. */
static void
excerpt_put(struct run *r, const char *name, enum excerpt_part part)
{
	io_put_text(&r->s->io, name);
	io_put(&r->s->io, r->kept.part[part]);
}

static void
structure_put(struct run *r, enum item_kind kind)
{
	struct str *text = &r->s->text;

	str_clear(text);
	if (kind == ITEM_ENVELOPE) {
		str_add_text(text, "ENVELOPE ");
		envelope_add(text, r->content.bytes);
	} else {
		str_add_text(
		    text, kind == ITEM_BODY ? "BODY " : "BODYSTRUCTURE ");
		bodystructure_add(text, content_mime(&r->content, &r->arena),
		    kind == ITEM_BODYSTRUCTURE);
	}
	io_put(&r->s->io, str_span(text));
}

/* An item that its excerpt tells. */
static void
item_put_kept(struct run *r, const struct item *item)
{
	if (item->kind == ITEM_ENVELOPE)
		excerpt_put(r, "ENVELOPE ", EXCERPT_ENVELOPE);
	else if (item->kind == ITEM_BODY)
		excerpt_put(r, "BODY ", EXCERPT_BODY);
	else if (item->kind == ITEM_BODYSTRUCTURE)
		excerpt_put(r, "BODYSTRUCTURE ", EXCERPT_BODYSTRUCTURE);
	else
		section_put_kept(r->s, item, &r->kept, &r->s->text);
}

static void
flags_put(struct run *r)
{
	str_clear(&r->s->text);
	flags_add(r->s, &r->s->text, &r->message);
	io_put(&r->s->io, str_span(&r->s->text));
}

static void
modseq_put(struct run *r)
{
	str_clear(&r->s->text);
	modseq_add(r->s, &r->s->text, &r->message);
	io_put(&r->s->io, str_span(&r->s->text));
}

static void
item_put(struct run *r, const struct item *item, uint32_t at)
{
	if (r->excerpt != 0 && item->kind >= ITEM_ENVELOPE) {
		item_put_kept(r, item);
		return;
	}
	switch (item->kind) {
	case ITEM_FLAGS:
		flags_put(r);
		break;
	case ITEM_UID:
		number_put(r, SPAN("UID "), r->message.uid);
		break;
	case ITEM_DATE:
		date_put(r, at);
		break;
	case ITEM_SIZE:
		size_put(r, at);
		break;
	case ITEM_EMAILID:
		email_id_put(r, at);
		break;
	case ITEM_THREADID:
		/* RFC 8474 5.2: threads are not kept. */
		io_put_text(&r->s->io, "THREADID NIL");
		break;
	case ITEM_SAVEDATE:
		save_date_put(r, at);
		break;
	case ITEM_MODSEQ:
		modseq_put(r);
		break;
	case ITEM_PREVIEW:
		preview_put(r);
		break;
	case ITEM_BINARY:
	case ITEM_BINARY_SIZE:
		binary_put(r->s, item, &r->content, &r->arena);
		break;
	case ITEM_ENVELOPE:
	case ITEM_BODY:
	case ITEM_BODYSTRUCTURE:
		structure_put(r, item->kind);
		break;
	case ITEM_SECTION:
		section_put(r->s, item, &r->content, &r->arena);
		break;
	}
}

/* What the index does not have is made of the message, for the next time too. */
static bool
excerpt_get(struct run *r, uint32_t at)
{
	r->made = false;
	if (kept_find(&r->kept, &r->s->folder, at, r->excerpt))
		return true;
	if (content_open(&r->content, &r->s->folder, at, r->need) < 0)
		return false;
	kept_make(&r->kept, &r->content, r->need, r->excerpt, &r->arena);
	r->made = true;
	return true;
}

/* Whether all requested items are available; a message that is gone gets no
 * response at all (RFC 2180 4.1), never half of one. */
static bool
message_ready(struct run *r, uint32_t at)
{
	struct folder *f = &r->s->folder;
	uint64_t wire;
	int64_t date;
	bool ok = true;

	/* First, since opening the message reveals a wrong size. */
	if (r->excerpt != 0)
		ok = excerpt_get(r, at);
	else if (r->need != NEED_NOTHING)
		ok = content_open(&r->content, f, at, r->need) == 0;
	for (const struct item *i = r->what.first; ok && i != NULL;
	     i = i->next) {
		if (i->kind == ITEM_SIZE)
			ok = folder_wire(f, at, &wire) == 0;
		if (i->kind == ITEM_DATE || i->kind == ITEM_SAVEDATE)
			ok = folder_date(f, at, &date) == 0;
		if ((i->kind == ITEM_BINARY || i->kind == ITEM_BINARY_SIZE) &&
		    ok && !binary_is_known(i, &r->content, &r->arena)) {
			r->unknown++;
			return false;
		}
	}
	/* Now that its size is known. */
	if (ok && r->excerpt != 0 && r->made)
		kept_keep(&r->kept, f, at);
	if (!ok && errno == ENOENT)
		r->gone++;
	else if (!ok)
		r->failed++;
	return ok;
}

/* Reading the folder updated the flags: another session may have removed \Seen
 * meanwhile. */
static bool
seen_again(struct session *s, uint32_t at)
{
	const struct flag_change change = {
		.how = FLAGS_ADD, .flags = FLAG_SEEN, .silent = true
	};

	if (folder_message(&s->folder, at).flags & FLAG_SEEN)
		return false;
	return folder_flags(&s->folder, &at, 1, &change) == 0;
}

/* \Seen was set: RFC 3501 6.4.5, RFC 7162 3.2.4. */
static void
seen_put(struct run *r, const char *between)
{
	if (!fetch_has(&r->what, ITEM_FLAGS)) {
		io_put_text(&r->s->io, between);
		flags_put(r);
		between = " ";
	}
	if (!(r->s->enabled & ENABLED_CONDSTORE))
		return;
	if (!fetch_has(&r->what, ITEM_UID) &&
	    !(r->s->enabled & ENABLED_UIDONLY))
		io_putf(&r->s->io, "%sUID %u", between, r->message.uid);
	if (!fetch_has(&r->what, ITEM_MODSEQ)) {
		io_put_text(&r->s->io, " ");
		modseq_put(r);
	}
}

static void
message_put(struct run *r, uint32_t at, bool seen_now)
{
	const char *between = "";

	if (!message_ready(r, at)) {
		arena_clear(&r->arena);
		return;
	}
	if (r->what.sets_seen && !r->s->folder.read_only)
		seen_now |= seen_again(r->s, at);
	/* Once, since others may change it: FLAGS then names all that it has. */
	r->message = folder_message(&r->s->folder, at);
	session_flags_renew(r->s);
	str_clear(&r->s->text);
	fetch_begin(r->s, &r->s->text, at);
	io_put(&r->s->io, str_span(&r->s->text));
	for (const struct item *i = r->what.first; i != NULL; i = i->next) {
		io_put_text(&r->s->io, between);
		item_put(r, i, at);
		between = " ";
	}
	if (seen_now)
		seen_put(r, between);
	io_put_text(&r->s->io, ")\r\n");
	if (r->excerpt == 0 && r->need == NEED_MESSAGE && r->content.wire > 0)
		folder_measured(
		    &r->s->folder, at, r->content.bytes.len, r->content.wire);
	arena_clear(&r->arena);
}

/* Set \Seen on the chosen messages that lack it; seen_r: a bool for each. */
static void
seen_set(struct session *s, const struct chosen *c, bool *seen_r)
{
	struct folder *f = &s->folder;
	uint32_t *at = arena_new(&s->arena, c->count * sizeof *at);
	const struct flag_change change = {
		.how = FLAGS_ADD, .flags = FLAG_SEEN, .silent = true
	};
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++) {
		struct message m = folder_message(f, c->at[i]);

		seen_r[i] = !(m.flags & FLAG_SEEN) && !m.gone;
		if (seen_r[i])
			at[n++] = c->at[i];
	}
	/* After an error the messages left unchanged don't count as seen; the
	 * others are reported. */
	folder_flags(f, at, n, &change);
	for (size_t i = 0; i < c->count; i++)
		seen_r[i] = seen_r[i] &&
		    (folder_message(f, c->at[i]).flags & FLAG_SEEN);
}

static void
failure_log(const struct run *r)
{
	struct logline l;

	log_start(&l, "unreadable");
	log_text(&l, "user", r->s->user);
	log_number(&l, "messages", r->failed);
	log_errno(&l);
	log_write(&l);
}

static void
run_start(struct run *r, struct session *s, const struct fetch *what)
{
	*r = (struct run){ .s = s,
		.what = *what,
		.need = fetch_need(what),
		.content = { .buffer = STR_INIT } };
	kept_init(&r->kept);
	if (!fetch_is_excerpt(what, &r->excerpt))
		r->excerpt = 0;
}

static void
run_end(struct run *r)
{
	kept_free(&r->kept);
	content_free(&r->content);
	arena_free(&r->arena);
	folder_excerpts_rest(&r->s->folder);
}

static void
fetch_run(struct session *s, const struct fetch *what, const struct chosen *c)
{
	struct run r;
	bool *seen = arena_new(&s->arena, c->count);

	run_start(&r, s, what);
	if (what->sets_seen && !s->folder.read_only)
		seen_set(s, c, seen);
	for (size_t i = 0; i < c->count && !s->io.failed; i++)
		message_put(&r, c->at[i], seen[i]);
	run_end(&r);
	if (r.failed > 0) {
		failure_log(&r);
		answer(s, RESULT_NO, "[SERVERBUG] Some messages can't be read");
	} else if (r.unknown > 0) {
		/* RFC 3516 4.3 */
		answer(
		    s, RESULT_NO, "[UNKNOWN-CTE] A part's encoding is unknown");
	} else if (r.gone > 0 && !s->uid) {
		/* RFC 2180 4.1.2; not for UIDs (RFC 3501 6.4.8), whose EXPUNGE
		 * precedes this answer. */
		answer(s, RESULT_NO, "[EXPUNGEISSUED] Some messages are gone");
	} else {
		answer(s, RESULT_OK, "Fetched");
	}
}

void
fetch_tell(
    struct session *s, const struct fetch *what, uint32_t from, uint32_t to)
{
	struct run r;

	run_start(&r, s, what);
	for (; from < to && from < s->folder.count && !s->io.failed; from++)
		message_put(&r, from, false);
	run_end(&r);
}

void
cmd_fetch(struct session *s)
{
	struct parser *p = &s->parser;
	struct fetch_modifiers modifiers;
	struct sequence uids = { .count = 0 };
	struct span set;
	struct fetch what;
	struct chosen c;

	if (!parse_space(p)) {
		answer_syntax(s);
		return;
	}
	set = p->rest;
	if (!argument_messages(s, &c))
		return;
	/* As it was given: 4 of 3:* may have been the last one. */
	if (sequence_take(&set, &s->arena, &uids))
		sequence_resolve(&uids, UINT32_MAX);
	else
		uids = s->saved;
	if (!parse_space(p) || !fetch_take(p, &what) ||
	    !fetch_is_offered(s, &what) ||
	    !fetch_modifiers_take(s, &modifiers)) {
		answer_syntax(s);
		return;
	}
	if (!argument_end(s))
		return;
	if (modifiers.has_since)
		fetch_add(p, &what, ITEM_MODSEQ);
	if (fetch_has(&what, ITEM_MODSEQ))
		condstore_enable(s);
	if (modifiers.vanished)
		vanished_tell(s, modifiers.since, &uids);
	fetch_modifiers_apply(s, &modifiers, &c);
	if (s->uid && !(s->enabled & ENABLED_UIDONLY))
		fetch_uid_first(p, &what);
	fetch_run(s, &what, &c);
}
