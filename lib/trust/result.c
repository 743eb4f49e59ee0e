#include "trust/result.h"

const char *
result_text(enum result r)
{
	static const char *const texts[] = {
		[RESULT_NONE] = "none",
		[RESULT_PASS] = "pass",
		[RESULT_FAIL] = "fail",
		[RESULT_SOFTFAIL] = "softfail",
		[RESULT_NEUTRAL] = "neutral",
		[RESULT_POLICY] = "policy",
		[RESULT_TEMPERROR] = "temperror",
		[RESULT_PERMERROR] = "permerror",
		[RESULT_OFF] = "off",
	};

	return texts[r];
}
