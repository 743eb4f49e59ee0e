#include "mail/preview.h"

#include "mail/charset.h"
#include "mail/decode.h"

/* Bytes of a part looked at; the style of HTML takes many. */
enum { LOOK_PLAIN = 4096, LOOK_HTML = 65536 };

/* The parts in their order, without recursion. An embedded message is not this
 * one's text. */
static const struct part *
part_after(const struct part *p)
{
	if (p->first != NULL && p->kind == PART_MULTIPART)
		return p->first;
	while (p != NULL && p->next == NULL)
		p = p->parent;
	return p == NULL ? NULL : p->next;
}

static const struct part *
find(const struct part *p, const char *subtype)
{
	for (; p != NULL; p = part_after(p))
		if (p->kind == PART_LEAF && media_is(&p->media, "text") &&
		    span_equal_case(p->media.subtype, span_text(subtype)))
			return p;
	return NULL;
}

static void
decode(struct str *utf8, const struct part *p, size_t most)
{
	struct str charset = STR_INIT, raw = STR_INIT;

	param_get(p->media.params, "charset", &charset);
	decode_body(&raw, encoding_of(p->encoding), span_head(p->body, most));
	if (!charset_decode(utf8, str_span(&charset), str_span(&raw)))
		charset_decode(utf8,
		    span_is_utf8(str_span(&raw)) ? SPAN("utf-8")
						 : SPAN("iso-8859-1"),
		    str_span(&raw));
	str_free(&raw);
	str_free(&charset);
}

struct words {
	struct str *out;
	size_t characters;
	bool blank; /* one is due before the next character */
};

/* One byte of UTF-8; blanks and control characters are one blank. False: there
 * is enough. */
static bool
byte_add(struct words *w, char c)
{
	bool follows = ((unsigned char)c & 0xc0) == 0x80;

	if (byte_is_blank(c) || byte_is_control(c)) {
		w->blank = w->characters > 0;
		return true;
	}
	if (!follows && w->characters + w->blank >= PREVIEW_MAX)
		return false;
	if (w->blank) {
		str_add_byte(w->out, ' ');
		w->characters++;
	}
	w->blank = false;
	w->characters += !follows;
	str_add_byte(w->out, c);
	return true;
}

static bool
text_add(struct words *w, struct span s)
{
	char c;

	while (span_take_byte(&s, &c))
		if (!byte_add(w, c))
			return false;
	return true;
}

/* What stands for a character reference; others stay as they are. */
static bool
reference_take(struct span *rest, const char **text_r)
{
	static const struct {
		const char *name, *text;
	} known[] = { { "&amp;", "&" }, { "&lt;", "<" }, { "&gt;", ">" },
		{ "&quot;", "\"" }, { "&apos;", "'" }, { "&#39;", "'" },
		{ "&nbsp;", " " }, { "&zwnj;", "" }, { "&shy;", "" },
		{ "&#160;", " " }, { "&#8203;", "" }, { "&#847;", "" } };

	for (size_t i = 0; i < COUNT(known); i++)
		if (span_take_case(rest, span_text(known[i].name))) {
			*text_r = known[i].text;
			return true;
		}
	return false;
}

/* Skip an element whose content is no text. False: this is none. */
static bool
hidden_skip(struct span *rest)
{
	static const char *const names[] = { "style", "script", "head",
		"title" };
	struct span tag = span_from(*rest, 1);

	for (size_t i = 0; i < COUNT(names); i++) {
		struct span name = span_text(names[i]);
		struct span behind = span_from(tag, name.len);

		if (!span_starts_case(tag, name) ||
		    (behind.len > 0 && byte_is_alpha(behind.at[0])))
			continue;
		struct str end = STR_INIT;

		str_setf(&end, "</%s", names[i]);
		*rest = span_from(
		    behind, span_find_case(behind, str_span(&end)));
		str_free(&end);
		return true;
	}
	return false;
}

/* A tag or a comment is a blank. */
static void
markup_skip(struct span *rest)
{
	if (span_starts(*rest, SPAN("<!--"))) {
		*rest = span_from(*rest, span_find_case(*rest, SPAN("-->")));
		*rest = span_from(*rest, 3);
	} else if (!hidden_skip(rest)) {
		*rest = span_from(*rest, span_find(*rest, '>') + 1);
	}
}

static void
html_add(struct words *w, struct span s)
{
	const char *text;
	char c;

	while (s.len > 0) {
		if (s.at[0] == '<') {
			markup_skip(&s);
			w->blank = w->characters > 0;
		} else if (s.at[0] == '&' && reference_take(&s, &text)) {
			if (!text_add(w, span_text(text)))
				return;
		} else if (!span_take_byte(&s, &c) || !byte_add(w, c)) {
			return;
		}
	}
}

void
preview_add(struct str *out, const struct part *message)
{
	const struct part *p = find(message, "plain");
	struct words w = { .out = out };
	struct str utf8 = STR_INIT;

	if (p != NULL) {
		decode(&utf8, p, LOOK_PLAIN);
		text_add(&w, str_span(&utf8));
	} else if ((p = find(message, "html")) != NULL) {
		decode(&utf8, p, LOOK_HTML);
		html_add(&w, str_span(&utf8));
	}
	str_free(&utf8);
}
