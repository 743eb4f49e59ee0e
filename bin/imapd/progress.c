#include "progress.h"

#include "base/clock.h"

void
progress_start(struct progress *p, struct session *s, uint32_t goal)
{
	*p = (struct progress){ s, clock_mono_ms() + PROGRESS_MS, goal };
}

/* RFC 9585: the tag is quoted, the progress below the goal. */
void
progress_step_at(struct progress *p, uint32_t done, int64_t now)
{
	struct str *text = &p->s->text;

	if (now < p->due)
		return;
	p->due = now + PROGRESS_MS;
	str_set(text, SPAN("* OK [INPROGRESS (\""));
	str_add(text, p->s->tag);
	if (done < p->goal)
		str_addf(text, "\" %u %u)] In progress\r\n", done, p->goal);
	else
		str_addf(text, "\" %u NIL)] In progress\r\n", done);
	io_put(&p->s->io, str_span(text));
	io_flush(&p->s->io);
}

void
progress_step(struct progress *p, uint32_t done)
{
	progress_step_at(p, done, clock_mono_ms());
}
