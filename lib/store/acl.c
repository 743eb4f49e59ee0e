#include "store/acl.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/io.h"
#include "base/record.h"
#include "mail/address.h"

#define MAGIC "chainmail-acl 1"
#define ANYONE SPAN("anyone")

enum { FILE_MAX_LEN = 64 * 1024 };

/* In the order of the bits. */
static const char letters[] = "lrswipkxtea";

/* RFC 4314 2.1.1. */
enum {
	OLD_CREATE = RIGHT_CREATE | RIGHT_DELETE,
	OLD_DELETE = RIGHT_DELETED | RIGHT_EXPUNGE,
};

static unsigned
right_of(char c)
{
	if (c == 'c')
		return OLD_CREATE;
	if (c == 'd')
		return OLD_DELETE;
	for (unsigned i = 0; letters[i] != '\0'; i++)
		if (letters[i] == c)
			return 1U << i;
	return 0;
}

bool
rights_parse(struct span text, unsigned *rights_r)
{
	*rights_r = 0;
	for (size_t i = 0; i < text.len; i++) {
		unsigned right = right_of(text.at[i]);

		if (right == 0)
			return false;
		*rights_r |= right;
	}
	return true;
}

void
rights_add(struct str *out, unsigned rights)
{
	for (unsigned i = 0; letters[i] != '\0'; i++)
		if (rights >> i & 1)
			str_add_byte(out, letters[i]);
	if (rights & OLD_CREATE)
		str_add_byte(out, 'c');
	if (rights & OLD_DELETE)
		str_add_byte(out, 'd');
}

bool
acl_id(struct span id, struct str *id_r)
{
	struct address a;

	str_set(id_r, id);
	if (!span_is_ascii(id))
		return false;
	str_lower(id_r, 0);
	if (span_equal(str_span(id_r), ANYONE))
		return true;
	return id.len <= ACL_ID_MAX && id.len > 0 && id.at[0] != '-' &&
	    span_is_clean(id) && address_parse(str_span(id_r), &a);
}

struct acl_entry *
acl_find(const struct acl *a, struct span id)
{
	for (size_t i = 0; i < a->count; i++)
		if (span_equal(a->at[i].id, id))
			return &a->at[i];
	return NULL;
}

static void
line_parse(struct span line, struct acl *a)
{
	struct str id = STR_INIT, given = STR_INIT, again = STR_INIT;
	unsigned rights;

	if (record_is(line, "right") && record_get(line, "id", &id) &&
	    record_get(line, "rights", &given) &&
	    acl_id(str_span(&id), &again) &&
	    rights_parse(str_span(&given), &rights) &&
	    a->count < ACL_COUNT_MAX && acl_find(a, str_span(&again)) == NULL &&
	    (rights & RIGHTS_GRANTABLE) != 0)
		a->at[a->count++] = (struct acl_entry){
			arena_copy(&a->arena, str_span(&again)),
			rights & RIGHTS_GRANTABLE,
		};
	str_free(&id);
	str_free(&given);
	str_free(&again);
}

bool
acl_parse(struct span text, struct acl *a_r)
{
	struct span line;

	*a_r = (struct acl){ .arena = ARENA_INIT };
	if (!span_line(&text, &line) || !span_equal(line, SPAN(MAGIC)))
		return false;
	a_r->at = arena_new(&a_r->arena, (ACL_COUNT_MAX + 1) * sizeof *a_r->at);
	while (span_line(&text, &line))
		line_parse(line, a_r);
	return true;
}

void
acl_format(struct str *text, const struct acl *a)
{
	struct str rights = STR_INIT;

	str_add(text, SPAN(MAGIC "\n"));
	for (size_t i = 0; i < a->count; i++) {
		str_clear(&rights);
		rights_add(&rights, a->at[i].rights);
		record_verb(text, "right");
		record_add(text, "id", a->at[i].id);
		record_add(text, "rights", str_span(&rights));
		record_end(text);
	}
	str_free(&rights);
}

void
acl_free(struct acl *a)
{
	int saved = errno;

	arena_free(&a->arena);
	*a = (struct acl){ .arena = ARENA_INIT };
	errno = saved;
}

int
acl_read(int at, const char *path, struct acl *a_r)
{
	struct str name = STR_INIT, text = STR_INIT;
	int fd, r = -1;

	*a_r = (struct acl){ .arena = ARENA_INIT };
	str_setf(&name, "%s/acl", path);
	fd = openat(
	    at, name.at, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	str_free(&name);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (read_all(fd, FILE_MAX_LEN, &text) == 0) {
		r = acl_parse(str_span(&text), a_r) ? 0 : -1;
		if (r < 0)
			errno = EBADMSG;
	}
	close(fd);
	str_free(&text);
	return r;
}

unsigned
acl_rights(const struct acl *a, struct span user)
{
	const struct acl_entry *all = acl_find(a, ANYONE),
			       *own = acl_find(a, user);

	return (all == NULL ? 0 : all->rights) |
	    (own == NULL ? 0 : own->rights);
}
