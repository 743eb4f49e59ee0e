/* The results of finished recipients: CHAINMAIL_SPOOL/history. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/die.h"
#include "base/io.h"
#include "base/record.h"
#include "print.h"
#include "request.h"
#include "spool/day.h"

enum {
	LINE_LIMIT = 16384, /* longer ones are no lines of ours */
	WORDS = 12,
};

/* The words of a line, decoded. */
struct entry {
	struct str id, from, to, through, kind, status, host, tls, rule, text;
	uint64_t at, verdict, tries, size;
};

static void
entry_init(struct entry *e)
{
	*e = (struct entry){ STR_INIT, STR_INIT, STR_INIT, STR_INIT, STR_INIT,
		STR_INIT, STR_INIT, STR_INIT, STR_INIT, STR_INIT, 0, 0, 0, 0 };
}

static void
entry_free(struct entry *e)
{
	str_free(&e->id);
	str_free(&e->from);
	str_free(&e->to);
	str_free(&e->through);
	str_free(&e->kind);
	str_free(&e->status);
	str_free(&e->host);
	str_free(&e->tls);
	str_free(&e->rule);
	str_free(&e->text);
}

static bool
entry_parse(struct entry *e, struct span line)
{
	e->tries = e->size = 0;
	if (!record_get_number(line, "at", INT64_MAX, &e->at) ||
	    !record_get_number(line, "verdict", 255, &e->verdict) ||
	    !record_get(line, "id", &e->id) || !id_valid(str_span(&e->id)))
		return false;
	record_get(line, "from", &e->from);
	record_get(line, "to", &e->to);
	record_get(line, "for", &e->through);
	record_get(line, "kind", &e->kind);
	record_get(line, "status", &e->status);
	record_get(line, "host", &e->host);
	record_get(line, "tls", &e->tls);
	record_get(line, "rule", &e->rule);
	record_get(line, "text", &e->text);
	record_get_number(line, "tries", UINT32_MAX, &e->tries);
	record_get_number(line, "size", INT64_MAX, &e->size);
	return true;
}

static void
entry_json(struct str *out, const struct entry *e)
{
	json_open(out, NULL, '{');
	json_number(out, "at", (int64_t)e->at);
	json_text(out, "id", str_span(&e->id));
	json_text(out, "from", str_span(&e->from));
	json_text(out, "to", str_span(&e->to));
	if (e->through.len > 0)
		json_text(out, "through", str_span(&e->through));
	if (e->kind.len > 0)
		json_text(out, "kind", str_span(&e->kind));
	json_number(out, "verdict", (int64_t)e->verdict);
	json_text(out, "status", str_span(&e->status));
	if (e->host.len > 0)
		json_text(out, "host", str_span(&e->host));
	if (e->tls.len > 0)
		json_text(out, "tls", str_span(&e->tls));
	if (e->rule.len > 0)
		json_text(out, "rule", str_span(&e->rule));
	json_number(out, "tries", (int64_t)e->tries);
	json_number(out, "size", (int64_t)e->size);
	json_text(out, "text", str_span(&e->text));
	str_add_text(out, "}\n");
}

/* ", mx.example.org" where there is something. */
static void
detail_add(struct str *out, const char *before, const struct str *text)
{
	if (text->len == 0)
		return;
	str_add_text(out, before);
	print_clean(out, str_span(text));
}

static void
entry_print(struct str *out, const struct entry *e)
{
	print_time(out, (int64_t)e->at);
	str_addf(out, "  %s  %s  ", e->id.at,
	    e->verdict == DONE ? "delivered" : "failed   ");
	print_clean(out, str_span(&e->status));
	str_add_text(out, "\n    ");
	if (e->from.len == 0)
		str_add_text(out, "<>");
	print_clean(out, str_span(&e->from));
	str_add_text(out, " -> ");
	if (span_equal(str_span(&e->kind), SPAN("pipe")))
		str_add_text(out, "the command of ");
	print_clean(out, str_span(&e->to));
	if (e->through.len > 0 &&
	    !span_equal_case(str_span(&e->through), str_span(&e->to))) {
		detail_add(out, " (through ", &e->through);
		str_add_byte(out, ')');
	}
	str_add_text(out, "\n    after ");
	print_age(out, (int64_t)e->at - id_birth_ms(str_span(&e->id)) / 1000);
	str_addf(out, ", %llu %s, ", (unsigned long long)e->tries,
	    e->tries == 1 ? "try" : "tries");
	print_size(out, e->size);
	detail_add(out, ", ", &e->host);
	detail_add(out, ", ", &e->tls);
	detail_add(out, " by ", &e->rule);
	str_add_byte(out, '\n');
	if (e->text.len > 0) {
		detail_add(out, "    ", &e->text);
		str_add_byte(out, '\n');
	}
}

static bool
entry_matches(const struct request *r, const struct entry *e)
{
	return filter_message(&r->filter, str_span(&e->id), str_span(&e->from),
		   r->now - (int64_t)e->at, false) &&
	    filter_place(&r->filter, str_span(&e->to), str_span(&e->through),
		str_span(&e->text));
}

/* How many lines of the day matched. */
static size_t
day_print(struct request *r, const struct day *day)
{
	struct entry e;
	struct io io;
	struct span line;
	enum io_result got;
	size_t count = 0;
	int fd = openat(r->history, day->name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0) {
		if (errno == ENOENT) /* removed as too old just now */
			return 0;
		die(errno == EACCES ? NOPERM : TEMP, "read history/%s",
		    day->name);
	}
	io_init(&io, fd, -1);
	entry_init(&e);
	while ((got = io_record(&io, LINE_LIMIT, &line)) == IO_OK ||
	    got == IO_LONG) {
		if (got == IO_LONG || !entry_parse(&e, line) ||
		    !entry_matches(r, &e))
			continue;
		count++;
		if (r->json)
			entry_json(&r->out, &e);
		else
			entry_print(&r->out, &e);
		print_some(&r->out);
	}
	entry_free(&e);
	io_free(&io);
	close(fd);
	return count;
}

/* When asked for one message, report that it is not finished. */
static void
present_print(struct request *r)
{
	struct names names;

	if (r->filter.count == 0 || r->json ||
	    names_read(&names, &r->spool, &r->filter) < 0)
		return;
	for (size_t i = 0; i < names.count; i++)
		str_addf(&r->out,
		    "%s is still in the queue%s: chainmail "
		    "queue show %s\n",
		    names.all[i].id, names.all[i].held ? ", held" : "",
		    names.all[i].id);
	names_free(&names);
}

int
command_history(struct request *r)
{
	struct days days;
	size_t count = 0;

	days_read(&days, r->history); /* no folder: no history yet */
	for (size_t i = 0; i < days.count; i++)
		count += day_print(r, &days.all[i]);
	days_free(&days);
	present_print(r);
	return count > 0 ? DONE : 1;
}
