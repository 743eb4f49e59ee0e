#include "base/die.h"
#include "print.h"
#include "request.h"

enum {
	SHOWN_MAX = 10,  /* recipients of one message */
	TEXT_WIDTH = 72, /* a line of 80 with its indent */
	AGE_AT = 28,
	SIZE_AT = 34,
	FROM_AT = 41,
};

const char *
recipient_state(const struct item *it, size_t index)
{
	const struct result *r = &it->results[index];

	if (r->attempts == 0)
		return "new";
	if (r->verdict == TEMP)
		return "waiting";
	if (r->verdict != DONE)
		return "failed";
	return state_action_word(r->action);
}

void
recipient_json(struct str *out, const struct item *it, size_t index)
{
	const struct recipient *to = &it->envelope.recipients[index];
	const struct result *r = &it->results[index];

	json_open(out, NULL, '{');
	json_text(out, "address", to->address);
	if (to->through.len > 0)
		json_text(out, "through", to->through);
	if (to->kind != RECIPIENT_ADDRESS)
		json_text(
		    out, "kind", span_text(recipient_kind_word(to->kind)));
	if (to->kind == RECIPIENT_PIPE)
		json_text(out, "command", to->command);
	json_text(out, "state", span_text(recipient_state(it, index)));
	json_number(out, "tries", r->attempts);
	if (r->attempts > 0) {
		json_number(out, "at", r->at);
		json_text(out, "status", r->status);
		if (r->verdict == TEMP)
			json_number(out, "next", r->next);
		if (r->host.len > 0)
			json_text(out, "host", r->host);
		if (r->places > 0)
			json_number(out, "places", (int64_t)r->places);
		json_flag(out, "reply", r->reply);
		json_text(out, "text", r->text);
	}
	json_close(out, '}');
}

/* One object, on one line. */
static void
item_json(struct str *out, const struct item *it)
{
	json_open(out, NULL, '{');
	json_text(out, "id", span_text(it->name->id));
	json_flag(out, "held", it->name->held);
	json_number(out, "birth", it->birth);
	if (it->why != NULL)
		json_text(out, "broken", span_text(it->why));
	if (it->envelope.count > 0) {
		json_number(out, "size", (int64_t)it->message.size);
		json_number(out, "next", it->next);
		json_text(out, "from", it->envelope.from);
		json_open(out, "to", '[');
		for (size_t i = 0; i < it->envelope.count; i++)
			recipient_json(out, it, i);
		json_close(out, ']');
	}
	str_add_text(out, "}\n");
}

/* The last error, in one line: "next in 5m, 3 tries: host: text". */
static void
error_add(struct str *out, const struct item *it, size_t i, int64_t now)
{
	const struct result *r = &it->results[i];
	struct str text = STR_INIT;

	if (r->attempts == 0)
		return;
	str_add_text(out, "        ");
	if (!it->name->held && r->next > now) {
		str_add_text(&text, "next in ");
		print_age(&text, r->next - now);
		str_add_text(&text, ", ");
	}
	str_addf(
	    &text, "%u %s: ", r->attempts, r->attempts == 1 ? "try" : "tries");
	if (r->host.len > 0) {
		str_add(&text, r->host);
		str_add_text(&text, ": ");
	}
	str_add(&text, r->text);
	print_cut(out, str_span(&text), TEXT_WIDTH - 1);
	str_add_byte(out, '\n');
	str_free(&text);
}

static void
recipients_print(struct str *out, const struct item *it, int64_t now)
{
	struct str name = STR_INIT;
	size_t shown = 0, more = 0;

	for (size_t i = 0; i < it->envelope.count; i++) {
		if (!it->matches[i])
			continue;
		if (shown == SHOWN_MAX) {
			more++;
			continue;
		}
		shown++;
		str_add_text(out, "    ");
		str_clear(&name);
		item_recipient(it, i, &name);
		print_clean(out, str_span(&name));
		str_add_byte(out, '\n');
		error_add(out, it, i, now);
	}
	if (more > 0)
		str_addf(out, "    and %zu more\n", more);
	str_free(&name);
}

static void
item_print(struct str *out, const struct item *it, int64_t now)
{
	size_t line = out->len;

	str_add_text(out, it->name->id);
	print_pad(out, line, AGE_AT);
	print_age(out, now - it->birth);
	print_pad(out, line, SIZE_AT);
	if (it->envelope.count > 0)
		print_size(out, it->message.size);
	print_pad(out, line, FROM_AT);
	if (it->envelope.count == 0)
		str_addf(out, "can't be read: %s", it->why);
	else if (it->envelope.from.len == 0)
		str_add_text(out, "<>");
	else
		print_clean(out, it->envelope.from);
	str_add_text(out, it->name->held ? " (held)\n" : "\n");
	recipients_print(out, it, now);
}

/* Nobody will send it, and nobody else says so. */
static void
stray_print(struct request *r, const char *name)
{
	static const char why[] = "no message: its name is none of a message";
	struct str *out = &r->out;

	if (r->json) {
		json_open(out, NULL, '{');
		json_text(out, "id", span_text(name));
		json_text(out, "broken", span_text(why));
		str_add_text(out, "}\n");
		return;
	}
	print_clean(out, span_text(name));
	str_addf(out, ": %s\n", why);
}

static void
total_print(struct str *out, size_t count, size_t held, uint64_t bytes)
{
	str_addf(out, "%zu message%s, ", count, count == 1 ? "" : "s");
	print_size(out, bytes);
	str_add_text(out, " bytes");
	if (held > 0)
		str_addf(out, ", %zu held", held);
	str_add_byte(out, '\n');
}

/* Print what the filter chooses; their number. */
static size_t
list(struct request *r)
{
	struct names names;
	struct item it;
	size_t count = 0, held = 0, strays = 0;
	uint64_t bytes = 0;

	if (names_read(&names, &r->spool, &r->filter) < 0)
		die(TEMP, "read the spool");
	item_init(&it);
	for (size_t i = 0; i < names.count; i++) {
		if (!item_read(
			&it, &r->spool, &names.all[i], &r->filter, r->now))
			continue;
		count++;
		held += names.all[i].held;
		bytes += it.envelope.count > 0 ? it.message.size : 0;
		if (r->json)
			item_json(&r->out, &it);
		else
			item_print(&r->out, &it, r->now);
		print_some(&r->out);
	}
	/* Scripts that ask in Postfix's words want to know of mail alone. */
	for (size_t i = 0; i < names.stray_count && !r->quiet; i++, strays++)
		stray_print(r, names.strays[i]);
	item_free(&it);
	names_free(&names);
	if (!r->json && (count > 0 || !r->quiet))
		total_print(&r->out, count, held, bytes);
	return count + strays;
}

int
command_list(struct request *r)
{
	return list(r) > 0 ? DONE : 1;
}

/* In the words and with the exit code that scripts know from Postfix. */
int
command_mailq(struct request *r)
{
	size_t count;

	r->quiet = true;
	count = list(r);
	r->quiet = false;
	if (count == 0)
		str_add_text(&r->out, "Mail queue is empty\n");
	return DONE;
}
