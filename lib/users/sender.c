#include "base/record.h"
#include "users/users.h"

enum { ALIASES_MAX = 1000 }; /* addresses examined for one sender */

/* Append the to= addresses that are not yet in the list, each ended by LF. */
static void
aliases_add(struct str *list, struct span targets)
{
	struct str value = STR_INIT;
	struct span key;

	while (record_next(&targets, &key, &value)) {
		struct span rest = str_span(list), line;
		bool known = !span_equal(key, SPAN("to"));

		while (!known && span_line(&rest, &line))
			known = span_equal(line, str_span(&value));
		if (known)
			continue;
		str_add(list, str_span(&value));
		str_add_byte(list, '\n');
	}
	str_free(&value);
}

int
users_may_send(struct users *u, struct span account, struct span sender)
{
	struct str list = STR_INIT;
	struct user r;
	int answer = 0;

	user_init(&r);
	str_add(&list, sender);
	str_add_byte(&list, '\n');
	for (size_t at = 0, n = 0; answer == 0 && at < list.len; n++) {
		struct span rest = span_from(str_span(&list), at), line;
		enum user_kind kind = USER_ERROR;

		if (n < ALIASES_MAX && span_line(&rest, &line)) {
			kind = users_lookup(u, line, &r);
			at = list.len - rest.len;
		}
		if (kind == USER_ERROR)
			answer = -1;
		else if (kind != USER_NOT_LOCAL && r.mailbox &&
		    span_equal(str_span(&r.address), account))
			answer = 1;
		else if (kind == USER_TARGETS)
			aliases_add(&list, str_span(&r.targets));
	}
	user_free(&r);
	str_free(&list);
	return answer;
}
