/* CAPABILITY, NOOP, LOGOUT, ID, ENABLE, NAMESPACE. */
#include "command.h"

void
cmd_capability(struct session *s)
{
	if (!session_end(s))
		return;
	str_set(&s->text, SPAN("* "));
	capability_add(&s->text);
	io_put(&s->io, str_span(&s->text));
	io_put_text(&s->io, "\r\n");
	answer(s, RESULT_OK, "That is all");
}

void
cmd_noop(struct session *s)
{
	if (session_end(s))
		answer(s, RESULT_OK, "Done");
}

void
cmd_logout(struct session *s)
{
	if (!session_end(s))
		return;
	io_put_text(&s->io, "* BYE Until next time\r\n");
	session_unselect(s);
	s->state = LOGGED_OUT;
	answer(s, RESULT_OK, "Logged out");
}

/* RFC 2971: NIL or (string nstring ...), which nobody needs to know. */
static bool
take_id(struct parser *p)
{
	struct span key, value;

	if (parse_is(p, "NIL"))
		return true;
	if (!parse_byte(p, '('))
		return false;
	while (!parse_byte(p, ')')) {
		parse_space(p);
		if (!parse_string(p, &key) || !parse_space(p) ||
		    !parse_nstring(p, &value))
			return false;
	}
	return true;
}

void
cmd_id(struct session *s)
{
	if (!parse_space(&s->parser) || !take_id(&s->parser)) {
		answer_syntax(s);
		return;
	}
	if (!session_end(s))
		return;
	io_put_text(&s->io, "* ID (\"name\" \"chainmail\")\r\n");
	answer(s, RESULT_OK, "Nice to meet you");
}

/* RFC 5161: what is not known is ignored; nothing here needs enabling. */
void
cmd_enable(struct session *s)
{
	struct span name;

	do {
		if (!parse_space(&s->parser) ||
		    !parse_atom(&s->parser, &name)) {
			answer_syntax(s);
			return;
		}
	} while (s->parser.rest.len > 0);
	io_put_text(&s->io, "* ENABLED\r\n");
	answer(s, RESULT_OK, "Done");
}

/* RFC 2342: one namespace, the user's own. */
void
cmd_namespace(struct session *s)
{
	if (!session_end(s))
		return;
	io_put_text(&s->io, "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n");
	answer(s, RESULT_OK, "Done");
}
