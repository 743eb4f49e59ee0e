/* Lists of tags, "v=1; a=rsa-sha256; …" (RFC 6376 3.2): the values of
 * DKIM-Signature, ARC-Seal and ARC-Message-Signature, and key records. */
#ifndef TRUST_TAGS_H
#define TRUST_TAGS_H

#include "base/span.h"

enum { TAGS_MAX = 64 }; /* a longer list counts as malformed */

struct tag {
	struct span name;
	struct span value; /* without the white space around it */
};
struct tags {
	struct tag at[TAGS_MAX];
	size_t count;
};

/* Spans into the text. False: malformed, or a tag is there twice. */
bool tags_parse(struct span text, struct tags *t_r);
/* False: there is no such tag. */
bool tags_find(const struct tags *t, const char *name, struct span *value_r);
/* Take the next tag, whatever it is like, up to a ';' or the end; the name is
 * empty when there is no '='. False at the end. */
bool tag_next(struct span *rest, struct tag *t_r);

/* Take the next word of a list between separators, without the white space
 * around it. False at the end. */
bool word_next(struct span *rest, char separator, struct span *word_r);
/* Without white space and line ends at both ends. */
struct span space_trim(struct span s);

#endif
