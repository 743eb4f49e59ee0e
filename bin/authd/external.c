/* EXTERNAL (RFC 4422 appendix A): the client is identified by its TLS
 * certificate, verified by tlsd. */
#include "account.h"
#include "session.h"

/* The value of emailAddress= in a subject as RFC 2253 writes it. A comma inside
 * a value is escaped there, so it never begins a part. */
static struct span
mail_of(struct span subject)
{
	struct span key = SPAN("emailAddress="), value;
	size_t end;

	for (;;) {
		bool wanted = span_take_case(&subject, key);

		value = subject;
		for (end = 0; end < subject.len && subject.at[end] != ',' &&
		     subject.at[end] != '+';
		     end++)
			if (subject.at[end] == '\\')
				end++;
		if (wanted)
			return span_head(value, end);
		if (end >= subject.len)
			return SPAN("");
		subject = span_from(subject, end + 1);
	}
}

/* The certificate that the account's entry names, with or without the mail
 * address that tlsd puts before the subject; without an entry, one with the
 * account's address. */
static bool
cert_fits(struct dialogue *d)
{
	struct span cert = str_span(&d->cert), bare = cert, first;
	struct span wanted = str_span(&d->secret.cert);

	if (wanted.len == 0)
		return span_equal_case(
		    mail_of(cert), str_span(&d->user.address));
	if (span_starts_case(cert, SPAN("emailAddress=")) &&
	    span_until(&bare, ',', &first))
		span_take(&bare, ',');
	return span_equal(wanted, cert) || span_equal(wanted, bare);
}

int
mechanism_external(struct dialogue *d)
{
	struct str authzid = STR_INIT;
	struct span name;
	int r;

	if (d->cert.len == 0)
		return dialogue_fail(d, AUTH_MECHANISM);
	r = dialogue_ask(d, SPAN(""), &authzid);
	name = authzid.len > 0 ? str_span(&authzid)
			       : mail_of(str_span(&d->cert));
	if (r == 0)
		r = account_find(d, name);
	if (r == 0)
		r = account_wait(d);
	if (r == 0) {
		if (!d->known || !cert_fits(d))
			r = dialogue_fail(d, AUTH_CREDENTIALS);
		else if (d->secret.password.at[0] == '!')
			r = dialogue_fail(d, AUTH_DISABLED);
		d->how = "certificate";
		r = account_judged(d, r, 0);
	}
	str_free(&authzid);
	return r;
}
