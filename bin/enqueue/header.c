#include "header.h"

#include "mail/date.h"
#include "mail/header.h"

static void
date_add(struct str *out, int64_t now)
{
	date_format(out, (struct date){ now, 0 });
	str_add_byte(out, '\n');
}

static bool
has(struct span text, const char *name)
{
	struct header_field f;

	return header_find(text, name, &f);
}

void
header_complete(const struct origin *o, struct span text, struct str *out)
{
	struct header_field first;
	struct span rest = text;
	bool headed = header_next(&rest, &first);

	/* A message may also begin with the empty line: an empty header. */
	if (!headed && !span_starts(text, SPAN("\n")))
		text = SPAN("");
	str_add_text(out, "Received: by ");
	str_add(out, o->me);
	str_addf(out, " (chainmail) id %s;\n\t", o->id.text);
	date_add(out, o->now);
	if (!has(text, "Date")) {
		str_add_text(out, "Date: ");
		date_add(out, o->now);
	}
	if (!has(text, "From")) {
		str_add_text(out, "From: ");
		if (o->sender.len == 0) {
			str_add_text(out, "MAILER-DAEMON@");
			str_add(out, o->me);
		} else {
			str_add(out, o->sender);
		}
		str_add_byte(out, '\n');
	}
	if (!has(text, "Message-ID")) {
		str_addf(out, "Message-ID: <%s@", o->id.text);
		str_add(out, o->me);
		str_add_text(out, ">\n");
	}
	if (text.len == 0)
		str_add_byte(out, '\n');
}

unsigned
header_hops(struct span text)
{
	struct header_field f;
	unsigned n = 0;

	while (header_next(&text, &f))
		n += header_is(&f, "Received");
	return n;
}
