/* The keys of SEARCH (RFC 3501 6.4.4). */
#include "mail/charset.h"
#include "mail/date.h"
#include "mail/fold.h"
#include "search/search.h"

enum argument {
	NOTHING,
	TEXT,
	FIELD,
	DAY,
	NUMBER,
	AGE,
	KEYWORD,
	MODSEQ,
	SET,
	ONE,
	TWO
};

static const struct known {
	const char *name;
	enum key_kind kind;
	enum argument argument;
	uint32_t bits;
	const char *field;
} known[] = {
	{ "ALL", KEY_ALL, NOTHING, 0, NULL },
	{ "ANSWERED", KEY_FLAG, NOTHING, FLAG_ANSWERED, NULL },
	{ "BCC", KEY_ADDRESS, TEXT, 0, "Bcc" },
	{ "BEFORE", KEY_BEFORE, DAY, 0, NULL },
	{ "BODY", KEY_BODY, TEXT, 0, NULL },
	{ "CC", KEY_ADDRESS, TEXT, 0, "Cc" },
	{ "DELETED", KEY_FLAG, NOTHING, FLAG_DELETED, NULL },
	{ "DRAFT", KEY_FLAG, NOTHING, FLAG_DRAFT, NULL },
	{ "EMAILID", KEY_EMAILID, KEYWORD, 0, NULL },
	{ "FLAGGED", KEY_FLAG, NOTHING, FLAG_FLAGGED, NULL },
	{ "FROM", KEY_ADDRESS, TEXT, 0, "From" },
	{ "HEADER", KEY_HEADER, FIELD, 0, NULL },
	{ "KEYWORD", KEY_KEYWORD, KEYWORD, 0, NULL },
	{ "LARGER", KEY_LARGER, NUMBER, 0, NULL },
	{ "MODSEQ", KEY_MODSEQ, MODSEQ, 0, NULL },
	{ "NEW", KEY_NEW, NOTHING, 0, NULL },
	{ "NOT", KEY_NOT, ONE, 0, NULL },
	{ "OLD", KEY_OLD, NOTHING, 0, NULL },
	{ "OLDER", KEY_OLDER, AGE, 0, NULL },
	{ "ON", KEY_ON, DAY, 0, NULL },
	{ "OR", KEY_OR, TWO, 0, NULL },
	{ "RECENT", KEY_RECENT, NOTHING, 0, NULL },
	{ "SAVEDATESUPPORTED", KEY_ALL, NOTHING, 0, NULL },
	{ "SAVEDBEFORE", KEY_SAVEDBEFORE, DAY, 0, NULL },
	{ "SAVEDON", KEY_SAVEDON, DAY, 0, NULL },
	{ "SAVEDSINCE", KEY_SAVEDSINCE, DAY, 0, NULL },
	{ "SEEN", KEY_FLAG, NOTHING, FLAG_SEEN, NULL },
	{ "SENTBEFORE", KEY_SENTBEFORE, DAY, 0, NULL },
	{ "SENTON", KEY_SENTON, DAY, 0, NULL },
	{ "SENTSINCE", KEY_SENTSINCE, DAY, 0, NULL },
	{ "SINCE", KEY_SINCE, DAY, 0, NULL },
	{ "SMALLER", KEY_SMALLER, NUMBER, 0, NULL },
	{ "SUBJECT", KEY_HEADER, TEXT, 0, "Subject" },
	{ "TEXT", KEY_TEXT, TEXT, 0, NULL },
	{ "THREADID", KEY_NEVER, KEYWORD, 0, NULL },
	{ "TO", KEY_ADDRESS, TEXT, 0, "To" },
	{ "UID", KEY_UIDS, SET, 0, NULL },
	{ "UNANSWERED", KEY_NO_FLAG, NOTHING, FLAG_ANSWERED, NULL },
	{ "UNDELETED", KEY_NO_FLAG, NOTHING, FLAG_DELETED, NULL },
	{ "UNDRAFT", KEY_NO_FLAG, NOTHING, FLAG_DRAFT, NULL },
	{ "UNFLAGGED", KEY_NO_FLAG, NOTHING, FLAG_FLAGGED, NULL },
	{ "UNKEYWORD", KEY_NO_KEYWORD, KEYWORD, 0, NULL },
	{ "UNSEEN", KEY_NO_FLAG, NOTHING, FLAG_SEEN, NULL },
	{ "YOUNGER", KEY_YOUNGER, AGE, 0, NULL },
};

struct taker {
	const struct session *s;
	struct parser *p;
	struct search *q;
	struct span charset;
	unsigned depth;
};

static bool take_key(struct taker *t, struct key **key_r);

/* A key's text as case-folded UTF-8. Invalid UTF-8 without a named character set
 * is read as Latin-1. */
static bool
take_text(struct taker *t, struct span *text_r)
{
	struct str utf8 = STR_INIT, folded = STR_INIT;
	struct span text;

	if (!parse_astring(t->p, &text))
		return false;
	if (t->charset.len == 0)
		t->charset = SPAN("utf-8");
	if (!charset_decode(&utf8,
		span_is_utf8(text) ||
			!span_equal_case(t->charset, SPAN("utf-8"))
		    ? t->charset
		    : SPAN("iso-8859-1"),
		text))
		t->q->unknown_charset = true;
	fold_add(&folded, str_span(&utf8));
	*text_r = arena_copy(t->p->arena, str_span(&folded));
	str_free(&utf8);
	str_free(&folded);
	return true;
}

/* RFC 3501 9: a date may be quoted. */
static bool
take_day(struct parser *p, int64_t *seconds_r)
{
	struct span text;

	return parse_astring(p, &text) && date_day_parse(text, seconds_r);
}

static bool
take_size(struct parser *p, int64_t *n_r)
{
	uint64_t n;

	if (!parse_number64(p, &n))
		return false;
	*n_r = (int64_t)n;
	return true;
}

/* RFC 5032 3: not 0. */
static bool
take_age(struct parser *p, int64_t *seconds_r)
{
	uint32_t n;

	if (!parse_number(p, &n) || n == 0)
		return false;
	*seconds_r = n;
	return true;
}

/* RFC 7162 3.1.5: one modseq counts for all of a message, whatever entry is
 * named. */
static bool
take_modseq(struct taker *t, int64_t *n_r)
{
	struct parser *p = t->p;
	struct span entry;

	t->q->has_modseq = true;
	if (p->rest.len > 0 && p->rest.at[0] == '"' &&
	    (!parse_string(p, &entry) || !parse_space(p) ||
		(!parse_is(p, "all") && !parse_is(p, "priv") &&
		    !parse_is(p, "shared")) ||
		!parse_space(p)))
		return false;
	return take_size(p, n_r);
}

/* Copy a name, so that it outlives its line. */
static bool
take_name(struct taker *t, bool atom, struct span *name_r)
{
	struct span name;

	if (!(atom ? parse_atom(t->p, &name) : parse_astring(t->p, &name)))
		return false;
	*name_r = arena_copy(t->p->arena, name);
	return true;
}

/* RFC 5182: "$" in place of a set, of numbers or UIDs. */
static bool
take_set(struct taker *t, struct key *k)
{
	if (parse_byte(t->p, '$')) {
		k->kind = KEY_SAVED;
		return session_offers(t->s, "SEARCHRES");
	}
	/* RFC 9586 3: no message number. */
	if (k->kind == KEY_NUMBERS && (t->s->enabled & ENABLED_UIDONLY))
		return false;
	return sequence_take(&t->p->rest, t->p->arena, &k->wanted);
}

static bool
take_argument(struct taker *t, const struct known *n, struct key *k)
{
	if (n->argument != NOTHING && !parse_space(t->p))
		return false;
	switch (n->argument) {
	case NOTHING:
		k->number = n->bits;
		return true;
	case FIELD:
		return take_name(t, false, &k->name) && parse_space(t->p) &&
		    take_text(t, &k->text);
	case TEXT:
		if (n->field != NULL)
			k->name = span_text(n->field);
		return take_text(t, &k->text);
	case DAY:
		return take_day(t->p, &k->number);
	case NUMBER:
		return take_size(t->p, &k->number);
	case MODSEQ:
		return take_modseq(t, &k->number);
	case AGE:
		return take_age(t->p, &k->number);
	case KEYWORD:
		return take_name(t, true, &k->name);
	case SET:
		return take_set(t, k);
	case ONE:
		return take_key(t, &k->a);
	case TWO:
		return take_key(t, &k->a) && parse_space(t->p) &&
		    take_key(t, &k->b);
	}
	return false;
}

static enum content_need
key_need(enum key_kind kind)
{
	if (kind == KEY_BODY || kind == KEY_TEXT)
		return NEED_MESSAGE;
	if (kind == KEY_HEADER || kind == KEY_ADDRESS ||
	    (kind >= KEY_SENTBEFORE && kind <= KEY_SENTSINCE))
		return NEED_HEADER;
	return NEED_NOTHING;
}

/* Is the key's capability, if any, offered? */
static bool
is_offered(const struct session *s, const struct known *k)
{
	if (k->argument == AGE)
		return session_offers(s, "WITHIN");
	if (k->kind == KEY_EMAILID || k->kind == KEY_NEVER)
		return session_offers(s, "OBJECTID");
	if (k->argument == MODSEQ)
		return session_offers(s, "CONDSTORE");
	if (span_starts(span_text(k->name), SPAN("SAVED")))
		return session_offers(s, "SAVEDATE");
	return true;
}

static bool
take_named(struct taker *t, struct key *k)
{
	struct span name;

	if (!parse_name(t->p, &name))
		return false;
	for (size_t i = 0; i < COUNT(known); i++) {
		if (!span_equal_case(name, span_text(known[i].name)))
			continue;
		if (!is_offered(t->s, &known[i]))
			return false;
		k->kind = known[i].kind;
		if (key_need(k->kind) > t->q->need)
			t->q->need = key_need(k->kind);
		return take_argument(t, &known[i], k);
	}
	return false;
}

/* key *(" " key) */
static bool
take_list(struct taker *t, struct key **first_r)
{
	struct key **link = first_r;

	do {
		if (!take_key(t, link))
			return false;
		link = &(*link)->next;
	} while (parse_space(t->p) && t->p->rest.len > 0);
	return true;
}

static bool
take_any(struct taker *t, struct key *k)
{
	struct span rest = t->p->rest;

	if (parse_byte(t->p, '(')) {
		k->kind = KEY_AND;
		return take_list(t, &k->a) && parse_byte(t->p, ')');
	}
	if (rest.len > 0 &&
	    (byte_is_digit(rest.at[0]) || rest.at[0] == '*' ||
		rest.at[0] == '$')) {
		k->kind = KEY_NUMBERS;
		return take_set(t, k);
	}
	return take_named(t, k);
}

static bool
take_key(struct taker *t, struct key **key_r)
{
	bool ok;

	if (t->depth >= SEARCH_DEPTH || ++t->q->count > SEARCH_KEYS_MAX) {
		t->p->too_big = true;
		return false;
	}
	t->depth++;
	*key_r = arena_new(t->p->arena, sizeof **key_r);
	ok = take_any(t, *key_r);
	t->depth--;
	return ok;
}

/* RFC 6855 3, RFC 9051 6.4.4: without another name, text is UTF-8. */
bool
search_take(struct session *s, enum charset_place place, struct search *q_r)
{
	struct taker t = { .s = s, .p = &s->parser, .q = q_r };

	*q_r = (struct search){ .keys = NULL };
	if (place == CHARSET_FIRST || parse_is(t.p, "CHARSET")) {
		if ((place == CHARSET_OPTIONAL && !parse_space(t.p)) ||
		    !parse_astring(t.p, &t.charset) || !parse_space(t.p))
			return false;
		/* RFC 9755 3: all is UTF-8 then. SORT and THREAD name it. */
		if (place == CHARSET_OPTIONAL && (s->enabled & ENABLED_UTF8))
			return false;
		q_r->names_charset = place == CHARSET_OPTIONAL;
		q_r->unknown_charset = !charset_known(t.charset);
	}
	return take_list(&t, &q_r->keys);
}
