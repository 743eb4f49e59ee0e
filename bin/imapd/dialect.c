/* The session's protocol: the capabilities offered, and those that the client has
 * enabled. */
#include "session.h"

bool
session_offers(const struct session *s, const char *capability)
{
	return offer_has(&s->offer, span_text(capability));
}

bool
session_is_utf8(const struct session *s)
{
	return (s->enabled & (ENABLED_REV2 | ENABLED_UTF8)) != 0;
}
