#include "fetch.h"

#include <errno.h>

#include "base/log.h"
#include "command.h"
#include "mail/date.h"
#include "mail/envelope.h"
#include "mail/header.h"
#include "sync.h"

/* One FETCH command while it runs. */
struct run {
	struct session *s;
	struct fetch what;
	enum content_need need;
	struct content content;
	struct arena arena; /* of one message */
	bool flags_asked;
	unsigned gone, failed;
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
size_put(struct run *r, uint32_t at)
{
	uint64_t wire = 0;

	folder_wire(&r->s->folder, at, &wire);
	io_putf(&r->s->io, "RFC822.SIZE %llu", (unsigned long long)wire);
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

static void
flags_put(struct run *r, uint32_t at)
{
	const struct folder *f = &r->s->folder;

	str_clear(&r->s->text);
	flags_add(&r->s->text, f, &f->messages[at]);
	io_put(&r->s->io, str_span(&r->s->text));
}

static void
item_put(struct run *r, const struct item *item, uint32_t at)
{
	switch (item->kind) {
	case ITEM_FLAGS:
		flags_put(r, at);
		break;
	case ITEM_UID:
		io_putf(&r->s->io, "UID %u", r->s->folder.messages[at].uid);
		break;
	case ITEM_DATE:
		date_put(r, at);
		break;
	case ITEM_SIZE:
		size_put(r, at);
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

/* Whether everything asked for can be had; a message that is gone gives no
 * line at all (RFC 2180 4.1), never half of one. */
static bool
message_ready(struct run *r, uint32_t at)
{
	struct folder *f = &r->s->folder;
	uint64_t wire;
	int64_t date;
	bool ok = true;

	for (const struct item *i = r->what.first; i != NULL; i = i->next) {
		if (i->kind == ITEM_SIZE)
			ok &= folder_wire(f, at, &wire) == 0;
		if (i->kind == ITEM_DATE)
			ok &= folder_date(f, at, &date) == 0;
	}
	if (ok && r->need != NEED_NOTHING)
		ok = content_open(&r->content, f, at, r->need) == 0;
	if (!ok && errno == ENOENT)
		r->gone++;
	else if (!ok)
		r->failed++;
	return ok;
}

static void
message_put(struct run *r, uint32_t at, bool seen_now)
{
	const char *between = "(";

	if (!message_ready(r, at))
		return;
	io_putf(&r->s->io, "* %u FETCH ", at + 1);
	for (const struct item *i = r->what.first; i != NULL; i = i->next) {
		io_put_text(&r->s->io, between);
		item_put(r, i, at);
		between = " ";
	}
	if (seen_now && !r->flags_asked) {
		io_put_text(&r->s->io, between);
		flags_put(r, at);
	}
	io_put_text(&r->s->io, ")\r\n");
	arena_clear(&r->arena);
}

/* Set \Seen on the chosen that lack it; seen_r: a bool for each of them. */
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
		const struct message *m = &f->messages[c->at[i]];

		seen_r[i] = !(m->flags & FLAG_SEEN) && !m->gone;
		if (seen_r[i])
			at[n++] = c->at[i];
	}
	if (n > 0 && folder_flags(f, at, n, &change) < 0)
		for (size_t i = 0; i < c->count; i++)
			seen_r[i] = false;
}

static bool
has_item(const struct fetch *f, enum item_kind kind)
{
	for (const struct item *i = f->first; i != NULL; i = i->next)
		if (i->kind == kind)
			return true;
	return false;
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
fetch_run(struct session *s, const struct fetch *what, const struct chosen *c)
{
	struct run r = { .s = s,
		.what = *what,
		.need = fetch_need(what),
		.content = { .buffer = STR_INIT },
		.flags_asked = has_item(what, ITEM_FLAGS) };
	bool *seen = arena_new(&s->arena, c->count);

	if (what->sets_seen && !s->folder.read_only)
		seen_set(s, c, seen);
	for (size_t i = 0; i < c->count && !s->io.failed; i++)
		message_put(&r, c->at[i], seen[i]);
	content_free(&r.content);
	arena_free(&r.arena);
	if (r.failed > 0) {
		failure_log(&r);
		answer(s, RESULT_NO, "[SERVERBUG] Some messages can't be read");
	} else if (r.gone > 0) {
		answer(s, RESULT_NO, "[EXPUNGEISSUED] Some messages are gone");
	} else {
		answer(s, RESULT_OK, "Fetched");
	}
}

void
cmd_fetch(struct session *s)
{
	struct parser *p = &s->parser;
	struct fetch what;
	struct chosen c;

	if (!parse_space(p)) {
		answer_syntax(s);
		return;
	}
	if (!session_messages(s, &c))
		return;
	if (!parse_space(p) || !fetch_take(p, &what)) {
		answer_syntax(s);
		return;
	}
	if (!session_end(s))
		return;
	if (s->uid)
		fetch_uid_first(p, &what);
	fetch_run(s, &what, &c);
}
