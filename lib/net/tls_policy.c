#include "net/tls_policy.h"

#include <stdlib.h>

#include "mail/domain.h"
#include "net/domain_table.h"

static const struct tls_line broken_line = { .text = SPAN_INIT("wrong"),
	.broken = true };

struct tls_policy {
	struct domain_table table;
};

static bool
key_fold(struct span word, struct str *key_r)
{
	struct span name = word;

	if (span_equal(word, SPAN("*"))) {
		str_add(key_r, word);
		return true;
	}
	if (span_take(&name, '.'))
		str_add_byte(key_r, '.');
	return domain_fold(name, key_r);
}

static const void *
line_parse(struct span text, struct arena *a, struct span *domain_r,
    struct str *wrong_r)
{
	struct span word = span_word(&text);
	struct tls_line *line = arena_new(a, sizeof *line);
	struct str key = STR_INIT;
	const char *wrong;

	if (!key_fold(word, &key)) {
		str_add_text(wrong_r,
		    "the first word is not a domain; write example.org, "
		    ".example.org for all below it, or *");
		str_free(&key);
		return NULL;
	}
	*domain_r = arena_copy(a, str_span(&key));
	str_free(&key);
	wrong = tls_line_parse(text, a, line);
	line->text = arena_copy(a, span_trim(text));
	if (wrong == NULL)
		return line;
	str_add_text(wrong_r, wrong);
	return &broken_line;
}

static const struct domain_table_kind kind = { "tls-policy", line_parse };

struct tls_policy *
tls_policy_open(int etc,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg)
{
	struct tls_policy *p = mem_new(sizeof *p);

	domain_table_open(&p->table, &kind, etc, complain, arg);
	return p;
}

void
tls_policy_close(struct tls_policy *p)
{
	domain_table_close(&p->table);
	free(p);
}

bool
tls_policy_refresh(struct tls_policy *p)
{
	return domain_table_refresh(&p->table);
}

const struct tls_line *
tls_policy_find(const struct tls_policy *p, struct span domain)
{
	if (p->table.error != 0)
		return &broken_line;
	return domain_table_find(&p->table, domain);
}

bool
tls_lines_equal(const struct tls_line *x, const struct tls_line *y)
{
	return x == NULL || y == NULL ? x == y : span_equal(x->text, y->text);
}
