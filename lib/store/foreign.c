#include "store/foreign.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

const char *
foreign_compression(struct span start)
{
	static const struct {
		const char *name;
		struct span magic;
	} all[] = {
		{ "gzip", SPAN_INIT("\x1f\x8b\x08") },
		{ "xz", SPAN_INIT("\xfd\x37\x7a\x58\x5a\0") },
		{ "zstd", SPAN_INIT("\x28\xb5\x2f\xfd") },
		{ "lz4", SPAN_INIT("\x04\x22\x4d\x18") },
		{ "lz4", SPAN_INIT("Dovecot-LZ4\r") },
	};

	/* The level is a digit, then pi. */
	if (span_starts(start, SPAN("BZh")) &&
	    span_starts(span_from(start, 4), SPAN("1AY&SY")))
		return "bzip2";
	for (size_t i = 0; i < COUNT(all); i++)
		if (span_starts(start, all[i].magic))
			return all[i].name;
	return NULL;
}

const char *
foreign_compression_of(int fd)
{
	char start[FOREIGN_MAGIC];
	int saved = errno;
	ssize_t n = pread(fd, start, sizeof start, 0);

	errno = saved;
	return foreign_compression(
	    (struct span){ start, n < 0 ? 0 : (size_t)n });
}

static bool
has(int dir, const char *name)
{
	int saved = errno;
	bool there = faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;

	errno = saved;
	return there;
}

const char *
foreign_storage(int dir)
{
	static const char *const multi[] = { "storage/dovecot.map.index",
		"storage/dovecot.map.index.log", "storage/m.1" };

	for (size_t i = 0; i < COUNT(multi); i++)
		if (has(dir, multi[i]))
			return "mdbox";
	return has(dir, "mailboxes/INBOX/dbox-Mails") || has(dir, "dbox-Mails")
	    ? "sdbox"
	    : NULL;
}

static const char *
storage_at(const char *path)
{
	int saved = errno;
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *is = dir < 0 ? NULL : foreign_storage(dir);

	if (dir >= 0)
		close(dir);
	errno = saved;
	return is;
}

const char *
foreign_find(const char *maildir, struct str *where_r)
{
	static const char *const names[] = { "mdbox", "sdbox", "dbox" };
	struct span path = span_text(maildir);
	const char *is = storage_at(maildir), *slash;
	size_t home;

	str_set(where_r, path);
	while (path.len > 1 && path.at[path.len - 1] == '/')
		path.len--;
	slash = memrchr(path.at, '/', path.len);
	home = slash == NULL ? 0 : (size_t)(slash - path.at) + 1;
	for (size_t i = 0; is == NULL && i < COUNT(names); i++) {
		str_set(where_r, span_head(path, home));
		str_add_text(where_r, names[i]);
		is = storage_at(where_r->at);
	}
	return is;
}

#define REMEDY "copy the mail by doveadm backup, see doc/moving.md"

const char *
foreign_look(const char *maildir)
{
	struct str where = STR_INIT;
	const char *is = foreign_find(maildir, &where);
	struct logline l;

	if (is != NULL) {
		log_start(&l, "foreign");
		log_text(&l, "path", where.at);
		log_text(&l, "is", is);
		log_text(&l, "remedy", REMEDY);
		log_write(&l);
	}
	str_free(&where);
	return is;
}

void
foreign_log_message(const char *folder, struct span name, const char *is)
{
	struct logline l;

	log_start(&l, "foreign");
	log_text(&l, "path", folder);
	log_span(&l, "name", name);
	log_text(&l, "is", is);
	log_text(&l, "remedy", REMEDY);
	log_write(&l);
}

void
foreign_log_messages(uint32_t count)
{
	struct logline l;

	log_start(&l, "foreign");
	log_number(&l, "messages", count);
	log_text(&l, "is", "compressed");
	log_text(&l, "remedy", REMEDY);
	log_write(&l);
}
