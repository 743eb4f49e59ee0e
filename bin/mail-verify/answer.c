#include "answer.h"

#include "base/die.h"
#include "base/record.h"
#include "mail/header.h"
#include "trust/authres.h"

enum { CODE_MAX = 255 };

bool
answer_parse(struct span packet, struct answer *a_r)
{
	struct span line;
	uint64_t verdict, junk;

	*a_r = (struct answer){ .text = STR_INIT, .field = STR_INIT };
	if (!span_line(&packet, &line) || !record_is(line, "answer") ||
	    !record_get_number(line, "verdict", CODE_MAX, &verdict) ||
	    !record_get_number(line, "junk", 1, &junk) ||
	    !record_get(line, "text", &a_r->text) ||
	    !span_is_clean(str_span(&a_r->text)))
		return false;
	a_r->verdict = (int)verdict;
	a_r->junk = junk == 1;
	str_set(&a_r->field, packet);
	return packet.len > 0 && packet.at[packet.len - 1] == '\n';
}

void
answer_free(struct answer *a)
{
	str_free(&a->text);
	str_free(&a->field);
}

void
header_write(
    const struct answer *a, struct span header, struct span me, struct str *out)
{
	struct span rest = header, left = header;
	struct header_field f;

	str_add(out, str_span(&a->field));
	/* deliver puts it into the folder for junk. */
	if (a->junk)
		str_add_text(out, "X-Spam: yes (DMARC)\n");
	while (header_next(&rest, &f)) {
		if (!authres_is_of(&f, me))
			str_add(out, f.whole);
		left = rest;
	}
	str_add(out, left);
}
