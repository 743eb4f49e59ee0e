/* What a session is told of its folder, as text, and mail for it. */
#ifndef TESTS_FOLDER_LOOK_H
#define TESTS_FOLDER_LOOK_H

#include "maildir_made.h"
#include "store/folder.h"

/* What folder_report() said, as text. */
static struct str said = STR_INIT;

static inline void
on_expunged(void *arg, uint32_t seq, uint32_t uid)
{
	(void)arg;
	str_addf(&said, "expunged %u(%u) ", seq, uid);
}
static inline void
on_flags(void *arg, uint32_t seq)
{
	struct folder *f = arg;

	str_addf(&said, "flags %u=%x ", seq, folder_message(f, seq - 1).flags);
}
static inline void
on_exists(void *arg, uint32_t count, uint32_t recent)
{
	(void)arg;
	str_addf(&said, "exists %u recent %u ", count, recent);
}

static inline const char *
look_at(struct folder *f, bool expunges)
{
	struct folder_events e = { on_expunged, on_flags, on_exists, f };

	str_clear(&said);
	assert_int_equal(folder_refresh(f), 0);
	folder_report(f, expunges, &e);
	return said.at;
}

static inline void
deliver(struct made *m, const char *name)
{
	char path[300];

	snprintf(path, sizeof path, "new/%s", name);
	made_file(m, path, "Subject: x\n\nbody\n");
}

#endif
