/* A message and its key may be anything: the first line is the key's record. */
#include <stdlib.h>

#include "trust/arc.h"
#include "trust/authres.h"
#include "trust/dkim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
lookup(void *arg, const struct dns_question *questions, size_t count,
    struct arena *a, struct dns_answer *answers_r)
{
	for (size_t i = 0; i < count; i++) {
		answers_r[i] = (struct dns_answer){ .result = DNS_FOUND,
			.name = questions[i].name,
			.records = arena_new(a, sizeof(struct dns_record)),
			.count = 1 };
		answers_r[i].records->is.text = *(struct span *)arg;
	}
}

static bool
is_any(void *arg, struct span domain)
{
	(void)arg;
	return domain.len > 0;
}

static void
results_check(const struct dkim *d, const struct arc *a)
{
	if (d->count > DKIM_MAX || a->count > ARC_MAX)
		abort();
	for (size_t i = 0; i < d->count; i++)
		if (d->at[i].result == RESULT_NONE || d->at[i].reason == NULL ||
		    (d->at[i].result == RESULT_PASS &&
			d->at[i].bits < KEY_BITS_MIN && d->at[i].bits != 256))
			abort();
	if ((a->result == RESULT_NONE) != (a->count == 0) &&
	    a->result != RESULT_FAIL)
		abort();
	if (arc_vouches(a, is_any, NULL) != NULL && a->result != RESULT_PASS)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span message = { (const char *)data, size }, key = SPAN("");
	struct body bodies[2];
	struct resolver r;
	struct fields f;
	struct dkim d;
	static struct arc a;

	if (span_until(&message, '\n', &key))
		message = span_from(message, 1);
	resolver_init(&r, lookup, &key);
	fields_read(&f, message);
	for (int c = CANON_SIMPLE; c <= CANON_RELAXED; c++)
		body_init(&bodies[c], (enum canon)c);
	dkim_read(&d, &f, 1800000000, bodies, &r);
	arc_read(&a, &f, 1800000000, bodies, &r);
	for (int c = CANON_SIMPLE; c <= CANON_RELAXED; c++) {
		body_add(&bodies[c], f.body);
		body_end(&bodies[c]);
		if (bodies[c].done != bodies[c].count ||
		    bodies[c].size > 2 * f.body.len + 2)
			abort();
	}
	dkim_verify(&d, &f, bodies, &r);
	arc_verify(&a, &f, bodies, &r);
	results_check(&d, &a);
	dkim_free(&d);
	arc_free(&a);
	fields_free(&f);
	resolver_free(&r);
	return 0;
}
