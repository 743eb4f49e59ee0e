/* Mailboxes and paths of SMTP (RFC 5321 4.1.2, RFC 6531 3.3). Addresses in a
 * message's header (comments, display names, folding) have another syntax,
 * which is not parsed here. */
#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include "base/str.h"

/* RFC 5321 4.5.3.1 requires 64 and 255 and recommends no limit; senders that
 * put recipients into their bounce address use more than 64. */
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
/* The whole text is an address. */
bool address_parse(struct span text, struct address *a_r);
/* Take <address> off the front, a source route (<@a,@b:c@d>) being ignored (RFC
 * 5321 appendix C). Also taken: <>, both parts empty, and <postmaster> in any
 * case (4.1.1.3), the domain empty. */
bool address_take_path(struct span *rest, struct address *a_r);
bool address_is_null(const struct address *a);
/* RFC 6531: without SMTPUTF8 a mailbox is ASCII. */
bool address_is_ascii(const struct address *a);

/* Append the address in canonical form: the local part without needless quotes
 * (RFC 5321 4.1.2), the domain in lower case. Nothing for the null path. */
void address_text(const struct address *a, struct str *out);
/* The same entirely in lower case (ASCII), as a key of the user database. */
void address_key(const struct address *a, struct str *out);
/* Append the local part without quotes and backslashes. */
void address_local(const struct address *a, struct str *out);
/* The reverse: append a local part, quoted if needed. */
void local_text(struct span meaning, struct str *out);
/* Same mailbox: domains without case, unquoted local parts exactly. */
bool address_equal(const struct address *a, const struct address *b);

/* Take a local part, quoted or not, off the front. */
bool local_take(struct span *rest, struct span *local_r);
/* Take a domain, or a literal in brackets, off the front. A final dot, as in
 * DNS, is taken but not part of it. */
bool domain_take(struct span *rest, struct span *domain_r);
bool domain_is_literal(struct span domain);
/* The IP address of a literal, as text ("192.0.2.1", "2001:db8::1", always in
 * inet_ntop's form); false when it isn't one. */
bool domain_literal_ip(struct span domain, struct str *ip_r);

#endif
