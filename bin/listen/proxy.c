#include "proxy.h"

#include <arpa/inet.h>
#include <string.h>

enum {
	V1_MAX = 107, /* "PROXY TCP6 ..." with CRLF */
	V2_FIXED = 16,
	V2_TCP4 = 0x11,
	V2_TCP6 = 0x21,
	V2_LOCAL = 0x20,
	V2_PROXY = 0x21,
};

static const char signature[12] = "\r\n\r\n\0\r\nQUIT\n";

static void
map_v4(struct in6_addr *to, const void *v4)
{
	memset(to, 0, sizeof *to);
	to->s6_addr[10] = to->s6_addr[11] = 0xff;
	memcpy(&to->s6_addr[12], v4, 4);
}

/* One word up to a space or the end. */
static struct span
take_word(struct span *rest)
{
	struct span word = span_head(*rest, span_find(*rest, ' '));

	*rest = span_from(*rest, word.len + 1);
	return word;
}

static bool
take_address(struct span *rest, int family, struct in6_addr *a_r)
{
	struct span word = take_word(rest);
	char text[INET6_ADDRSTRLEN] = "";
	struct in_addr v4;

	if (word.len >= sizeof text)
		return false;
	memcpy(text, word.at, word.len);
	if (family == AF_INET6)
		return inet_pton(AF_INET6, text, a_r) == 1;
	if (inet_pton(AF_INET, text, &v4) != 1)
		return false;
	map_v4(a_r, &v4);
	return true;
}

static bool
take_port(struct span *rest, uint16_t *port_r)
{
	uint64_t n;

	if (!span_is_number(take_word(rest), 65535, &n))
		return false;
	*port_r = (uint16_t)n;
	return true;
}

static int
parse_v1(struct span bytes, struct proxy *p)
{
	size_t end = span_find(span_head(bytes, V1_MAX), '\n');
	struct span rest = span_head(bytes, end);
	int family = AF_INET;

	if (end == bytes.len && end < V1_MAX)
		return 0;
	if (end >= V1_MAX || end == 0 || bytes.at[end - 1] != '\r' ||
	    !span_take_text(&rest, SPAN("PROXY ")))
		return -1;
	rest.len--;
	if (span_starts(rest, SPAN("UNKNOWN")))
		return (int)end + 1;
	if (span_take_text(&rest, SPAN("TCP6 ")))
		family = AF_INET6;
	else if (!span_take_text(&rest, SPAN("TCP4 ")))
		return -1;
	p->known = take_address(&rest, family, &p->remote) &&
	    take_address(&rest, family, &p->own) &&
	    take_port(&rest, &p->remote_port) &&
	    take_port(&rest, &p->own_port) && rest.len == 0;
	return p->known ? (int)end + 1 : -1;
}

static uint16_t
big_endian(const unsigned char *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static int
parse_v2(struct span bytes, struct proxy *p)
{
	const unsigned char *at = (const unsigned char *)bytes.at;
	size_t have = bytes.len < sizeof signature ? bytes.len
						   : sizeof signature;
	size_t len, need;

	if (memcmp(at, signature, have) != 0)
		return -1;
	if (bytes.len < V2_FIXED)
		return 0;
	len = big_endian(at + 14);
	if ((at[12] != V2_LOCAL && at[12] != V2_PROXY) ||
	    len > PROXY_MAX - V2_FIXED)
		return -1;
	if (bytes.len < V2_FIXED + len)
		return 0;
	need = at[13] == V2_TCP4 ? 12 : at[13] == V2_TCP6 ? 36 : 0;
	p->known = at[12] == V2_PROXY && need > 0;
	if (!p->known)
		return (int)(V2_FIXED + len);
	if (len < need)
		return -1;
	at += V2_FIXED;
	if (need == 12) {
		map_v4(&p->remote, at);
		map_v4(&p->own, at + 4);
	} else {
		memcpy(&p->remote, at, 16);
		memcpy(&p->own, at + 16, 16);
	}
	p->remote_port = big_endian(at + need - 4);
	p->own_port = big_endian(at + need - 2);
	return (int)(V2_FIXED + len);
}

int
proxy_parse(struct span bytes, struct proxy *p_r)
{
	*p_r = (struct proxy){ .known = false };
	if (bytes.len == 0)
		return 0;
	if (bytes.at[0] == 'P')
		return parse_v1(bytes, p_r);
	return parse_v2(bytes, p_r);
}
