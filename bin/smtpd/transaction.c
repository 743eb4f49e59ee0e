#include "transaction.h"

void
transaction_reset(struct session *s)
{
	message_abort(s);
	envelope_clear(&s->envelope);
	s->declared = s->asked = 0;
	s->id = (struct id){ "" };
	if (s->state != START)
		s->state = READY;
}
