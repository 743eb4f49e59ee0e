#include "net/relay.h"

#include <errno.h>

#include "os/conf.h"

enum { WORD_SHOWN = 100 };

int
relay_read(int etc, struct network_list *l,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg)
{
	struct conf_list list;
	struct str wrong = STR_INIT;
	struct span line;
	struct network n;
	int bad = 0, error = 0;

	if (!conf_list_open(&list, etc, "relay"))
		error = errno;
	while (conf_next(&list, &line)) {
		if (network_parse(line, &n)) {
			network_add(l, &n);
			continue;
		}
		bad++;
		str_set(&wrong, span_head(line, WORD_SHOWN));
		str_add_text(&wrong,
		    ": not a network; write 192.0.2.7, 192.0.2.0/24 or "
		    "2001:db8::/32");
		if (complain != NULL)
			complain(list.line, wrong.at, arg);
	}
	conf_list_close(&list);
	str_free(&wrong);
	errno = error;
	return error == 0 || error == ENOENT ? bad : -1;
}
