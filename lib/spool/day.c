#include "spool/day.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "os/file.h"

enum { DAYS_FIRST = 16 };
static const int64_t last = INT64_C(253402300799); /* 9999-12-31 23:59:59 */

struct day
day_of(int64_t seconds)
{
	int64_t at = seconds < 0 ? 0 : seconds > last ? last : seconds;
	struct day d = { .begin = at - at % DAY_S };
	time_t begin = (time_t)d.begin;
	struct tm tm;

	gmtime_r(&begin, &tm);
	strftime(d.name, sizeof d.name, "%Y-%m-%d", &tm);
	return d;
}

bool
day_parse(struct span text, struct day *d_r)
{
	struct span rest = text;
	uint64_t year, month, day;
	struct tm tm = { 0 };

	if (text.len != DAY_LEN || !span_number(&rest, 9999, &year) ||
	    !span_take(&rest, '-') || !span_number(&rest, 12, &month) ||
	    !span_take(&rest, '-') || !span_number(&rest, 31, &day) ||
	    rest.len > 0 || year < 1970)
		return false;
	tm.tm_year = (int)year - 1900;
	tm.tm_mon = (int)month - 1;
	tm.tm_mday = (int)day;
	*d_r = day_of(timegm(&tm));
	/* Not the 30th of February, nor "2026-1-026". */
	return span_equal(text, span_text(d_r->name));
}

static int
day_compare(const void *a, const void *b)
{
	return strcmp(
	    ((const struct day *)a)->name, ((const struct day *)b)->name);
}

static void
days_add(struct days *d, const struct day *day)
{
	if (d->count == d->size) {
		d->size = d->size == 0 ? DAYS_FIRST : 2 * d->size;
		d->all = mem_resize(d->all, d->size, sizeof *d->all);
	}
	d->all[d->count++] = *day;
}

int
days_read(struct days *d_r, int folder)
{
	int copy = dir_open(folder, ".");
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *e;
	struct day day;
	int saved;

	*d_r = (struct days){ NULL, 0, 0 };
	if (dir == NULL) {
		if (copy >= 0)
			close(copy);
		return -1;
	}
	while (errno = 0, (e = readdir(dir)) != NULL)
		if (day_parse(span_text(e->d_name), &day))
			days_add(d_r, &day);
	saved = errno;
	closedir(dir);
	if (saved != 0) {
		days_free(d_r);
		errno = saved;
		return -1;
	}
	if (d_r->count > 0)
		qsort(d_r->all, d_r->count, sizeof *d_r->all, day_compare);
	return 0;
}

void
days_free(struct days *d)
{
	free(d->all);
	*d = (struct days){ NULL, 0, 0 };
}
