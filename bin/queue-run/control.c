#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/record.h"
#include "entry.h"
#include "os/dirs.h"
#include "os/serve.h"
#include "os/sock.h"
#include "request.h"
#include "spool/hold.h"

enum {
	CLIENTS = CONTROL_FDS - 1,
	ANSWER_MAX = PACKET_MAX - 2048, /* one more line always fits */
};

struct control {
	int listening;
	int clients[CLIENTS]; /* -1: free */
};

/* What the client is told. */
struct telling {
	struct runner *r;
	struct str lines;
	size_t done, pending, left_out;
};

struct control *
control_start(void)
{
	struct control *c = mem_new(sizeof *c);
	struct str path = STR_INIT;

	str_addf(&path, "%s/queue", dir_run());
	serve_bind(path.at, SOCK_SEQPACKET);
	str_free(&path);
	c->listening = STDIN_FILENO;
	fcntl(c->listening, F_SETFL, O_NONBLOCK);
	for (size_t i = 0; i < CLIENTS; i++)
		c->clients[i] = -1;
	return c;
}

void
control_fds(const struct control *c, int fds_r[CONTROL_FDS])
{
	bool room = false;

	for (size_t i = 0; i < CLIENTS; i++) {
		fds_r[i + 1] = c == NULL ? -1 : c->clients[i];
		room = room || fds_r[i + 1] < 0;
	}
	fds_r[0] = c == NULL || !room ? -1 : c->listening;
}

static bool
peer_may(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof peer;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	    (peer.uid == 0 || peer.uid == geteuid());
}

static void
client_accept(struct control *c)
{
	int fd = accept4(
	    c->listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct logline l;

	if (fd < 0 && errno != EAGAIN && errno != ECONNABORTED &&
	    errno != EINTR && errno != EMFILE) {
		log_start(&l, "later");
		log_text(&l, "what", "accept requests");
		log_errno(&l);
		log_write(&l);
		c->listening = -1;
	}
	if (fd < 0)
		return;
	if (!peer_may(fd)) {
		log_start(&l, "refused");
		log_text(&l, "what", "a request of another user");
		log_write(&l);
		close(fd);
		return;
	}
	for (size_t i = 0; i < CLIENTS; i++)
		if (c->clients[i] < 0) {
			c->clients[i] = fd;
			return;
		}
	close(fd);
}

static void
telling_no(struct telling *y, const char *id, const char *text)
{
	if (y->lines.len > ANSWER_MAX) {
		y->left_out++;
		return;
	}
	record_verb(&y->lines, "no");
	record_add_text(&y->lines, "id", id);
	record_add_text(&y->lines, "text", text);
	record_end(&y->lines);
}

static bool
is_held(const struct runner *r, const char *id)
{
	return faccessat(r->spool.hold, id, F_OK, 0) == 0;
}

static void
message_retry(struct telling *y, const char *id, struct entry *e)
{
	struct runner *r = y->r;

	if (e == NULL) {
		telling_no(y, id,
		    is_held(r, id) ? "it is held: release it"
				   : "no such message");
		return;
	}
	y->done++;
	if (e->place == PLACE_WORKING || e->place == PLACE_HELD)
		return;
	e->forced = true;
	e->wakes = true;
	if (e->place == PLACE_WAITING)
		queue_wait(&r->queue, e, 0);
}

/* --- durable requests: all are first made safe by one sync, then carried out;
 * those for messages that a worker has, when it returns them */

static enum state_wish
wish_of(const struct request *q)
{
	switch (q->verb) {
	case REQUEST_HOLD:
		return WISH_HOLD;
	case REQUEST_RELEASE:
		return WISH_RELEASE;
	case REQUEST_REMOVE:
		return q->report ? WISH_FAIL : WISH_REMOVE;
	case REQUEST_RETRY:
	case REQUEST_DESTINATIONS:
		break;
	}
	return WISH_NONE;
}

/* NULL: it can be done. */
static const char *
wish_refusal(const struct runner *r, const char *id, const struct entry *e,
    enum state_wish wish)
{
	bool held = e == NULL && is_held(r, id);

	if (e == NULL && !held)
		return "no such message";
	if (e != NULL && e->place == PLACE_HELD)
		return "it is a report that is being made";
	if (wish == WISH_HOLD && held)
		return "it is held already";
	return wish == WISH_RELEASE && !held &&
		(e == NULL || e->wish != WISH_HOLD)
	    ? "it is not held"
	    : NULL;
}

/* Note the requests; returns how many messages can be processed, and errno:
 * after the first failure all others are refused too. */
static size_t
wishes_note(struct runner *r, struct request q, enum state_wish wish)
{
	struct str line = STR_INIT;
	struct id id;
	size_t n = 0;
	int error = 0;

	state_write_wish(&line, wish);
	for (; request_next(&q, &id); n++) {
		struct entry *e = queue_find(&r->queue, span_text(id.text));

		if (wish_refusal(r, id.text, e, wish) == NULL &&
		    journal_add(&r->journal, id.text, str_span(&line)) < 0) {
			error = errno;
			break;
		}
	}
	str_free(&line);
	if (journal_sync(&r->journal) < 0)
		return 0;
	errno = error;
	return n;
}

/* Of a message that is in hold/. */
static int
held_wish(struct runner *r, const char *id, enum state_wish wish)
{
	struct entry *e;

	if (wish == WISH_REMOVE)
		return entry_remove(r, id);
	if (hold_release(&r->spool, id) < 0)
		return -1;
	e = queue_add(&r->queue, span_text(id));
	if (e != NULL) { /* else already reported */
		e->again = true;
		e->forced = true;
	}
	return 0;
}

static void
message_wish(struct telling *y, const char *id, enum state_wish wish)
{
	struct runner *r = y->r;
	struct entry *e = queue_find(&r->queue, span_text(id));
	const char *why = wish_refusal(r, id, e, wish);

	if (why == NULL && e == NULL && held_wish(r, id, wish) < 0)
		why = strerror(errno);
	if (why != NULL) {
		telling_no(y, id, why);
		return;
	}
	y->done++;
	if (e == NULL)
		return;
	e->wish = (uint8_t)wish;
	/* Its state file must be read. */
	e->again = true;
	if (e->place == PLACE_WORKING) {
		y->pending++;
	} else {
		queue_take_out(&r->queue, e, PLACE_WORKING);
		if (!entry_wish(r, e))
			queue_renew(&r->queue, e);
	}
}

static void
wishes_do(struct telling *y, struct request *q)
{
	enum state_wish wish = wish_of(q);
	size_t noted = wishes_note(y->r, *q, wish);
	int error = errno;
	struct id id;

	for (; request_next(q, &id); noted -= noted > 0)
		if (noted > 0)
			message_wish(y, id.text, wish);
		else
			telling_no(y, id.text, strerror(error));
}

static void
retries_do(struct telling *y, struct request *q)
{
	struct id id;

	while (request_next(q, &id))
		message_retry(
		    y, id.text, queue_find(&y->r->queue, span_text(id.text)));
}

static bool
destination_tell(struct destination *d, void *telling)
{
	static const char *const names[] = { [DESTINATION_PROVEN] = "good",
		[DESTINATION_UNKNOWN] = "new",
		[DESTINATION_FAILING] = "tried" };
	struct telling *y = telling;
	bool backs_off = destination_backs_off(d, clock_wall_s());

	if (d->messages == 0 && !backs_off)
		return true;
	if (y->lines.len > ANSWER_MAX) {
		y->left_out++;
		return true;
	}
	y->done++;
	record_verb(&y->lines, "destination");
	record_add_text(&y->lines, "name", d->key);
	record_add_text(&y->lines, "state",
	    backs_off ? "back-off" : names[destination_class(d)]);
	if (backs_off)
		record_add_number(&y->lines, "next", d->backoff);
	record_add_number(&y->lines, "waiting", (int64_t)d->messages);
	record_add_number(&y->lines, "workers", d->busy);
	if (d->text != NULL)
		record_add_text(&y->lines, "text", d->text);
	record_end(&y->lines);
	return true;
}

static bool
count_begin(struct destination *d, void *unused)
{
	(void)unused;
	d->messages = 0;
	return true;
}

static void
entry_count(const struct entry *e)
{
	if (e->several == NULL && e->destination != NULL)
		e->destination->messages++;
	for (size_t i = 0; e->several != NULL && e->several[i] != NULL; i++)
		e->several[i]->messages++;
}

static void
destinations_tell(struct telling *y)
{
	struct runner *r = y->r;
	const struct entry *e;

	destinations_each(&r->destinations, count_begin, NULL);
	for (size_t at = 0; (e = hash_next(&r->queue.known, &at)) != NULL;)
		entry_count(e);
	destinations_each(&r->destinations, destination_tell, y);
}

static void
request_do(struct runner *r, struct request *q, int client)
{
	struct telling y = { .r = r, .lines = STR_INIT };
	struct str *out = &r->record;

	if (q->verb == REQUEST_DESTINATIONS) {
		destinations_tell(&y);
	} else if (q->verb == REQUEST_RETRY && q->all) {
		y.done = r->queue.known.count;
		entries_wake(r);
	} else if (q->verb == REQUEST_RETRY) {
		retries_do(&y, q);
	} else {
		wishes_do(&y, q);
	}
	str_clear(out);
	record_verb(out, "ok");
	record_add_number(out, "done", (int64_t)y.done);
	if (y.pending > 0)
		record_add_number(out, "pending", (int64_t)y.pending);
	if (y.left_out > 0)
		record_add_number(out, "more", (int64_t)y.left_out);
	record_end(out);
	str_add(out, str_span(&y.lines));
	sock_send(client, str_span(out), NULL, 0);
	str_free(&y.lines);
}

void
control_read(struct runner *r, size_t n)
{
	struct control *c = r->control;
	struct request q;
	int fds[FDS_MAX], *client;
	size_t count = 0;

	if (n == 0) {
		client_accept(c);
		return;
	}
	client = &c->clients[n - 1];
	if (sock_receive(*client, MSG_DONTWAIT, &r->packet, fds, &count) <= 0) {
		close(*client);
		*client = -1;
		return;
	}
	while (count > 0)
		close(fds[--count]);
	if (request_parse(str_span(&r->packet), &q))
		request_do(r, &q, *client);
	else
		sock_send(
		    *client, SPAN("fail text=no%20such%20request\n"), NULL, 0);
}
