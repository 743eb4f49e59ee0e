#include "store/name.h"

#include <errno.h>
#include <stdio.h>

#include "base/id.h"

enum { MARK_DIGITS = 8 };

/* TIME '.' ID ['r' eight hex digits] '.' : then the time is the internal
 * date. */
static bool
base_is_ours(struct span s, bool *marked_r)
{
	uint64_t time;

	*marked_r = false;

	if (!span_number(&s, INT64_MAX, &time) || !span_take(&s, '.') ||
	    !id_valid(span_head(s, ID_LEN)))
		return false;
	s = span_from(s, ID_LEN);
	if (span_take(&s, 'r')) {
		*marked_r = true;
		for (size_t i = 0; i < MARK_DIGITS; i++) {
			char c;

			if (!span_take_byte(&s, &c) ||
			    !(byte_is_digit(c) || (c >= 'a' && c <= 'f')))
				return false;
		}
	}
	return span_take(&s, '.');
}

static void
letters_read(struct span letters, struct name *n)
{
	for (size_t i = 0; i < letters.len; i++) {
		char c = letters.at[i];

		if (c >= 'A' && c <= 'Z')
			n->flags |= 1U << (c - 'A');
		if (c >= 'a' && c <= 'z')
			n->keywords |= 1U << (c - 'a');
	}
}

/* One field between commas, without the comma. The first of each kind
 * counts. */
static void
field_read(struct span field, struct name *n)
{
	uint64_t value;

	if (field.len < 3 || field.at[1] != '=' ||
	    !span_is_number(span_from(field, 2), INT64_MAX, &value))
		return;
	if (field.at[0] == 'S' && n->size == NAME_NO_SIZE)
		n->size = value;
	if (field.at[0] == 'W' && n->wire == NAME_NO_SIZE)
		n->wire = value;
	if (field.at[0] == 'U' && n->uid == 0 && value < UINT32_MAX)
		n->uid = (uint32_t)value;
}

/* Take ",field" off; false at the end. */
static bool
take_field(struct span *rest, struct span *field_r)
{
	if (!span_take(rest, ','))
		return false;
	*field_r = span_head(*rest, span_find(*rest, ','));
	*rest = span_from(*rest, field_r->len);
	return true;
}

bool
name_parse(struct span file, struct name *n_r)
{
	struct span rest, field;
	uint64_t time;

	if (file.len == 0 || file.len > NAME_MAX_LEN || file.at[0] == '.' ||
	    span_find(file, '/') < file.len || span_find(file, '\0') < file.len)
		return false;
	*n_r = (struct name){
		.time = -1, .size = NAME_NO_SIZE, .wire = NAME_NO_SIZE
	};
	n_r->head = span_head(file, span_find(file, ':'));
	n_r->base = span_head(n_r->head, span_find(n_r->head, ','));
	n_r->ours = base_is_ours(n_r->base, &n_r->delivered);
	n_r->delivered = n_r->delivered && n_r->ours;
	rest = n_r->base;
	if (span_number(&rest, INT64_MAX, &time))
		n_r->time = (int64_t)time;
	rest = span_from(n_r->head, n_r->base.len);
	while (take_field(&rest, &field))
		field_read(field, n_r);
	rest = span_from(file, n_r->head.len);
	if (span_take_text(&rest, SPAN(":2,")))
		letters_read(rest, n_r);
	return true;
}

struct span
name_base_of(struct span file)
{
	struct span head = span_head(file, span_find(file, ':'));

	return span_head(head, span_find(head, ','));
}

struct span
name_id(const struct name *n)
{
	struct span rest = n->base, time;

	if (!n->ours || !span_until(&rest, '.', &time))
		return n->base;
	return span_head(span_from(rest, 1), ID_LEN);
}

static void
put_letters(struct str *out, uint32_t letters, char first)
{
	for (unsigned i = 0; i < 26; i++)
		if (letters >> i & 1)
			str_add_byte(out, (char)(first + (int)i));
}

void
name_format(struct str *out, const struct name *n, bool info)
{
	struct span rest = span_from(n->head, n->base.len), field;

	str_add(out, n->base);
	while (take_field(&rest, &field))
		if (!span_starts(field, SPAN("U="))) {
			str_add_byte(out, ',');
			str_add(out, field);
		}
	if (n->uid != 0) {
		str_add_text(out, ",U=");
		str_add_number(out, n->uid);
	}
	if (!info)
		return;
	str_add_text(out, ":2,");
	put_letters(out, n->flags, 'A');
	put_letters(out, n->keywords, 'a');
}

void
name_without_sizes(struct str *out, struct span head)
{
	struct span rest = span_from(head, span_find(head, ',')), field;

	str_add(out, span_head(head, head.len - rest.len));
	while (take_field(&rest, &field))
		if (!span_starts(field, SPAN("S=")) &&
		    !span_starts(field, SPAN("W="))) {
			str_add_byte(out, ',');
			str_add(out, field);
		}
}

static void
put_host(struct str *out, struct span host)
{
	host = span_head(host, NAME_HOST_MAX);
	for (size_t i = 0; i < host.len; i++) {
		char c = host.at[i];

		if (c == '/' || c == ':' || c == ',' || byte_is_control(c))
			str_addf(out, "\\%03o", (unsigned char)c);
		else
			str_add_byte(out, c);
	}
}

void
name_make(struct str *out, int64_t time, struct span id, struct span mark,
    struct span host)
{
	str_add_number(out, time < 0 ? 0 : (uint64_t)time);
	str_add_byte(out, '.');
	str_add(out, id);
	str_add(out, mark);
	str_add_byte(out, '.');
	put_host(out, host);
}

void
name_sizes(struct str *out, uint64_t size, uint64_t wire)
{
	str_addf(out, ",S=%ju,W=%ju", (uintmax_t)size, (uintmax_t)wire);
}

int
name_change(int from_dir, const char *from, int to_dir, const char *to)
{
	int r = renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE);

	if (r < 0 && (errno == EINVAL || errno == ENOSYS))
		r = renameat(from_dir, from, to_dir, to);
	return r;
}
