/* Finding what is shared with an account, and telling its session. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/record.h"
#include "store/acl.h"
#include "store/entries.h"
#include "store/mailbox.h"
#include "store/shared.h"
#include "store/shared_inside.h"

enum { TEXT_MAX = 64 * 1024 };

static bool
name_make(struct span owner, struct span dir, struct str *name_r)
{
	struct str mailbox = STR_INIT;
	bool ok = mailbox_of_directory(dir, &mailbox);

	str_set(name_r, SHARED_ROOT);
	str_add_byte(name_r, MAILBOX_SEPARATOR);
	str_add(name_r, owner);
	str_add_byte(name_r, MAILBOX_SEPARATOR);
	str_add(name_r, str_span(&mailbox));
	str_free(&mailbox);
	return ok;
}

static void
put(struct shared *s, struct span owner, struct span path, unsigned rights,
    int dir)
{
	struct str name = STR_INIT;
	size_t slash = path.len;

	if (s->at == NULL) /* most accounts never need it */
		s->at = arena_new(&s->arena, SHARED_MAX * sizeof *s->at);
	while (slash > 0 && path.at[slash - 1] != '/')
		slash--;
	if (slash > 0 && s->count < SHARED_MAX &&
	    name_make(owner, span_from(path, slash), &name) &&
	    shared_by_name(s, str_span(&name)) == NULL)
		s->at[s->count++] = (struct shared_folder){
			.name = arena_copy(&s->arena, str_span(&name)),
			.owner = arena_copy(&s->arena, owner),
			.path = arena_copy(&s->arena, path),
			.rights = rights,
			.dir = dir,
		};
	else if (dir >= 0)
		close(dir);
	str_free(&name);
}

static void
start(struct shared *s, struct span user)
{
	*s = (struct shared){ .arena = ARENA_INIT };
	s->user = arena_copy(&s->arena, user);
}

/* A directory that nobody but this uid could have put there. */
static int
directory_open(int at, const char *name)
{
	int fd = openat(
	    at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
	    (st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void
folder_try(struct shared *s, struct span owner, const struct str *path, int dir)
{
	unsigned rights = 0;
	struct acl a;

	if (acl_read(dir, ".", &a) == 0)
		rights = acl_rights(&a, s->user);
	acl_free(&a);
	if (rights != 0)
		put(s, owner, str_span(path), rights, dir);
	else
		close(dir);
}

/* The folders of one owner. */
static void
owner_look(struct shared *s, struct span owner, const struct str *maildir,
    size_t *looks)
{
	struct str path = STR_INIT;
	struct entries e;
	struct span name;
	int root = directory_open(AT_FDCWD, maildir->at);

	if (root < 0)
		return;
	entries_start(&e, root);
	while (entries_next(&e, &name) && *looks < SHARED_LOOKS_MAX &&
	    s->count < SHARED_MAX) {
		int dir;

		if (name.at[0] != '.')
			continue;
		++*looks;
		dir = directory_open(root, name.at);
		if (dir < 0)
			continue;
		str_setf(&path, "%s/%s", maildir->at, name.at);
		folder_try(s, owner, &path, dir);
	}
	close(root);
	str_free(&path);
}

void
shared_find(struct shared *r, struct span user,
    bool (*where)(void *arg, struct span owner, struct str *maildir_r),
    void *arg)
{
	struct str owners = STR_INIT, maildir = STR_INIT;
	struct span rest, owner;
	size_t looks = 0;

	start(r, user);
	shared_owners_find(user, &owners, &looks);
	for (rest = str_span(&owners); span_line(&rest, &owner);)
		if (where(arg, owner, &maildir))
			owner_look(r, owner, &maildir, &looks);
	str_free(&maildir);
	str_free(&owners);
}

void
shared_format(const struct shared *s, struct str *text)
{
	struct str line = STR_INIT, rights = STR_INIT;

	for (size_t i = 0; i < s->count; i++) {
		str_clear(&line);
		str_clear(&rights);
		rights_add(&rights, s->at[i].rights);
		record_verb(&line, "folder");
		record_add(&line, "owner", s->at[i].owner);
		record_add(&line, "path", s->at[i].path);
		record_add(&line, "rights", str_span(&rights));
		record_end(&line);
		if (text->len + line.len <= TEXT_MAX)
			str_add(text, str_span(&line));
	}
	str_free(&rights);
	str_free(&line);
}

static bool
line_parse(struct shared *s, struct span line)
{
	struct str owner = STR_INIT, path = STR_INIT, given = STR_INIT;
	unsigned rights = 0;
	bool ok = record_is(line, "folder") &&
	    record_get(line, "owner", &owner) &&
	    record_get(line, "path", &path) && path.at[0] == '/' &&
	    record_get(line, "rights", &given) &&
	    rights_parse(str_span(&given), &rights);

	if (ok)
		put(s, str_span(&owner), str_span(&path),
		    rights & RIGHTS_GRANTABLE, -1);
	str_free(&owner);
	str_free(&path);
	str_free(&given);
	return ok;
}

bool
shared_parse(struct span text, struct span user, struct shared *r)
{
	struct span line;
	bool ok = true;

	start(r, user);
	while (ok && span_line(&text, &line))
		ok = line_parse(r, line);
	return ok;
}
