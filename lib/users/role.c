#include "users/role.h"

bool
role_is(struct span local)
{
	static const char *const roles[] = { "root", "postmaster", "abuse",
		"hostmaster", "webmaster", "mailer-daemon" };

	for (size_t i = 0; i < COUNT(roles); i++)
		if (span_equal(local, span_text(roles[i])))
			return true;
	return false;
}
