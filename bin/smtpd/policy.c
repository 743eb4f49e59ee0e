#include "policy.h"

#include "author.h"
#include "os/sock.h"
#include "reply.h"
#include "store/quota.h"

bool
policy_trusts(const struct session *s)
{
	return network_has(&s->server->relay, span_text(fact("TCPREMOTEIP")));
}

static bool
later(struct session *s)
{
	refuse(s, "users", 451, "4.3.0",
	    "The user database is temporarily unavailable");
	return false;
}

bool
policy_sender(struct session *s, const struct address *a)
{
	struct str text = STR_INIT;
	int may;

	/* Local users send as lists, web sites and cron under many addresses;
	 * the log has their uid. */
	if (s->user.len == 0 || s->service == LOCAL || address_is_null(a))
		return true;
	address_text(a, &text);
	may = users_may_send(
	    &s->server->users, str_span(&s->user), str_span(&text));
	str_free(&text);
	if (may < 0)
		return later(s);
	if (may == 0)
		refuse(s, "sender", 553, "5.7.1",
		    "You may not send from this address");
	return may == 1;
}

int
policy_author(struct session *s, struct span address)
{
	struct span domain;
	int local;

	/* Mail readers would display different addresses. */
	if (!author_domain(address, &domain))
		return 0;
	if (domain.at == NULL)
		return 1;
	local = users_domain(&s->server->users, domain);
	if (local <= 0)
		return local < 0 ? -1 : 1;
	return users_may_send(&s->server->users, str_span(&s->user), address);
}

/* RFC 5321 4.5.3.1.10, RFC 3463: 452 while there is no room, 552 for a message
 * that can never fit. */
static bool
has_room(struct session *s, const struct user *u)
{
	if (u->quota > 0 && s->declared > u->quota) {
		refuse(s, "quota", 552, "5.2.2",
		    "The message is larger than the mailbox's quota");
		return false;
	}
	/* deliver's mark counts until the users change or it expires; then
	 * deliver checks with the next message. */
	if (u->quota > 0 &&
	    quota_marked(
		str_span(&u->address), s->server->users.database.changed)) {
		refuse(s, "quota", 452, "4.2.2", "The mailbox is full");
		return false;
	}
	return true;
}

/* RFC 5321 4.1.3: the queue and deliver see neither this connection nor the
 * machine's addresses; so a literal is resolved here, once. So is an alias of a
 * domain: the queue then recognises two names of a mailbox as the same
 * place. */
static void
recipient_rename(struct session *s, const struct user *u, struct recipient *to)
{
	struct str text = STR_INIT, orcpt = STR_INIT;

	if (user_rename(u, to->address, &text)) {
		/* RFC 3461 5.2.1 (c) */
		str_set(&orcpt,
		    span_is_ascii(to->address) ? SPAN("rfc822;")
					       : SPAN("utf-8;"));
		str_add(&orcpt, to->address);
		if (to->orcpt.len == 0)
			to->orcpt = envelope_keep(
			    &s->envelope, str_span(&orcpt));
		to->address = envelope_keep(&s->envelope, str_span(&text));
	}
	str_free(&text);
	str_free(&orcpt);
}

void
policy_rename_sender(struct session *s)
{
	struct str text = STR_INIT;
	struct user u;

	if (s->user.len == 0 || s->envelope.from.len == 0)
		return;
	user_init(&u);
	users_lookup(&s->server->users, s->envelope.from, &u);
	if (user_rename(&u, s->envelope.from, &text))
		s->envelope.from = envelope_keep(&s->envelope, str_span(&text));
	user_free(&u);
	str_free(&text);
}

bool
policy_recipient(struct session *s, struct recipient *to)
{
	struct user u;
	bool ok = false;

	user_init(&u);
	switch (users_lookup(&s->server->users, to->address, &u)) {
	case USER_MAILBOX:
		ok = has_room(s, &u);
		break;
	case USER_TARGETS:
		ok = true;
		break;
	case USER_NOT_LOCAL:
		ok = s->trusted;
		if (!ok && s->server->relay_wrong)
			refuse(s, "relay", 451, "4.3.5",
			    "The list of relay networks has a mistake "
			    "in it; try again later");
		else if (!ok)
			refuse(s, "relay", 550, "5.7.1", "Relaying denied");
		break;
	case USER_UNKNOWN:
		refuse(s, "recipient", 550, "5.1.1", "No such mailbox here");
		break;
	case USER_ERROR:
		later(s);
		break;
	}
	if (ok)
		recipient_rename(s, &u, to);
	user_free(&u);
	return ok;
}
