/* Any value of password=: what is taken is in its one form, which is taken
 * again as it is, and a hash that costs little is compared. */
#include <stdlib.h>
#include <string.h>

#include "users/password.h"
#include "users/password_scheme.h"
#include "users/password_weak.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span value = { (const char *)data, size };
	struct str kept = STR_INIT, again = STR_INIT;
	const char *why = NULL;
	enum scheme_result r = scheme_read(value, &kept, &why);

	if (r == SCHEME_WRONG && (why == NULL || why[0] == '\0'))
		abort();
	if (r == SCHEME_HASH) {
		if (!password_hash_known(str_span(&kept)) ||
		    scheme_read(str_span(&kept), &again, &why) != SCHEME_HASH ||
		    !span_equal(str_span(&kept), str_span(&again)))
			abort();
		if (kept.at[0] == '{')
			password_check(SPAN("secret"), kept.at);
	}
	password_weakness(value, SPAN("bob@mail.example.org"));
	str_free(&kept);
	str_free(&again);
	return 0;
}
