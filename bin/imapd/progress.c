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
	io_put_now(&p->s->io, str_span(text));
}

void
progress_step(struct progress *p, uint32_t done)
{
	progress_step_at(p, done, clock_mono_ms());
}

static void
step(void *arg, uint32_t done)
{
	progress_step(arg, done);
}

void
progress_change(struct progress *p, struct session *s, size_t goal)
{
	progress_start(p, s, (uint32_t)goal);
	s->folder.step = step;
	s->folder.step_arg = p;
}

void
progress_end(struct session *s)
{
	s->folder.step = NULL;
}
