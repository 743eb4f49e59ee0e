#include <string.h>

#include "listen.h"

/* Each protocol's temporary refusal. Implicit TLS has none: the connection is
 * just closed. */
static const struct {
	const char *service, *full, *source;
} words[] = {
	/* RFC 5321 3.8, RFC 3463 */
	{ "smtp", "421 4.3.2 Too many connections, try again later\r\n",
	    "421 4.7.0 Too many connections from your address\r\n" },
	{ "submission", "421 4.3.2 Too many connections, try again later\r\n",
	    "421 4.7.0 Too many connections from your address\r\n" },
	{ "lmtp", "421 4.3.2 Too many connections, try again later\r\n",
	    "421 4.7.0 Too many connections from your address\r\n" },
	/* RFC 5530 3 */
	{ "imap",
	    "* BYE [UNAVAILABLE] Too many connections, try again later\r\n",
	    "* BYE [LIMIT] Too many connections from your address\r\n" },
	/* RFC 3206 4 */
	{ "pop3", "-ERR [SYS/TEMP] Too many connections, try again later\r\n",
	    "-ERR [SYS/TEMP] Too many connections from your address\r\n" },
};

const char *
refusal_words(const char *service, bool of_source)
{
	for (size_t i = 0; i < COUNT(words); i++)
		if (strcmp(words[i].service, service) == 0)
			return of_source ? words[i].source : words[i].full;
	return "";
}
