#include "search/search_learn.h"

#include <poll.h>

#include "search/search.h"

/* Something came, or the connection is over. */
static bool
client_speaks(struct session *s)
{
	struct pollfd p = { .fd = s->io.in, .events = POLLIN };

	return io_ready(&s->io) || poll(&p, 1, 0) != 0;
}

/* Up to which message that went; false: there is no index. */
static bool
learn_until(struct session *s, uint32_t *at_r)
{
	struct folder *f = &s->folder;
	/* Folded text never has this byte, so all of it is looked through. */
	struct key nothing = { .kind = KEY_BODY, .text = SPAN("\xff") };
	struct search q = { .keys = &nothing, .need = NEED_MESSAGE };
	struct matcher m;
	bool open;

	*at_r = 0;
	matcher_init(&m, f, &q);
	open = matcher_learn(&m);
	for (; open && *at_r < f->count && !client_speaks(s); (*at_r)++)
		if (!hints_know(m.hints, *at_r))
			matcher_holds(&m, *at_r);
	matcher_free(&m);
	return open;
}

void
search_learn(struct session *s)
{
	uint32_t at;

	if (!s->learning || s->state != SELECTED || io_flush(&s->io) != IO_OK ||
	    client_speaks(s))
		return;
	s->learning = learn_until(s, &at) && at < s->folder.count;
	/* What this took is not the next command's. */
	proc_cpu_renew(&s->cpu, s->limits.cpu_time);
}
