#include "store/name_object.h"

#include "base/id.h"

enum { OBJECT_MAX = 64, MARK_LEN = 9 };

static bool
is_object(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!byte_is_alpha(s.at[i]) && !byte_is_digit(s.at[i]))
			return false;
	return s.len > 0 && s.len <= OBJECT_MAX;
}

/* The field E= of the name; empty: there is none. */
static struct span
field_object(const struct name *n)
{
	struct span rest = span_from(n->head, n->base.len), field;

	while (span_take(&rest, ',')) {
		field = span_head(rest, span_find(rest, ','));
		rest = span_from(rest, field.len);
		if (span_take_text(&field, SPAN("E=")) && is_object(field))
			return field;
	}
	return SPAN("");
}

/* "ID" or "IDrHHHHHHHH" of a name of ours. */
static struct span
id_marked(const struct name *n)
{
	struct span rest = n->base, time;

	span_until(&rest, '.', &time);
	rest = span_from(rest, 1);
	return span_head(rest,
	    rest.len > ID_LEN && rest.at[ID_LEN] == 'r' ? ID_LEN + MARK_LEN
							: ID_LEN);
}

/* FNV-1a. Names that other programs give are their own to keep apart. */
static uint64_t
hash(struct span s)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (unsigned char)s.at[i]) * 0x100000001b3;
	return h;
}

void
name_object(const struct name *n, struct str *out)
{
	struct span field = field_object(n);

	if (field.len > 0)
		str_add(out, field);
	else if (n->ours)
		str_add(out, id_marked(n));
	else
		str_addf(out, "h%016llx", (unsigned long long)hash(n->base));
}

int64_t
name_saved(const struct name *n)
{
	struct span id;

	if (!n->ours)
		return -1;
	id = id_marked(n);
	if (id.len > ID_LEN)
		return n->time;
	return id_birth_ms(id) / 1000;
}
