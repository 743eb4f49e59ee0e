/* Mailboxes and paths of SMTP (RFC 5321 4.1.2, RFC 6531 3.3). Addresses as
 * they stand in a message's header (comments, display names, folding) are
 * another syntax, and not read here. */
#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include "base/str.h"

/* RFC 5321 4.5.3.1 asks for 64 and 255 and to impose no limit where possible;
 * senders that put recipients into their bounce address use more than 64. */
enum {
	ADDRESS_LOCAL_MAX = 255,
	ADDRESS_DOMAIN_MAX = 255,
};

/* Spans into the text that was read. */
struct address {
	struct span local;  /* as written, with its quotes */
	struct span domain; /* as written; "[192.0.2.1]" is a literal */
};

/* Take local-part@domain off the front. UTF-8 is accepted in both parts
 * (address_is_ascii() tells); lengths are checked. */
bool address_take(struct span *rest, struct address *a_r);
/* The whole text is one. */
bool address_parse(struct span text, struct address *a_r);
/* Take <address> off the front, a source route (<@a,@b:c@d>) read and forgotten
 * (RFC 5321 appendix C). Also taken: <>, both parts empty, and
 * <postmaster> in any case (4.1.1.3), the domain empty. */
bool address_take_path(struct span *rest, struct address *a_r);
bool address_is_null(const struct address *a);
/* RFC 6531: without SMTPUTF8 a mailbox is ASCII. */
bool address_is_ascii(const struct address *a);

/* Append the address in its one form: the local part without needless quotes
 * (RFC 5321 4.1.2), the domain in lower case. Nothing for the null path. */
void address_text(const struct address *a, struct str *out);
/* The same in lower case altogether (ASCII), as a key of the user database. */
void address_key(const struct address *a, struct str *out);
/* Append what the local part means: its quotes and backslashes taken off. */
void address_local(const struct address *a, struct str *out);
/* Same mailbox: domains without case, local parts by their meaning, exactly. */
bool address_equal(const struct address *a, const struct address *b);

/* Take a local part, quoted or not, off the front. */
bool local_take(struct span *rest, struct span *local_r);
/* Take a domain, or a literal in brackets, off the front. */
bool domain_take(struct span *rest, struct span *domain_r);
bool domain_is_literal(struct span domain);
/* The IP address of a literal, as text ("192.0.2.1", "2001:db8::1", always in
 * inet_ntop's form); false when it isn't one. */
bool domain_literal_ip(struct span domain, struct str *ip_r);

#endif
