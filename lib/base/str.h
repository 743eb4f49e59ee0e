/* Bytes that grow. Always NUL-ended (the NUL is not counted), never NULL, may
 * hold any byte. Out of memory ends the process with exit code 75. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdarg.h>

#include "base/span.h"

struct str {
	char *at;
	size_t len;
	size_t
	    size; /* bytes allocated; 0 while at is the shared empty string */
};

extern char str_empty[1];
#define STR_INIT                                                               \
	{                                                                      \
		str_empty, 0, 0                                                \
	}

void str_init(struct str *s);
/* Free the memory; the str is then empty and usable again. */
void str_free(struct str *s);
/* The same after overwriting it: for secrets. */
void str_wipe(struct str *s);
/* Empty it, keeping the memory. */
void str_clear(struct str *s);
/* Cut to len bytes (at most what it has). */
void str_cut(struct str *s, size_t len);
/* Make room for more bytes after len; returns where they go. */
char *str_reserve(struct str *s, size_t more);

struct span str_span(const struct str *s);
void str_add(struct str *s, struct span bytes);
void str_add_text(struct str *s, const char *text);
void str_add_byte(struct str *s, char c);
void str_add_number(struct str *s, uint64_t n);
__attribute__((format(printf, 2, 3))) void str_addf(
    struct str *s, const char *format, ...);
__attribute__((format(printf, 2, 0))) void str_add_format(
    struct str *s, const char *format, va_list ap);
/* Replace the content. */
void str_set(struct str *s, struct span bytes);
__attribute__((format(printf, 2, 3))) void str_setf(
    struct str *s, const char *format, ...);
/* ASCII lower case, from offset on. */
void str_lower(struct str *s, size_t from);
/* Drop the first n bytes. */
void str_shift(struct str *s, size_t n);

/* malloc and friends that end the process (75) instead of failing. */
void *mem_new(size_t size); /* zeroed */
void *mem_resize(void *p, size_t count, size_t size);
char *mem_text(struct span s); /* a NUL-ended copy; free() it */

#endif
