/* lib/spool/note */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spool/note.h"

#define A "01K00000000000000000000000"
#define B "01K00000000000000000000001"

static const struct note_key key = { "0123456789abcde" };
static const struct note_key other = { "0123456789abcdf" };

static struct note_token
token_of(const char *id, uint64_t index)
{
	return note_token(&key, span_text(id), index);
}

/* The line that a worker with this token writes. */
static const char *
line_of(const char *id, const char *token, const struct result *r)
{
	static struct str out = STR_INIT;

	str_clear(&out);
	note_write(&out, span_text(id), span_text(token), r);
	return out.at;
}

static bool
reads(const char *line, struct result *r_r)
{
	struct arena a = ARENA_INIT;
	struct id id;
	bool ok = note_parse(span_text(line), &key, &a, &id, r_r);

	arena_free(&a);
	return ok;
}

static void
a_token_belongs_to_one_recipient_of_one_message(void **state)
{
	char first[NOTE_TOKEN + 1];

	(void)state;
	memcpy(first, token_of(A, 7).text, sizeof first);
	assert_int_equal(strlen(first), NOTE_TOKEN);
	assert_string_equal(first, token_of(A, 7).text);
	assert_string_not_equal(first, token_of(A, 8).text);
	assert_string_not_equal(first, token_of(A, 7 + 256).text);
	assert_string_not_equal(first, token_of(A, 7 + (1ULL << 32)).text);
	assert_string_not_equal(first, token_of(B, 7).text);
	assert_string_not_equal(first, note_token(&other, SPAN(A), 7).text);
}

static void
a_result_is_read_as_it_was_noted(void **state)
{
	static const struct result all[] = {
		{ .index = 3,
		    .verdict = 0,
		    .status = { "2.1.5", 5 },
		    .host = { "mx.example", 10 },
		    .text = { "250 ok\nnote id=x", 16 },
		    .reply = true,
		    .action = ACTION_RELAYED,
		    .reported = true },
		{ .index = 0, .verdict = 67, .status = { "5.1.1", 5 } },
		{ .index = RECIPIENTS_MAX - 1,
		    .verdict = 255,
		    .status = { "5.0.0", 5 } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		const struct result *want = &all[i];
		const char *line = line_of(
		    A, token_of(A, want->index).text, want);
		struct arena a = ARENA_INIT;
		struct result got;
		struct id id;

		assert_true(
		    note_parse(span_head(span_text(line), strlen(line) - 1),
			&key, &a, &id, &got));
		assert_string_equal(id.text, A);
		assert_int_equal(got.index, want->index);
		assert_int_equal(got.verdict, want->verdict);
		assert_true(span_equal(got.status, want->status));
		assert_true(span_equal(got.host, want->host));
		assert_true(span_equal(got.text, want->text));
		assert_int_equal(got.reply, want->reply);
		assert_int_equal(got.action, want->action);
		assert_int_equal(got.reported, want->reported);
		arena_free(&a);
	}
}

static void
what_is_not_final_is_not_noted(void **state)
{
	struct result r = { .verdict = 75, .status = SPAN("4.0.0") };

	(void)state;
	assert_string_equal(line_of(A, "x", &r), "");
	r = (struct result){ .status = SPAN("2.0.0") };
	assert_string_equal(line_of(A, "", &r), "");
	/* Nobody would know its places. */
	r.action = ACTION_EXPANDED;
	assert_string_equal(line_of(A, "x", &r), "");
}

static void
a_line_that_is_forged_or_cut_is_none(void **state)
{
	struct str line = STR_INIT;
	struct result r = { .index = 12, .status = SPAN("2.0.0") }, got;
	struct note_token token = token_of(A, 12);
	static const char *const changes[][2] = {
		{ "index=12", "index=13" },
		{ "index=12", "index=1" },
		{ "index=12", "index=12000000" },
		{ "index=12", "index=-12" },
		{ A, B },
		{ A, "x" },
		{ "token=", "token=0" },
		{ "token=", "tokens=" },
		{ "verdict=0", "verdict=75" },
		{ "verdict=0", "verdict=256" },
		{ "verdict=0", "verdict=67" }, /* with status 2.0.0 */
		{ "status=2.0.0", "status=5.0.0" },
		{ "status=2.0.0", "status=2" },
		{ "status=2.0.0", "" },
		{ "end=1", "end=0" },
		{ "note", "done" },
		{ "note", "" },
	};

	(void)state;
	str_set(&line, span_text(line_of(A, token.text, &r)));
	str_cut(&line, line.len - 1); /* its LF */
	assert_true(reads(line.at, &got));
	for (size_t i = 0; i < COUNT(changes); i++) {
		struct str other_line = STR_INIT;
		const char *at = strstr(line.at, changes[i][0]);

		str_add(&other_line,
		    (struct span){ line.at, (size_t)(at - line.at) });
		str_add_text(&other_line, changes[i][1]);
		str_add_text(&other_line, at + strlen(changes[i][0]));
		assert_false(reads(other_line.at, &got));
		str_free(&other_line);
	}
	/* Cut anywhere. */
	while (line.len > 0) {
		str_cut(&line, line.len - 1);
		assert_false(reads(line.at, &got));
	}
	str_free(&line);
}

static void
a_token_of_another_length_is_wrong(void **state)
{
	struct result r = { .status = SPAN("2.0.0") }, got;
	struct note_token token = token_of(A, 0);
	struct str longer = STR_INIT;

	(void)state;
	str_setf(&longer, "%s0", token.text);
	assert_false(reads(line_of(A, longer.at, &r), &got));
	token.text[NOTE_TOKEN - 1] = '\0';
	assert_false(reads(line_of(A, token.text, &r), &got));
	str_free(&longer);
}

/* Its neighbours on the line are read. */
static void
a_note_that_a_full_disk_cut_spoils_no_other(void **state)
{
	struct result r = { .status = SPAN("2.0.0"),
		.text = SPAN("note id=no") };
	struct str line = STR_INIT, whole = STR_INIT;
	struct note_token a = token_of(A, 0), b = token_of(B, 0);

	(void)state;
	str_set(&whole, span_text(line_of(A, a.text, &r)));
	for (size_t cut = 0; cut < whole.len; cut++) {
		struct span rest, note;
		struct result got;
		size_t found = 0;

		str_set(&line, span_head(str_span(&whole), cut));
		str_add_text(&line, line_of(B, b.text, &r));
		str_cut(&line, line.len - 1);
		rest = str_span(&line);
		while (note_next(&rest, &note)) {
			struct arena arena = ARENA_INIT;
			struct id id;

			if (note_parse(note, &key, &arena, &id, &got)) {
				found++;
				assert_string_equal(id.text,
				    cut == whole.len - 1 && found == 1 ? A : B);
			}
			arena_free(&arena);
		}
		assert_int_equal(found, cut == whole.len - 1 ? 2 : 1);
	}
	str_free(&line);
	str_free(&whole);
}

static void
without_a_file_noting_does_nothing(void **state)
{
	int pair[2];
	char text[8];

	(void)state;
	assert_int_equal(note_add(-1, SPAN("x\n")), 0);
	assert_int_equal(pipe(pair), 0);
	assert_int_equal(note_add(pair[1], SPAN("")), 0);
	assert_int_equal(note_add(pair[1], SPAN("x\n")), 0);
	assert_int_equal(read(pair[0], text, sizeof text), 2);
	close(pair[1]);
	assert_int_equal(note_add(pair[0], SPAN("x\n")), -1);
	close(pair[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_token_belongs_to_one_recipient_of_one_message),
		cmocka_unit_test(a_result_is_read_as_it_was_noted),
		cmocka_unit_test(what_is_not_final_is_not_noted),
		cmocka_unit_test(a_line_that_is_forged_or_cut_is_none),
		cmocka_unit_test(a_token_of_another_length_is_wrong),
		cmocka_unit_test(a_note_that_a_full_disk_cut_spoils_no_other),
		cmocka_unit_test(without_a_file_noting_does_nothing),
	};

	return cmocka_run_group_tests_name("note", tests, NULL, NULL);
}
