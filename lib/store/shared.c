#include "store/shared.h"

#include <fcntl.h>
#include <unistd.h>

#include "store/acl.h"
#include "store/mailbox.h"

void
shared_free(struct shared *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->at[i].dir >= 0)
			close(s->at[i].dir);
	arena_free(&s->arena);
	*s = (struct shared){ .arena = ARENA_INIT };
}

const struct shared_folder *
shared_by_name(const struct shared *s, struct span name)
{
	for (size_t i = 0; i < s->count; i++)
		if (span_equal(s->at[i].name, name))
			return &s->at[i];
	return NULL;
}

bool
shared_is_name(struct span mailbox)
{
	struct span rest = mailbox;

	return span_take_text(&rest, SHARED_ROOT) &&
	    (rest.len == 0 || rest.at[0] == MAILBOX_SEPARATOR);
}

/* Without "r" the directory is out of reach, and so is its acl. */
unsigned
shared_rights(const struct shared *s, const struct shared_folder *folder)
{
	unsigned rights = 0;
	struct acl a;

	if (!(folder->rights & RIGHT_READ))
		return folder->rights;
	if (acl_read(AT_FDCWD, folder->path.at, &a) == 0)
		rights = acl_rights(&a, s->user) & folder->rights;
	acl_free(&a);
	return rights;
}
