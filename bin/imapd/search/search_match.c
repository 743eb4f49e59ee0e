/* Matching a message against the keys of a search. */
#include "base/clock.h"
#include "mail/date.h"
#include "mail/header.h"
#include "search/search.h"
#include "selected/object.h"

enum { HINTS_FROM = 32 };

bool
matcher_load(struct matcher *m, uint32_t at)
{
	if (!m->loaded) {
		m->loaded = true;
		m->gone = content_open(&m->content, m->f, at, m->need) < 0;
	}
	return !m->gone;
}

bool
matcher_part(struct matcher *m, uint32_t at, enum excerpt_part part,
    struct span *bytes_r)
{
	if (!m->looked && !m->loaded) {
		m->looked = true;
		folder_excerpt(m->f, at, &m->excerpt);
	}
	return m->looked && excerpt_take(&m->excerpt, part, bytes_r);
}

bool
matcher_load_kept(struct matcher *m, uint32_t at)
{
	bool first = !m->loaded;

	if (!matcher_load(m, at))
		return false;
	if (first) {
		kept_make(&m->kept, &m->content, m->need, 0, &m->arena);
		kept_keep(&m->kept, m->f, at);
		/* The file may be another one now. */
		m->excerpt.parts = NULL;
	}
	return true;
}

bool
matcher_keys(
    struct matcher *m, uint32_t at, unsigned wanted, struct sortkeys *k)
{
	struct span keys;

	if (matcher_part(m, at, EXCERPT_KEYS, &keys) &&
	    kept_keys_take(keys, wanted, k))
		return true;
	if (!matcher_load_kept(m, at))
		return false;
	sortkeys_take(k, wanted, m->content.bytes);
	return true;
}

/* RFC 3501 6.4.4: dates are compared without time and zone. */
static bool
day_holds(enum key_kind kind, int64_t day, int64_t wanted)
{
	if (kind == KEY_BEFORE || kind == KEY_SENTBEFORE ||
	    kind == KEY_SAVEDBEFORE)
		return day < wanted;
	if (kind == KEY_ON || kind == KEY_SENTON || kind == KEY_SAVEDON)
		return day == wanted;
	return day >= wanted;
}

static bool
internal_day_holds(struct matcher *m, const struct key *k, uint32_t at)
{
	int64_t date;

	if (folder_date(m->f, at, &date) < 0)
		return false;
	return day_holds(
	    k->kind, date_day((struct date){ .seconds = date }), k->number);
}

/* RFC 8514 4.3 */
static bool
saved_day_holds(struct matcher *m, const struct key *k, uint32_t at)
{
	int64_t date = save_date(m->f, at);

	return day_holds(
	    k->kind, date_day((struct date){ .seconds = date }), k->number);
}

/* RFC 8474 6 */
static bool
email_id_holds(struct matcher *m, const struct key *k, uint32_t at)
{
	struct str id = STR_INIT;
	bool holds;

	email_id_add(&id, m->f, at);
	holds = span_equal(str_span(&id), k->name);
	str_free(&id);
	return holds;
}

/* RFC 5032 3: to the second; a message of exactly that age matches both. */
static bool
age_holds(struct matcher *m, const struct key *k, uint32_t at)
{
	int64_t date;

	if (folder_date(m->f, at, &date) < 0)
		return false;
	return k->kind == KEY_OLDER ? date <= m->now - k->number
				    : date >= m->now - k->number;
}

static bool
sent_day_holds(struct matcher *m, const struct key *k, uint32_t at)
{
	struct header_field field;
	struct kept_rest rest;
	struct span fields;
	struct date date;
	bool there;

	if (matcher_part(m, at, EXCERPT_FIELDS, &fields) &&
	    kept_fields_begin(fields, SPAN("Date"), &rest))
		there = kept_fields_next(&rest, &field);
	else
		there = matcher_load_kept(m, at) &&
		    header_find(m->content.bytes, "Date", &field);
	if (!there || !date_parse(field.value, &date))
		return false;
	return day_holds(k->kind, date_day(date), k->number);
}

static bool
size_holds(struct matcher *m, const struct key *k, uint32_t at)
{
	uint64_t size;

	if (folder_wire(m->f, at, &size) < 0)
		return false;
	return k->kind == KEY_LARGER ? size > (uint64_t)k->number
				     : size < (uint64_t)k->number;
}

/* Keys that need no file to be read are evaluated first. */
static bool
is_cheap(const struct key *k)
{
	switch (k->kind) {
	case KEY_HEADER:
	case KEY_ADDRESS:
	case KEY_BODY:
	case KEY_TEXT:
	case KEY_SENTBEFORE:
	case KEY_SENTON:
	case KEY_SENTSINCE:
		return false;
	case KEY_NOT:
	case KEY_AND:
		return is_cheap(k->a);
	case KEY_OR:
		return is_cheap(k->a) && is_cheap(k->b);
	case KEY_ALL:
	case KEY_FLAG:
	case KEY_NO_FLAG:
	case KEY_KEYWORD:
	case KEY_NO_KEYWORD:
	case KEY_RECENT:
	case KEY_NEW:
	case KEY_OLD:
	case KEY_NUMBERS:
	case KEY_UIDS:
	case KEY_SAVED:
	case KEY_OLDER:
	case KEY_YOUNGER:
	case KEY_LARGER:
	case KEY_SMALLER:
	case KEY_MODSEQ:
	case KEY_EMAILID:
	case KEY_NEVER:
	case KEY_SAVEDBEFORE:
	case KEY_SAVEDON:
	case KEY_SAVEDSINCE:
	case KEY_BEFORE:
	case KEY_ON:
	case KEY_SINCE:
		break;
	}
	return true;
}

static bool key_holds(struct matcher *m, const struct key *k, uint32_t at);

static bool
list_holds(struct matcher *m, const struct key *keys, uint32_t at)
{
	for (int cheap = 1; cheap >= 0; cheap--)
		for (const struct key *k = keys; k != NULL; k = k->next)
			if (is_cheap(k) == cheap && !key_holds(m, k, at))
				return false;
	return true;
}

/* The index of texts is worth reading only for many messages. */
static bool
is_ruled_out(struct matcher *m, const struct key *k, uint32_t at)
{
	if (m->text_asked == 0)
		m->text_first = at;
	if (m->text_asked <= HINTS_FROM && m->text_asked++ == HINTS_FROM) {
		m->hints = hints_open(m->f, m->q->keys);
		if (m->hints != NULL)
			m->hints->left = !hints_know(m->hints, m->text_first);
	}
	return hints_rule_out(m->hints, k, at);
}

/* What is kept can tell whether a key about the header holds. */
static bool
kept_holds(struct matcher *m, const struct key *k, uint32_t at, bool *holds_r)
{
	struct span part;

	if (matcher_part(m, at, EXCERPT_TEXTS, &part) &&
	    kept_texts_search(
		part, k->name, k->kind == KEY_ADDRESS, k->text, holds_r))
		return true;
	return k->kind == KEY_HEADER &&
	    matcher_part(m, at, EXCERPT_FIELDS, &part) &&
	    match_fields(m, part, k->name, k->text, holds_r);
}

static bool
header_holds(struct matcher *m, const struct key *k, uint32_t at)
{
	bool holds;

	if (kept_holds(m, k, at, &holds))
		return holds;
	if (!matcher_load_kept(m, at))
		return false;
	return k->kind == KEY_HEADER ? match_header(m, k->name, k->text)
				     : match_address(m, k->name, k->text);
}

/* Keys about the contents of a message. */
static bool
content_holds(struct matcher *m, const struct key *k, uint32_t at)
{
	bool is_text = k->kind == KEY_BODY || k->kind == KEY_TEXT;

	if (!is_text)
		return header_holds(m, k, at);
	return !is_ruled_out(m, k, at) && matcher_load(m, at) &&
	    match_text(m, k, at);
}

static bool
key_holds(struct matcher *m, const struct key *k, uint32_t at)
{
	struct message message = folder_message(m->f, at);
	uint32_t bits = (uint32_t)k->number;

	switch (k->kind) {
	case KEY_ALL:
		return true;
	case KEY_FLAG:
		return (message.flags & bits) != 0;
	case KEY_NO_FLAG:
		return (message.flags & bits) == 0;
	case KEY_KEYWORD:
		return (message.keywords & bits) != 0;
	case KEY_NO_KEYWORD:
		return (message.keywords & bits) == 0;
	case KEY_RECENT:
		return message.recent;
	case KEY_NEW:
		return message.recent && !(message.flags & FLAG_SEEN);
	case KEY_OLD:
		return !message.recent;
	case KEY_NUMBERS:
		return sequence_has(&k->set, at + 1);
	case KEY_UIDS:
	case KEY_SAVED:
		return sequence_has(&k->set, message.uid);
	case KEY_LARGER:
	case KEY_SMALLER:
		return size_holds(m, k, at);
	case KEY_MODSEQ:
		return message.modseq >= (uint64_t)k->number;
	case KEY_EMAILID:
		return email_id_holds(m, k, at);
	case KEY_NEVER:
		return false;
	case KEY_SAVEDBEFORE:
	case KEY_SAVEDON:
	case KEY_SAVEDSINCE:
		return saved_day_holds(m, k, at);
	case KEY_BEFORE:
	case KEY_ON:
	case KEY_SINCE:
		return internal_day_holds(m, k, at);
	case KEY_OLDER:
	case KEY_YOUNGER:
		return age_holds(m, k, at);
	case KEY_SENTBEFORE:
	case KEY_SENTON:
	case KEY_SENTSINCE:
		return sent_day_holds(m, k, at);
	case KEY_HEADER:
	case KEY_ADDRESS:
	case KEY_BODY:
	case KEY_TEXT:
		return content_holds(m, k, at);
	case KEY_NOT:
		return !key_holds(m, k->a, at);
	case KEY_OR:
		return key_holds(m, k->a, at) || key_holds(m, k->b, at);
	case KEY_AND:
		return list_holds(m, k->a, at);
	}
	return false;
}

void
matcher_init(struct matcher *m, struct folder *f, const struct search *q)
{
	*m = (struct matcher){ .f = f,
		.q = q,
		.need = q->need,
		.now = clock_wall_s(),
		.content = { .buffer = STR_INIT },
		.raw = STR_INIT,
		.decoded = STR_INIT,
		.folded = STR_INIT };
	kept_init(&m->kept);
}

void
matcher_begin(struct matcher *m)
{
	m->loaded = m->gone = m->looked = false;
}

bool
matcher_holds(struct matcher *m, uint32_t at)
{
	bool holds;

	matcher_begin(m);
	/* RFC 2180 4.3: a message that is gone never matches, whether known
	 * before or found on reading. */
	holds = !folder_message(m->f, at).gone &&
	    list_holds(m, m->q->keys, at) && !m->gone &&
	    !folder_message(m->f, at).gone;
	arena_clear(&m->arena);
	return holds;
}

bool
matcher_learn(struct matcher *m)
{
	m->text_asked = HINTS_FROM + 1;
	m->hints = hints_open(m->f, m->q->keys);
	if (m->hints != NULL)
		m->hints->all = true;
	return m->hints != NULL;
}

void
matcher_free(struct matcher *m)
{
	hints_close(m->hints);
	folder_excerpts_rest(m->f);
	kept_free(&m->kept);
	content_free(&m->content);
	arena_free(&m->arena);
	str_free(&m->raw);
	str_free(&m->decoded);
	str_free(&m->folded);
}
