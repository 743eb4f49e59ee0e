/* Any bytes have a structure whose spans lie inside them and whose text is
 * balanced. */
#include <stdlib.h>

#include "mail/crlf.h"
#include "mail/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
inside(const struct part *p, const char *start, const char *end)
{
	for (; p != NULL; p = p->next) {
		if (p->body.at != p->header.at + p->header.len ||
		    p->body.at < start || p->body.at + p->body.len > end ||
		    p->header.at < start || p->octets < p->body.len ||
		    p->lines > p->body.len ||
		    p->octets > p->body.len + p->lines)
			abort();
		/* A message inside is the whole body; parts lie in it. */
		if (p->kind == PART_MESSAGE &&
		    (p->first->header.at != p->body.at ||
			p->first->header.len + p->first->body.len !=
			    p->body.len))
			abort();
		if (p->kind == PART_MULTIPART && p->first == NULL)
			abort();
		inside(p->first, p->body.at, p->body.at + p->body.len);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span message = { size > 0 ? (const char *)data : "", size };
	struct arena a = ARENA_INIT;
	struct str out = STR_INIT;
	const struct part *p = mime_parse(&a, message);
	const uint32_t numbers[] = { 1, 1, 2 };

	inside(p, message.at, message.at + message.len);
	if (p->octets != crlf_size(p->body) &&
	    !(p->body.len > 0 && p->body.at[0] == '\n'))
		abort();
	bodystructure_add(&out, p, true);
	envelope_add(&out, p->header);
	for (size_t i = 0; i <= COUNT(numbers); i++)
		mime_find(p, numbers, i);
	str_free(&out);
	arena_free(&a);
	return 0;
}
