/* A users.cdb of any bytes behind a right checksum (the sum keeps damage out,
 * not malice): lookups read nothing outside of it, and end. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "users/users.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ask(struct users *u)
{
	static const char *const addresses[] = { "bob@example.org",
		"bob+x@example.org", "postmaster", "x@[127.0.0.1]",
		"a@b\303\274cher.example", "sales@example.org",
		"bob@old.example", "root" };
	struct str places = STR_INIT;
	struct user r;

	user_init(&r);
	for (size_t i = 0; i < COUNT(addresses); i++)
		users_lookup(u, span_text(addresses[i]), &r);
	users_account(u, SPAN("bob"), &r);
	users_may_send(u, SPAN("bob@example.org"), SPAN("sales@example.org"));
	users_places(u, &places);
	str_free(&places);
	user_free(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct users u = { .me = STR_INIT, .literals = STR_INIT };
	unsigned char trailer[DATABASE_TRAILER];
	struct span bytes = { (const char *)data, size };
	int fd = memfd_create("users", 0);

	database_trailer(data, size, trailer);
	if (fd < 0 || write_all(fd, bytes) < 0 ||
	    write_all(
		fd, (struct span){ (const char *)trailer, sizeof trailer }) < 0)
		abort();
	database_init(&u.database, -1, "users.cdb", "chainmail-users 1");
	/* As database_refresh() does it, but for the name. */
	if (cdb_init(&u.database.cdb, fd) == 0) {
		u.database.state = DATABASE_FOUND;
		ask(&u);
	}
	users_close(&u);
	close(fd);
	return 0;
}
