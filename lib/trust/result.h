/* What a check found (RFC 8601 2.7). */
#ifndef TRUST_RESULT_H
#define TRUST_RESULT_H

enum result {
	RESULT_NONE,
	RESULT_PASS,
	RESULT_FAIL,
	RESULT_SOFTFAIL,
	RESULT_NEUTRAL,
	RESULT_POLICY,    /* valid, but not accepted as such here */
	RESULT_TEMPERROR, /* another time it may be known */
	RESULT_PERMERROR, /* malformed */
	RESULT_OFF        /* this check is not made */
};

const char *result_text(enum result r);

#endif
