#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/record.h"
#include "os/file.h"
#include "users/database.h"
#include "users/table.h"

enum { PLACES_MAX = 100 };

struct output {
	const char *name, *temporary;
	mode_t mode;       /* of a file that was not there before */
	const char *group; /* likewise, when root makes it */
	int etc, fd;
	struct cdb_make make;
};

static int
put(struct output *o, struct span key, struct span value)
{
	return cdb_make_add(
	    &o->make, key.at, (unsigned)key.len, value.at, (unsigned)value.len);
}

static int
put_domain(struct output *o, const struct row *r)
{
	struct str value = STR_INIT;
	int error = 0;

	record_verb(&value, "domain");
	error |= put(o, r->key, str_span(&value));
	if (r->unicode.len > 0) {
		record_add(&value, "ascii", r->key);
		error |= put(o, r->unicode, str_span(&value));
	}
	str_free(&value);
	return error;
}

static int
put_user(struct output *o, const struct row *r)
{
	struct str value = STR_INIT;
	int error;

	record_verb(&value, r->targets.len > 0 ? "targets" : "mailbox");
	if (r->targets.len > 0 && r->mailbox)
		record_add_number(&value, "mailbox", 1);
	if (r->fields.len > 0) {
		str_add_byte(&value, ' ');
		str_add(&value, r->fields);
	}
	if (r->targets.len > 0) {
		str_add_byte(&value, ' ');
		str_add(&value, r->targets);
	}
	error = put(o, r->key, str_span(&value));
	str_free(&value);
	return error;
}

/* The folder that holds this path, unless it is named already. */
static void
add_place(struct str *header, struct span path)
{
	struct str known = STR_INIT;
	struct span rest, key;
	size_t n = 0;
	bool is_new;

	while (path.len > 0 && path.at[path.len - 1] == '/')
		path.len--;
	while (path.len > 1 && path.at[path.len - 1] != '/')
		path.len--;
	is_new = path.len > 1; /* "/" itself is too much */
	for (rest = str_span(header); record_next(&rest, &key, &known); n++)
		if (span_equal(str_span(&known), path))
			is_new = false;
	if (is_new && n < PLACES_MAX)
		record_add(header, "place", path);
	str_free(&known);
}

static void
add_places(struct str *header, const struct row *r)
{
	struct str path = STR_INIT;

	if (record_get(r->fields, "home", &path))
		add_place(header, str_span(&path));
	if (record_get(r->fields, "mbox", &path))
		add_place(header, str_span(&path));
	str_free(&path);
}

/* The empty key: magic, version, and who gets what nobody set up. */
static int
put_header(struct output *o, const struct table *t)
{
	struct str value = STR_INIT, word = STR_INIT;
	const struct row *r = t->first;
	unsigned uids = 0, pipes = 0;
	int error;

	str_set(&value, SPAN("chainmail-users 1"));
	while (r != NULL && !r->mailbox)
		r = r->next;
	if (r != NULL)
		record_add(&value, "admin", r->key);
	for (r = t->first; r != NULL; r = r->next) {
		add_places(&value, r);
		uids += record_get(r->fields, "uid", &word);
		pipes += record_get(r->targets, "pipe", &word);
	}
	if (uids > 0)
		record_add_number(&value, "uids", uids);
	if (pipes > 0)
		record_add_number(&value, "pipes", pipes);
	str_free(&word);
	error = put(o, SPAN(""), str_span(&value));
	str_free(&value);
	return error;
}

static int
put_users(struct output *o, const struct table *t, struct span me)
{
	int error = put_header(o, t);

	if (table_find(t, me) == NULL)
		error |= put(o, me, SPAN("self"));
	for (const struct row *r = t->first; r != NULL; r = r->next)
		error |= r->domain ? put_domain(o, r) : put_user(o, r);
	return error;
}

static int
put_secrets(struct output *o, const struct table *t)
{
	int error = put(o, SPAN(""), SPAN("chainmail-secrets 1"));

	for (const struct row *r = t->first; r != NULL; r = r->next)
		if (r->mailbox)
			error |= put(o, r->key, r->secrets);
	return error;
}

/* The new file belongs to whom the old one did. */
static int
output_owner(const struct output *o)
{
	struct stat st;
	const struct group *gr;

	if (fstatat(o->etc, o->name, &st, 0) == 0) {
		if (geteuid() == 0 && fchown(o->fd, st.st_uid, st.st_gid) < 0)
			return -1;
		return fchmod(
		    o->fd, st.st_mode & (o->mode == 0600 ? 0660 : 0666));
	}
	gr = geteuid() == 0 && o->group != NULL ? getgrnam(o->group) : NULL;
	if (gr != NULL && fchown(o->fd, (uid_t)-1, gr->gr_gid) < 0)
		return -1;
	return fchmod(o->fd, gr != NULL ? o->mode | 0040 : o->mode);
}

static int
output_open(struct output *o)
{
	if (unlinkat(o->etc, o->temporary, 0) < 0 && errno != ENOENT)
		return -1;
	o->fd = openat(o->etc, o->temporary,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (o->fd < 0 || output_owner(o) < 0)
		return -1;
	return cdb_make_start(&o->make, o->fd);
}

/* Finish the CDB and add the trailer. */
static int
output_finish(struct output *o)
{
	unsigned char trailer[DATABASE_TRAILER];
	void *bytes;
	off_t size;

	if (cdb_make_finish(&o->make) < 0)
		return -1;
	size = lseek(o->fd, 0, SEEK_END);
	bytes = size < 0
	    ? MAP_FAILED
	    : mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, o->fd, 0);
	if (bytes == MAP_FAILED)
		return -1;
	database_trailer(bytes, (size_t)size, trailer);
	munmap(bytes, (size_t)size);
	return write_all(
	    o->fd, (struct span){ (const char *)trailer, sizeof trailer });
}

static int
output_commit(struct output *o)
{
	struct commit c = { .fd = o->fd,
		.from_dir = o->etc,
		.from = o->temporary,
		.to_dir = o->etc,
		.to = o->name,
		.replace = true };

	return file_commit(&c, 1);
}

static int
write_both(const struct table *t, struct span me, struct output *users,
    struct output *secrets)
{
	if (output_open(users) < 0 || output_open(secrets) < 0)
		return -1;
	if ((put_users(users, t, me) | put_secrets(secrets, t)) != 0)
		return -1;
	if (output_finish(users) < 0 || output_finish(secrets) < 0)
		return -1;
	/* Secrets first: an account without one can't log in, that is all. */
	return output_commit(secrets) < 0 ? -1 : output_commit(users);
}

int
table_write(const struct table *t, struct span me, int etc)
{
	struct output users = { "users.cdb", ".users.cdb.new", 0644, NULL, etc,
		-1, { 0 } };
	struct output secrets = { "secrets.cdb", ".secrets.cdb.new", 0600,
		"chainmail-auth", etc, -1, { 0 } };
	int r = write_both(t, me, &users, &secrets), saved = errno;

	if (r < 0) {
		unlinkat(etc, users.temporary, 0);
		unlinkat(etc, secrets.temporary, 0);
	}
	if (users.fd >= 0)
		close(users.fd);
	if (secrets.fd >= 0)
		close(secrets.fd);
	errno = saved;
	return r;
}
