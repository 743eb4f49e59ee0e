/* The socket where the administrator's tools ask. Only root and our own uid may;
 * a client that doesn't read its answer loses it, nobody waits for it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/record.h"
#include "os/dirs.h"
#include "os/serve.h"
#include "os/sock.h"
#include "request.h"
#include "runner.h"
#include "spool/hold.h"

enum {
	CLIENTS = CONTROL_FDS - 1,
	ANSWER_MAX = PACKET_MAX - 2048, /* one more line fits always */
};

struct control {
	int listening;
	int clients[CLIENTS]; /* -1: free */
};

/* An answer that is being made. */
struct reply {
	struct runner *r;
	struct str lines;
	size_t done, left_out;
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
reply_no(struct reply *y, const char *id, const char *text)
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

/* It has happened, or errno says why not. */
static void
reply_result(struct reply *y, const char *id, int result)
{
	if (result == 0)
		y->done++;
	else
		reply_no(y, id,
		    errno == ENOENT ? "no such message" : strerror(errno));
}

static void
message_retry(struct reply *y, const char *id, struct entry *e)
{
	struct runner *r = y->r;

	if (e == NULL) {
		reply_no(y, id,
		    faccessat(r->spool.hold, id, F_OK, 0) == 0
			? "it is held: release it"
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

/* A message that is in the queue: now, or when its workers have answered. */
static void
message_wish(struct reply *y, const char *id, struct entry *e, enum wish wish)
{
	struct runner *r = y->r;

	if (e->place == PLACE_HELD) {
		reply_no(y, id, "it is a report that is being made");
		return;
	}
	e->wish = (uint8_t)wish;
	y->done++;
	if (e->place != PLACE_WORKING) {
		queue_take_out(&r->queue, e, PLACE_WORKING);
		entry_wish(r, e);
	}
}

static void
message_hold(struct reply *y, const char *id, struct entry *e)
{
	if (e != NULL)
		message_wish(y, id, e, WISH_HOLD);
	else
		reply_no(y, id,
		    faccessat(y->r->spool.hold, id, F_OK, 0) == 0
			? "it is held already"
			: "no such message");
}

/* Into the queue again: its state says what has been done. */
static void
message_renew(struct runner *r, const char *id)
{
	struct entry *e = queue_add(&r->queue, span_text(id));

	if (e == NULL)
		return; /* told of it already */
	e->again = true;
	e->forced = true;
}

static void
message_release(struct reply *y, const char *id)
{
	int result = hold_release(&y->r->spool, id);

	reply_result(y, id, result);
	if (result == 0)
		message_renew(y->r, id);
}

static void
message_remove(struct reply *y, const char *id, struct entry *e, bool report)
{
	struct runner *r = y->r;
	int result;

	if (e != NULL) {
		message_wish(y, id, e, report ? WISH_REPORT : WISH_REMOVE);
		return;
	}
	result = report ? hold_fail(&r->spool, id) : entry_remove(r, id);
	reply_result(y, id, result);
	if (result == 0 && report)
		message_renew(r, id);
}

static void
messages_do(struct reply *y, struct request *q)
{
	struct runner *r = y->r;
	struct id id;

	while (request_next(q, &id)) {
		struct entry *e = queue_find(&r->queue, span_text(id.text));

		switch (q->verb) {
		case REQUEST_RETRY:
			message_retry(y, id.text, e);
			break;
		case REQUEST_HOLD:
			message_hold(y, id.text, e);
			break;
		case REQUEST_RELEASE:
			message_release(y, id.text);
			break;
		case REQUEST_REMOVE:
			message_remove(y, id.text, e, q->report);
			break;
		case REQUEST_DESTINATIONS:
			break;
		}
	}
	if (q->verb != REQUEST_RETRY)
		hold_sync(&r->spool);
}

static bool
dest_tell(struct dest *d, void *reply)
{
	static const char *const names[] = { [DEST_PROVEN] = "good",
		[DEST_UNKNOWN] = "new",
		[DEST_FAILING] = "tried" };
	struct reply *y = reply;
	bool rests = dest_rests(d, clock_wall_s());

	if (d->messages == 0 && !rests)
		return true;
	if (y->lines.len > ANSWER_MAX) {
		y->left_out++;
		return true;
	}
	y->done++;
	record_verb(&y->lines, "destination");
	record_add_text(&y->lines, "name", d->key);
	record_add_text(
	    &y->lines, "state", rests ? "rests" : names[dest_class(d)]);
	if (rests)
		record_add_number(&y->lines, "next", d->rest);
	record_add_number(&y->lines, "waiting", (int64_t)d->messages);
	record_add_number(&y->lines, "workers", d->busy);
	if (d->text != NULL)
		record_add_text(&y->lines, "text", d->text);
	record_end(&y->lines);
	return true;
}

static bool
count_begin(struct dest *d, void *unused)
{
	(void)unused;
	d->messages = 0;
	return true;
}

static void
entry_count(const struct entry *e)
{
	if (e->several == NULL && e->dest != NULL)
		e->dest->messages++;
	for (size_t i = 0; e->several != NULL && e->several[i] != NULL; i++)
		e->several[i]->messages++;
}

static void
destinations_tell(struct reply *y)
{
	struct runner *r = y->r;

	dests_each(&r->dests, count_begin, NULL);
	for (size_t i = 0; i < r->queue.size; i++)
		if (r->queue.slots[i] != NULL)
			entry_count(r->queue.slots[i]);
	dests_each(&r->dests, dest_tell, y);
}

static void
request_do(struct runner *r, struct request *q, int client)
{
	struct reply y = { .r = r, .lines = STR_INIT };
	struct str *out = &r->record;

	if (q->verb == REQUEST_DESTINATIONS) {
		destinations_tell(&y);
	} else if (q->verb == REQUEST_RETRY && q->all) {
		y.done = r->queue.count;
		entries_wake(r);
	} else {
		messages_do(&y, q);
	}
	str_clear(out);
	record_verb(out, "ok");
	record_add_number(out, "done", (int64_t)y.done);
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
