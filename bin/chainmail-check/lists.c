/* Files that are lists or single values. */

#include "command.h"
#include "commands/filter.h"
#include "imap/offer.h"
#include "net/relay.h"
#include "parts.h"

/* One value a file: what stands below it is read by nobody. */
static void
rest_check(struct check *c, struct conf_list *l, const char *name)
{
	struct span line;

	if (conf_next(l, &line))
		finding_add(&c->found, MISTAKE, name, l->line,
		    "only the first line counts; take this one out");
}

void
check_me(struct check *c, const char *name)
{
	struct conf_list l;
	struct span line;
	struct str text = STR_INIT;
	const char *wrong;

	if (conf_list_open(&l, c->etc, name) && conf_next(&l, &line)) {
		if (line.len > 1 && line.at[line.len - 1] == '.')
			line.len--;
		str_set(&text, line);
		wrong = conf_me_fault(line);
		if (wrong != NULL)
			finding_addf(&c->found, MISTAKE, name, l.line, "%s: %s",
			    text.at, wrong);
		rest_check(c, &l, name);
	}
	conf_list_close(&l);
	str_free(&text);
}

void
check_limits(struct check *c, const char *name)
{
	struct source s = { c, name };
	struct limits l;

	conf_limits(c->etc, &l, complain, &s);
}

void
check_imap(struct check *c, const char *name)
{
	struct source s = { c, name };
	struct offer o;

	offer_read(c->etc, SPAN("imap"), &o, complain, &s);
}

void
check_relay(struct check *c, const char *name)
{
	struct source s = { c, name };
	struct network_list l = { NULL, 0, 0 };
	bool v4, v6;

	relay_read(c->etc, &l, complain, &s);
	v4 = network_has(&l, SPAN("192.0.2.1")) &&
	    network_has(&l, SPAN("203.0.113.1"));
	v6 = network_has(&l, SPAN("2001:db8::1")) &&
	    network_has(&l, SPAN("fd00::1"));
	if (v4 || v6)
		finding_add(&c->found, MISTAKE, name, 0,
		    "every host of the Internet may send through this one to "
		    "anybody (an open relay); name your own networks alone");
	network_free(&l);
}

void
check_filter(struct check *c, const char *name)
{
	struct source s = { c, name };
	struct conf_list l;
	struct span line;
	unsigned count = 0;

	conf_list_open(&l, c->etc, name);
	while (conf_next(&l, &line)) {
		command_check(c, SMTPD, &s, l.line, line);
		if (++count == FILTERS_MAX + 1)
			finding_addf(&c->found, MISTAKE, name, l.line,
			    "at most %d filters; join some in a script",
			    FILTERS_MAX);
	}
	conf_list_close(&l);
}

void
check_checkpassword(struct check *c, const char *name)
{
	struct source s = { c, name };
	struct conf_list l;
	struct span line;

	if (conf_list_open(&l, c->etc, name) && conf_next(&l, &line)) {
		command_check(c, AUTHD, &s, l.line, line);
		rest_check(c, &l, name);
	}
	conf_list_close(&l);
}
