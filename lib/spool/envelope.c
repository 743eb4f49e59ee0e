#include "spool/envelope.h"

#include <stdlib.h>

#include "base/record.h"

enum { RECIPIENTS_FIRST = 4 };

/* The words of the two lines about the sender, in the order they are written;
 * a word's place in the struct. */
static const struct word {
	const char *key;
	size_t offset;
	bool always; /* written even when empty */
} from_words[] = {
	{ "from", offsetof(struct envelope, from), true },
	{ "ret", offsetof(struct envelope, ret), false },
	{ "envid", offsetof(struct envelope, envid), false },
	{ "body", offsetof(struct envelope, body), false },
	{ "verp", offsetof(struct envelope, verp), false },
}, client_words[] = {
	{ "client", offsetof(struct envelope, client), true },
	{ "helo", offsetof(struct envelope, helo), false },
	{ "auth", offsetof(struct envelope, auth), false },
	{ "tls", offsetof(struct envelope, tls), false },
	{ "service", offsetof(struct envelope, service), false },
}, to_words[] = {
	{ "to", offsetof(struct recipient, address), true },
	{ "notify", offsetof(struct recipient, notify), false },
	{ "orcpt", offsetof(struct recipient, orcpt), false },
};

const char *
recipient_kind_word(enum recipient_kind k)
{
	switch (k) {
	case RECIPIENT_MAILBOX:
		return "mailbox";
	case RECIPIENT_PIPE:
		return "pipe";
	case RECIPIENT_ADDRESS:
		break;
	}
	return "address";
}

void
envelope_init(struct envelope *e)
{
	*e = (struct envelope){ .text = ARENA_INIT };
}

void
envelope_free(struct envelope *e)
{
	arena_free(&e->text);
	free(e->recipients);
	envelope_init(e);
}

void
envelope_clear(struct envelope *e)
{
	struct envelope old = *e;

	arena_clear(&old.text);
	*e = (struct envelope){
		.recipients = old.recipients, .size = old.size, .text = old.text
	};
}

struct span
envelope_keep(struct envelope *e, struct span s)
{
	return arena_copy(&e->text, s);
}

static struct recipient *
recipient_new(struct envelope *e)
{
	if (e->count == e->size) {
		e->size = e->size == 0 ? RECIPIENTS_FIRST : 2 * e->size;
		e->recipients = mem_resize(
		    e->recipients, e->size, sizeof *e->recipients);
	}
	e->recipients[e->count] = (struct recipient){ 0 };
	return &e->recipients[e->count++];
}

void
envelope_to(struct envelope *e, const struct recipient *r)
{
	struct recipient *to = recipient_new(e);

	*to = *r;
	to->address = envelope_keep(e, r->address);
	to->notify = envelope_keep(e, r->notify);
	to->orcpt = envelope_keep(e, r->orcpt);
	to->through = envelope_keep(e, r->through);
	to->command = envelope_keep(e, r->command);
}

static void
words_write(
    const struct word *words, size_t count, const void *base, struct str *out)
{
	for (size_t i = 0; i < count; i++) {
		const struct span *value = (const void *)((const char *)base +
		    words[i].offset);

		if (value->len > 0 || words[i].always)
			record_add(out, words[i].key, *value);
	}
}

void
envelope_write(const struct envelope *e, struct str *out)
{
	words_write(from_words, COUNT(from_words), e, out);
	if (e->smtputf8)
		record_add_number(out, "smtputf8", 1);
	if (e->requiretls)
		record_add_number(out, "requiretls", 1);
	record_end(out);
	words_write(client_words, COUNT(client_words), e, out);
	record_end(out);
	for (size_t i = 0; i < e->count; i++) {
		words_write(to_words, COUNT(to_words), &e->recipients[i], out);
		record_end(out);
	}
	str_add_byte(out, '\n');
}

/* Put the words of a line that the table knows where they belong. */
static bool
words_parse(struct envelope *e, const struct word *words, size_t count,
    struct span line, void *base)
{
	struct str value = STR_INIT;
	struct span key;

	while (record_next(&line, &key, &value)) {
		if (span_equal(key, SPAN("smtputf8")))
			e->smtputf8 = true;
		if (span_equal(key, SPAN("requiretls")))
			e->requiretls = true;
		for (size_t i = 0; i < count; i++) {
			struct span *to = (void *)((char *)base +
			    words[i].offset);

			if (span_equal(key, span_text(words[i].key)))
				*to = envelope_keep(e, str_span(&value));
		}
	}
	str_free(&value);
	return line.len == 0;
}

bool
envelope_parse(struct envelope *e, struct span text)
{
	struct span line;

	envelope_clear(e);
	if (!span_line(&text, &line) || !span_starts(line, SPAN("from=")) ||
	    !words_parse(e, from_words, COUNT(from_words), line, e))
		return false;
	if (!span_line(&text, &line) || !span_starts(line, SPAN("client=")) ||
	    !words_parse(e, client_words, COUNT(client_words), line, e))
		return false;
	while (span_line(&text, &line) && line.len > 0)
		if (!span_starts(line, SPAN("to=")) ||
		    !words_parse(
			e, to_words, COUNT(to_words), line, recipient_new(e)))
			return false;
	return e->count > 0 && line.len == 0 && text.len == 0;
}
