#include "base/crc32c.h"

#include <string.h>

/* Without the instruction: a table of half bytes, small enough to stay in the
 * cache. */
static uint32_t
by_table(uint32_t crc, const unsigned char *at, size_t n)
{
	static const uint32_t table[16] = { 0x00000000, 0x105ec76f, 0x20bd8ede,
		0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
		0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4,
		0xd3d3e1ab, 0xe330a81a, 0xf36e6f75 };

	for (; n > 0; n--, at++) {
		crc ^= *at;
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return crc;
}

#if defined(__x86_64__)

static int
is_fast(void)
{
	return __builtin_cpu_supports("sse4.2");
}

__attribute__((target("sse4.2"))) static uint32_t
by_processor(uint32_t crc, const unsigned char *at, size_t n)
{
	uint64_t wide = crc, word;

	for (; n >= sizeof word; n -= sizeof word, at += sizeof word) {
		memcpy(&word, at, sizeof word);
		wide = __builtin_ia32_crc32di(wide, word);
	}
	crc = (uint32_t)wide;
	for (; n > 0; n--, at++)
		crc = __builtin_ia32_crc32qi(crc, *at);
	return crc;
}

#else

static int
is_fast(void)
{
	return 0;
}

static uint32_t
by_processor(uint32_t crc, const unsigned char *at, size_t n)
{
	return by_table(crc, at, n);
}

#endif

uint32_t
crc32c(uint32_t seed, const void *bytes, size_t n)
{
	uint32_t crc = ~seed;

	return ~(
	    is_fast() ? by_processor(crc, bytes, n) : by_table(crc, bytes, n));
}
