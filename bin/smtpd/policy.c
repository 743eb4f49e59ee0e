#include "policy.h"

#include "author.h"
#include "store/quota.h"

static bool
later(struct session *s)
{
	reply(s, 451, "4.3.0", "The user database can't be read now");
	return false;
}

bool
policy_sender(struct session *s, const struct address *a)
{
	struct str text = STR_INIT;
	int may;

	/* Local users send for lists, web sites and cron in many names; the log
	 * has their uid. */
	if (s->user.len == 0 || s->service == LOCAL || address_is_null(a))
		return true;
	address_text(a, &text);
	may = users_may_send(
	    &s->server->users, str_span(&s->user), str_span(&text));
	str_free(&text);
	if (may < 0)
		return later(s);
	if (may == 0)
		reply(s, 553, "5.7.1", "This address is not yours");
	return may == 1;
}

int
policy_author(struct session *s, struct span address)
{
	struct span domain;
	int local;

	/* One reader would show another address than the next. */
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
		reply(
		    s, 552, "5.2.2", "The message is larger than the mailbox");
		return false;
	}
	if (quota_marked(str_span(&u->address))) {
		reply(s, 452, "4.2.2", "The mailbox is full");
		return false;
	}
	return true;
}

bool
policy_recipient(struct session *s, struct span text)
{
	struct user u;
	bool ok = false;

	user_init(&u);
	switch (users_lookup(&s->server->users, text, &u)) {
	case USER_MAILBOX:
		ok = has_room(s, &u);
		break;
	case USER_TARGETS:
		ok = true;
		break;
	case USER_NOT_LOCAL:
		ok = s->trusted;
		if (!ok)
			reply(s, 550, "5.7.1", "No relaying for you");
		break;
	case USER_UNKNOWN:
		reply(s, 550, "5.1.1", "No such mailbox here");
		break;
	case USER_ERROR:
		later(s);
		break;
	}
	user_free(&u);
	return ok;
}
