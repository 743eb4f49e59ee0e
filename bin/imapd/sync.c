/* What other sessions and deliveries changed, told to the client. */
#include "sync.h"

#include <errno.h>

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
flags_add(struct str *out, const struct folder *f, const struct message *m)
{
	size_t n = 0;

	str_add(out, SPAN("FLAGS ("));
	for (size_t i = 0; i < COUNT(system_flags); i++)
		if (m->flags & system_flags[i].flag)
			word_add(out, &n, span_text(system_flags[i].name));
	if (m->recent)
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

static void
tell_expunged(void *arg, uint32_t seq, uint32_t uid)
{
	struct session *s = arg;

	(void)uid;
	io_putf(&s->io, "* %u EXPUNGE\r\n", seq);
}

static void
tell_flags(void *arg, uint32_t seq)
{
	struct session *s = arg;
	const struct message *m = &s->folder.messages[seq - 1];

	str_setf(&s->text, "* %u FETCH (UID %u ", seq, m->uid);
	flags_add(&s->text, &s->folder, m);
	str_add(&s->text, SPAN(")\r\n"));
	io_put(&s->io, str_span(&s->text));
}

static void
tell_exists(void *arg, uint32_t count, uint32_t recent)
{
	struct session *s = arg;

	io_putf(&s->io, "* %u EXISTS\r\n* %u RECENT\r\n", count, recent);
}

void
session_report(struct session *s, bool expunges)
{
	const struct folder_events e = { tell_expunged, tell_flags, tell_exists,
		s };

	folder_report(&s->folder, expunges, &e);
}

void
session_sync(struct session *s, bool expunges)
{
	uint8_t keywords = s->folder.keywords.count;

	if (folder_refresh(&s->folder) < 0 && errno == ENOENT) {
		io_put_text(
		    &s->io, "* BYE [NONEXISTENT] The mailbox is gone\r\n");
		s->state = LOGGED_OUT;
		return;
	}
	if (s->folder.keywords.count != keywords)
		session_flags_tell(s);
	session_report(s, expunges);
}

void
session_flags_tell(struct session *s)
{
	str_set(&s->text, SPAN("* FLAGS ("));
	flags_add_known(&s->text, &s->folder);
	str_add(&s->text, SPAN(")\r\n"));
	io_put(&s->io, str_span(&s->text));
}

void
session_unselect(struct session *s)
{
	if (s->state == SELECTED) {
		folder_close(&s->folder);
		s->state = AUTHENTICATED;
	}
}
