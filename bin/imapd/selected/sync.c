/* Reporting changes by other sessions and deliveries to the client. */
#include "selected/sync.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "notify/notify.h"
#include "search/search_context.h"
#include "search/search_saved.h"
#include "selected/condstore.h"

static const struct {
	uint32_t flag;
	const char *name;
} system_flags[] = {
	{ FLAG_ANSWERED, "\\Answered" },
	{ FLAG_FLAGGED, "\\Flagged" },
	{ FLAG_DELETED, "\\Deleted" },
	{ FLAG_SEEN, "\\Seen" },
	{ FLAG_DRAFT, "\\Draft" },
};

uint32_t
flag_bit(struct span name)
{
	for (size_t i = 0; i < COUNT(system_flags); i++)
		if (span_equal_case(name, span_text(system_flags[i].name)))
			return system_flags[i].flag;
	return 0;
}

static void
word_add(struct str *out, size_t *n, struct span word)
{
	if ((*n)++ > 0)
		str_add_byte(out, ' ');
	str_add(out, word);
}

void
flags_add(const struct session *s, struct str *out, const struct message *m)
{
	const struct folder *f = &s->folder;
	size_t n = 0;

	str_add(out, SPAN("FLAGS ("));
	for (size_t i = 0; i < COUNT(system_flags); i++)
		if (m->flags & system_flags[i].flag)
			word_add(out, &n, span_text(system_flags[i].name));
	/* RFC 9051 A: IMAP4rev2 has no \Recent. */
	if (m->recent && !(s->enabled & ENABLED_REV2))
		word_add(out, &n, SPAN("\\Recent"));
	for (unsigned i = 0; m->keywords >> i != 0; i++)
		if ((m->keywords >> i & 1) &&
		    keywords_name(&f->keywords, i).len > 0)
			word_add(out, &n, keywords_name(&f->keywords, i));
	str_add_byte(out, ')');
}

void
flags_add_known(struct str *out, const struct folder *f)
{
	for (size_t i = 0; i < COUNT(system_flags); i++)
		str_addf(out, "%s%s", i == 0 ? "" : " ", system_flags[i].name);
	for (unsigned i = 0; i < KEYWORDS_MAX; i++) {
		struct span name = keywords_name(&f->keywords, i);

		if (name.len == 0)
			continue;
		str_add_byte(out, ' ');
		str_add(out, name);
	}
}

/* RFC 3501 7.2.6, 7.1: sent together, since the permanent flags are the known
 * ones, plus new keywords while a letter is free. */
void
session_flags_tell(struct session *s)
{
	struct folder *f = &s->folder;
	struct str known = STR_INIT;
	bool keywords;
	uint32_t may;

	s->flags_told = f->keyword_changes;
	s->flags_room = folder_has_keyword_room(f);
	flags_add_known(&known, f);
	io_putf(&s->io, "* FLAGS (%s)\r\n", known.at);
	/* RFC 4314 5.1.1 */
	may = folder_changeable(f, &keywords);
	if (may == 0)
		io_put_text(&s->io, "* OK [PERMANENTFLAGS ()] Read-only\r\n");
	else if (may == FLAG_SEEN)
		io_put_text(&s->io,
		    "* OK [PERMANENTFLAGS (\\Seen)] Permanent flags\r\n");
	else
		io_putf(&s->io,
		    "* OK [PERMANENTFLAGS (%s%s)] Permanent flags\r\n",
		    known.at, s->flags_room ? " \\*" : "");
	str_free(&known);
}

void
session_flags_renew(struct session *s)
{
	if (s->flags_told != s->folder.keyword_changes)
		session_flags_tell(s);
}

/* One report. */
void
fetch_begin(struct session *s, struct str *out, uint32_t at)
{
	bool by_uid = s->enabled & ENABLED_UIDONLY;

	/* Without printf, which was half of a FETCH of flags. */
	str_add(out, SPAN("* "));
	str_add_number(
	    out, by_uid ? folder_message(&s->folder, at).uid : at + 1);
	str_add(out, by_uid ? SPAN(" UIDFETCH (") : SPAN(" FETCH ("));
}

void
exists_tell(struct session *s, uint32_t count, uint32_t recent)
{
	io_putf(&s->io, "* %u EXISTS\r\n", count);
	if (!(s->enabled & ENABLED_REV2))
		io_putf(&s->io, "* %u RECENT\r\n", recent);
}

struct telling {
	struct session *s;
	unsigned events; /* EVENT_… that the client wants */
	uint32_t told;   /* messages that it knows of */
	uint32_t *gone;  /* UIDs for VANISHED, descending */
	size_t gone_count;
};

static void
vanished_put(struct telling *t)
{
	struct str *out = &t->s->text;
	size_t i = t->gone_count;

	if (i == 0)
		return;
	str_set(out, SPAN("* VANISHED "));
	while (i > 0) {
		uint32_t low = t->gone[--i], high = low;

		while (i > 0 && t->gone[i - 1] == high + 1)
			high = t->gone[--i];
		str_add_number(out, low);
		if (high > low)
			str_addf(out, ":%u", high);
		str_add_text(out, i > 0 ? "," : "\r\n");
	}
	io_put(&t->s->io, str_span(out));
	t->gone_count = 0;
}

static void
tell_expunged(void *arg, uint32_t seq, uint32_t uid)
{
	struct telling *t = arg;

	t->told--;
	t->s->new_from -= seq <= t->s->new_from;
	t->s->new_to -= seq <= t->s->new_to;
	if (t->s->enabled & (ENABLED_UIDONLY | ENABLED_QRESYNC)) {
		t->gone = mem_resize(
		    t->gone, t->gone_count + 1, sizeof *t->gone);
		t->gone[t->gone_count++] = uid;
	} else {
		io_putf(&t->s->io, "* %u EXPUNGE\r\n", seq);
	}
}

void
flags_tell(struct session *s, uint32_t at, const struct message *m)
{
	session_flags_renew(s); /* the message may have a new one */
	str_clear(&s->text);
	fetch_begin(s, &s->text, at);
	if (!(s->enabled & ENABLED_UIDONLY))
		str_addf(&s->text, "UID %u ", m->uid);
	flags_add(s, &s->text, m);
	if (s->enabled & ENABLED_CONDSTORE) {
		str_add_byte(&s->text, ' ');
		modseq_add(s, &s->text, m);
	}
	str_add(&s->text, SPAN(")\r\n"));
	io_put(&s->io, str_span(&s->text));
}

static void
tell_flags(void *arg, uint32_t seq)
{
	struct telling *t = arg;
	struct session *s = t->s;
	struct message m = folder_message(&s->folder, seq - 1);

	vanished_put(t);
	if (t->events & EVENT_FLAGS)
		flags_tell(s, seq - 1, &m);
}

static void
tell_exists(void *arg, uint32_t count, uint32_t recent)
{
	struct telling *t = arg;
	struct session *s = t->s;

	vanished_put(t);
	if (!(t->events & EVENT_NEW))
		return;
	exists_tell(s, count, recent);
	if (s->new_from == s->new_to)
		s->new_from = t->told;
	s->new_to = count;
}

void
session_report(struct session *s, bool expunges)
{
	struct telling t = {
		.s = s, .events = notify_selected(s), .told = s->folder.count
	};
	const struct folder_events e = { tell_expunged, tell_flags, tell_exists,
		&t };

	session_flags_renew(s);
	contexts_tell_known(s);
	folder_report(&s->folder, expunges && (t.events & EVENT_EXPUNGE), &e);
	vanished_put(&t);
	free(t.gone);
	contexts_tell_new(s);
}

void
session_sync(struct session *s, bool expunges)
{
	if (folder_refresh(&s->folder) < 0 && errno == ENOENT) {
		io_put_text(
		    &s->io, "* BYE [NONEXISTENT] The mailbox was deleted\r\n");
		s->state = LOGGED_OUT;
		return;
	}
	if (s->flags_room != folder_has_keyword_room(&s->folder))
		session_flags_tell(s);
	session_report(s, expunges);
}

void
session_unselect(struct session *s)
{
	contexts_end(s);
	saved_clear(s);
	s->learning = false;
	if (s->state == SELECTED) {
		folder_close(&s->folder);
		s->state = AUTHENTICATED;
		/* What NOTIFY says of it as of any other mailbox. */
		if (s->notify != NULL && s->notify->next == 0)
			s->notify->next = clock_mono_ms();
	}
}
