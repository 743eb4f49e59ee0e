#include "forward.h"

#include <errno.h>

#include "base/log.h"

static void
envelope_make(struct envelope *e, const struct job *j)
{
	envelope_init(e);
	e->from = envelope_keep(e, j->from);
	e->service = envelope_keep(e, SPAN("forward"));
	for (const struct place *p = j->remote->first; p != NULL; p = p->next)
		if (p->kind == PLACE_REMOTE)
			envelope_to(e, &(struct recipient){ .address = p->to });
}

static int
put(void *to, struct span bytes)
{
	return spool_write(to, bytes);
}

/* Log that the message continues under another id. */
static void
forward_log(const struct job *j, const struct id *id, const struct envelope *e)
{
	struct logline l;

	log_start(&l, "forward");
	log_span(&l, "id", j->id);
	log_text(&l, "new-id", id->text);
	log_span(&l, "for", j->wanted);
	for (size_t i = 0; i < e->count; i++)
		log_span(&l, "to", e->recipients[i].address);
	log_write(&l);
}

void
forward_deliver(const struct spool *s, struct job *j, const struct message *m)
{
	struct envelope e;
	struct spool_file f;
	struct str purpose = STR_INIT;
	struct id id;
	int r;

	if (s == NULL) {
		job_result(j, TEMP, "4.3.0", SPAN("spool"), "can't be opened");
		return;
	}
	str_add_text(&purpose, "forward ");
	str_add(&purpose, j->wanted);
	id = id_derive(j->id, str_span(&purpose));
	str_free(&purpose);
	envelope_make(&e, j);
	r = spool_create(&f, s, &id, &e);
	if (r == 0 && message_each(m, false, put, &f) < 0) {
		int saved = errno;

		spool_abort(&f);
		errno = saved;
		r = -1;
	} else if (r == 0) {
		r = spool_commit(&f);
	}
	if (r < 0 && errno != EEXIST)
		job_errno(j, SPAN("spool"), errno);
	else
		forward_log(j, &id, &e);
	envelope_free(&e);
}
