#include "finding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/dirs.h"

void
finding_add(struct findings *f, enum grade g, const char *file, unsigned line,
    const char *text)
{
	struct str path = STR_INIT;

	if (f->quiet && g == UNREAD)
		return;
	if (f->count == f->size) {
		f->size = f->size == 0 ? 32 : 2 * f->size;
		f->at = mem_resize(f->at, f->size, sizeof *f->at);
	}
	if (file[0] != '/')
		str_addf(&path, "%s/", dir_etc());
	str_add_text(&path, file);
	f->at[f->count] = (struct finding){ g, line, f->count,
		mem_text(str_span(&path)), mem_text(span_text(text)) };
	f->count++;
	f->of[g]++;
	str_free(&path);
}

void
finding_addf(struct findings *f, enum grade g, const char *file, unsigned line,
    const char *format, ...)
{
	struct str text = STR_INIT;
	va_list ap;

	va_start(ap, format);
	str_add_format(&text, format, ap);
	va_end(ap);
	finding_add(f, g, file, line, text.at);
	str_free(&text);
}

static int
finding_compare(const void *left, const void *right)
{
	const struct finding *a = left, *b = right;
	int order = strcmp(a->file, b->file);

	if (order != 0)
		return order;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* Text of the files comes to a terminal. */
static void
text_put(const char *text)
{
	for (; *text != '\0'; text++)
		putchar(byte_is_control(*text) ? '?' : *text);
}

static void
finding_print(const struct finding *f)
{
	text_put(f->file);
	if (f->line > 0)
		printf(":%u", f->line);
	fputs(f->grade == WARNING ? ": warning: " : ": ", stdout);
	text_put(f->text);
	putchar('\n');
}

static void
count_print(const char *between, unsigned n, const char *what)
{
	printf("%s%u %s%s", between, n, what, n == 1 ? "" : "s");
}

int
findings_print(struct findings *f)
{
	const char *between = "";

	if (f->count > 0)
		qsort(f->at, f->count, sizeof *f->at, finding_compare);
	for (size_t i = 0; i < f->count; i++)
		finding_print(&f->at[i]);
	if (f->count == 0 && !f->quiet)
		printf("%s: no mistakes", dir_etc());
	if (f->of[MISTAKE] > 0) {
		count_print(between, f->of[MISTAKE], "mistake");
		between = ", ";
	}
	if (f->of[WARNING] > 0) {
		count_print(between, f->of[WARNING], "warning");
		between = ", ";
	}
	if (f->of[UNREAD] > 0) {
		count_print(between, f->of[UNREAD], "file");
		fputs(" not read", stdout);
	}
	if (f->count > 0 || !f->quiet)
		putchar('\n');
	return fflush(stdout) == 0 ? 0 : -1;
}

void
findings_free(struct findings *f)
{
	for (size_t i = 0; i < f->count; i++) {
		free(f->at[i].file);
		free(f->at[i].text);
	}
	free(f->at);
}
