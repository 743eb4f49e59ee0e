#include "trust/fields.h"

#include <stdlib.h>

enum { FIELDS_FIRST = 64 };

/* FNV-1a; equal names are compared afterwards. */
uint32_t
fields_hash(struct span name)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ (unsigned char)byte_lower(name.at[i])) * 16777619u;
	return h;
}

void
fields_read(struct fields *f, struct span text)
{
	struct header_field field;
	size_t room = 0;

	*f = (struct fields){ .all = true };
	while (header_next(&text, &field)) {
		if (f->count == FIELDS_MAX) {
			f->all = false;
			break;
		}
		if (f->count == room) {
			room = room == 0 ? FIELDS_FIRST : room * 2;
			f->at = mem_resize(f->at, room, sizeof *f->at);
		}
		f->at[f->count++] = (struct field){ .is = field,
			.hash = fields_hash(field.name) };
	}
	f->body = text;
}

void
fields_free(struct fields *f)
{
	free(f->at);
	*f = (struct fields){ 0 };
}

size_t
fields_of_name(const struct fields *f, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < f->count; i++)
		if (header_is(&f->at[i].is, name))
			n++;
	return n;
}

void
fields_restart(struct fields *f)
{
	f->number++;
}

const struct header_field *
fields_take(
    struct fields *f, struct span name, const struct header_field *except)
{
	uint32_t hash = fields_hash(name);

	for (size_t i = f->count; i-- > 0;) {
		struct field *each = &f->at[i];

		if (each->hash == hash && each->taken != f->number &&
		    &each->is != except &&
		    span_equal_case(each->is.name, name)) {
			each->taken = f->number;
			return &each->is;
		}
	}
	return NULL;
}
