/* Lines that the check reads itself: commands and addresses of `listen`. */
#include <stdlib.h>
#include <string.h>

#include "../../../bin/chainmail-check/command.h"
#include "../../../bin/chainmail-check/listen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span line = { (const char *)data, size };
	struct str word = STR_INIT, seen = STR_INIT;

	if (span_find(line, '\n') < size)
		return 0;
	if (command_word(line, &word) &&
	    (word.len == 0 || word.len != strlen(word.at) ||
		strpbrk(word.at, " \t\n'\"$`=();|&<>") != NULL))
		abort();
	/* The addresses of a line that was taken are there twice the next time. */
	if (listen_line(line, &seen) == NULL && seen.len > 0 &&
	    listen_line(line, &seen) == NULL)
		abort();
	str_free(&seen);
	str_free(&word);
	return 0;
}
