/* Reading the lines of a state file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/record.h"
#include "spool/format.h"
#include "spool/state.h"

enum {
	INDEX_MAX = RECIPIENTS_MAX - 1,
	PIECE = 256 << 10,      /* bytes read at once */
	LINE_MAX_LEN = 1 << 20, /* longer ones make no sense */
};

/* Places not yet confirmed by a result of their address. */
struct pending {
	struct recipient *all;
	size_t count, size;
	uint64_t first, of; /* index of the first; whose they are */
};

struct reader {
	struct envelope *envelope; /* NULL: the spool file isn't known */
	struct arena *arena;
	struct state *state;
	struct pending pending;
	struct str value;
	bool known; /* the file's first line was there */
};

static struct span
word(struct reader *p, struct span line, const char *key)
{
	record_get(line, key, &p->value);
	return arena_copy(p->arena, str_span(&p->value));
}

/* The same instead of what an earlier line said, in its place if there is room:
 * thousands of recipients, each tried for days, are more than memory holds. */
static struct span
word_again(struct reader *p, struct span line, const char *key, struct span old)
{
	struct span value;

	record_get(line, key, &p->value);
	value = str_span(&p->value);
	if (value.len == 0 || value.len > old.len)
		return arena_copy(p->arena, value);
	memcpy((char *)old.at, value.at, value.len + 1);
	return span_head(old, value.len);
}

static bool
flag(struct span line, const char *key)
{
	uint64_t n;

	return record_get_number(line, key, 1, &n) && n == 1;
}

static enum recipient_kind
kind_of(struct reader *p, struct span line)
{
	for (enum recipient_kind k = RECIPIENT_MAILBOX; k <= RECIPIENT_PIPE;
	     k++)
		if (record_get(line, "kind", &p->value) &&
		    span_equal(
			str_span(&p->value), span_text(recipient_kind_word(k))))
			return k;
	return RECIPIENT_ADDRESS;
}

static struct recipient *
pending_add(struct pending *q)
{
	if (q->count == q->size) {
		q->size = q->size == 0 ? 16 : 2 * q->size;
		q->all = mem_resize(q->all, q->size, sizeof *q->all);
	}
	return &q->all[q->count++];
}

/* Places are consecutive; another index starts over (the earlier ones were cut
 * off by a crash). */
static void
place_parse(struct reader *p, struct span line)
{
	struct pending *q = &p->pending;
	uint64_t index, of, order = 0;

	if (!flag(line, "end") ||
	    !record_get_number(line, "index", INDEX_MAX, &index) ||
	    !record_get_number(line, "of", INDEX_MAX, &of) || of >= index)
		return;
	if (q->count == 0 || index != q->first + q->count || of != q->of) {
		q->count = 0;
		q->first = index;
		q->of = of;
	}
	record_get_number(line, "order", UINT32_MAX, &order);
	*pending_add(q) = (struct recipient){ .address = word(p, line, "to"),
		.notify = word(p, line, "notify"),
		.orcpt = word(p, line, "orcpt"),
		.kind = kind_of(p, line),
		.through = word(p, line, "for"),
		.of = (uint32_t)of,
		.order = (uint32_t)order,
		.command = word(p, line, "command") };
}

/* Confirm the places of an expanded address by its result. False: some are
 * missing, and the address is not expanded. */
static bool
places_take(struct reader *p, uint64_t of, uint64_t places)
{
	struct pending *q = &p->pending;
	size_t n = q->count;

	q->count = 0;
	if (places == 0)
		return true;
	if (n != places || q->of != of ||
	    (p->envelope != NULL && q->first != p->envelope->count))
		return false;
	for (size_t i = 0; p->envelope != NULL && i < n; i++)
		envelope_to(p->envelope, &q->all[i]);
	state_grow(p->state, q->first + n);
	return true;
}

/* The text is last: a line without it was cut by a crash and may lack more. */
static bool
result_numbers(struct span line, struct result *r, uint64_t max)
{
	uint64_t at, verdict, next, action = ACTION_DELIVERED;

	if (!record_get_number(line, "at", INT64_MAX, &at) ||
	    !record_get_number(line, "index", max, &r->index) ||
	    !record_get_number(line, "verdict", 255, &verdict) ||
	    !record_get_number(line, "next", INT64_MAX, &next))
		return false;
	record_get_number(line, "action", ACTION_EXPANDED, &action);
	record_get_number(line, "places", INDEX_MAX, &r->places);
	r->at = (int64_t)at;
	r->verdict = (int)verdict;
	r->next = (int64_t)next;
	r->action = (enum state_action)action;
	r->reported = flag(line, "reported");
	r->warn = flag(line, "warn");
	r->warned = flag(line, "warned");
	r->reply = flag(line, "reply");
	return true;
}

static void
result_parse(struct reader *p, struct span line)
{
	struct result r = { 0 }, *to;
	uint64_t max = p->envelope == NULL ? INDEX_MAX : p->state->count - 1;

	if (!record_get(line, "text", &p->value) ||
	    !record_get(line, "status", &p->value) ||
	    !result_numbers(line, &r, max) ||
	    (r.places > 0 && !places_take(p, r.index, r.places)))
		return;
	state_grow(p->state, r.index + 1);
	to = &p->state->results[r.index];
	r.attempts = to->attempts + 1;
	r.report = to->report;
	r.status = word_again(p, line, "status", to->status);
	r.host = word_again(p, line, "host", to->host);
	r.text = word_again(p, line, "text", to->text);
	*to = r;
	p->state->more = flag(line, "more");
}

static bool
id_parse(struct reader *p, struct span line, struct id *id_r)
{
	if (!flag(line, "end") || !record_get(line, "id", &p->value) ||
	    !id_valid(str_span(&p->value)))
		return false;
	memcpy(id_r->text, p->value.at, sizeof id_r->text);
	return true;
}

static void
report_parse(struct reader *p, struct span line)
{
	struct id id;

	if (!id_parse(p, line, &id))
		return;
	record_get(line, "kind", &p->value);
	for (enum state_report k = REPORT_FAILED; k <= REPORT_DELAYED; k++)
		if (span_equal(
			str_span(&p->value), span_text(state_report_word(k))))
			state_take_report(p->state, k, &id);
}

static void
reported_parse(struct reader *p, struct span line)
{
	struct id id;

	if (!id_parse(p, line, &id))
		return;
	for (uint32_t i = 1; i <= p->state->report_count; i++)
		if (!p->state->reports[i - 1].made &&
		    strcmp(p->state->reports[i - 1].id.text, id.text) == 0)
			state_made_report(p->state, i);
}

static void
wish_parse(struct reader *p, struct span line)
{
	static const struct span words[] = { { "none", 4 }, { "hold", 4 },
		{ "remove", 6 }, { "fail", 4 }, { "release", 7 } };

	if (!flag(line, "end"))
		return;
	record_get(line, "do", &p->value);
	for (size_t i = 0; i < COUNT(words); i++)
		if (span_equal(str_span(&p->value), words[i]))
			p->state->wish = (enum state_wish)i;
}

static void
line_parse(struct reader *p, struct span line)
{
	static const struct {
		const char *verb;
		void (*parse)(struct reader *p, struct span line);
	} verbs[] = { { "place", place_parse }, { "report", report_parse },
		{ "reported", reported_parse }, { "wish", wish_parse } };

	for (size_t i = 0; i < COUNT(verbs); i++)
		if (record_is(line, verbs[i].verb)) {
			verbs[i].parse(p, line);
			return;
		}
	result_parse(p, line);
}

static void
line_take(struct reader *p, struct span line)
{
	if (span_equal(line, SPAN(STATE_MAGIC)))
		p->known = true;
	else if (p->known)
		line_parse(p, line);
}

static void
reader_end(struct reader *p)
{
	free(p->pending.all);
	str_free(&p->value);
}

/* Take whole lines off the text; what is left has no LF. */
static void
lines_take(struct reader *p, struct str *text)
{
	struct span rest = str_span(text), line;

	while (span_until(&rest, '\n', &line)) {
		rest = span_from(rest, 1);
		line_take(p, line);
	}
	str_shift(text, text->len - rest.len);
}

/* A line that lacks only its LF is valid, as it is once another is appended. */
static int
file_parse(struct reader *p, int fd)
{
	struct str text = STR_INIT;
	bool skip = false; /* the rest of a line that is too long */
	ssize_t n;

	while ((n = read(fd, str_reserve(&text, PIECE), PIECE)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		text.len += (size_t)n;
		text.at[text.len] = '\0';
		if (skip) {
			str_shift(&text, span_find(str_span(&text), '\n'));
			skip = text.len == 0;
		}
		lines_take(p, &text);
		if (text.len > LINE_MAX_LEN) {
			str_clear(&text);
			skip = true;
		}
	}
	if (n == 0 && text.len > 0)
		line_take(p, str_span(&text));
	str_free(&text);
	reader_end(p);
	return n < 0 ? -1 : 0;
}

static struct reader
reader_of(struct envelope *e, struct state *st)
{
	state_clear(st, e->count);
	return (struct reader){
		.envelope = e, .arena = &e->text, .state = st, .value = STR_INIT
	};
}

void
state_parse(struct span text, struct envelope *e, struct state *st_r)
{
	struct reader p = reader_of(e, st_r);
	struct span line;

	while (e->count > 0 && span_line(&text, &line))
		line_take(&p, line);
	reader_end(&p);
}

int
state_parse_file(int fd, struct envelope *e, struct state *st_r)
{
	struct reader p = reader_of(e, st_r);

	return e->count > 0 ? file_parse(&p, fd) : 0;
}

int
state_read(const struct spool *s, const char *name, struct envelope *e,
    struct state *st_r)
{
	int r, fd = state_open(s, name);

	if (fd < 0) {
		state_clear(st_r, e->count);
		return errno == ENOENT ? 0 : -1;
	}
	r = state_parse_file(fd, e, st_r);
	close(fd);
	return r;
}

int
state_known(const struct spool *s, const char *name, struct arena *a,
    struct state *st_r)
{
	struct reader p = { .arena = a, .state = st_r, .value = STR_INIT };
	int r, fd = state_open(s, name);

	state_clear(st_r, 0);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	r = file_parse(&p, fd);
	close(fd);
	return r;
}
