/* CATENATE (RFC 4469): a message composed of literals and parts of existing
 * messages. */
#include <errno.h>

#include "answer.h"
#include "append/append.h"
#include "append/url.h"
#include "fetch/fetch.h"

enum { PIECE = 4096 };

/* RFC 4469 4.1; the url-resp-text can't hold a ']'. */
static void
refuse(struct session *s, struct span url, const char *why)
{
	bool shown = url.len < 500 && span_is_clean(url) &&
	    span_find(url, ']') == url.len;

	answer(s, RESULT_NO, "[BADURL %.*s] %s", shown ? (int)url.len : 1,
	    shown ? url.at : "?", why);
}

/* The folder of a URL's mailbox, kept open until another one is used. NULL: it
 * can't be opened. */
static struct folder *
folder_of(struct session *s, struct incoming *in, struct span mailbox)
{
	bool is_selected = s->state == SELECTED &&
	    (mailbox.len == 0 || span_equal(mailbox, str_span(&s->mailbox)));

	if (is_selected)
		return &s->folder;
	if (mailbox.len == 0)
		return NULL;
	if (in->other_name.len > 0 &&
	    span_equal(mailbox, str_span(&in->other_name)))
		return &in->other;
	if (in->other_name.len > 0)
		folder_close(&in->other);
	str_clear(&in->other_name);
	if (folder_open(&in->other, &s->store, mailbox, true) < 0)
		return NULL;
	str_set(&in->other_name, mailbox);
	return &in->other;
}

/* Offsets count bytes on the wire, where each line ends with CRLF. */
static int
partial_write(struct append *a, const struct url *u, struct span text)
{
	char piece[PIECE], last = '\0', c;
	uint64_t at = 0,
		 end = u->count > UINT64_MAX - u->from ? UINT64_MAX
						       : u->from + u->count;
	size_t n = 0;
	int r = 0;

	while (r == 0 && at < end && span_take_byte(&text, &c)) {
		if (c == '\n' && last != '\r') {
			if (at >= u->from)
				piece[n++] = '\r';
			at++;
		}
		if (at >= u->from && at < end)
			piece[n++] = c;
		at++;
		last = c;
		if (n >= PIECE - 2) {
			r = append_write(a, (struct span){ piece, n });
			n = 0;
		}
	}
	return r < 0 ? -1 : append_write(a, (struct span){ piece, n });
}

/* Append the URL's bytes, or answer NO. */
static bool
text_write(struct session *s, struct incoming *in, const struct url *u,
    struct span text)
{
	uint64_t more = text.len;

	if (u->partial && u->count < more)
		more = u->count;
	if (!incoming_room(s, in, more))
		return false;
	in->size += more;
	if ((u->partial ? partial_write(&in->to, u, text)
			: append_write(&in->to, text)) == 0)
		return true;
	incoming_fail(s, in);
	return false;
}

/* Find the part of the message that the URL names. Returns NULL, or the reason
 * for a failure. */
static const char *
section_of(const struct url *u, struct content *c, struct session *s,
    struct arena *a, struct span *text_r)
{
	struct section x = { .depth = 0 };
	struct parser p = { .rest = u->section,
		.arena = &s->arena,
		.limits = s->parser.limits,
		.io = &s->io };

	if (u->section.len > 0 &&
	    (!section_text_take(&p, &x) || p.rest.len > 0))
		return "No such section";
	return section_find(&x, c, a, text_r) ? NULL : "No such part";
}

static bool
url_write(struct session *s, struct incoming *in, struct span text)
{
	struct content c = { .buffer = STR_INIT };
	struct arena a = ARENA_INIT;
	struct folder *f;
	struct span section;
	struct url u;
	const char *wrong = NULL;
	uint32_t at;
	bool ok = false;

	if (!url_parse(text, &s->arena, &u))
		wrong = "Only messages of your own mailboxes";
	else if ((f = folder_of(s, in, u.mailbox)) == NULL)
		wrong = "No such mailbox";
	else if (u.uidvalidity != 0 && u.uidvalidity != f->uidvalidity)
		wrong = "UIDVALIDITY does not match";
	else if ((at = folder_find(f, u.uid)) >= f->count ||
	    folder_message(f, at).uid != u.uid ||
	    content_open(&c, f, at, NEED_MESSAGE) < 0)
		wrong = "No such message";
	else
		wrong = section_of(&u, &c, s, &a, &section);
	if (wrong != NULL)
		refuse(s, text, wrong);
	else
		ok = text_write(s, in, &u, section);
	content_free(&c);
	arena_free(&a);
	return ok;
}

static bool
part_take(struct session *s, struct incoming *in)
{
	struct parser *p = &s->parser;
	struct span url;

	if (parse_is(p, "URL") && parse_space(p) && parse_astring(p, &url))
		return url_write(s, in, url);
	if (parse_is(p, "TEXT") && parse_space(p))
		return incoming_literal(s, in);
	answer_syntax(s);
	return false;
}

bool
incoming_catenate(struct session *s, struct incoming *in)
{
	struct parser *p = &s->parser;
	unsigned parts = 0;

	if (!parse_space(p) || !parse_byte(p, '(')) {
		answer_syntax(s);
		return false;
	}
	do {
		if (parts++ == CATENATE_PARTS) {
			answer(s, RESULT_NO, "[LIMIT] At most %d parts",
			    CATENATE_PARTS);
			return false;
		}
		if (!part_take(s, in))
			return false;
	} while (parse_space(p));
	if (parse_byte(p, ')'))
		return true;
	answer_syntax(s);
	return false;
}
