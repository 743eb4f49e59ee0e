/* Which folders of others the session may see, asked before the sandbox. */
#include "login.h"
#include "store/shared.h"
#include "users/users.h"

/* Opened when the first owner is found: most accounts have none. */
struct owners {
	int etc;
	struct users users;
	struct user user;
	bool open;
};

/* An owner whose mail belongs to another uid, or is no Maildir of `users` any
 * more, shares nothing. */
static bool
owner_find(void *arg, struct span owner, struct str *maildir_r)
{
	struct owners *o = arg;

	if (!o->open) {
		users_open(&o->users, o->etc);
		user_init(&o->user);
		o->open = true;
	}
	if (users_account(&o->users, owner, &o->user) != USER_MAILBOX ||
	    !span_equal(str_span(&o->user.address), owner) || o->user.own_uid)
		return false;
	user_maildir(&o->user, maildir_r);
	return true;
}

void
session_shared(const struct session_exec *e, struct shared *r)
{
	struct owners o = { .etc = e->etc };
	struct str user = STR_INIT;

	*r = (struct shared){ .count = 0 };
	if (e->account->own_ids)
		return;
	shared_lists_make();
	str_set(&user, str_span(&e->account->user));
	str_lower(&user, 0);
	shared_find(r, str_span(&user), owner_find, &o);
	str_free(&user);
	if (o.open) {
		user_free(&o.user);
		users_close(&o.users);
	}
}
