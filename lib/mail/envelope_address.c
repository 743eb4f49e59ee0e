/* Address lists of a message's header (RFC 5322 3.4 and 4.4), read in one pass;
 * no input is an error. */
#include "mail/envelope.h"
#include "mail/nstring.h"

/* The pieces of one address being read. */
struct pieces {
	struct str words; /* words before '<', or the local part */
	struct str
	    comment; /* the last comment: the name if there is no other */
	struct str route;
	struct str local;
	struct str domain;
	bool angle;  /* in or after <...> */
	bool at;     /* after the '@' */
	bool spaced; /* blank before the next word */
	bool any;
};

static void
pieces_clear(struct pieces *p)
{
	str_clear(&p->words);
	str_clear(&p->comment);
	str_clear(&p->route);
	str_clear(&p->local);
	str_clear(&p->domain);
	p->angle = p->at = p->spaced = p->any = false;
}

static void
pieces_free(struct pieces *p)
{
	str_free(&p->words);
	str_free(&p->comment);
	str_free(&p->route);
	str_free(&p->local);
	str_free(&p->domain);
}

static void
optional_add(struct str *out, const struct str *s)
{
	if (s->len == 0)
		str_add(out, SPAN("NIL"));
	else
		string_add(out, str_span(s));
}

struct list {
	struct str *out;              /* where the structures go, or */
	struct envelope_first *first; /* what only the first one does */
	struct pieces p;
	bool in_group;
	bool in_angle;
	bool done; /* first has it */
};

static void
first_set(struct list *l, const struct str *name, const struct str *mailbox,
    const struct str *host)
{
	if (l->done)
		return;
	str_set(&l->first->name, str_span(name));
	str_set(&l->first->mailbox, str_span(mailbox));
	str_set(&l->first->host, str_span(host));
	l->done = true;
}

/* (name route mailbox host). NIL as host would begin a group and NIL as
 * mailbox end it (RFC 3501 7.4.2), so what is missing is "". */
static void
address_add(struct list *l)
{
	struct str *out = l->out;
	struct pieces *p = &l->p;
	struct str *local = p->angle ? &p->local : &p->words;
	struct str *name = p->angle ? &p->words : &p->comment;

	if (name->len == 0)
		name = &p->comment;
	if (p->any && l->first != NULL) {
		first_set(l, name, local, &p->domain);
	} else if (p->any) {
		str_add_byte(out, '(');
		optional_add(out, name);
		str_add_byte(out, ' ');
		optional_add(out, &p->route);
		str_add_byte(out, ' ');
		string_add(out, str_span(local));
		str_add_byte(out, ' ');
		string_add(out, str_span(&p->domain));
		str_add_byte(out, ')');
	}
	pieces_clear(p);
}

static void
group_start(struct list *l)
{
	const struct str none = STR_INIT;

	if (l->first != NULL) {
		first_set(l, &none, &l->p.words, &none);
	} else {
		str_add(l->out, SPAN("(NIL NIL "));
		string_add(l->out, str_span(&l->p.words));
		str_add(l->out, SPAN(" NIL)"));
	}
	pieces_clear(&l->p);
}

/* The string that words are appended to. */
static struct str *
target(struct pieces *p)
{
	return p->at ? &p->domain : p->angle ? &p->local : &p->words;
}

/* A blank between two words of a name is kept; in an address it is not. */
static void
word_start(struct pieces *p)
{
	if (p->spaced && !p->angle && !p->at && p->words.len > 0)
		str_add_byte(&p->words, ' ');
	p->spaced = false;
	p->any = true;
}

static void
take_comment(struct span *rest, struct pieces *p)
{
	unsigned depth = 1;
	char c;

	str_clear(&p->comment);
	while (span_take_byte(rest, &c)) {
		if (c == '\\') { /* RFC 5322 3.2.1: the next byte is literal */
			if (!span_take_byte(rest, &c))
				break;
		} else if (c == '(') {
			depth++;
		} else if (c == ')' && --depth == 0) {
			break;
		}
		if (c != '\r' && c != '\n')
			str_add_byte(&p->comment, c);
	}
	p->spaced = true;
}

static void
take_quoted(struct span *rest, struct pieces *p)
{
	char c;

	word_start(p);
	while (span_take_byte(rest, &c) && c != '"') {
		if (c == '\\' && !span_take_byte(rest, &c))
			break;
		if (c != '\r' && c != '\n')
			str_add_byte(target(p), c);
	}
}

/* "[" ... "]" is one word of a domain. */
static void
take_literal(struct span *rest, struct pieces *p)
{
	char c;

	word_start(p);
	str_add_byte(target(p), '[');
	while (span_take_byte(rest, &c)) {
		if (!byte_is_space(c))
			str_add_byte(target(p), c);
		if (c == ']')
			break;
	}
}

static void
take_at(struct pieces *p)
{
	p->any = true;
	if (p->at) { /* a second '@': all before it was the local part */
		struct str *local = p->angle ? &p->local : &p->words;

		str_add_byte(local, '@');
		str_add(local, str_span(&p->domain));
		str_clear(&p->domain);
	}
	p->at = true;
	p->spaced = false;
}

static void
take_angle(struct pieces *p)
{
	if (!p->angle && p->at) { /* "a@b <c@d>": the first is the name */
		str_add_byte(&p->words, '@');
		str_add(&p->words, str_span(&p->domain));
	}
	str_clear(&p->domain);
	str_clear(&p->local);
	p->angle = p->any = true;
	p->at = p->spaced = false;
}

/* RFC 5322 4.4: "<@a,@b:c@d>": a route begins with '@'. */
static bool
is_route(const struct pieces *p)
{
	return p->at && (p->local.len == 0 || p->local.at[0] == '@');
}

/* The text before the colon was the route. */
static void
take_colon(struct pieces *p)
{
	str_set(&p->route, str_span(&p->local));
	str_add_byte(&p->route, '@');
	str_add(&p->route, str_span(&p->domain));
	str_clear(&p->domain);
	str_clear(&p->local);
	p->at = false;
}

static void
group_end(struct list *l)
{
	address_add(l);
	if (l->in_group && l->first == NULL)
		str_add(l->out, SPAN("(NIL NIL NIL NIL)"));
	l->in_group = false;
}

/* The bytes that structure a list; true when c was one. */
static bool
take_special(struct list *l, char c)
{
	struct pieces *p = &l->p;

	if (c == '@') {
		take_at(p);
	} else if (c == '<') {
		take_angle(p);
		l->in_angle = true;
	} else if (c == '>') {
		l->in_angle = false;
	} else if (c == ':' && l->in_angle && is_route(p)) {
		take_colon(p);
	} else if (c == ':' && !p->at && !p->angle && !l->in_group) {
		group_start(l);
		l->in_group = true;
	} else if (c == ';') {
		group_end(l);
	} else if (c == ',' && !l->in_angle) {
		address_add(l);
	} else {
		return false;
	}
	return true;
}

static void
list_read(struct list *l, struct span value)
{
	struct pieces *p = &l->p;
	char c;

	*p = (struct pieces){ STR_INIT, STR_INIT, STR_INIT, STR_INIT, STR_INIT,
		false, false, false, false };
	while (!l->done && span_take_byte(&value, &c)) {
		if (byte_is_space(c))
			p->spaced = true;
		else if (c == '(')
			take_comment(&value, p);
		else if (c == '"')
			take_quoted(&value, p);
		else if (c == '[')
			take_literal(&value, p);
		else if (p->angle && !l->in_angle && c != ',' && c != ';')
			continue; /* rubbish behind '>' */
		else if (!take_special(l, c)) {
			word_start(p);
			str_add_byte(target(p), c);
		}
	}
	group_end(l);
	pieces_free(p);
}

void
envelope_addresses(struct str *out, struct span value)
{
	struct list l = { .out = out };

	list_read(&l, value);
}

void
envelope_first_init(struct envelope_first *a)
{
	str_init(&a->name);
	str_init(&a->mailbox);
	str_init(&a->host);
}

bool
envelope_first(struct span value, struct envelope_first *a)
{
	struct list l = { .first = a };

	str_clear(&a->name);
	str_clear(&a->mailbox);
	str_clear(&a->host);
	list_read(&l, value);
	return l.done;
}

void
envelope_first_free(struct envelope_first *a)
{
	str_free(&a->name);
	str_free(&a->mailbox);
	str_free(&a->host);
}
