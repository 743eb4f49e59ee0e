#include "mbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "os/file.h"
#include "os/lock.h"

enum {
	LOCK_MS = 10000,
	STALE_S = 300, /* a dot lock this old was left by a crash */
};

struct mbox {
	int fd;
	off_t size;      /* before this message */
	struct str out;  /* not written yet */
	bool line_start; /* the next byte begins a line */
	struct str head; /* of a line, as long as it may be >>>From_ */
};

/* 0, or -1 and errno: EAGAIN when somebody else keeps it. No right to make
 * files there is no error: then fcntl alone has to do (RFC 4155 names no
 * lock; both are what mail readers use). */
static int
dot_lock(const char *name)
{
	struct timespec pause = { 0, 100000000 };
	struct stat st;
	int fd = -1;

	for (int left = LOCK_MS / 100; left > 0; left--) {
		fd = file_create(AT_FDCWD, name, 0600);
		if (fd >= 0 || errno != EEXIST)
			break;
		if (lstat(name, &st) == 0 && st.st_mtime + STALE_S < time(NULL))
			unlink(name);
		else
			nanosleep(&pause, NULL);
	}
	if (fd >= 0) {
		close(fd);
		return 1;
	}
	if (errno == EACCES || errno == EPERM || errno == EROFS)
		return 0;
	errno = errno == EEXIST ? EAGAIN : errno;
	return -1;
}

static int
out_flush(struct mbox *b)
{
	int r = write_all(b->fd, str_span(&b->out));

	str_clear(&b->out);
	return r;
}

/* How far the beginning of a line is '>'s and "From ". */
static enum { NOT_FROM, MAYBE_FROM, IS_FROM } from_match(struct span head)
{
	static const struct span from = { "From ", 5 };

	while (span_take(&head, '>'))
		;
	if (span_starts(head, from))
		return IS_FROM;
	return span_starts(from, head) ? MAYBE_FROM : NOT_FROM;
}

/* The beginning of a line is decided. mboxrd: '>'s and "From " get one '>'
 * more, which a reader can take off again. */
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

static int
mbox_append(struct mbox *b, const struct message *m)
{
	struct stat st;

	if (fstat(b->fd, &st) < 0)
		return -1;
	b->size = st.st_size;
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1) {
		errno = EPERM;
		return -1;
	}
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

/* Locked by name, now by fcntl; what went wrong is taken back. */
static int
mbox_write(struct mbox *b, const char *path, const struct message *m)
{
	int saved;

	b->fd = open(path,
	    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
	    0600);
	if (b->fd < 0 || lock_fd(b->fd, LOCK_MS) < 0)
		return -1;
	b->size = -1;
	if (mbox_append(b, m) == 0)
		return 0;
	saved = errno;
	if (b->size >= 0 && ftruncate(b->fd, b->size) == 0)
		fsync(b->fd);
	errno = saved;
	return -1;
}

void
mbox_deliver(struct job *j, const struct part *p, const struct message *m)
{
	struct mbox b = { .fd = -1, .out = STR_INIT, .head = STR_INIT };
	struct str lock = STR_INIT;
	int locked;

	str_add(&lock, p->place);
	str_add_text(&lock, ".lock");
	locked = dot_lock(lock.at);
	if (locked < 0)
		job_errno(j, p->place, errno);
	else if (mbox_write(&b, p->place.at, m) < 0)
		job_errno(j, p->place, errno);
	if (b.fd >= 0)
		close(b.fd);
	if (locked > 0)
		unlink(lock.at);
	str_free(&lock);
	str_free(&b.out);
	str_free(&b.head);
}
