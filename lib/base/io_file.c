/* Whole files and parts of them, without a conversation. */
#include <errno.h>
#include <unistd.h>

#include "base/io.h"

enum { FILE_SIZE = 4095 }; /* read at a time; with the NUL of a str a page */

int
write_all(int fd, struct span bytes)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.at, bytes.len);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0)
			bytes = span_from(bytes, (size_t)n);
	}
	return 0;
}

int
read_part(int fd, uint64_t offset, size_t len, struct str *out)
{
	char *to = str_reserve(out, len);

	for (size_t got = 0; got < len;) {
		ssize_t n = pread(
		    fd, to + got, len - got, (off_t)(offset + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? EIO : errno;
			return -1;
		}
		got += (size_t)n;
	}
	out->len += len;
	out->at[out->len] = '\0';
	return 0;
}

int
read_all(int fd, size_t limit, struct str *out)
{
	size_t start = out->len;

	for (;;) {
		ssize_t n = read(fd, str_reserve(out, FILE_SIZE), FILE_SIZE);

		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			out->len += (size_t)n;
			out->at[out->len] = '\0';
		}
		if (out->len - start > limit) {
			errno = EFBIG;
			return -1;
		}
	}
}
