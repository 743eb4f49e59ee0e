#include "trust/arc.h"

#include "mail/cfws.h"
#include "trust/authres.h"

static void
fail(struct arc *a, const char *reason)
{
	if (a->result == RESULT_NONE) {
		a->result = RESULT_FAIL;
		a->reason = reason;
	}
}

/* RFC 8617 4.1.1: "i=1;" begins the results. 0: it does not. */
static uint64_t
results_instance(struct span value, struct span *results_r)
{
	struct span word;
	uint64_t n;

	cfws_skip(&value);
	if (!span_take(&value, 'i'))
		return 0;
	cfws_skip(&value);
	if (!span_take(&value, '=') || !span_until(&value, ';', &word) ||
	    !span_is_number(space_trim(word), ARC_MAX, &n))
		return 0;
	*results_r = span_from(value, 1);
	return n;
}

static uint64_t
tag_instance(struct span value)
{
	struct tag tag;
	uint64_t n;

	while (tag_next(&value, &tag))
		if (span_equal(tag.name, SPAN("i")))
			return span_is_number(tag.value, ARC_MAX, &n) ? n : 0;
	return 0;
}

/* Put a field where it belongs; false: it belongs nowhere, or there is one. */
static bool
field_place(struct arc *a, const struct header_field *field)
{
	const struct header_field **place;
	struct span results = SPAN("");
	bool found = header_is(field, "ARC-Authentication-Results");
	uint64_t i = found ? results_instance(field->value, &results)
			   : tag_instance(field->value);
	struct arc_set *set;

	if (i == 0)
		return false;
	set = &a->sets[i - 1];
	place = found                      ? &set->found
	    : header_is(field, "ARC-Seal") ? &set->seal_field
					   : &set->message_field;
	if (*place != NULL)
		return false;
	*place = field;
	if (found)
		set->results = results;
	if (i > a->count)
		a->count = (size_t)i;
	return true;
}

static bool
is_arc(const struct header_field *field)
{
	return header_is(field, "ARC-Authentication-Results") ||
	    header_is(field, "ARC-Message-Signature") ||
	    header_is(field, "ARC-Seal");
}

/* RFC 8617 5.2, steps 2 and 3. */
static void
sets_check(struct arc *a)
{
	struct span value;

	for (size_t i = 0; i < a->count; i++) {
		const struct arc_set *set = &a->sets[i];
		const char *cv = i == 0 ? "none" : "pass";

		if (set->found == NULL || set->message_field == NULL ||
		    set->seal_field == NULL) {
			fail(a, "a set is not whole");
			return;
		}
		if (set->seal.result != RESULT_NONE)
			fail(a, set->seal.reason);
		else if (!tags_find(&set->seal.tags, "cv", &value) ||
		    !span_equal(value, span_text(cv)))
			fail(a, "a seal says that the chain was broken");
		else if (tags_find(&set->seal.tags, "h", &value))
			fail(a, "a seal has h=");
	}
}

static void
want(struct resolver *r, const struct signature *s)
{
	struct str name = STR_INIT;

	signature_key_name(s, &name);
	resolver_want(r, str_span(&name), DNS_TXT);
	str_free(&name);
}

static void
seals_read(struct arc *a, int64_t now)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->sets[i].seal_field != NULL)
			signature_read(&a->sets[i].seal, SIGNATURE_SEAL,
			    a->sets[i].seal_field, now);
	sets_check(a);
}

void
arc_read(struct arc *a, const struct fields *f, int64_t now,
    struct body bodies[2], struct resolver *r)
{
	*a = (struct arc){ .reason = "" };
	for (size_t i = 0; i < f->count; i++)
		if (is_arc(&f->at[i].is) && !field_place(a, &f->at[i].is))
			fail(a, "a set has no valid number, or is there twice");
	if (a->count == 0)
		return;
	seals_read(a, now);
	if (a->result != RESULT_NONE)
		return;
	signature_read(&a->message, SIGNATURE_AMS,
	    a->sets[a->count - 1].message_field, now);
	if (a->message.result != RESULT_NONE) {
		fail(a, a->message.reason);
		return;
	}
	body_want(&bodies[a->message.body], a->message.length);
	want(r, &a->message);
	for (size_t i = 0; i < a->count; i++)
		want(r, &a->sets[i].seal);
}

void
arc_free(struct arc *a)
{
	if (a->message.field != NULL)
		signature_free(&a->message);
	for (size_t i = 0; i < a->count; i++)
		if (a->sets[i].seal.field != NULL)
			signature_free(&a->sets[i].seal);
}

/* RFC 8617 5.1.1: the sets up to this one, the seal itself without its b=. */
static void
seal_check(struct arc *a, size_t last, const struct key *k)
{
	struct str bytes = STR_INIT;

	for (size_t i = 0; i <= last; i++) {
		const struct arc_set *set = &a->sets[i];

		canon_field(CANON_RELAXED, set->found->whole, &bytes);
		canon_field(CANON_RELAXED, set->message_field->whole, &bytes);
		if (i < last)
			canon_field(
			    CANON_RELAXED, set->seal_field->whole, &bytes);
		else
			canon_signature(
			    CANON_RELAXED, set->seal_field->whole, &bytes);
	}
	signature_check(&a->sets[last].seal, k, str_span(&bytes));
	str_free(&bytes);
}

void
arc_verify(struct arc *a, struct fields *f, const struct body bodies[2],
    struct resolver *r)
{
	struct key key;

	if (a->count == 0 || a->result != RESULT_NONE)
		return;
	signature_verify(&a->message, f, bodies, r);
	if (a->message.result != RESULT_PASS) {
		a->later = a->message.result == RESULT_TEMPERROR;
		fail(a, a->message.reason);
	}
	key_init(&key);
	for (size_t i = a->count; i-- > 0 && a->result == RESULT_NONE;) {
		struct signature *seal = &a->sets[i].seal;

		if (signature_key(seal, r, &key))
			seal_check(a, i, &key);
		if (seal->result != RESULT_PASS) {
			a->later = seal->result == RESULT_TEMPERROR;
			fail(a,
			    seal->result == RESULT_FAIL ? "a seal is not valid"
							: seal->reason);
		}
	}
	key_free(&key);
	if (a->result == RESULT_NONE)
		a->result = RESULT_PASS;
}

const struct signature *
arc_vouches(const struct arc *a,
    bool (*is_trusted)(void *arg, struct span domain), void *arg)
{
	if (a->result != RESULT_PASS)
		return NULL;
	for (size_t i = a->count; i-- > 0;) {
		const struct arc_set *set = &a->sets[i];

		if (!is_trusted(arg, set->seal.domain))
			return NULL;
		if (authres_passes(set->results, "dmarc"))
			return &set->seal;
		/* What came before may be told by the one before, if this one
		 * has found its chain valid. */
		if (!authres_passes(set->results, "arc"))
			return NULL;
	}
	return NULL;
}
