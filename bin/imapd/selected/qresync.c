/* What a client that comes back has missed (RFC 7162 3.2.5, 3.2.6). */
#include "selected/condstore.h"
#include "selected/sync.h"

/* A set without "*". */
static bool
take_set(struct parser *p, struct sequence *set_r)
{
	if (!sequence_take(&p->rest, p->arena, set_r))
		return false;
	for (size_t i = 0; i < set_r->count; i++)
		if (set_r->at[i].low == SEQUENCE_STAR ||
		    set_r->at[i].high == SEQUENCE_STAR)
			return false;
	sequence_resolve(set_r, 0);
	return true;
}

/* "(" uidvalidity modseq [known-uids] ["(" numbers uids ")"] ")" */
static bool
take_qresync(struct parser *p, struct select_parameters *x)
{
	x->qresync = true;
	if (!parse_space(p) || !parse_byte(p, '(') ||
	    !parse_number(p, &x->uidvalidity) || !parse_space(p) ||
	    !parse_number64(p, &x->modseq))
		return false;
	if (parse_byte(p, ')'))
		return true;
	if (!parse_space(p))
		return false;
	if (p->rest.len > 0 && p->rest.at[0] != '(') {
		x->has_known = true;
		if (!take_set(p, &x->known))
			return false;
		if (parse_byte(p, ')'))
			return true;
		if (!parse_space(p))
			return false;
	}
	return parse_byte(p, '(') && take_set(p, &x->numbers) &&
	    parse_space(p) && take_set(p, &x->uids) && parse_byte(p, ')') &&
	    parse_byte(p, ')');
}

static bool
take_parameter(struct session *s, struct select_parameters *x)
{
	struct parser *p = &s->parser;

	if (parse_is(p, "CONDSTORE")) {
		x->condstore = true;
		return session_offers(s, "CONDSTORE");
	}
	/* 3.2.3: BAD before ENABLE QRESYNC. */
	return (s->enabled & ENABLED_QRESYNC) && !x->qresync &&
	    parse_is(p, "QRESYNC") && take_qresync(p, x);
}

bool
select_parameters_take(struct session *s, struct select_parameters *x_r)
{
	struct parser *p = &s->parser;

	*x_r = (struct select_parameters){ .condstore = false };
	if (!span_take_text(&p->rest, SPAN(" (")))
		return true;
	do {
		if (!take_parameter(s, x_r))
			return false;
	} while (parse_space(p));
	return parse_byte(p, ')');
}

/* The next number of a set, after n. 0: there is none. */
static uint32_t
set_next(const struct sequence *set, size_t *i, uint32_t n)
{
	while (*i < set->count && set->at[*i].high <= n)
		++*i;
	if (*i == set->count)
		return 0;
	return set->at[*i].low > n ? set->at[*i].low : n + 1;
}

uint32_t
sequences_match(struct folder *f, const struct sequence *numbers,
    const struct sequence *uids)
{
	uint32_t number = 0, uid = 0, matched = 0;
	size_t i = 0, k = 0;

	while ((number = set_next(numbers, &i, number)) != 0 &&
	    (uid = set_next(uids, &k, uid)) != 0 && number <= f->count &&
	    folder_message(f, number - 1).uid == uid)
		matched = uid;
	return matched;
}

struct vanishing {
	struct str text;
	const struct sequence *uids; /* NULL: all */
	size_t next;                 /* its ranges before it are below */
	uint32_t above;
};

static void
range_add(struct str *out, uint32_t low, uint32_t high)
{
	if (out->len > 0)
		str_add_byte(out, ',');
	str_add_number(out, low);
	if (high > low)
		str_addf(out, ":%u", high);
}

/* That of a range which the client has asked for. */
static void
range_tell(void *arg, uint32_t low, uint32_t high)
{
	struct vanishing *v = arg;

	if (low <= v->above)
		low = v->above + 1;
	if (low == 0 || low > high)
		return;
	if (v->uids == NULL) {
		range_add(&v->text, low, high);
		return;
	}
	for (; v->next < v->uids->count; v->next++) {
		struct range r = v->uids->at[v->next];

		if (r.low > high)
			break;
		if (r.high >= low)
			range_add(&v->text, r.low > low ? r.low : low,
			    r.high < high ? r.high : high);
		if (r.high > high)
			break;
	}
}

static void
tell(struct session *s, uint64_t since, const struct sequence *uids,
    uint32_t above)
{
	struct vanishing v = { .text = STR_INIT, .uids = uids, .above = above };

	folder_vanished(&s->folder, since, range_tell, &v);
	if (v.text.len > 0) {
		io_put_text(&s->io, "* VANISHED (EARLIER) ");
		io_put(&s->io, str_span(&v.text));
		io_put_text(&s->io, "\r\n");
	}
	str_free(&v.text);
}

void
vanished_tell(struct session *s, uint64_t since, const struct sequence *uids)
{
	tell(s, since, uids, 0);
}

static void
changed_tell(struct session *s, uint64_t since, const struct sequence *uids)
{
	for (uint32_t i = 0; i < s->folder.count && !s->io.failed; i++) {
		struct message m = folder_message(&s->folder, i);

		if (m.gone || m.modseq <= since ||
		    (uids != NULL && !sequence_has(uids, m.uid)))
			continue;
		flags_tell(s, i, &m);
	}
}

void
qresync_tell(struct session *s, const struct select_parameters *x)
{
	const struct sequence *known = x->has_known ? &x->known : NULL;
	struct folder *f = &s->folder;
	uint64_t since = x->modseq;

	if (!x->qresync || x->uidvalidity != f->uidvalidity)
		return;
	/* The clock was set back while there was no index. */
	if (since > folder_modseq(f))
		since = 0;
	tell(s, since, known, sequences_match(f, &x->numbers, &x->uids));
	changed_tell(s, since, known);
}
