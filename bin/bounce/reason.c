#include "reason.h"

#include "base/die.h"

enum name {
	OTHER,
	NO_MAILBOX,
	MOVED,
	DISABLED,
	SYNTAX,
	NO_DOMAIN,
	NO_MAIL_DOMAIN,
	SENDER_BAD,
	FULL,
	TOO_LARGE,
	UNREACHABLE,
	DNS_FAULT,
	BUSY,
	LOOP,
	EXPIRED,
	REFUSED,
	SPAM,
	UNPROVEN,
	NO_RELAY,
	TLS_LACKING,
	UTF8_LACKING,
	CONTENT,
	LIST,
	PROTOCOL,
	SYSTEM,
	SETUP,
	REMOVED,
};

static const struct reason reasons[] = {
	[OTHER] = { "it was not accepted",
	    "The address or the message was not accepted.",
	    "Read the answer above. If it does not help, contact the recipient "
	    "by other means, or show this report to your postmaster." },
	[NO_MAILBOX] = { "no such mailbox",
	    "There is no such mailbox: the address is misspelt, or it is no "
	    "longer in use.",
	    "Compare the address letter by letter, correct it and send the "
	    "message again; or ask the recipient by other means for the "
	    "current address." },
	[MOVED] = { "the mailbox has moved",
	    "The mailbox has moved, and its mail is not forwarded.",
	    "Ask the recipient by other means for the current address." },
	[DISABLED] = { "the mailbox does not accept mail",
	    "The mailbox exists but does not accept mail at present.",
	    "Contact the recipient by other means." },
	[SYNTAX] = { "not a valid mail address",
	    "This is not a valid mail address.",
	    "Correct the address and send the message again." },
	[NO_DOMAIN] = { "the domain does not exist",
	    "The domain, the part behind the @, does not exist.",
	    "Look for a mistake in the part behind the @, correct it and send "
	    "the message again." },
	[NO_MAIL_DOMAIN] = { "the domain does not accept mail",
	    "The domain, the part behind the @, does not accept mail.",
	    "Look for a mistake in the part behind the @, or ask the recipient "
	    "by other means for an address that accepts mail." },
	[SENDER_BAD] = { "your address was refused",
	    "The other side does not accept the address that you send from.",
	    "Check the sender address in your mail program; if it is right, "
	    "show this report to your postmaster." },
	[FULL] = { "the mailbox is full",
	    "The mailbox is full and can't accept further messages.",
	    "Tell the recipient by other means, and send the message again "
	    "when there is room." },
	[TOO_LARGE] = { "the message is too large",
	    "The message is larger than the other side accepts.",
	    "Send smaller attachments or several messages, or put the files "
	    "where the recipient can download them." },
	[UNREACHABLE] = { "the host can't be reached",
	    "The host that accepts mail for this address could not be reached "
	    "or did not answer.",
	    "Look for a mistake in the part behind the @. If it is right, the "
	    "fault is on the other side: send the message again later, or "
	    "contact the recipient by other means." },
	[DNS_FAULT] = { "its domain can't be looked up",
	    "The DNS lookup of the domain, the part behind the @, failed.",
	    "Look for a mistake in the part behind the @. If it is right, the "
	    "fault is on the other side: send the message again later, or "
	    "contact the recipient by other means." },
	[BUSY] = { "the other side is temporarily unavailable",
	    "The host that accepts mail for this address asked to try again "
	    "later.",
	    "Send the message again later, or contact the recipient by other "
	    "means." },
	[LOOP] = { "the message is in a mail loop",
	    "The message was forwarded in a loop, from host to host or from "
	    "address to address.",
	    "You can do nothing about it: addresses or domains forward to each "
	    "other. Show this report to your postmaster or to the recipient." },
	[EXPIRED] = { "all attempts failed", "All delivery attempts failed.",
	    "Send the message again later, or contact the recipient by other "
	    "means." },
	[REFUSED] = { "refused by the policy of the other side",
	    "The policy of the other side forbids this message: you may not "
	    "write to this address, or not from this host.",
	    "Ask the recipient by other means to allow messages from you, or "
	    "show this report to your postmaster." },
	[SPAM] = { "refused as spam",
	    "The other side considers the message spam, or the host that sent "
	    "it a source of spam.",
	    "Change what may look like spam (many links, unusual attachments) "
	    "and send it again. If this happens to other messages too, show "
	    "this report to your postmaster." },
	[UNPROVEN] = { "it could not be authenticated",
	    "The other side could not verify that the message is from the "
	    "domain it claims to be from (SPF, DKIM or DMARC).",
	    "Send it through the mail server of your own address's domain. If "
	    "you did, show this report to your postmaster." },
	[NO_RELAY] = { "the host does not accept mail for this domain",
	    "The host does not accept mail for the domain, the part behind "
	    "the @.",
	    "Look for a mistake in the part behind the @. If it is right, the "
	    "recipient's domain is misconfigured: tell the recipient by other "
	    "means." },
	[TLS_LACKING] = { "no secure connection could be established",
	    "The message may be sent over a secure connection (TLS) only, and "
	    "none could be established with the host that accepts mail for "
	    "this address.",
	    "Nothing was sent unencrypted. Show this report to your "
	    "postmaster; the other side has to correct its certificate or its "
	    "DNS records." },
	[UTF8_LACKING] = { "the host does not support such addresses",
	    "The message or its addresses contain characters beyond ASCII, "
	    "which the other side does not support (SMTPUTF8).",
	    "Use ASCII addresses, for the recipient and for yourself, and an "
	    "ASCII subject; then send it again." },
	[CONTENT] = { "its content was not accepted",
	    "The other side does not accept the content of the message.",
	    "Send it in another form: without attachments or with others, or "
	    "as plain text." },
	[LIST] = { "the mailing list does not accept it",
	    "The address is a mailing list that does not accept this message, "
	    "or that has no members.",
	    "Ask those who run the list who may write to it." },
	[PROTOCOL] = { "the hosts do not understand each other",
	    "The host that accepts mail for this address did not understand "
	    "the commands that it was sent.",
	    "Show this report to your postmaster." },
	[SYSTEM] = { "a fault of the mail system",
	    "The mail system that should accept the message has a fault or no "
	    "disk space left.",
	    "Send the message again later, or show this report to your "
	    "postmaster." },
	[SETUP] = { "a mail system is misconfigured",
	    "A mail system on the way is misconfigured and could not accept or "
	    "forward the message.",
	    "Show this report to your postmaster." },
	[REMOVED] = { "removed by the postmaster",
	    "The postmaster of this host removed the message before it could "
	    "be delivered.",
	    "Ask the postmaster why." },
};

/* What codes mean (RFC 3463, and the registry of RFC 5248). Vague codes, or
 * codes used for everything, yield to words in the text. */
static const struct code {
	const char *detail; /* without its class; ends in '.': all of these */
	enum name name;
	bool vague;
} codes[] = {
	{ "1.1", NO_MAILBOX, false },
	{ "1.2", NO_DOMAIN, false },
	{ "1.3", SYNTAX, false },
	{ "1.4", NO_MAILBOX, false },
	{ "1.6", MOVED, false },
	{ "1.7", SENDER_BAD, false },
	{ "1.8", SENDER_BAD, false },
	{ "1.10", NO_MAIL_DOMAIN, false }, /* RFC 7505 4.2 */
	{ "1.", NO_MAILBOX, true },
	{ "2.1", DISABLED, true },
	{ "2.2", FULL, false },
	{ "2.3", TOO_LARGE, false },
	{ "2.4", LIST, false },
	{ "2.", OTHER, true },
	{ "3.1", SYSTEM, false },
	{ "3.4", TOO_LARGE, false },
	{ "3.5", SETUP, false },
	{ "3.", SYSTEM, true },
	{ "4.1", UNREACHABLE, true },
	{ "4.2", UNREACHABLE, true },
	{ "4.3", DNS_FAULT, true },
	{ "4.4", UNREACHABLE, true },
	{ "4.5", BUSY, false },
	{ "4.6", LOOP, false },
	{ "4.7", EXPIRED, true },
	{ "4.", UNREACHABLE, true },
	{ "5.3", OTHER, true },
	{ "5.", PROTOCOL, true },
	{ "6.7", UTF8_LACKING, false }, /* RFC 6531 3.5 */
	{ "6.8", UTF8_LACKING, false },
	{ "6.9", UTF8_LACKING, false },
	{ "6.10", UTF8_LACKING, false },
	{ "6.", CONTENT, true },
	{ "7.2", LIST, false },
	{ "7.4", TLS_LACKING, true },
	{ "7.5", TLS_LACKING, true },
	{ "7.8", SYSTEM, false }, /* RFC 4954 6; we could not log in */
	{ "7.10", TLS_LACKING, false },
	{ "7.11", TLS_LACKING, false },
	{ "7.20", UNPROVEN, false }, /* RFC 7372 3 */
	{ "7.21", UNPROVEN, false },
	{ "7.22", UNPROVEN, false },
	{ "7.23", UNPROVEN, false },
	{ "7.24", UNPROVEN, false },
	{ "7.25", SPAM, false },
	{ "7.26", UNPROVEN, false },
	{ "7.27", SENDER_BAD, false },  /* RFC 7505 4.2 */
	{ "7.30", TLS_LACKING, false }, /* RFC 8689 5 */
	{ "7.", REFUSED, true },
};

/* Words in hosts' replies; the first match counts. */
static const struct word {
	const char *text;
	enum name name;
} words[] = {
	{ "removed by the administrator", REMOVED }, /* lib/spool/hold.c */
	{ "no such domain", NO_DOMAIN },
	{ "domain does not exist", NO_DOMAIN },
	{ "domain not found", NO_DOMAIN },
	{ "no such user", NO_MAILBOX },
	{ "no such mailbox", NO_MAILBOX },
	{ "no such recipient", NO_MAILBOX },
	{ "user unknown", NO_MAILBOX },
	{ "unknown user", NO_MAILBOX },
	{ "unknown recipient", NO_MAILBOX },
	{ "unknown or illegal alias", NO_MAILBOX },
	{ "user not found", NO_MAILBOX },
	{ "recipient not found", NO_MAILBOX },
	{ "does not exist", NO_MAILBOX },
	{ "doesn't exist", NO_MAILBOX },
	{ "no mailbox", NO_MAILBOX },
	{ "invalid recipient", NO_MAILBOX },
	{ "address rejected: access denied", NO_MAILBOX },
	{ "disabled", DISABLED },
	{ "inactive", DISABLED },
	{ "quota", FULL },
	{ "mailbox full", FULL },
	{ "mailbox is full", FULL },
	{ "mailbox has exceeded", FULL },
	{ "too large", TOO_LARGE },
	{ "too big", TOO_LARGE },
	{ "size limit", TOO_LARGE },
	{ "maximum size", TOO_LARGE },
	{ "smtputf8", UTF8_LACKING },
	{ "too many hops", LOOP },
	{ "hop count", LOOP },
	{ "loop", LOOP },
	{ "spf", UNPROVEN },
	{ "dkim", UNPROVEN },
	{ "dmarc", UNPROVEN },
	{ "unauthenticated", UNPROVEN },
	{ "tls", TLS_LACKING },
	{ "mta-sts", TLS_LACKING },
	{ "certificate", TLS_LACKING },
	{ "relay", NO_RELAY },
	{ "greylist", BUSY },
	{ "graylist", BUSY },
	{ "spam", SPAM },
	{ "blacklist", SPAM },
	{ "blocklist", SPAM },
	{ "block list", SPAM },
	{ "listed", SPAM },
	{ "blocked", SPAM },
	{ "reputation", SPAM },
	{ "unsolicited", SPAM },
	{ "virus", CONTENT },
	{ "dns gives no answer", DNS_FAULT },
	{ "timed out", UNREACHABLE },
	{ "timeout", UNREACHABLE },
	{ "unreachable", UNREACHABLE },
	{ "connect", UNREACHABLE },
	{ "try again later", BUSY },
	{ "too many connections", BUSY },
};

static const struct code *
code_find(struct span status)
{
	struct span detail = span_from(status, 2);

	for (size_t i = 0; i < COUNT(codes); i++) {
		struct span code = span_text(codes[i].detail);

		if (code.at[code.len - 1] == '.' ? span_starts(detail, code)
						 : span_equal(detail, code))
			return &codes[i];
	}
	return NULL;
}

const struct reason *
reason_find(const struct result *r)
{
	const struct code *code = code_find(r->status);

	if (code != NULL && !code->vague)
		return &reasons[code->name];
	for (size_t i = 0; i < COUNT(words); i++)
		if (span_find_case(r->text, span_text(words[i].text)) <
		    r->text.len)
			return &reasons[words[i].name];
	if (code != NULL)
		return &reasons[code->name];
	if (r->verdict == TEMP && r->reply)
		return &reasons[BUSY];
	return &reasons[r->verdict == NOUSER ? NO_MAILBOX : OTHER];
}
