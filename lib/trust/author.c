#include "trust/author.h"

#include "mail/domain.h"
#include "mail/idna.h"
#include "mail/mailboxes.h"

/* What follows the last '@', in the form of the DNS. */
static bool
domain_of(struct span address, struct str *out)
{
	struct span local, domain = address;

	while (span_until(&domain, '@', &local))
		domain = span_from(domain, 1);
	str_clear(out);
	if (domain.at == address.at || domain.len > 4 * DOMAIN_PLAIN_MAX ||
	    !idna_ascii(domain, out))
		return false;
	if (out->len > 0 && out->at[out->len - 1] == '.')
		str_cut(out, out->len - 1);
	str_lower(out, 0);
	return domain_is_plain(str_span(out));
}

static void
domain_add(struct authors *a_r, struct span domain, struct arena *a)
{
	for (size_t i = 0; i < a_r->count; i++)
		if (span_equal(a_r->domains[i], domain))
			return;
	if (a_r->count == AUTHORS_MAX)
		a_r->fault = "From has too many domains";
	else
		a_r->domains[a_r->count++] = arena_copy(a, domain);
}

/* Encoded words are not decoded: they can't be in an address (RFC 2047 5). */
static void
field_read(struct authors *a_r, struct span value, struct arena *a)
{
	struct str address = STR_INIT, domain = STR_INIT;
	struct span behind;
	size_t count = 0;

	while (mailboxes_next(&value, &address, &behind) &&
	    (a_r->fault == NULL || count == 0)) {
		count++;
		if (domain_of(str_span(&address), &domain))
			domain_add(a_r, str_span(&domain), a);
		else
			a_r->fault = "From has an address without a domain";
	}
	if (count == 0)
		a_r->fault = "From has no address";
	str_free(&address);
	str_free(&domain);
}

void
authors_read(struct authors *a_r, const struct fields *f, struct arena *a)
{
	size_t count = 0;

	*a_r = (struct authors){ .fault = NULL };
	for (size_t i = 0; i < f->count; i++)
		if (header_is(&f->at[i].is, "From")) {
			field_read(a_r, f->at[i].is.value, a);
			count++;
		}
	/* RFC 5322 3.6: exactly one. Readers show any of several. */
	if (count == 0)
		a_r->fault = "no From";
	else if (count > 1)
		a_r->fault = "more than one From";
}
