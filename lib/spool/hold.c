#include "spool/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "os/dirs.h"
#include "os/file.h"
#include "os/lock.h"
#include "spool/state.h"

int
spool_lock(int wait_ms)
{
	int dir = dir_open(AT_FDCWD, dir_spool()), fd, saved;

	if (dir < 0)
		return -1;
	fd = lock_take(dir, "queue-run.lock", wait_ms);
	saved = errno;
	close(dir);
	errno = saved;
	return fd;
}

/* Never replaces a file: the same id in both is a mistake, but must not lose
 * mail. */
static int
move(int from, int to, const char *name)
{
	if (!id_valid(span_text(name))) {
		errno = ENOENT;
		return -1;
	}
	if (renameat2(from, name, to, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (faccessat(to, name, F_OK, 0) == 0) {
		errno = EEXIST;
		return -1;
	}
	return renameat(from, name, to, name);
}

int
hold_put(const struct spool *s, const char *name)
{
	return move(s->new, s->hold, name);
}

int
hold_release(const struct spool *s, const char *name)
{
	return move(s->hold, s->new, name);
}

/* The message first: a state file without a message is harmless. */
int
hold_remove(const struct spool *s, const char *name)
{
	if (!id_valid(span_text(name))) {
		errno = ENOENT;
		return -1;
	}
	if (unlinkat(s->new, name, 0) < 0 &&
	    (errno != ENOENT || unlinkat(s->hold, name, 0) < 0))
		return -1;
	unlinkat(s->state, name, 0);
	return 0;
}

/* RFC 3461 4.1: who gets a failure report; RFC 5321 4.5.5: nobody for a
 * report. */
static bool
is_told(const struct envelope *e, const struct recipient *to)
{
	return e->from.len > 0 &&
	    (to->notify.len == 0 ||
		span_find_case(to->notify, SPAN("FAILURE")) < to->notify.len);
}

static int
results_fail(const struct spool *s, const char *name, struct envelope *e)
{
	struct str lines = STR_INIT;
	struct state st;
	int r;

	state_init(&st);
	r = state_read(s, name, e, &st);
	for (size_t i = 0; i < st.count; i++) {
		const struct result *old = &st.results[i];

		if (result_is_final(old))
			continue;
		state_write_result(&lines,
		    &(struct result){ .at = clock_wall_s(),
			.index = i,
			.verdict = HOLD_REMOVED,
			.status = SPAN("5.7.0"),
			.text = SPAN("removed by the administrator"),
			.warn = old->warn,
			.warned = old->warned,
			.reported = !is_told(e, &e->recipients[i]) });
	}
	if (r == 0 && lines.len > 0)
		r = state_append(s, name, str_span(&lines), true);
	str_free(&lines);
	state_free(&st);
	return r;
}

/* A held message is released last: otherwise a failure or a crash in between
 * would let it be sent. */
int
hold_fail(const struct spool *s, const char *name)
{
	struct spool from = *s;
	struct spool_message m;
	struct envelope e;
	enum spool_found found;
	int r = -1;

	envelope_init(&e);
	found = spool_read(&from, name, &m, &e, NULL);
	if (found == SPOOL_GONE && id_valid(span_text(name))) {
		from.new = s->hold;
		found = spool_read(&from, name, &m, &e, NULL);
	}
	if (found == SPOOL_WHOLE) {
		close(m.fd);
		r = results_fail(s, name, &e);
		if (r == 0 && from.new == s->hold)
			r = hold_release(s, name) < 0 ? -1 : fsync(s->new);
	} else if (found != SPOOL_LATER) {
		errno = found == SPOOL_GONE ? ENOENT : EINVAL;
	}
	envelope_free(&e);
	return r;
}

int
hold_sync(const struct spool *s)
{
	int a = fsync(s->new), b = fsync(s->hold);

	return a < 0 || b < 0 ? -1 : 0;
}
