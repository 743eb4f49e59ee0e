/* The tables of character sets, written as C at build time from what the
 * machine's iconv(3) knows. A program that asks iconv itself would have to load
 * modules, so it could not be linked whole, and would run their code on what
 * comes from the network. Never installed.
 *	generate >charset_tables.h */
#include <err.h>
#include <iconv.h>
#include <stdint.h>
#include <stdio.h>

enum { LEADS = 126, TRAILS = 192, ROWS = 94, LINEAR_MAX = 39420 };

static const char *const singles[] = { "ISO-8859-2", "ISO-8859-3", "ISO-8859-4",
	"ISO-8859-5", "ISO-8859-6", "ISO-8859-7", "ISO-8859-8", "ISO-8859-9",
	"ISO-8859-10", "ISO-8859-11", "ISO-8859-13", "ISO-8859-14",
	"ISO-8859-15", "ISO-8859-16", "CP1250", "CP1251", "CP1253", "CP1254",
	"CP1255", "CP1256", "CP1257", "CP1258", "KOI8-R", "KOI8-U", "CP437",
	"CP737", "CP775", "CP850", "CP852", "CP855", "CP857", "CP858", "CP860",
	"CP861", "CP862", "CP863", "CP865", "CP866", "CP869", "CP874",
	"MACINTOSH", "MAC-CYRILLIC", "MAC-CENTRALEUROPE" };

static iconv_t
open_set(const char *name)
{
	iconv_t c = iconv_open("UTF-32LE", name);

	if (c == (iconv_t)-1)
		err(1, "iconv knows no %s (are its modules installed?)", name);
	return c;
}

/* The one code point that these bytes stand for; 0 if there is none, several,
 * or one of more than 16 bits. */
static unsigned
point_of(iconv_t c, const unsigned char *bytes, size_t len)
{
	char *in = (char *)(uintptr_t)bytes, *out;
	uint32_t points[8] = { 0 };
	size_t room = sizeof points;

	out = (char *)points;
	iconv(c, NULL, NULL, NULL, NULL);
	if (iconv(c, &in, &len, &out, &room) == (size_t)-1 || len > 0 ||
	    iconv(c, NULL, NULL, &out, &room) == (size_t)-1 ||
	    room != sizeof points - sizeof points[0] || points[0] > 0xffff)
		return 0;
	return points[0];
}

static void
single_write(const char *name)
{
	iconv_t c = open_set(name);

	printf("\t{ \"%s\", {", name);
	for (unsigned i = 128; i < 256; i++)
		printf(" %u,", point_of(c, (unsigned char[]){ (uint8_t)i }, 1));
	printf(" } },\n");
	iconv_close(c);
}

/* Two bytes: 81 to fe and 40 to ff. */
static void
double_write(const char *name, const char *as)
{
	iconv_t c = open_set(name);

	printf("static const uint16_t %s[%d][%d] = {\n", as, LEADS, TRAILS);
	for (unsigned i = 0; i < LEADS; i++) {
		printf("{");
		for (unsigned k = 0; k < TRAILS; k++) {
			const unsigned char b[] = { (uint8_t)(0x81 + i),
				(uint8_t)(0x40 + k) };

			printf(" %u,", point_of(c, b, 2));
		}
		printf(" },\n");
	}
	printf("};\n");
	iconv_close(c);
}

/* JIS X 0212, as EUC-JP has it behind 8f. */
static void
jis0212_write(void)
{
	iconv_t c = open_set("EUC-JP");

	printf("static const uint16_t jis0212[%d][%d] = {\n", ROWS, ROWS);
	for (unsigned i = 0; i < ROWS; i++) {
		printf("{");
		for (unsigned k = 0; k < ROWS; k++) {
			const unsigned char b[] = { 0x8f, (uint8_t)(0xa1 + i),
				(uint8_t)(0xa1 + k) };

			printf(" %u,", point_of(c, b, 3));
		}
		printf(" },\n");
	}
	printf("};\n");
	iconv_close(c);
}

/* GB 18030's four bytes count through what two bytes leave out: where a run of
 * code points begins. */
static void
runs_write(void)
{
	iconv_t c = open_set("GB18030");
	unsigned next = 0;

	printf(
	    "static const struct { uint16_t linear, point; } gb_runs[] = {\n");
	for (unsigned i = 0; i < LINEAR_MAX; i++) {
		const unsigned char b[] = { (uint8_t)(0x81 + i / 12600),
			(uint8_t)(0x30 + i / 1260 % 10),
			(uint8_t)(0x81 + i / 10 % 126),
			(uint8_t)(0x30 + i % 10) };
		unsigned p = point_of(c, b, 4);

		if (p != next || i == 0)
			printf("{ %u, %u },\n", i, p);
		next = p == 0 ? 0 : p + 1;
	}
	printf("};\n");
	iconv_close(c);
}

int
main(void)
{
	printf(
	    "#include <stdint.h>\n"
	    "static const struct single {\n"
	    "\tconst char name[20];\n\tuint16_t high[128];\n} singles[] = {\n");
	for (size_t i = 0; i < sizeof singles / sizeof singles[0]; i++)
		single_write(singles[i]);
	printf("};\n");
	double_write("GB18030", "gb18030");
	double_write("CP950", "big5");
	double_write("CP949", "cp949");
	double_write("CP932", "cp932");
	jis0212_write();
	runs_write();
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
