#include "store/target.h"

#include <errno.h>
#include <unistd.h>

#include "store/folder_inside.h"
#include "store/mailbox.h"

int
target_open(struct target *t, struct store *s, struct span mailbox)
{
	struct str dir = STR_INIT;
	int r = -1;

	*t =
	    (struct target){ .store = s, .to = { -1, -1, -1, -1 }, .lock = -1 };
	keywords_init(&t->keywords);
	if (mailbox_directory(mailbox, &dir))
		r = maildir_open(&t->to, s->root.dir, dir.at);
	else
		errno = EINVAL;
	str_free(&dir);
	return r;
}

uint32_t
target_begin(struct target *t, uint32_t n, bool locked)
{
	if (!locked) {
		t->lock = maildir_lock(&t->to);
		if (t->lock < 0)
			return 0;
	}
	if (uids_ensure(&t->to, t->store, &t->uids) < 0 ||
	    keywords_read(&t->keywords, t->to.dir) < 0)
		return 0;
	return uids_take(t->to.dir, t->store->boot, n, false, &t->uids);
}

uint32_t
target_keyword(struct target *t, struct span name)
{
	int n = keywords_find(&t->keywords, name);

	if (n < 0)
		n = keywords_add(&t->keywords, t->to.dir, t->to.tmp, name);
	return n < 0 ? 0 : 1U << n;
}

void
target_end(struct target *t)
{
	int saved = errno;

	if (t->lock >= 0)
		close(t->lock);
	t->lock = -1;
	maildir_close(&t->to);
	keywords_free(&t->keywords);
	errno = saved;
}
