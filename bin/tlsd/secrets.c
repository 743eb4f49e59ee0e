#include "secrets.h"

#include <malloc.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/die.h"
#include "base/str.h"

enum { NUMBER_MIN = 16, NUMBER_MAX = 2048, PAGE = 4096 };
enum { DER_INTEGER = 2, DER_OCTETS = 4, DER_HOLDS = 0x20, DER_LONG = 0x80 };

/* Memory of its own: the heap is searched, and a process can unmap this without
 * touching it, which would copy a page. -1: no memory. */
static int
pages_grow(struct secrets *s, size_t len)
{
	size_t room = 2 * s->room + len + PAGE - (s->room + len) % PAGE;
	char *more;

	if (s->used + len <= s->room)
		return 0;
	more = mmap(NULL, room, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (more == MAP_FAILED)
		return -1;
	if (s->used > 0)
		memcpy(more, s->bytes, s->used);
	if (s->room > 0)
		munmap(s->bytes, s->room);
	s->bytes = more;
	s->room = room;
	return 0;
}

static char *
bytes_add(struct secrets *s, size_t len)
{
	if (pages_grow(s, len) < 0)
		die(TEMP, "memory for keys");
	s->used += len;
	return s->bytes + s->used - len;
}

void
secrets_keep(struct secrets *s, struct span key, struct span apart)
{
	secrets_free(s);
	s->apart = apart;
	memcpy(bytes_add(s, key.len), key.at, key.len);
	s->key_len = key.len;
}

struct span
secrets_key(const struct secrets *s)
{
	return (struct span){ s->bytes, s->key_len };
}

void
secrets_free(struct secrets *s)
{
	if (s->room > 0)
		munmap(s->bytes, s->room);
	free(s->places);
	*s = (struct secrets){ .count = 0 };
}

static void
place_add(struct secrets *s, char *at, size_t number, size_t len)
{
	if (s->count == s->size) {
		s->size = s->size == 0 ? 64 : 2 * s->size;
		s->places = mem_resize(s->places, s->size, sizeof *s->places);
	}
	s->places[s->count++] = (struct secret_place){ at, number, len };
}

static void
places_find(
    struct secrets *s, char *at, const char *end, size_t number, size_t len)
{
	while ((at = memmem(at, (size_t)(end - at), s->bytes + number, len)) !=
	    NULL) {
		place_add(s, at, number, len);
		at += len;
	}
}

/* Note every place that has the number at this offset. glibc's heap is
 * contiguous. */
static void
places_note(struct secrets *s, size_t number, size_t len)
{
	char *end = sbrk(0);

	places_find(s, end - mallinfo2().arena, end, number, len);
	if (s->apart.len > 0)
		places_find(s, (char *)s->apart.at, s->apart.at + s->apart.len,
		    number, len);
}

/* X.690 8.1.3: the length of an element's content. */
static bool
length_take(struct span *der, size_t *len_r)
{
	char c;
	size_t n;

	if (!span_take_byte(der, &c))
		return false;
	n = (unsigned char)c;
	*len_r = n;
	if (n < DER_LONG)
		return true;
	*len_r = 0;
	for (n -= DER_LONG; n > 0; n--) {
		if (*len_r > (SIZE_MAX >> 8) || !span_take_byte(der, &c))
			return false;
		*len_r = *len_r << 8 | (unsigned char)c;
	}
	return true;
}

/* Is this one element and nothing else? */
static bool
is_element(struct span bytes)
{
	char tag;
	size_t len;

	return span_take_byte(&bytes, &tag) && length_take(&bytes, &len) &&
	    len == bytes.len;
}

bool
secrets_next(struct span *der, struct span *number_r)
{
	char tag;
	size_t len;

	while (span_take_byte(der, &tag) && length_take(der, &len) &&
	    len <= der->len) {
		struct span content = span_head(*der, len);

		/* Enter constructed elements by skipping only the header. An
		 * octet string may contain elements, or be a number. */
		if (!(tag & DER_HOLDS) &&
		    !(tag == DER_OCTETS && is_element(content)))
			*der = span_from(*der, len);
		if (tag != DER_INTEGER && tag != DER_OCTETS)
			continue;
		while (content.len > 0 && content.at[0] == '\0')
			content = span_from(content, 1);
		*number_r = content;
		if (content.len >= NUMBER_MIN && content.len <= NUMBER_MAX)
			return true;
	}
	return false;
}

/* In both byte orders: as encoded, and as used in computation. */
static void
number_note(struct secrets *s, struct span number)
{
	size_t at = s->used;
	char *copy = bytes_add(s, 2 * number.len);

	memcpy(copy, number.at, number.len);
	for (size_t i = 0; i < number.len; i++)
		copy[number.len + i] = number.at[number.len - 1 - i];
	places_note(s, at, number.len);
	places_note(s, at + number.len, number.len);
}

void
secrets_note(struct secrets *s)
{
	BIO *pem = BIO_new_mem_buf(s->bytes, (int)s->key_len);
	EVP_PKEY *pkey = NULL;
	unsigned char *der = NULL;
	struct span rest, number;
	int len = 0;

	s->used = s->key_len;
	s->count = 0;
	if (pem != NULL)
		pkey = PEM_read_bio_PrivateKey(pem, NULL, NULL, NULL);
	if (pkey != NULL)
		len = i2d_PrivateKey(pkey, &der);
	EVP_PKEY_free(pkey);
	BIO_free(pem);
	rest = (struct span){ (char *)der, len > 0 ? (size_t)len : 0 };
	while (len > 0 && secrets_next(&rest, &number))
		number_note(s, number);
	if (len > 0)
		OPENSSL_clear_free(der, (size_t)len);
}

void
secrets_wipe(struct secrets *s)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct secret_place *p = &s->places[i];

		/* Freed memory may have been reused meanwhile. */
		if (memcmp(p->at, s->bytes + p->number, p->len) == 0)
			explicit_bzero(p->at, p->len);
	}
	if (s->room > 0)
		munmap(s->bytes, s->room);
	s->bytes = NULL;
	s->used = s->room = s->key_len = s->count = 0;
}
