#include "trust/dkim.h"

void
dkim_read(struct dkim *d, const struct fields *f, int64_t now,
    struct body bodies[2], struct resolver *r)
{
	struct str name = STR_INIT;

	d->count = d->more = 0;
	for (size_t i = 0; i < f->count; i++) {
		struct signature *s = &d->at[d->count];

		if (!header_is(&f->at[i].is, "DKIM-Signature"))
			continue;
		if (d->count == DKIM_MAX) {
			d->more++;
			continue;
		}
		d->count++;
		signature_read(s, SIGNATURE_DKIM, &f->at[i].is, now);
		if (s->result != RESULT_NONE)
			continue;
		body_want(&bodies[s->body], s->length);
		str_clear(&name);
		signature_key_name(s, &name);
		resolver_want(r, str_span(&name), DNS_TXT);
	}
	str_free(&name);
}

void
dkim_free(struct dkim *d)
{
	for (size_t i = 0; i < d->count; i++)
		signature_free(&d->at[i]);
}

void
dkim_verify(struct dkim *d, struct fields *f, const struct body bodies[2],
    struct resolver *r)
{
	for (size_t i = 0; i < d->count; i++)
		signature_verify(&d->at[i], f, bodies, r);
}
