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
#include "users/logins.h"
#include "users/table.h"
#include "users/users.h"

enum { PLACES_MAX = 100 };

struct output {
	const char *name, *temporary;
	mode_t mode;       /* of a new file */
	const char *group; /* likewise, when created by root */
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
	int error;

	record_verb(&value, "domain");
	error = put(o, r->key, str_span(&value));
	str_free(&value);
	return error;
}

/* The domain of an alias, under the alias without its '@'. */
static int
put_alias(struct output *o, const struct row *r)
{
	struct str value = STR_INIT;
	int error;

	record_verb(&value, "alias");
	record_add(&value, "to", r->alias);
	error = put(o, span_from(r->key, 1), str_span(&value));
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

/* Add the folder that contains this path, unless it was added before. */
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
	is_new = path.len > 1; /* "/" itself is too broad */
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

static bool
has_command(struct span targets)
{
	struct str value = STR_INIT;
	struct span key;
	bool has = false;

	while (!has && record_next(&targets, &key, &value))
		has = span_equal(key, SPAN("pipe")) &&
		    !span_equal(str_span(&value), SPAN(USER_NULL));
	str_free(&value);
	return has;
}

/* The empty key: magic, version, and the fallback mailbox. */
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
		pipes += has_command(r->targets);
	}
	if (uids > 0)
		record_add_number(&value, "uids", uids);
	if (pipes > 0)
		record_add_number(&value, "pipes", pipes);
	if (t->piped)
		record_add_number(&value, "piped", 1);
	str_free(&word);
	error = put(o, SPAN(""), str_span(&value));
	str_free(&value);
	return error;
}

static int
put_users(struct output *o, const struct table *t, struct span me)
{
	int error = put_header(o, t);

	if (table_find(t, me) == NULL && table_alias(t, me) == NULL)
		error |= put(o, me, SPAN("self"));
	for (const struct row *r = t->first; r != NULL; r = r->next)
		if (r->alias.len > 0)
			error |= put_alias(o, r);
		else if (!r->domain)
			error |= put_user(o, r);
		else if (table_alias(t, r->key) == NULL)
			error |= put_domain(o, r);
	return error;
}

/* Write an account's secrets, and to another file the word for its logins. */
static int
put_account(struct output *secrets, struct output *logins, const struct row *r,
    const unsigned char key[LOGINS_KEY])
{
	struct str value = STR_INIT, word = STR_INIT, login = STR_INIT;
	int error;

	logins_word(key, r->secrets, r->fields, &word);
	str_set(&value, r->secrets);
	record_add(&value, "login", str_span(&word));
	error = put(secrets, r->key, str_span(&value));
	record_add(&login, "login", str_span(&word));
	error |= put(logins, r->key, str_span(&login));
	str_wipe(&value);
	str_free(&word);
	str_free(&login);
	return error;
}

static int
put_secrets(
    struct output *secrets, struct output *logins, const struct table *t)
{
	unsigned char key[LOGINS_KEY];
	int error = logins_key(secrets->etc, key);

	if (error < 0)
		return error;
	error = put(secrets, SPAN(""), SPAN("chainmail-secrets 1")) |
	    put(logins, SPAN(""), SPAN(LOGINS_MAGIC));
	for (const struct row *r = t->first; r != NULL; r = r->next)
		if (r->mailbox)
			error |= put_account(secrets, logins, r, key);
	return error;
}

/* The new file keeps the old one's owner. */
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

/* The three files, in the order in which they take effect: sessions under an
 * old password end before a login with the new one is possible; a new account's
 * secrets must be there before the account. */
enum { LOGINS, SECRETS, USERS, OUTPUTS };

static int
write_all_of(const struct table *t, struct span me, struct output *o)
{
	for (size_t i = 0; i < OUTPUTS; i++)
		if (output_open(&o[i]) < 0)
			return -1;
	if ((put_users(&o[USERS], t, me) |
		put_secrets(&o[SECRETS], &o[LOGINS], t)) != 0)
		return -1;
	for (size_t i = 0; i < OUTPUTS; i++)
		if (output_finish(&o[i]) < 0)
			return -1;
	for (size_t i = 0; i < OUTPUTS; i++)
		if (output_commit(&o[i]) < 0)
			return -1;
	return 0;
}

/* Programs of other uids read the file in it, whatever the umask. */
static int
logins_folder(int etc)
{
	struct stat st;
	int fd;

	if (dir_make(etc, LOGINS_FOLDER, 0700) < 0)
		return -1;
	fd = dir_open(etc, LOGINS_FOLDER);
	if (fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0777) == 0700)
		fchmod(fd, 0755);
	return fd;
}

int
table_write(const struct table *t, struct span me, int etc)
{
	int folder = logins_folder(etc);
	struct output all[OUTPUTS] = {
		[LOGINS] = { LOGINS_FILE, ".logins.cdb.new", 0644, NULL, folder,
		    -1, { 0 } },
		[SECRETS] = { "secrets.cdb", ".secrets.cdb.new", 0600,
		    "chainmail-auth", etc, -1, { 0 } },
		[USERS] = { "users.cdb", ".users.cdb.new", 0644, NULL, etc, -1,
		    { 0 } },
	};
	int r = folder < 0 ? -1 : write_all_of(t, me, all), saved = errno;

	for (size_t i = 0; i < OUTPUTS && folder >= 0; i++) {
		if (r < 0)
			unlinkat(all[i].etc, all[i].temporary, 0);
		if (all[i].fd >= 0)
			close(all[i].fd);
	}
	if (folder >= 0)
		close(folder);
	errno = saved;
	return r;
}
