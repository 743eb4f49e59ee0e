#include "spool/jobs.h"

#include "base/record.h"
#include "os/sock.h"

/* One job's line, or several: each has its number. */
static void
jobs_give_back(int sock, struct span packet)
{
	struct str answers = STR_INIT;
	struct span line;
	uint64_t n;

	while (span_line(&packet, &line))
		if (record_get_number(line, "n", UINT64_MAX, &n)) {
			record_verb(&answers, "back");
			record_add_number(&answers, "n", (int64_t)n);
			record_end(&answers);
		}
	if (answers.len > 0)
		sock_send(sock, str_span(&answers), NULL, 0);
	str_free(&answers);
}

void
jobs_refuse(int sock)
{
	sock_refuse(sock, jobs_give_back);
}
