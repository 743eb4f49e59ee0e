#include "offer.h"

static bool
is_served(const struct session *s, const struct command *c)
{
	return c->services == 0 || (c->services & s->service);
}

static bool
is_offered(const struct session *s, const struct command *c)
{
	return is_served(s, c) && (c->offered == NULL || c->offered(s, NULL));
}

const struct command *
offer_find(const struct session *s, struct span name)
{
	for (const struct command *c = s->server->commands; c->name != NULL;
	     c++)
		if (span_equal_case(name, span_text(c->name)) &&
		    is_served(s, c))
			return c;
	return NULL;
}

void
offer_keywords(const struct session *s, struct str *lines)
{
	for (const struct command *c = s->server->commands; c->name != NULL;
	     c++) {
		if (c->advertise == NULL || !is_offered(s, c))
			continue;
		str_add_text(lines, c->advertise);
		if (c->offered != NULL)
			c->offered(s, lines);
		str_add_byte(lines, '\n');
	}
}

void
offer_names(const struct session *s, struct str *names)
{
	for (const struct command *c = s->server->commands; c->name != NULL;
	     c++)
		if (is_offered(s, c))
			str_addf(names, " %s", c->name);
}
