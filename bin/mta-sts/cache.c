#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/record.h"
#include "os/file.h"
#include "service.h"

enum {
	FILE_MAX = STS_SIZE_MAX + 4096,
	LOCK_TRIES = 650, /* a little longer than a fetch may take */
	LOCK_PAUSE_MS = 100,
	KEPT_S = 86400, /* a note of a failure; a file half written */
};

void
known_init(struct known *k)
{
	*k = (struct known){ .id = STR_INIT,
		.result = STR_INIT,
		.why = STR_INIT,
		.text = STR_INIT };
}

void
known_free(struct known *k)
{
	str_free(&k->id);
	str_free(&k->result);
	str_free(&k->why);
	str_free(&k->text);
}

static int64_t
time_get(struct span line, const char *key)
{
	uint64_t n;

	return record_get_number(line, key, INT64_MAX, &n) ? (int64_t)n : 0;
}

static bool
known_parse(struct span text, struct arena *a, struct known *k)
{
	struct span line;

	if (!span_line(&text, &line) ||
	    !span_starts(line, SPAN("chainmail-sts 1 ")))
		return false;
	record_get(line, "id", &k->id);
	record_get(line, "result", &k->result);
	record_get(line, "text", &k->why);
	k->fetched = time_get(line, "fetched");
	k->failed = time_get(line, "failed");
	str_set(&k->text, text);
	/* RFC 8461 3.2: valid for max_age seconds after the fetch. */
	k->usable = text.len > 0 &&
	    sts_policy_parse(text, a, &k->policy) == NULL &&
	    clock_wall_s() < k->fetched + (int64_t)k->policy.max_age;
	return true;
}

/* 0; -1: no such file, or a damaged one. */
static int
file_read(int dir, const char *name, struct arena *a, struct known *k)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), r;
	struct str text = STR_INIT;

	if (fd < 0)
		return -1;
	r = read_all(fd, FILE_MAX, &text);
	close(fd);
	if (r < 0 && errno == EFBIG)
		errno = EBADMSG;
	if (r == 0 && !known_parse(str_span(&text), a, k)) {
		errno = EBADMSG;
		r = -1;
	}
	str_free(&text);
	return r;
}

int
cache_read(int dir, struct span domain, struct arena *a, struct known *k_r)
{
	struct span name = arena_copy(a, domain);

	if (dir < 0 || file_read(dir, name.at, a, k_r) == 0)
		return 0;
	return errno == ENOENT || errno == EBADMSG || errno == ELOOP ? 0 : -1;
}

int
cache_write(int dir, struct span domain, const struct known *k)
{
	struct str temporary = STR_INIT, name = STR_INIT, text = STR_INIT;
	struct commit c = { .from_dir = dir, .to_dir = dir, .replace = true };
	int r;

	str_add_text(&text, "chainmail-sts 1");
	record_add(&text, "id", str_span(&k->id));
	record_add_number(&text, "fetched", k->fetched);
	record_add_number(&text, "failed", k->failed);
	if (k->failed != 0) {
		record_add(&text, "result", str_span(&k->result));
		record_add(&text, "text", str_span(&k->why));
	}
	record_end(&text);
	str_add(&text, str_span(&k->text));
	str_set(&name, domain);
	str_setf(&temporary, ".new-%ld", (long)getpid());
	c.from = temporary.at;
	c.to = name.at;
	r = file_write(&c, 0, str_span(&text));
	str_free(&temporary);
	str_free(&name);
	str_free(&text);
	return r;
}

/* Which byte of the lock file is a domain's (FNV-1a). */
static off_t
lock_place(struct span domain)
{
	uint32_t hash = 2166136261U;

	for (size_t i = 0; i < domain.len; i++)
		hash = (hash ^ (unsigned char)domain.at[i]) * 16777619U;
	return (off_t)hash;
}

int
cache_lock(int dir, struct span domain)
{
	struct flock l = { .l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = lock_place(domain),
		.l_len = 1 };
	int fd = dir < 0
	    ? -1
	    : openat(dir, ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return -1;
	for (int i = 0; i < LOCK_TRIES; i++) {
		struct timespec pause = { 0, LOCK_PAUSE_MS * 1000000L };

		if (fcntl(fd, F_OFD_SETLK, &l) == 0)
			return fd;
		if (errno != EAGAIN && errno != EACCES)
			break;
		nanosleep(&pause, NULL);
	}
	close(fd);
	return -1;
}

/* The entry is no longer useful. */
static bool
is_stale(int dir, const char *name)
{
	struct arena a = ARENA_INIT;
	int64_t now = clock_wall_s();
	struct stat st;
	struct known k;
	bool stale = false;

	if (name[0] == '.')
		return span_starts(span_text(name), SPAN(".new-")) &&
		    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_mtim.tv_sec + KEPT_S < now;
	known_init(&k);
	if (file_read(dir, name, &a, &k) == 0)
		stale = !k.usable && k.failed + KEPT_S < now;
	else /* an unreadable one may be valid */
		stale = errno == EBADMSG || errno == ELOOP;
	known_free(&k);
	arena_free(&a);
	return stale;
}

void
cache_sweep(int dir)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (is_stale(dir, e->d_name))
			unlinkat(dir, e->d_name, 0);
	if (d != NULL)
		closedir(d);
	else if (copy >= 0)
		close(copy);
}
