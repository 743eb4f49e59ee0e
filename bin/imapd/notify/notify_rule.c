/* NOTIFY's rules for the selected mailbox. */
#include "notify/notify.h"

unsigned
notify_selected(const struct session *s)
{
	return s->notify == NULL ? EVENTS_OF_MESSAGES
				 : s->notify->rules.selected;
}

bool
notify_expunges(const struct session *s)
{
	return s->notify != NULL && !s->notify->rules.delayed;
}

bool
notify_is_on(const struct session *s)
{
	return s->notify != NULL &&
	    (s->notify->rules.selected != 0 ||
		rules_all(&s->notify->rules) != 0);
}
