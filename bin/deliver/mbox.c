#include "mbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "dot_lock.h"
#include "os/file.h"
#include "os/lock.h"

enum { LOCK_MS = 10000 };

struct mbox {
	int fd;
	off_t size;      /* before this message */
	struct str out;  /* not written yet */
	bool line_start; /* the next byte begins a line */
	struct str head; /* of a line, while it may become >>>From_ */
};

static int
out_flush(struct mbox *b)
{
	int r = write_all(b->fd, str_span(&b->out));

	str_clear(&b->out);
	return r;
}

/* Whether the beginning of a line is '>'s and "From ". */
static enum { NOT_FROM, MAYBE_FROM, IS_FROM } from_match(struct span head)
{
	static const struct span from = { "From ", 5 };

	while (span_take(&head, '>'))
		;
	if (span_starts(head, from))
		return IS_FROM;
	return span_starts(from, head) ? MAYBE_FROM : NOT_FROM;
}

/* Write the decided beginning of a line. mboxrd: '>'s and "From " get one more
 * '>', which readers remove again. */
static void
head_put(struct mbox *b)
{
	if (from_match(str_span(&b->head)) == IS_FROM)
		str_add_byte(&b->out, '>');
	str_add(&b->out, str_span(&b->head));
	str_clear(&b->head);
	b->line_start = false;
}

static int
put_quoted(void *to, struct span bytes)
{
	struct mbox *b = to;

	while (bytes.len > 0) {
		size_t n = span_find(bytes, '\n') + 1;
		struct span piece = span_head(bytes, n);

		while (b->line_start && piece.len > 0) {
			str_add_byte(&b->head, piece.at[0]);
			piece = span_from(piece, 1);
			if (from_match(str_span(&b->head)) != MAYBE_FROM)
				head_put(b);
		}
		str_add(&b->out, piece);
		b->line_start |= n <= bytes.len;
		bytes = span_from(bytes, n);
	}
	return b->out.len < 1 << 18 ? 0 : out_flush(b);
}

/* RFC 4155: the sender and when it came, in UTC. */
static void
put_from_line(struct mbox *b, const struct job *j)
{
	static const char days[] = "SunMonTueWedThuFriSat",
			  months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t now = time(NULL);
	struct tm t;

	gmtime_r(&now, &t);
	str_add_text(&b->out, "From ");
	str_add(&b->out, j->from.len > 0 ? j->from : SPAN("MAILER-DAEMON"));
	str_addf(&b->out, " %.3s %.3s %2d %02d:%02d:%02d %d\n",
	    days + 3 * t.tm_wday, months + 3 * t.tm_mon, t.tm_mday, t.tm_hour,
	    t.tm_min, t.tm_sec, 1900 + t.tm_year);
	b->line_start = true;
}

/* An empty file may be new, or its creator may have died: its name must survive
 * a power cut like its messages. */
static int
folder_sync(const struct mbox *b, struct span path)
{
	struct str folder = STR_INIT;
	size_t at = path.len;
	int dir, r;

	while (at > 0 && path.at[at - 1] != '/')
		at--;
	str_set(&folder, span_head(path, at));
	dir = dir_open(AT_FDCWD, folder.len == 0 ? "." : folder.at);
	str_free(&folder);
	/* An unreadable folder is synced with syncfs(2). */
	r = dir < 0 ? syncfs(b->fd) : fsync(dir);
	if (dir >= 0)
		close(dir);
	return r;
}

static int
mbox_append(struct mbox *b, struct span path, const struct message *m)
{
	struct stat st;

	if (fstat(b->fd, &st) < 0)
		return -1;
	b->size = st.st_size;
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1) {
		errno = EPERM;
		return -1;
	}
	if (b->size == 0 && folder_sync(b, path) < 0)
		return -1;
	put_from_line(b, m->job);
	if (message_each(m, true, put_quoted, b) < 0)
		return -1;
	head_put(b);
	str_add_text(
	    &b->out, b->out.at[b->out.len - 1] == '\n' ? "\n" : "\n\n");
	if (out_flush(b) == 0 && fsync(b->fd) == 0)
		return 0;
	return -1;
}

/* Locked by name, now lock by fcntl and write; undo a failed write. */
static int
mbox_write(struct mbox *b, struct span path, const struct message *m)
{
	int saved;

	b->fd = open(path.at,
	    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
	    0600);
	if (b->fd < 0 || lock_fd(b->fd, LOCK_MS) < 0)
		return -1;
	b->size = -1;
	if (mbox_append(b, path, m) == 0)
		return 0;
	saved = errno;
	if (b->size >= 0 && ftruncate(b->fd, b->size) == 0)
		fsync(b->fd);
	errno = saved;
	return -1;
}

/* Without permission to create files there, fcntl alone must suffice (RFC 4155
 * defines no lock; mail readers use both). */
static bool
not_for_us(int error)
{
	return error == EACCES || error == EPERM || error == EROFS;
}

void
mbox_deliver(struct job *j, const struct message *m)
{
	struct span path = j->outlet.place;
	struct mbox b = { .fd = -1, .out = STR_INIT, .head = STR_INIT };
	struct str lock = STR_INIT;
	int locked;

	str_add(&lock, path);
	str_add_text(&lock, ".lock");
	locked = dot_lock(lock.at, LOCK_MS);
	if (locked < 0 && !not_for_us(errno))
		job_errno(j, path, errno);
	else if (mbox_write(&b, path, m) < 0)
		job_errno(j, path, errno);
	if (b.fd >= 0)
		close(b.fd);
	if (locked >= 0)
		dot_lock_drop(lock.at, locked);
	str_free(&lock);
	str_free(&b.out);
	str_free(&b.head);
}
