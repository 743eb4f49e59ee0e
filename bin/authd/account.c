#include "account.h"

#include <poll.h>
#include <sodium/utils.h>
#include <string.h>

#include "backend.h"
#include "base/record.h"
#include "users/password.h"
#include "users/scram.h"

/* Fallback hash for unknown users; nobody knows its password. */
static const char dummy_hash[] = "$y$j9T$5lqKb6Oj2Q1vV9Zs3kXcB0$"
				 "VhTV9WsPDENPwOC/UQgFHf1tMUOiMH9Spk6830M/RFD";

int
account_find(struct dialogue *d, struct span login)
{
	enum user_kind kind;
	enum database_result r;

	str_set(&d->login, login);
	if (login.len > LOGIN_MAX)
		return dialogue_fail(d, AUTH_MALFORMED);
	kind = users_account(&d->authd->users, login, &d->user);
	if (kind == USER_ERROR)
		return dialogue_fail(d, AUTH_UNAVAILABLE);
	if (kind != USER_MAILBOX)
		return 0;
	r = secrets_lookup(
	    &d->authd->secrets, str_span(&d->user.address), &d->secret);
	if (r == DATABASE_ERROR)
		return dialogue_fail(d, AUTH_UNAVAILABLE);
	d->known = r == DATABASE_FOUND;
	return 0;
}

/* The key for counting failures: the account, else the name as it would be
 * looked up. */
static struct span
counted_as(struct dialogue *d)
{
	if (d->known)
		return str_span(&d->user.address);
	str_lower(&d->login, 0);
	return str_span(&d->login);
}

bool
account_differs(struct dialogue *d, struct span authzid)
{
	struct user other;
	bool differs;

	if (authzid.len == 0 || span_equal_case(authzid, str_span(&d->login)))
		return false;
	user_init(&other);
	differs = users_account(&d->authd->users, authzid, &other) !=
		USER_MAILBOX ||
	    !d->known ||
	    !span_equal(str_span(&other.address), str_span(&d->user.address));
	user_free(&other);
	return differs;
}

int
account_wait(struct dialogue *d)
{
	struct penalties *p = d->authd->penalties;
	int64_t ms;

	trial_init(&d->trial, p, str_span(&d->ip), counted_as(d));
	while ((ms = penalty_ask(p, &d->trial)) > 0) {
		d->waited_ms += ms;
		poll(NULL, 0, (int)ms);
	}
	return ms == PENALTY_BUSY ? dialogue_fail(d, AUTH_BUSY) : 0;
}

int
account_judged(struct dialogue *d, int result, uint32_t mark)
{
	enum outcome o = result == 0      ? OUTCOME_RIGHT
	    : d->code == AUTH_CREDENTIALS ? OUTCOME_WRONG
					  : OUTCOME_NONE;

	penalty_end(d->authd->penalties, &d->trial, o, mark);
	return result;
}

/* The first entry of the database that has a password: an unknown user costs
 * the same work as a known one. */
static void
stranger_secret(struct database *b, struct secret *s)
{
	unsigned at;

	str_clear(&s->password);
	str_clear(&s->scram);
	if (b->state == DATABASE_FOUND) {
		cdb_seqinit(&at, &b->cdb);
		while (s->password.len == 0 && s->scram.len == 0 &&
		    cdb_seqnext(&at, &b->cdb) > 0) {
			struct span record = { cdb_getdata(&b->cdb),
				cdb_datalen(&b->cdb) };

			record_get(record, "password", &s->password);
			record_get(record, "scram", &s->scram);
		}
	}
	if (s->password.len == 0 && s->scram.len == 0)
		str_set(&s->password, span_text(dummy_hash));
}

/* The slow comparison; a leading '!' marks a disabled account. stranger: the
 * secret is not this account's, so it never matches. */
static int
hash_compare(struct dialogue *d, struct span password, bool stranger)
{
	const char *hash = d->secret.password.at;
	struct scram_keys k;
	bool disabled = hash[0] == '!', right = false;
	struct span bare = span_text(hash + disabled);
	pthread_mutex_t *m = hash_enter(
	    d->authd->shared, password_hash_large(bare));

	if (m == NULL)
		return dialogue_fail(d, AUTH_BUSY);
	if (d->secret.password.len > 0)
		right = password_check(password, hash + disabled);
	else if (scram_parse(str_span(&d->secret.scram), &k))
		right = scram_check(password, &k);
	/* Its speed would reveal that the account exists. */
	if (password_hash_fast(bare))
		password_check(password, dummy_hash);
	hash_leave(m);
	d->how = "hash";
	if (!right || stranger)
		return dialogue_fail(d, AUTH_CREDENTIALS);
	return disabled ? dialogue_fail(d, AUTH_DISABLED) : 0;
}

/* The MAC of a good login; invalid once the database has changed. */
static void
memory_of(struct dialogue *d, struct span password, unsigned char mac_r[MAC])
{
	const struct database *b = &d->authd->secrets;
	struct str text = STR_INIT;

	str_addf(&text, "%llu %lld.%ld ", (unsigned long long)b->inode,
	    (long long)b->changed.tv_sec, b->changed.tv_nsec);
	str_add(&text, counted_as(d));
	shared_mac(d->authd->shared, str_span(&text), password, mac_r);
	str_free(&text);
}

static bool
has_no_secret(const struct dialogue *d)
{
	return d->secret.password.len == 0 && d->secret.scram.len == 0;
}

static bool
is_for_backend(const struct dialogue *d)
{
	return d->known && d->authd->runner >= 0 &&
	    (d->secret.checkpassword || has_no_secret(d));
}

static int
password_judge(struct dialogue *d, struct span password, unsigned char *mac)
{
	bool none = has_no_secret(d);

	if (is_for_backend(d))
		return backend_check(d, password);
	if (!d->known || none)
		stranger_secret(&d->authd->secrets, &d->secret);
	if (hash_compare(d, password, !d->known || none) < 0)
		return -1;
	verified_note(d->authd->shared, mac);
	return 0;
}

/* The password was right a short while ago: its owner must not be delayed or
 * refused because of guessers. */
static bool
is_remembered(struct dialogue *d, const unsigned char *mac)
{
	if (!d->known || is_for_backend(d) ||
	    !verified_recently(d->authd->shared, mac))
		return false;
	trial_init(
	    &d->trial, d->authd->penalties, str_span(&d->ip), counted_as(d));
	d->how = "memory";
	return true;
}

int
account_password(struct dialogue *d, struct span password)
{
	unsigned char mac[MAC];
	uint32_t mark;
	int r = 0;

	/* Before any hashing: crypt(3) would refuse it anyway. */
	if (password.len >= PASSWORD_MAX ||
	    span_find(password, '\0') < password.len)
		return dialogue_fail(d, AUTH_MALFORMED);
	memory_of(d, password, mac);
	memcpy(&mark, mac, sizeof mark);
	if (!is_remembered(d, mac)) {
		if (account_wait(d) < 0)
			return -1;
		r = password_judge(d, password, mac);
	}
	r = account_judged(d, r, mark);
	sodium_memzero(mac, sizeof mac);
	return r;
}
