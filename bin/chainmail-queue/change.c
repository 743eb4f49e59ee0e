/* retry, hold, release, remove: by queue-run, or under its lock. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/die.h"
#include "base/record.h"
#include "print.h"
#include "request.h"
#include "spool/hold.h"

enum { PACKET_FULL = 32768 }; /* well below what a packet may hold */

struct change {
	struct request *request;
	struct str packet, answer;
	size_t waiting; /* ids in the packet */
	size_t done, failed;
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

/* " done=3 [more=1]", then a line "no id=... text=..." for each that was not. */
static void
answer_count(struct change *c)
{
	struct span rest = str_span(&c->answer), line;
	struct str id = STR_INIT, text = STR_INIT;
	uint64_t n = 0;

	if (span_line(&rest, &line)) {
		if (record_get_number(line, "done", UINT32_MAX, &n))
			c->done += n;
		/* Lines that the packet had no room for. */
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

static void
do_one(struct change *c, const char *id)
{
	const struct spool *s = &c->request->spool;
	const char *verb = c->request->verb;
	int done;

	if (strcmp(verb, "hold") == 0)
		done = hold_put(s, id);
	else if (strcmp(verb, "release") == 0)
		done = hold_release(s, id);
	else
		done = c->request->report ? hold_fail(s, id)
					  : hold_remove(s, id);
	if (done == 0) {
		c->done++;
	} else {
		c->failed++;
		complain(id, strerror(errno));
	}
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

/* hold has no use for a held message, release none for another. */
static bool
is_meant(const struct request *r, bool held)
{
	if (strcmp(r->verb, "remove") == 0)
		return true;
	return held == (strcmp(r->verb, "release") == 0);
}

/* Ids alone need no look into the messages. Nothing is done to one that can't be
 * looked into, whatever the filter would say of the rest. */
static bool
is_chosen(struct change *c, struct item *it, const struct name *name)
{
	const struct request *r = c->request;
	const struct filter *f = &r->filter;
	bool chosen;

	if (!is_meant(r, name->held))
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

	if (names_read(&names, &r->spool, &r->filter) < 0)
		die(TEMP, "read the spool");
	names_check(&names, &r->filter);
	item_init(&it);
	for (size_t i = 0; i < names.count; i++) {
		if (!is_chosen(c, &it, &names.all[i]))
			continue;
		if (r->channel >= 0)
			ask_one(c, names.all[i].id);
		else
			do_one(c, names.all[i].id);
	}
	item_free(&it);
	names_free(&names);
	if (r->channel >= 0 && c->waiting > 0)
		packet_send(c);
	if (r->channel < 0 && hold_sync(&r->spool) < 0)
		die(TEMP, "make it durable");
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

	str_addf(&r->out, "%zu message%s ", c->done, c->done == 1 ? "" : "s");
	for (size_t i = 0; i < COUNT(words) && !r->report; i++)
		if (strcmp(r->verb, words[i][0]) == 0)
			str_addf(&r->out, "%s\n", words[i][1]);
	if (r->report)
		str_add_text(&r->out, "given up, senders will be told\n");
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
	done_print(&c);
	str_free(&c.packet);
	str_free(&c.answer);
	if (c.failed > 0)
		return TEMP;
	return c.done > 0 ? DONE : 1;
}
