/* The mechanisms with the password in clear: PLAIN and LOGIN. */
#include "account.h"
#include "session.h"
#include "users/sasl.h"

/* RFC 4616 forbids it, but people press Return: as Alpine takes "malformed
 * response" for a broken server, treat it as a wrong password, without
 * hashing. */
static int
password_empty(struct dialogue *d, struct span login)
{
	str_set(&d->login, span_head(login, LOGIN_MAX));
	return dialogue_fail(d, AUTH_CREDENTIALS);
}

/* RFC 4616. */
int
mechanism_plain(struct dialogue *d)
{
	struct str message = STR_INIT;
	struct sasl_plain p;
	int r = -1;

	if (dialogue_ask(d, SPAN(""), &message) < 0)
		;
	else if (!sasl_plain_parse(str_span(&message), &p))
		r = dialogue_fail(d, AUTH_MALFORMED);
	else if (p.password.len == 0)
		r = password_empty(d, p.authcid);
	else if (account_find(d, p.authcid) == 0)
		r = account_differs(d, p.authzid)
		    ? dialogue_fail(d, AUTH_CREDENTIALS)
		    : account_password(d, p.password);
	str_wipe(&message);
	return r;
}

/* Not a standard, but used by Outlook, which checks the prompts. */
int
mechanism_login(struct dialogue *d)
{
	struct str name = STR_INIT, password = STR_INIT;
	int r = -1;

	if (dialogue_ask(d, SPAN("Username:"), &name) == 0 &&
	    dialogue_ask(d, SPAN("Password:"), &password) == 0) {
		if (name.len == 0 ||
		    span_find(str_span(&name), '\0') < name.len)
			r = dialogue_fail(d, AUTH_MALFORMED);
		else if (password.len == 0)
			r = password_empty(d, str_span(&name));
		else if (account_find(d, str_span(&name)) == 0)
			r = account_password(d, str_span(&password));
	}
	str_free(&name);
	str_wipe(&password);
	return r;
}
