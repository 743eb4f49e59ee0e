#include "place.h"

#include "base/record.h"

const char place_bad_status[] = "5.1.3";
const char place_bad_text[] = "a line of the list is not an address";

void
places_free(struct places *p)
{
	arena_free(&p->memory);
	*p = (struct places){ ARENA_INIT, NULL, NULL, 0 };
}

struct place *
place_add(struct places *p, enum place_kind kind, struct span to)
{
	struct place *place = arena_new(&p->memory, sizeof *place);

	place->kind = kind;
	place->to = arena_copy(&p->memory, to);
	if (p->last != NULL)
		p->last->next = place;
	else
		p->first = place;
	p->last = place;
	p->count++;
	return place;
}

void
place_write(const struct place *p, uint64_t n, struct str *out)
{
	record_verb(out, "place");
	record_add_number(out, "n", (int64_t)n);
	if (p->kind == PLACE_MAILBOX)
		record_add_text(out, "kind", "mailbox");
	if (p->kind == PLACE_PIPE)
		record_add_text(out, "kind", "pipe");
	record_add(out, "to", p->to);
	if (p->kind == PLACE_PIPE) {
		record_add_number(out, "order", (int64_t)p->order);
		record_add(out, "command", p->command);
	}
	if (p->kind == PLACE_BAD) {
		record_add_number(out, "verdict", PLACE_BAD_VERDICT);
		record_add_text(out, "status", place_bad_status);
		record_add_text(out, "text", place_bad_text);
	}
}
