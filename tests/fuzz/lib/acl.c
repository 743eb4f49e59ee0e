/* What login and imapd read of shared folders: a folder's acl, an owner's list of
 * readers, a session's folders. All are total, and what is read is written the
 * same again. */
#include "store/acl.h"
#include "store/shared.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
acl_try(struct span text)
{
	struct str again = STR_INIT;
	struct acl a, b;

	if (acl_parse(text, &a)) {
		acl_format(&again, &a);
		if (!acl_parse(str_span(&again), &b) || b.count != a.count)
			__builtin_trap();
		for (size_t i = 0; i < a.count; i++)
			if (!span_equal(a.at[i].id, b.at[i].id) ||
			    a.at[i].rights != b.at[i].rights ||
			    (a.at[i].rights & ~(unsigned)RIGHTS_GRANTABLE))
				__builtin_trap();
		acl_free(&b);
	}
	acl_free(&a);
	str_free(&again);
}

static void
shared_try(struct span text)
{
	struct str again = STR_INIT;
	struct shared a, b;

	if (shared_parse(text, SPAN("bob@example.org"), &a)) {
		shared_format(&a, &again);
		if (!shared_parse(str_span(&again), a.user, &b) ||
		    b.count > a.count ||
		    (again.len < 16384 && b.count != a.count))
			__builtin_trap();
		for (size_t i = 0; i < a.count; i++)
			if (!shared_is_name(a.at[i].name))
				__builtin_trap();
		shared_free(&b);
	}
	shared_free(&a);
	str_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { (const char *)data, size };
	unsigned rights;

	rights_parse(text, &rights);
	shared_list_has(text, SPAN("bob@example.org"));
	acl_try(text);
	shared_try(text);
	return 0;
}
