/* lib/os: what a parent of many does so that a child costs little. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/heap.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "os/share.h"
#include "os/sock.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

static void
record_set(struct facts *f, const char *text)
{
	strcpy(f->record, text);
	facts_take(f);
}

extern char **environ;

/* Nothing of it is left in the environment. */
static void
facts_end(struct facts *f)
{
	bool home = environ == f->entries;
	char **last;

	facts_leave(f);
	assert_string_equal(fact("PATH"), "/bin");
	last = environ;
	clearenv();
	if (home)
		free(last);
}

static void
facts_come_from_a_record(void **state)
{
	struct facts f;

	(void)state;
	clearenv();
	setenv("PATH", "/bin", 1);
	setenv("SERVICE", "none", 1);
	facts_prepare(&f);
	record_set(
	    &f, "conn n=7 SERVICE=imap%20s PROTO=TCP TCPREMOTEIP=2001:db8::1");
	assert_string_equal(fact("SERVICE"), "imap s");
	assert_string_equal(fact("PROTO"), "TCP");
	assert_string_equal(fact("TCPREMOTEIP"), "2001:db8::1");
	assert_string_equal(fact("PATH"), "/bin");
	assert_null(getenv("n"));
	/* Others can still be set, and all goes to a program that is started. */
	setenv("CHAINMAIL_UTF8", "1", 1);
	assert_string_equal(fact("CHAINMAIL_UTF8"), "1");
	assert_string_equal(fact("PROTO"), "TCP");
	facts_end(&f);
}

static void
nothing_of_one_connection_is_left_for_the_next(void **state)
{
	struct facts f;

	(void)state;
	clearenv();
	setenv("PATH", "/bin", 1);
	facts_prepare(&f);
	record_set(&f, "PROTO=TCP TCPREMOTEIP=192.0.2.1 TCPREMOTEPORT=4");
	record_set(&f, "PROTO=UNIX TCPREMOTEIP=local");
	assert_string_equal(fact("TCPREMOTEIP"), "local");
	assert_string_equal(fact("TCPREMOTEPORT"), "");
	assert_string_equal(fact("PATH"), "/bin");
	record_set(&f, "");
	assert_string_equal(fact("PROTO"), "");
	facts_end(&f);
}

static void
a_malformed_record_ends_at_the_fault(void **state)
{
	static const char *const records[] = { "A=1 B=%zz C=3", "A=1 B=% C=3",
		"A=1 B=\x80% C=3", "A=1   ", "A=1 =2", "A=1 ABC" };

	(void)state;
	for (size_t i = 0; i < COUNT(records); i++) {
		struct facts f;

		clearenv();
		setenv("PATH", "/bin", 1);
		facts_prepare(&f);
		record_set(&f, records[i]);
		assert_string_equal(fact("A"), "1");
		assert_null(getenv("B"));
		assert_null(getenv("C"));
		facts_end(&f);
	}
}

/* However many there are, and however long the record. */
static void
every_fact_finds_its_place(void **state)
{
	for (int n = 0; n < 100; n++) {
		struct facts f;
		char name[16];

		(void)state;
		clearenv();
		for (int i = 0; i < n; i++) {
			snprintf(name, sizeof name, "X%d", i);
			setenv(name, name, 1);
		}
		setenv("PATH", "/bin", 1);
		facts_prepare(&f);
		record_set(&f, "A=1 B=2 PATH=/usr/bin C=3 D=4");
		assert_string_equal(fact("A"), "1");
		assert_string_equal(fact("D"), "4");
		assert_string_equal(fact("PATH"), "/usr/bin");
		for (int i = 0; i < n; i++) {
			snprintf(name, sizeof name, "X%d", i);
			assert_string_equal(fact(name), name);
		}
		clearenv();
	}
}

/* Reads what lies between variables too. */
static __attribute__((no_sanitize("address"))) int
text_read(struct dl_phdr_info *object, size_t size, void *sum)
{
	(void)size;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &object->dlpi_phdr[i];
		const volatile char *at = (const char *)(object->dlpi_addr +
		    p->p_vaddr);

		if (p->p_type == PT_LOAD && (p->p_flags & PF_W) == 0)
			for (size_t k = 0; k < p->p_memsz; k += 4096)
				*(unsigned *)sum += (unsigned char)at[k];
	}
	return 1;
}

static int
nothing_read(struct dl_phdr_info *object, size_t size, void *sum)
{
	(void)object;
	(void)size;
	*(unsigned *)sum += 1;
	return 1;
}

/* The faults of a child that reads every page of this program's text. */
static int
child_faults(void)
{
	int status;
	pid_t pid = proc_fork();

	if (pid == 0) {
		struct rusage before, after;
		unsigned sum = 0;

		/* What else it needs is copied, or found, by a first look. */
		getrusage(RUSAGE_SELF, &after);
		dl_iterate_phdr(nothing_read, &sum);
		getrusage(RUSAGE_SELF, &before);
		dl_iterate_phdr(text_read, &sum);
		getrusage(RUSAGE_SELF, &after);
		_exit((int)(after.ru_minflt - before.ru_minflt) & 127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
a_child_shares_the_pages_of_the_program(void **state)
{
	static const char constant[4096 * 4] = "x";
	int memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC), before;
	unsigned sum = 0;

	(void)state;
	if (SANDBOX_SANITIZED || memory < 0 ||
	    pwrite(memory, "x", 1, (off_t)(uintptr_t)constant) != 1)
		skip();
	close(memory);
	/* As systemd's MemoryDenyWriteExecute; an older kernel has it not. */
	prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0);
	dl_iterate_phdr(text_read, &sum);
	before = child_faults();
	share_pages();
	dl_iterate_phdr(text_read, &sum);
	assert_int_equal(child_faults(), 0);
	assert_true(child_faults() < before);
}

static void
the_text_stays_as_it_was_and_read_only(void **state)
{
	unsigned before = 0, after = 0;
	char line[512];
	FILE *maps;

	(void)state;
	dl_iterate_phdr(text_read, &before);
	share_pages();
	dl_iterate_phdr(text_read, &after);
	assert_int_equal(before, after);
	maps = fopen("/proc/self/maps", "re");
	assert_non_null(maps);
	while (fgets(line, sizeof line, maps) != NULL)
		assert_null(strstr(line, " rwx"));
	fclose(maps);
}

static void
allocations_after_settling_lie_side_by_side(void **state)
{
	uintptr_t first, next;
	void *volatile gaps[64];

	(void)state;
	if (SANDBOX_SANITIZED)
		skip();
	for (size_t i = 0; i < COUNT(gaps); i++)
		gaps[i] = malloc(16 << (i % 10));
	for (size_t i = 0; i < COUNT(gaps); i += 2)
		free(gaps[i]);
	heap_settle();
	first = (uintptr_t)malloc(24);
	assert_true(first % 4096 <= 64);
	for (size_t i = 0; i < 10; i++) {
		next = (uintptr_t)malloc(8 + 30 * i);
		assert_true(next > first && next - first < 4096);
		free((void *)next);
	}
	free((void *)first);
	for (size_t i = 1; i < COUNT(gaps); i += 2)
		free(gaps[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_come_from_a_record),
		cmocka_unit_test(
		    nothing_of_one_connection_is_left_for_the_next),
		cmocka_unit_test(a_malformed_record_ends_at_the_fault),
		cmocka_unit_test(every_fact_finds_its_place),
		cmocka_unit_test(a_child_shares_the_pages_of_the_program),
		cmocka_unit_test(the_text_stays_as_it_was_and_read_only),
		cmocka_unit_test(allocations_after_settling_lie_side_by_side),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
