#include "net/https.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/io.h"
#include "os/stamp.h"

enum { PEM_MAX = 16 << 20, PORT_MAX = 65535, HTTPS_PORT = 443 };
static const char own_authorities[] = "authorities.pem";
static const char system_authorities[] = "/etc/ssl/certs/ca-certificates.crt";

struct https {
	struct str authorities; /* PEM */
	int etc;                /* not owned */
	struct stamp own, system;
};

static int
authorities_read(struct https *h, int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC), r;

	if (fd < 0)
		return -1;
	r = read_all(fd, PEM_MAX, &h->authorities);
	close(fd);
	return r;
}

struct https *
https_open(int etc)
{
	struct https *h = mem_new(sizeof *h);

	str_init(&h->authorities);
	h->etc = etc;
	h->own = stamp_of(etc, own_authorities);
	h->system = stamp_of(AT_FDCWD, system_authorities);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		die(TEMP, "prepare libcurl");
	errno = ENOENT;
	if (etc < 0 || authorities_read(h, etc, own_authorities) < 0) {
		if (errno != ENOENT)
			die(errno == EACCES ? CONFIG : TEMP,
			    "read authorities.pem");
		authorities_read(h, AT_FDCWD, system_authorities);
	}
	errno = 0;
	return h;
}

bool
https_is_stale(const struct https *h)
{
	struct stamp own = stamp_of(h->etc, own_authorities);
	struct stamp system = stamp_of(AT_FDCWD, system_authorities);

	return !stamp_same(&own, &h->own) || !stamp_same(&system, &h->system);
}

void
https_close(struct https *h)
{
	str_free(&h->authorities);
	free(h);
	curl_global_cleanup();
}

void
https_answer_init(struct https_answer *a)
{
	*a = (struct https_answer){
		.type = STR_INIT, .body = STR_INIT, .text = STR_INIT
	};
}

void
https_answer_free(struct https_answer *a)
{
	str_free(&a->type);
	str_free(&a->body);
	str_free(&a->text);
}

/* One exchange in progress. */
struct exchange {
	const struct https_request *request;
	struct https_answer *answer;
	CURL *curl;
	struct curl_slist *addresses, *fields;
};

static size_t
body_take(char *at, size_t size, size_t count, void *arg)
{
	struct exchange *x = arg;
	size_t len = size * count;

	if (len > x->request->limit - x->answer->body.len)
		return 0; /* ends it: CURLE_WRITE_ERROR */
	str_add(&x->answer->body, (struct span){ at, len });
	return len;
}

static struct curl_slist *
list_add(struct curl_slist *list, const char *text)
{
	struct curl_slist *longer = curl_slist_append(list, text);

	if (longer == NULL)
		die(TEMP, "out of memory");
	return longer;
}

/* HOST:PORT:ADDRESS,ADDRESS: so that libcurl resolves nothing. */
static void
addresses_give(struct exchange *x)
{
	const struct https_request *r = x->request;
	struct str line = STR_INIT;

	str_add(&line, r->host);
	str_addf(&line, ":%u:", (unsigned)r->port);
	for (size_t i = 0; i < r->address->count; i++) {
		const char *ip = r->address->addresses[i].text;
		bool v6 = strchr(ip, ':') != NULL;

		str_addf(&line, "%s%s%s%s", i > 0 ? "," : "", v6 ? "[" : "", ip,
		    v6 ? "]" : "");
	}
	x->addresses = list_add(NULL, line.at);
	str_free(&line);
	curl_easy_setopt(x->curl, CURLOPT_RESOLVE, x->addresses);
}

static void
body_give(struct exchange *x)
{
	struct str field = STR_INIT;

	str_setf(&field, "Content-Type: %s", x->request->type);
	x->fields = list_add(NULL, field.at);
	/* Without waiting for "100 Continue". */
	x->fields = list_add(x->fields, "Expect:");
	str_free(&field);
	curl_easy_setopt(x->curl, CURLOPT_HTTPHEADER, x->fields);
	curl_easy_setopt(x->curl, CURLOPT_POST, 1L);
	curl_easy_setopt(x->curl, CURLOPT_POSTFIELDSIZE_LARGE,
	    (curl_off_t)x->request->body.len);
	curl_easy_setopt(x->curl, CURLOPT_POSTFIELDS, x->request->body.at);
}

static void
options_give(const struct https *h, struct exchange *x, char *error)
{
	struct curl_blob pem = { h->authorities.at, h->authorities.len,
		CURL_BLOB_NOCOPY };
	CURL *c = x->curl;

	curl_easy_setopt(c, CURLOPT_URL, x->request->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(c, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &pem);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)x->request->seconds);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)x->request->seconds);
	curl_easy_setopt(
	    c, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)x->request->limit);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, body_take);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error);
	addresses_give(x);
	if (x->request->type != NULL)
		body_give(x);
}

static void
answer_take(struct exchange *x, CURLcode code, const char *error)
{
	struct https_answer *a = x->answer;
	const char *type = NULL;

	if (code != CURLE_OK) {
		a->untrusted = code == CURLE_PEER_FAILED_VERIFICATION;
		if (code == CURLE_WRITE_ERROR)
			error = "the answer is too long";
		str_setf(&a->text, "%s",
		    error[0] != '\0' ? error : curl_easy_strerror(code));
		return;
	}
	curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &a->status);
	curl_easy_getinfo(x->curl, CURLINFO_CONTENT_TYPE, &type);
	if (type != NULL)
		str_set(&a->type, span_text(type));
}

void
https_ask(struct https *h, const struct https_request *r,
    struct https_answer *answer_r)
{
	struct exchange x = { .request = r, .answer = answer_r };
	char error[CURL_ERROR_SIZE] = "";

	if (h->authorities.len == 0) {
		str_setf(&answer_r->text,
		    "no certificate authorities are known here");
		answer_r->untrusted = true;
		return;
	}
	x.curl = curl_easy_init();
	if (x.curl == NULL)
		die(TEMP, "prepare libcurl");
	options_give(h, &x, error);
	answer_take(&x, curl_easy_perform(x.curl), error);
	curl_easy_cleanup(x.curl);
	curl_slist_free_all(x.addresses);
	curl_slist_free_all(x.fields);
}

static bool
is_host_byte(char c)
{
	return byte_is_alpha(c) || byte_is_digit(c) || c == '-' || c == '.' ||
	    c == '_';
}

bool
https_url_parse(struct span url, struct span *host_r, uint16_t *port_r)
{
	uint64_t port = HTTPS_PORT;
	size_t n = 0;

	if (!span_take_case(&url, SPAN("https://")))
		return false;
	while (n < url.len && is_host_byte(url.at[n]))
		n++;
	*host_r = span_head(url, n);
	url = span_from(url, n);
	if (n == 0 ||
	    (span_take(&url, ':') && !span_number(&url, PORT_MAX, &port)))
		return false;
	*port_r = (uint16_t)port;
	for (size_t i = 0; i < url.len; i++)
		if (url.at[i] <= ' ' || url.at[i] >= 127)
			return false;
	return url.len == 0 || url.at[0] == '/' || url.at[0] == '?';
}
