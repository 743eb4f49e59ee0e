#include "forward.h"

#include <errno.h>
#include <unistd.h>

#include "base/io.h"
#include "spool/format.h"

/* What the envelope says besides sender and recipients; a message from stdin
 * has none. */
static void
envelope_inherit(struct envelope *e, const struct job *j)
{
	struct str text = STR_INIT;
	size_t len;

	if (j->offset <= SPOOL_FIRST_LEN || j->offset > SPOOL_HEADER_MAX)
		return;
	len = (size_t)j->offset - SPOOL_FIRST_LEN;
	if (read_part(j->fd, SPOOL_FIRST_LEN, len, &text) == 0 &&
	    !envelope_parse(e, str_span(&text)))
		envelope_clear(e);
	str_free(&text);
	e->count = 0; /* its recipients are not those of the copy */
}

static void
envelope_make(struct envelope *e, const struct job *j)
{
	envelope_inherit(e, j);
	e->from = envelope_keep(e, j->from);
	e->service = envelope_keep(e, SPAN("forward"));
	for (const struct part *p = j->parts; p != NULL; p = p->next) {
		/* RFC 3461 5.2.7: an alias hands the wishes on. */
		const struct recipient r = { .address = p->address,
			.notify = j->notify,
			.orcpt = j->orcpt };

		if (p->kind == PART_FORWARD)
			envelope_to(e, &r);
	}
}

static int
put(void *to, struct span bytes)
{
	return spool_write(to, bytes);
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
	envelope_init(&e);
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
	envelope_free(&e);
}
