#include <errno.h>
#include <unistd.h>

#include "base/die.h"
#include "base/io.h"
#include "mail/header.h"
#include "print.h"
#include "request.h"

enum { HEADER_MAX = 1 << 20, BLOCK = 65536, VALUE_AT = 14 };

static void
row(struct str *out, const char *name)
{
	size_t line = out->len;

	str_addf(out, "%s:", name);
	print_pad(out, line, VALUE_AT);
}

static void
row_text(struct str *out, const char *name, struct span value)
{
	if (value.len == 0)
		return;
	row(out, name);
	print_clean(out, value);
	str_add_byte(out, '\n');
}

static void
row_time(struct str *out, const char *name, int64_t at, int64_t now)
{
	row(out, name);
	print_time(out, at);
	str_add_text(out, at > now ? " (in " : " (");
	print_age(out, at > now ? at - now : now - at);
	str_add_text(out, at > now ? ")\n" : " ago)\n");
}

static void
options_print(struct str *out, const struct envelope *e)
{
	struct str text = STR_INIT;

	if (e->body.len > 0) {
		str_add_text(&text, "BODY=");
		str_add(&text, e->body);
	}
	if (e->smtputf8)
		str_add_text(&text, " SMTPUTF8");
	if (e->requiretls)
		str_add_text(&text, " REQUIRETLS");
	if (e->ret.len > 0) {
		str_add_text(&text, " RET=");
		str_add(&text, e->ret);
	}
	if (e->verp.len > 0)
		str_add_text(&text, " VERP");
	row_text(out, "Options", span_trim(str_span(&text)));
	str_free(&text);
}

static void
envelope_print(struct str *out, const struct item *it, int64_t now)
{
	const struct envelope *e = &it->envelope;

	row_text(out, "Id", span_text(it->name->id));
	row_time(out, "Arrived", it->birth, now);
	row_text(out, "From", e->from.len == 0 ? SPAN("<>") : e->from);
	row(out, "Size");
	print_size(out, it->message.size);
	str_add_byte(out, '\n');
	row_text(out, "Client", e->client);
	row_text(out, "Named", e->helo);
	row_text(out, "Login", e->auth);
	row_text(out, "TLS", e->tls);
	row_text(out, "Service", e->service);
	row_text(out, "Envelope", e->envid);
	options_print(out, e);
	if (it->name->held)
		row_text(out, "Held", SPAN("yes, until released"));
	if (it->why != NULL)
		row_text(out, "Fault", span_text(it->why));
}

static void
recipient_print(struct str *out, const struct item *it, size_t i, int64_t now)
{
	const struct recipient *to = &it->envelope.recipients[i];
	const struct result *r = &it->results[i];

	str_add_byte(out, '\n');
	row_text(out, "To", to->address);
	row_text(out, "  through", to->through);
	row_text(out, "  command", to->command);
	row_text(out, "  notify", to->notify);
	row_text(out, "  named", to->orcpt);
	row(out, "  state");
	str_add_text(out, recipient_state(it, i));
	if (r->places > 0)
		str_addf(out, " into %llu place%s",
		    (unsigned long long)r->places, r->places == 1 ? "" : "s");
	if (r->attempts > 1)
		str_addf(out, ", %u tries", r->attempts);
	if (r->warned && r->verdict == TEMP)
		str_add_text(out, ", the sender knows");
	str_add_byte(out, '\n');
	if (r->attempts == 0)
		return;
	row_time(out, "  tried", r->at, now);
	if (r->verdict == TEMP)
		row_time(out, "  next", r->next, now);
	row_text(out, "  status", r->status);
	row_text(out, r->reply ? "  answer of" : "  host", r->host);
	row_text(out, "  text", r->text);
}

/* The header, each line clean; or the whole message as it is. */
static void
message_print(struct request *r, const struct item *it)
{
	struct str text = STR_INIT;
	uint64_t size = it->message.size, at = 0;
	struct span rest, line;

	if (!r->whole && size > HEADER_MAX)
		size = HEADER_MAX;
	for (; r->whole && at < size; at += text.len) {
		str_clear(&text);
		if (read_part(it->message.fd, it->message.header + at,
			size - at < BLOCK ? size - at : BLOCK, &text) < 0)
			die(TEMP, "read the message");
		str_add(&r->out, str_span(&text));
		print_some(&r->out);
	}
	if (!r->whole) {
		if (read_part(it->message.fd, it->message.header, size, &text) <
		    0)
			die(TEMP, "read the message");
		rest = span_head(str_span(&text), header_size(str_span(&text)));
		while (span_line(&rest, &line) && line.len > 0) {
			print_clean(&r->out, line);
			str_add_byte(&r->out, '\n');
		}
	}
	str_free(&text);
}

static void
item_show(struct request *r, const struct item *it)
{
	struct str *out = &r->out;

	if (it->envelope.count == 0) {
		row_text(out, "Id", span_text(it->name->id));
		row_text(out, "Fault", span_text(it->why));
		return;
	}
	envelope_print(out, it, r->now);
	for (size_t i = 0; i < it->envelope.count; i++)
		recipient_print(out, it, i, r->now);
	str_add_byte(out, '\n');
	message_print(r, it);
}

int
command_show(struct request *r)
{
	struct names names;
	struct item it;
	size_t count = 0;

	if (names_read(&names, &r->spool, &r->filter) < 0)
		die(TEMP, "read the spool");
	item_init(&it);
	for (size_t i = 0; i < names.count; i++) {
		if (!item_read(
			&it, &r->spool, &names.all[i], &r->filter, r->now))
			continue;
		if (count++ > 0)
			str_add_text(&r->out, "\n\n");
		item_show(r, &it);
		print_some(&r->out);
	}
	item_free(&it);
	names_free(&names);
	return count > 0 ? DONE : 1;
}
