/* Files that other servers left: uidlists, keywords, subscriptions; and our
 * own `uids`. */
#include <stdlib.h>

#include "store/keywords.h"
#include "store/subscriptions.h"
#include "store/takeover.h"
#include "store/uids.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { (const char *)data, size };
	struct str dirs = STR_INIT;
	struct keywords k;
	struct takeover t;
	struct uids u;

	if (takeover_uidlist(&t, in)) {
		for (size_t i = 0; i < t.count; i++)
			if (t.at[i].uid == 0 || t.at[i].uid >= t.next ||
			    takeover_find(&t, t.at[i].base) == 0)
				abort();
		takeover_free(&t);
	}
	if (takeover_mbsync(&t, in) && (t.validity == 0 || t.next == 0))
		abort();
	keywords_init(&k);
	keywords_parse(&k, in);
	for (unsigned i = 0; i < KEYWORDS_MAX; i++)
		if (keywords_name(&k, i).len > 0 &&
		    keywords_find(&k, keywords_name(&k, i)) != (int)i)
			abort();
	keywords_free(&k);
	if (uids_parse(in, "0123456789abcdef", &u) &&
	    (u.validity == 0 || u.next == 0 || u.next > u.reserved ||
		u.recent == 0 || u.recent > u.next))
		abort();
	subscriptions_parse(in, &dirs);
	str_free(&dirs);
	return 0;
}
