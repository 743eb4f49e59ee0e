/* retry, hold, release, remove: by queue-run, or under its lock. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/die.h"
#include "base/record.h"
#include "print.h"
#include "request.h"
#include "spool/hold.h"
#include "spool/journal.h"

enum { PACKET_FULL = 32768 }; /* well below the limit of a packet */

struct change {
	struct request *request;
	struct str packet, answer;
	size_t waiting; /* ids in the packet */
	size_t done, failed;
	size_t pending; /* of those done: when their workers are */
};

static void
complain(const char *id, const char *why)
{
	fprintf(stderr, "%s: not done: %s\n", id, why);
}

static void
packet_begin(struct change *c)
{
	str_clear(&c->packet);
	record_verb(&c->packet, c->request->verb);
	if (c->request->report)
		record_add_number(&c->packet, "report", 1);
	c->waiting = 0;
}

/* " done=3 [pending=2] [more=1]", then a line "no id=... text=..." for each that was not. */
static void
answer_count(struct change *c)
{
	struct span rest = str_span(&c->answer), line;
	struct str id = STR_INIT, text = STR_INIT;
	uint64_t n = 0;

	if (span_line(&rest, &line)) {
		if (record_get_number(line, "done", UINT32_MAX, &n))
			c->done += n;
		if (record_get_number(line, "pending", UINT32_MAX, &n))
			c->pending += n;
		/* Lines that did not fit into the packet. */
		if (record_get_number(line, "more", UINT32_MAX, &n)) {
			c->failed += n;
			fprintf(stderr, "%llu more: not done\n",
			    (unsigned long long)n);
		}
	}
	while (span_line(&rest, &line))
		if (record_is(line, "no") && record_get(line, "id", &id)) {
			struct str clean = STR_INIT;

			record_get(line, "text", &text);
			print_clean(&clean, str_span(&text));
			complain(id.at, clean.at);
			c->failed++;
			str_free(&clean);
		}
	str_free(&id);
	str_free(&text);
}

static void
packet_send(struct change *c)
{
	channel_ask(c->request, str_span(&c->packet), &c->answer);
	answer_count(c);
	packet_begin(c);
}

static void
ask_one(struct change *c, const char *id)
{
	record_end(&c->packet);
	record_add_text(&c->packet, "id", id);
	c->waiting++;
	if (c->packet.len > PACKET_FULL)
		packet_send(c);
}

/* A worker of an ended queue-run may still have it: then its file is locked. */
static bool
is_in_hand(const struct spool *s, const char *id)
{
	int fd = openat(
	    s->new, id, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool locked = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 &&
	    errno == EWOULDBLOCK;

	if (fd >= 0)
		close(fd);
	return locked;
}

static enum state_wish
wish_of(const struct request *r)
{
	if (strcmp(r->verb, "hold") == 0)
		return WISH_HOLD;
	if (strcmp(r->verb, "release") == 0)
		return WISH_RELEASE;
	return r->report ? WISH_FAIL : WISH_REMOVE;
}

static int
wish_do(const struct spool *s, const char *id, enum state_wish wish)
{
	switch (wish) {
	case WISH_HOLD:
		return hold_put(s, id);
	case WISH_RELEASE:
		return hold_release(s, id);
	case WISH_REMOVE:
		return hold_remove(s, id);
	case WISH_FAIL:
		return hold_fail(s, id);
	case WISH_NONE:
		break;
	}
	return 0;
}

/* Messages that a worker has are left to the next queue-run. */
static void
do_one(struct change *c, const char *id, enum state_wish wish)
{
	const struct spool *s = &c->request->spool;

	if (is_in_hand(s, id)) {
		c->pending++;
		c->done++;
	} else if (wish_do(s, id, wish) == 0) {
		c->done++;
	} else {
		c->failed++;
		complain(id, strerror(errno));
	}
}

/* Without a queue-run: as it does, first all that is wanted is made safe, by
 * one sync. */
static void
do_all(struct change *c, const struct names *names, const bool *chosen)
{
	enum state_wish wish = wish_of(c->request);
	struct str line = STR_INIT;
	struct journal j;

	if (journal_open(&j, &c->request->spool) < 0)
		die(TEMP, "take in the journal of the spool");
	state_write_wish(&line, wish);
	for (size_t i = 0; i < names->count; i++)
		if (chosen[i] &&
		    journal_add(&j, names->all[i].id, str_span(&line)) < 0)
			die(TEMP, "note what is wanted");
	if (journal_sync(&j) < 0)
		die(TEMP, "make it durable");
	for (size_t i = 0; i < names->count; i++)
		if (chosen[i])
			do_one(c, names->all[i].id, wish);
	journal_close(&j);
	str_free(&line);
}

/* An id's beginning must name one message. */
static void
names_check(const struct names *n, const struct filter *f)
{
	for (size_t i = 0; i < f->count; i++) {
		size_t count = 0;

		for (size_t j = 0; j < n->count; j++)
			count += span_starts(
			    span_text(n->all[j].id), f->ids[i]);
		errno = 0;
		if (count > 1)
			die(USAGE, "%s begins the ids of %zu messages",
			    f->ids[i].at, count);
	}
}

/* hold skips held messages; release skips others, except those to be held once
 * their worker is done. */
static bool
is_meant(const struct request *r, struct item *it, const struct name *name)
{
	if (strcmp(r->verb, "remove") == 0)
		return true;
	if (strcmp(r->verb, "release") != 0)
		return !name->held;
	return name->held ||
	    (item_read(it, &r->spool, name, &r->filter, r->now) &&
		it->state.wish == WISH_HOLD);
}

/* Ids alone need no reading of messages. A message that can't be read is
 * reported and left alone. */
static bool
is_chosen(struct change *c, struct item *it, const struct name *name)
{
	const struct request *r = c->request;
	const struct filter *f = &r->filter;
	bool chosen;

	if (!is_meant(r, it, name))
		return false;
	if (f->from.len == 0 && !f->recipients && f->older < 0 && f->newer < 0)
		return true;
	chosen = item_read(it, &r->spool, name, f, r->now);
	if (!it->unsure)
		return chosen;
	c->failed++;
	complain(name->id, it->why);
	return false;
}

static void
change_each(struct change *c)
{
	struct request *r = c->request;
	struct names names;
	struct item it;
	bool *chosen;

	if (names_read(&names, &r->spool, &r->filter) < 0)
		die(TEMP, "read the spool");
	names_check(&names, &r->filter);
	chosen = mem_new(names.count + 1);
	item_init(&it);
	for (size_t i = 0; i < names.count; i++) {
		chosen[i] = is_chosen(c, &it, &names.all[i]);
		if (chosen[i] && r->channel >= 0)
			ask_one(c, names.all[i].id);
	}
	item_free(&it);
	if (r->channel < 0)
		do_all(c, &names, chosen);
	else if (c->waiting > 0)
		packet_send(c);
	free(chosen);
	names_free(&names);
}

/* "3 messages held". */
static void
done_print(struct change *c)
{
	static const char *const words[][2] = {
		{ "retry", "will be tried now" },
		{ "hold", "held" },
		{ "release", "released" },
		{ "remove", "removed" },
	};
	struct request *r = c->request;

	const char *what = "given up, senders will be told";
	size_t now = c->done - (c->pending < c->done ? c->pending : c->done);

	for (size_t i = 0; i < COUNT(words) && !r->report; i++)
		if (strcmp(r->verb, words[i][0]) == 0)
			what = words[i][1];
	if (now > 0 || c->pending == 0)
		str_addf(&r->out, "%zu message%s %s\n", now,
		    now == 1 ? "" : "s", what);
	if (c->pending > 0)
		str_addf(&r->out, "%zu %s when %s done\n", c->pending,
		    r->report ? "given up" : what,
		    c->pending == 1 ? "its worker is" : "their workers are");
}

int
command_change(struct request *r)
{
	struct change c = {
		.request = r, .packet = STR_INIT, .answer = STR_INIT
	};

	packet_begin(&c);
	if (strcmp(r->verb, "retry") == 0 && r->all) {
		record_add_number(&c.packet, "all", 1);
		packet_send(&c);
	} else {
		change_each(&c);
	}
	if (!r->quiet)
		done_print(&c);
	str_free(&c.packet);
	str_free(&c.answer);
	if (c.failed > 0)
		return TEMP;
	return c.done > 0 ? DONE : 1;
}

int
command_flush(struct request *r)
{
	int code;

	r->verb = "retry";
	r->all = true;
	code = command_change(r);
	return code == 1 ? DONE : code;
}
