#include "users/lookup.h"

#include "base/record.h"
#include "mail/address.h"
#include "users/role.h"

/* One lookup in progress. */
struct question {
	struct users *users;
	struct user *user;
	struct str local;     /* folded, canonical quotes */
	struct str base;      /* local without its extension, or empty */
	struct str extension; /* the extension, without the '+' */
	struct str key;       /* the key being looked up */
	struct str domain;    /* the domain being searched */
	struct str self;      /* this host's name, or its domain */
};

static void
user_clear(struct user *r)
{
	str_clear(&r->wanted);
	str_clear(&r->address);
	str_clear(&r->extension);
	str_clear(&r->home);
	str_clear(&r->mbox);
	str_clear(&r->targets);
	r->mailbox = r->own_uid = r->renamed = false;
	r->quota = 0;
	r->uid = r->gid = 0;
}

static void
user_read_targets(struct user *r, struct span record)
{
	struct str value = STR_INIT;
	struct span key;

	while (record_next(&record, &key, &value))
		if (span_equal(key, SPAN("to")))
			record_add(&r->targets, "to", str_span(&value));
		else if (span_equal(key, SPAN("include")))
			record_add(&r->targets, "include", str_span(&value));
		else if (span_equal(key, SPAN("pipe")))
			record_add(&r->targets, "pipe", str_span(&value));
	str_free(&value);
}

static enum user_kind
user_read(struct user *r, struct span record)
{
	uint64_t number;

	if (!record_is(record, "mailbox") && !record_is(record, "targets"))
		return USER_ERROR;
	r->mailbox = record_is(record, "mailbox") ||
	    record_get_number(record, "mailbox", 1, &number);
	if (record_get_number(record, "quota", INT64_MAX, &number))
		r->quota = number;
	record_get(record, "home", &r->home);
	record_get(record, "mbox", &r->mbox);
	if (record_get_number(record, "uid", UINT32_MAX - 1, &number)) {
		r->own_uid = true;
		r->uid = (uint32_t)number;
		if (!record_get_number(record, "gid", UINT32_MAX - 1, &number))
			return USER_ERROR;
		r->gid = (uint32_t)number;
	}
	if (record_is(record, "mailbox"))
		return USER_MAILBOX;
	user_read_targets(r, record);
	return r->targets.len > 0 ? USER_TARGETS : USER_ERROR;
}

/* The entry of the key; UNKNOWN when there is none. */
static enum user_kind
entry_get(struct question *q)
{
	struct span record;

	switch (database_get(&q->users->database, str_span(&q->key), &record)) {
	case DATABASE_ABSENT:
		return USER_UNKNOWN;
	case DATABASE_ERROR:
		return USER_ERROR;
	case DATABASE_FOUND:
		break;
	}
	str_set(&q->user->address, str_span(&q->key));
	return user_read(q->user, record);
}

static enum user_kind
entry_ask(struct question *q, struct span local, struct span domain)
{
	str_set(&q->key, local);
	str_add_byte(&q->key, '@');
	str_add(&q->key, domain);
	return entry_get(q);
}

static void
wanted_set(struct question *q)
{
	str_set(&q->user->wanted, str_span(&q->local));
	str_add_byte(&q->user->wanted, '@');
	str_add(&q->user->wanted, str_span(&q->domain));
}

/* Look up the exact address, then without the extension, then the catch-all. */
static enum user_kind
domain_ask(struct question *q)
{
	struct span local = str_span(&q->local), domain = str_span(&q->domain);
	enum user_kind kind = entry_ask(q, local, domain);

	wanted_set(q);
	if (kind != USER_UNKNOWN)
		return kind;
	if (q->base.len > 0) {
		kind = entry_ask(q, str_span(&q->base), domain);
		if (kind != USER_UNKNOWN) {
			str_set(&q->user->extension, str_span(&q->extension));
			return kind;
		}
	}
	return entry_ask(q, SPAN(""), domain);
}

/* The first mailbox of `users`, the fallback for what is not configured. */
static bool
admin_key(struct question *q, struct str *key_r)
{
	struct span header;

	return database_get(&q->users->database, SPAN(""), &header) ==
	    DATABASE_FOUND &&
	    record_get(header, "admin", key_r) && key_r->len > 0;
}

/* RFC 5321 4.5.1, RFC 2142: names that are accepted in every domain. See
 * role.h. */
static enum user_kind
role_ask(struct question *q)
{
	struct span me = str_span(&q->self), postmaster = SPAN("postmaster"),
		    local = str_span(q->base.len > 0 ? &q->base : &q->local);
	enum user_kind kind;

	if (!role_is(local))
		return USER_UNKNOWN;
	kind = entry_ask(q, postmaster, str_span(&q->domain));
	if (kind == USER_UNKNOWN)
		kind = entry_ask(q, local, me);
	if (kind == USER_UNKNOWN)
		kind = entry_ask(q, postmaster, me);
	if (kind == USER_UNKNOWN && admin_key(q, &q->key))
		kind = entry_get(q);
	if (kind != USER_UNKNOWN)
		return kind;
	str_set(&q->user->address, SPAN("postmaster@"));
	str_add(&q->user->address, me);
	q->user->mailbox = true;
	return USER_MAILBOX;
}

/* Look in this machine's domain: its own name's, or else the first
 * mailbox's. */
static enum user_kind
self_ask(struct question *q)
{
	struct str admin = STR_INIT;
	enum user_kind kind;

	str_set(&q->domain, str_span(&q->self));
	kind = domain_ask(q);
	if (kind == USER_UNKNOWN && admin_key(q, &admin)) {
		struct span at = str_span(&admin);

		str_set(&q->domain, span_from(at, span_find(at, '@') + 1));
		kind = domain_ask(q);
	}
	if (kind == USER_UNKNOWN) {
		str_set(&q->domain, str_span(&q->self));
		wanted_set(q);
	}
	str_free(&admin);
	return kind;
}

static enum user_kind
question_answer(struct question *q, const struct address *a)
{
	enum domain_kind where = users_domain_kind(
	    q->users, a->domain, &q->domain);
	enum user_kind kind = USER_UNKNOWN;

	str_set(&q->self, str_span(&q->users->me));
	users_domain_alias(q->users, &q->self);
	q->user->renamed = where == DOMAIN_ALIAS ||
	    (where == DOMAIN_SELF && domain_is_literal(a->domain));
	switch (where) {
	case DOMAIN_ERROR:
		return USER_ERROR;
	case DOMAIN_FOREIGN:
		wanted_set(q);
		return USER_NOT_LOCAL;
	case DOMAIN_SELF:
		kind = self_ask(q);
		break;
	case DOMAIN_OURS:
	case DOMAIN_ALIAS:
		kind = domain_ask(q);
		break;
	}
	return kind == USER_UNKNOWN ? role_ask(q) : kind;
}

/* Split the address; a bare name has an empty domain. */
static bool
address_read(struct span text, struct str *buffer, struct address *a_r)
{
	if (address_parse(text, a_r))
		return true;
	str_set(buffer, text);
	str_add_text(buffer, "@localhost");
	if (!address_parse(str_span(buffer), a_r))
		return false;
	a_r->domain.len = 0;
	return true;
}

/* The local part as in keys, and the same without its extension; quotes are
 * removed. */
static void
local_fold(struct question *q, const struct address *a)
{
	struct str meaning = STR_INIT;
	size_t plus;

	address_local(a, &meaning);
	str_lower(&meaning, 0);
	local_text(str_span(&meaning), &q->local);
	plus = span_find(str_span(&meaning), '+');
	if (plus > 0 && plus < meaning.len) {
		local_text(span_head(str_span(&meaning), plus), &q->base);
		str_set(&q->extension, span_from(str_span(&meaning), plus + 1));
	}
	str_free(&meaning);
}

enum user_kind
users_lookup(struct users *u, struct span address, struct user *r)
{
	struct question q = { u, r, STR_INIT, STR_INIT, STR_INIT, STR_INIT,
		STR_INIT, STR_INIT };
	struct str buffer = STR_INIT;
	struct address a;

	user_clear(r);
	r->kind = USER_UNKNOWN;
	if (address_read(address, &buffer, &a)) {
		local_fold(&q, &a);
		r->kind = question_answer(&q, &a);
	}
	str_free(&buffer);
	str_free(&q.local);
	str_free(&q.base);
	str_free(&q.extension);
	str_free(&q.key);
	str_free(&q.domain);
	str_free(&q.self);
	return r->kind;
}

enum user_kind
users_account(struct users *u, struct span login, struct user *r)
{
	enum user_kind kind = users_lookup(u, login, r);

	if (kind == USER_ERROR)
		return kind;
	if (!r->mailbox || kind == USER_NOT_LOCAL ||
	    !span_equal(str_span(&r->wanted), str_span(&r->address)))
		return r->kind = USER_UNKNOWN;
	return r->kind = USER_MAILBOX;
}
