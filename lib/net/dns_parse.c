/* Parse an answer (RFC 1035 4.1). libc walks the packet and its compressed
 * names; the records' contents are checked here. */
#include <arpa/nameser.h>
#include <string.h>

#include "base/str.h"
#include "mail/address.h"
#include "net/dns_inside.h"

enum { RECORDS_MAX = 100, OPT_RCODE_SHIFT = 24 };

/* Append a compressed name in lower case, without the last dot; "" is the root.
 * libc escapes bytes that are invalid in names, so such names never equal a
 * requested name. */
static bool
name_read(ns_msg m, const unsigned char *at, size_t len, struct arena *a,
    struct span *name_r)
{
	char text[NS_MAXDNAME];
	int n = ns_name_uncompress(
	    ns_msg_base(m), ns_msg_end(m), at, text, sizeof text);

	if (n < 0 || (size_t)n > len)
		return false;
	if (strcmp(text, ".") == 0)
		text[0] = '\0';
	for (char *p = text; *p != '\0'; p++)
		*p = byte_lower(*p);
	*name_r = arena_copy(a, span_text(text));
	return true;
}

/* A name whose address can be looked up. One that ends in a number is a
 * misplaced address (RFC 5321 5.1: MX names a host). */
static bool
is_host(struct span name)
{
	struct span rest = name, domain, label = name;
	uint64_t n;

	if (!domain_take(&rest, &domain) || rest.len > 0 ||
	    domain_is_literal(domain) || !span_is_ascii(domain))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (name.at[i] == '.')
			label = span_from(name, i + 1);
	return !span_is_number(label, UINT64_MAX, &n);
}

static bool
mx_read(ns_msg m, const ns_rr *rr, struct arena *a, struct dns_record *r)
{
	const unsigned char *data = ns_rr_rdata(*rr);
	size_t len = ns_rr_rdlen(*rr);

	if (len < 3 || !name_read(m, data + 2, len - 2, a, &r->is.mx.host))
		return false;
	r->is.mx.preference = (uint16_t)ns_get16(data);
	r->is.mx.usable = r->is.mx.host.len == 0 || is_host(r->is.mx.host);
	return true;
}

/* RFC 1035 3.3.14: strings of at most 255 bytes each. */
static bool
text_read(const ns_rr *rr, struct arena *a, struct dns_record *r)
{
	struct span rest = { (const char *)ns_rr_rdata(*rr), ns_rr_rdlen(*rr) };
	char *text = arena_new(a, rest.len + 1);
	size_t len = 0;
	char size;

	while (span_take_byte(&rest, &size)) {
		size_t n = (unsigned char)size;

		if (n > rest.len)
			return false;
		memcpy(text + len, rest.at, n);
		len += n;
		rest = span_from(rest, n);
	}
	r->is.text = (struct span){ text, len };
	return true;
}

/* RFC 6698 2.1. */
static bool
tlsa_read(const ns_rr *rr, struct arena *a, struct dns_record *r)
{
	const unsigned char *data = ns_rr_rdata(*rr);
	size_t len = ns_rr_rdlen(*rr);

	if (len < 4)
		return false;
	r->is.tlsa.usage = data[0];
	r->is.tlsa.selector = data[1];
	r->is.tlsa.matching = data[2];
	r->is.tlsa.data = arena_copy(
	    a, (struct span){ (const char *)data + 3, len - 3 });
	return true;
}

static bool
bytes_read(const ns_rr *rr, void *out, size_t len)
{
	if (ns_rr_rdlen(*rr) != len)
		return false;
	memcpy(out, ns_rr_rdata(*rr), len);
	return true;
}

/* False: the record is malformed. */
static bool
record_read(ns_msg m, const ns_rr *rr, struct arena *a, struct dns_record *r)
{
	/* RFC 2181 8: the first bit set means 0. */
	r->ttl = ns_rr_ttl(*rr) > INT32_MAX ? 0 : ns_rr_ttl(*rr);
	switch ((enum dns_type)ns_rr_type(*rr)) {
	case DNS_A:
		return bytes_read(rr, &r->is.a, sizeof r->is.a);
	case DNS_AAAA:
		return bytes_read(rr, &r->is.aaaa, sizeof r->is.aaaa);
	case DNS_MX:
		return mx_read(m, rr, a, r);
	case DNS_TXT:
		return text_read(rr, a, r);
	case DNS_TLSA:
		return tlsa_read(rr, a, r);
	case DNS_PTR:
	case DNS_CNAME:
		return name_read(
		    m, ns_rr_rdata(*rr), ns_rr_rdlen(*rr), a, &r->is.name);
	case DNS_DNSKEY:
		break;
	}
	return false;
}

static bool
belongs(const ns_rr *rr, struct span name, enum dns_type type)
{
	return ns_rr_class(*rr) == ns_c_in &&
	    (int)ns_rr_type(*rr) == (int)type &&
	    span_equal_case(span_text(rr->name), name);
}

/* Follow the CNAMEs from *name on; false when they form a loop or can't be
 * read. */
static bool
name_chase(ns_msg *m, struct arena *a, struct span *name, bool *chased_r)
{
	ns_rr rr;

	for (int hops = 0; hops <= DNS_CNAMES_MAX; hops++) {
		int i, count = ns_msg_count(*m, ns_s_an);

		for (i = 0; i < count; i++) {
			if (ns_parserr(m, ns_s_an, i, &rr) < 0)
				return false;
			if (belongs(&rr, *name, DNS_CNAME))
				break;
		}
		if (i == count)
			return true;
		if (!name_read(*m, ns_rr_rdata(rr), ns_rr_rdlen(rr), a, name))
			return false;
		*chased_r = true;
	}
	return false;
}

static enum dns_result
records_collect(
    ns_msg *m, enum dns_type type, struct arena *a, struct dns_answer *r)
{
	int count = ns_msg_count(*m, ns_s_an);
	bool some = false;
	ns_rr rr;

	r->records = arena_new(a,
	    sizeof *r->records *
		(size_t)(count < RECORDS_MAX ? count : RECORDS_MAX));
	for (int i = 0; i < count && r->count < RECORDS_MAX; i++) {
		if (ns_parserr(m, ns_s_an, i, &rr) < 0)
			return DNS_LATER;
		if (!belongs(&rr, r->name, type))
			continue;
		some = true;
		if (record_read(*m, &rr, a, &r->records[r->count]))
			r->count++;
	}
	if (r->count > 0)
		return DNS_FOUND;
	return some ? DNS_LATER : DNS_EMPTY;
}

/* RFC 2308 2.2: no answer and name servers without a SOA is a referral, by a
 * server without recursion: it says nothing about the name. Nor does an answer
 * whose OPT record has an error (RFC 6891 6.1.3). */
static bool
is_hollow(ns_msg *m)
{
	bool ns = false, soa = false;
	ns_rr rr;

	for (int i = 0; i < ns_msg_count(*m, ns_s_ns); i++) {
		if (ns_parserr(m, ns_s_ns, i, &rr) < 0)
			return true;
		ns = ns || ns_rr_type(rr) == ns_t_ns;
		soa = soa || ns_rr_type(rr) == ns_t_soa;
	}
	for (int i = 0; i < ns_msg_count(*m, ns_s_ar); i++)
		if (ns_parserr(m, ns_s_ar, i, &rr) < 0 ||
		    (ns_rr_type(rr) == ns_t_opt &&
			ns_rr_ttl(rr) >> OPT_RCODE_SHIFT != 0))
			return true;
	return ns && !soa;
}

/* Whether it answers this question completely. */
static bool
answers(ns_msg *m, struct span name, enum dns_type type)
{
	ns_rr rr;

	return ns_msg_getflag(*m, ns_f_qr) == 1 &&
	    ns_msg_getflag(*m, ns_f_opcode) == ns_o_query &&
	    ns_msg_getflag(*m, ns_f_tc) == 0 &&
	    ns_msg_count(*m, ns_s_qd) == 1 &&
	    ns_parserr(m, ns_s_qd, 0, &rr) == 0 && belongs(&rr, name, type);
}

void
dns_parse(struct span packet, struct span name, enum dns_type type,
    struct arena *a, struct dns_answer *answer_r)
{
	struct dns_answer *r = answer_r;
	ns_msg m;
	int rcode;

	*r = (struct dns_answer){ .result = DNS_LATER, .name = name };
	if (packet.len > DNS_PACKET_MAX ||
	    ns_initparse(
		(const unsigned char *)packet.at, (int)packet.len, &m) < 0 ||
	    !answers(&m, name, type))
		return;
	rcode = ns_msg_getflag(m, ns_f_rcode);
	if ((rcode != ns_r_noerror && rcode != ns_r_nxdomain) ||
	    (type != DNS_CNAME && !name_chase(&m, a, &r->name, &r->chased)))
		return;
	/* RFC 2308 2.1: with CNAMEs NXDOMAIN is about the last name. */
	if (rcode == ns_r_nxdomain)
		r->result = DNS_GONE;
	else
		r->result = records_collect(&m, type, a, r);
	if (r->result == DNS_EMPTY && !r->chased && is_hollow(&m))
		r->result = DNS_LATER;
	if (r->result != DNS_FOUND)
		r->count = 0;
	r->secure = r->result != DNS_LATER && ns_msg_getflag(m, ns_f_ad) == 1;
}
