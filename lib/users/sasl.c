#include "users/sasl.h"

bool
sasl_plain_parse(struct span message, struct sasl_plain *p_r)
{
	if (!span_until(&message, '\0', &p_r->authzid) ||
	    !span_take(&message, '\0') ||
	    !span_until(&message, '\0', &p_r->authcid) ||
	    !span_take(&message, '\0'))
		return false;
	p_r->password = message;
	return p_r->authcid.len > 0 && span_find(message, '\0') == message.len;
}

void
sasl_first_init(struct sasl_first *f)
{
	*f = (struct sasl_first){ .authzid = STR_INIT, .user = STR_INIT };
}

void
sasl_first_free(struct sasl_first *f)
{
	str_free(&f->authzid);
	str_free(&f->user);
}

/* RFC 5802 5.1: a name, with "=2C" for ',' and "=3D" for '='; no other '='. */
static bool
name_decode(struct span in, struct str *out)
{
	str_clear(out);
	for (char c; span_take_byte(&in, &c);) {
		if (c == '\0')
			return false;
		if (c != '=')
			str_add_byte(out, c);
		else if (span_take_case(&in, SPAN("2C")))
			str_add_byte(out, ',');
		else if (span_take_case(&in, SPAN("3D")))
			str_add_byte(out, '=');
		else
			return false;
	}
	return out->len > 0;
}

/* Take everything up to the comma, and the comma. */
static bool
part_take(struct span *rest, struct span *part_r)
{
	return span_until(rest, ',', part_r) && span_take(rest, ',');
}

/* "n,," "y,," "p=name,," with an authzid ("a=…") between the commas. */
static bool
gs2_take(struct span *rest, struct sasl_first *f)
{
	struct span whole = *rest, part;

	if (!part_take(rest, &part) || part.len == 0)
		return false;
	f->binding = part.at[0];
	f->channel = SPAN("");
	if (f->binding == 'p') {
		if (!span_take_text(&part, SPAN("p=")) || part.len == 0)
			return false;
		f->channel = part;
	} else if (part.len != 1 || (f->binding != 'n' && f->binding != 'y')) {
		return false;
	}
	str_clear(&f->authzid);
	if (!part_take(rest, &part) ||
	    (part.len > 0 &&
		(!span_take_text(&part, SPAN("a=")) ||
		    !name_decode(part, &f->authzid))))
		return false;
	f->gs2 = span_head(whole, whole.len - rest->len);
	return true;
}

/* RFC 5802 7: printable, without commas. */
static bool
is_nonce(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] < 0x21 || s.at[i] > 0x7e || s.at[i] == ',')
			return false;
	return s.len > 0;
}

bool
sasl_first_parse(struct span message, struct sasl_first *f_r)
{
	struct span part;

	if (!gs2_take(&message, f_r))
		return false;
	f_r->bare = message;
	/* "m=" here is an extension that must not be ignored; it does not
	 * begin with "n=", so it fails (RFC 5802 5.1). */
	if (!span_take_text(&message, SPAN("n=")) ||
	    !part_take(&message, &part) || !name_decode(part, &f_r->user) ||
	    !span_take_text(&message, SPAN("r=")))
		return false;
	f_r->nonce = span_head(message, span_find(message, ','));
	return is_nonce(f_r->nonce);
}

bool
sasl_final_parse(struct span message, struct sasl_final *f_r)
{
	struct span whole = message, part;

	if (!span_take_text(&message, SPAN("c=")) ||
	    !part_take(&message, &f_r->binding) ||
	    !span_take_text(&message, SPAN("r=")) ||
	    !part_take(&message, &f_r->nonce) || !is_nonce(f_r->nonce))
		return false;
	while (!span_starts(message, SPAN("p=")))
		if (!part_take(&message, &part)) /* an extension */
			return false;
	f_r->without_proof = span_head(
	    whole, whole.len - message.len - 1); /* the comma */
	span_take_text(&message, SPAN("p="));
	f_r->proof = message;
	return span_find(message, ',') == message.len;
}
