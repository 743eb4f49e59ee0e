/* The base subject (RFC 5256 2.1 and 5). Time grows with the length alone,
 * whatever brackets there are. */
#include "mail/sortkey.h"

#include "mail/word.h"

/* Tabs and continuations to space, many to one (step 1). */
static void
spaces_join(struct str *out, size_t from)
{
	size_t n = from;
	bool space = false;

	for (size_t i = from; i < out->len; i++) {
		char c = out->at[i];

		if (byte_is_space(c)) {
			if (!space)
				out->at[n++] = ' ';
			space = true;
		} else {
			out->at[n++] = c;
			space = false;
		}
	}
	str_cut(out, n);
}

static bool
take_space(struct span *s)
{
	return span_take(s, ' ');
}

/* "[" *BLOBCHAR "]" *WSP */
static bool
take_blob(struct span *rest)
{
	struct span s = *rest;

	if (!span_take(&s, '['))
		return false;
	while (s.len > 0 && s.at[0] != '[' && s.at[0] != ']')
		s = span_from(s, 1);
	if (!span_take(&s, ']'))
		return false;
	while (take_space(&s))
		continue;
	*rest = s;
	return true;
}

/* ("re" / ("fw" ["d"])) *WSP [subj-blob] ":" */
static bool
take_refwd(struct span *rest)
{
	struct span s = *rest;

	if (!span_take_case(&s, SPAN("re"))) {
		if (!span_take_case(&s, SPAN("fw")))
			return false;
		span_take_case(&s, SPAN("d"));
	}
	while (take_space(&s))
		continue;
	take_blob(&s);
	if (!span_take(&s, ':'))
		return false;
	*rest = s;
	return true;
}

static void
trailers_drop(struct span *s, bool *reply)
{
	for (;;) {
		if (s->len > 0 && s->at[s->len - 1] == ' ') {
			s->len--;
		} else if (span_ends_case(*s, SPAN("(fwd)"))) {
			s->len -= 5;
			*reply = true;
		} else {
			return;
		}
	}
}

/* Steps 3 to 5. Blobs with no "re:" behind them would be taken one by one, each
 * after a look at all that follow; so they are taken at once, but for the last
 * one where nothing is behind it. */
static void
leaders_drop(struct span *s, bool *reply)
{
	for (;;) {
		struct span behind, last;

		while (take_space(s))
			continue;
		last = behind = *s;
		while (take_blob(&behind))
			if (behind.len > 0)
				last = behind;
		if (!take_refwd(&behind)) {
			*s = last;
			return;
		}
		*reply = true;
		*s = behind;
	}
}

bool
base_subject(struct str *out, struct span value)
{
	struct span s, inside;
	struct str text = STR_INIT;
	bool reply = false;

	word_decode(&text, value);
	spaces_join(&text, 0);
	s = str_span(&text);
	for (;;) {
		trailers_drop(&s, &reply);
		leaders_drop(&s, &reply);
		inside = s;
		if (!span_take_case(&inside, SPAN("[fwd:")) ||
		    inside.len == 0 || inside.at[inside.len - 1] != ']')
			break;
		inside.len--;
		s = inside;
		reply = true;
	}
	str_add(out, s);
	str_free(&text);
	return reply;
}
