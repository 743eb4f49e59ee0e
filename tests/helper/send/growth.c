/* What send does with a message before it goes out, for tests/growth.bats. */
#include "../growth.h"
#include "../../../bin/send/convert.h"

static void
run_convert(struct span in)
{
	struct str out = STR_INIT;

	convert_text(in, true, &out);
	str_free(&out);
}

int
main(void)
{
	static const struct growth_parser parsers[] = {
		{ "convert", run_convert },
	};

	return growth_main(parsers, COUNT(parsers));
}
