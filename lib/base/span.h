/* A view of bytes, never owned. A parser is a set of functions that take bytes
 * off the front of a span: each takes what its name says and returns true, or
 * takes nothing and returns false. */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	const char *at;
	size_t len;
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* A string literal as a span; and as what a span of static storage begins with,
 * where ISO C wants constants (6.7.9). */
#define SPAN(literal) ((struct span){ "" literal, sizeof(literal) - 1 })
#define SPAN_INIT(literal)                                                     \
	{                                                                      \
		"" literal, sizeof(literal) - 1                                \
	}

/* The bytes of a NUL-ended string. */
struct span span_text(const char *text);

bool span_equal(struct span a, struct span b);
/* The same, ASCII letters compared without case. */
bool span_equal_case(struct span a, struct span b);
bool span_starts(struct span s, struct span prefix);
bool span_starts_case(struct span s, struct span prefix);
bool span_ends_case(struct span s, struct span suffix);
/* Order as memcmp, the shorter first when it is a prefix of the other. */
int span_compare(struct span a, struct span b);
/* Offset of the first c, or s.len. */
size_t span_find(struct span s, char c);
/* Offset of the first needle, ASCII without case, or s.len. */
size_t span_find_case(struct span s, struct span needle);

/* The same bytes without the first n (at most all of them). */
struct span span_from(struct span s, size_t n);
/* At most the first n bytes. */
struct span span_head(struct span s, size_t n);
/* Without spaces and tabs at both ends. */
struct span span_trim(struct span s);

/* Take one byte, if it is c. */
bool span_take(struct span *rest, char c);
/* Take a fixed text, exactly or without case. */
bool span_take_text(struct span *rest, struct span text);
bool span_take_case(struct span *rest, struct span text);
/* Take one byte, whatever it is. */
bool span_take_byte(struct span *rest, char *c_r);
/* Take everything before the first stop; false if there is none. */
bool span_until(struct span *rest, char stop, struct span *head_r);
/* Take one line without its LF (the last may lack one); false at the end. */
bool span_line(struct span *rest, struct span *line_r);
/* Take one word and the blanks around it; empty at the end. */
struct span span_word(struct span *rest);
/* Take one or more decimal digits; false if none or above max. */
bool span_number(struct span *rest, uint64_t max, uint64_t *n_r);
/* The whole span is one decimal number of at most max. */
bool span_is_number(struct span s, uint64_t max, uint64_t *n_r);

/* ASCII, independent of the locale. */
char byte_lower(char c);
bool byte_is_digit(char c);
bool byte_is_alpha(char c);
/* Space and tab. */
bool byte_is_blank(char c);
/* The same, CR and LF: white space in a folded field. */
bool byte_is_space(char c);
/* 0 to 31 and 127. */
bool byte_is_control(char c);

/* Bytes of the well-formed UTF-8 sequence that a span (not empty) begins with, or
 * 0; whether all is well-formed (RFC 3629: no surrogates, no overlongs). */
size_t span_utf8(struct span s);
bool span_is_utf8(struct span s);
/* How many bytes at the front are ASCII; whether all are. */
size_t span_ascii(struct span s);
bool span_is_ascii(struct span s);
/* No control character: it is safe in a line of a protocol, a header or a log,
 * and in the environment. */
bool span_is_clean(struct span s);

#endif
