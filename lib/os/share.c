#include "os/share.h"

#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "os/sandbox.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

/* Write the first byte of a read-only mapping through /proc, so that it is
 * never writable. */
static int
mapping_share(int memory, uintptr_t at)
{
	char byte = *(const volatile char *)at;

	return pwrite(memory, &byte, 1, (off_t)at) == 1 ? 0 : -1;
}

static int
object_share(struct dl_phdr_info *object, size_t size, void *memory)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE) - 1;

	(void)size;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &object->dlpi_phdr[i];
		uintptr_t at = (object->dlpi_addr + p->p_vaddr) & ~page;

		if (p->p_type == PT_LOAD && (p->p_flags & PF_W) == 0 &&
		    mapping_share(*(int *)memory, at) == 0)
			madvise((void *)at,
			    (p->p_memsz + (p->p_vaddr & page) + page) & ~page,
			    MADV_POPULATE_READ);
	}
	return 1; /* the first is the program itself */
}

void
share_pages(void)
{
	uintptr_t clock = getauxval(AT_SYSINFO_EHDR);
	int memory = -1;

	if (!SANDBOX_SANITIZED)
		memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	if (memory < 0)
		return;
	dl_iterate_phdr(object_share, &memory);
	/* The vDSO, for the time of day. */
	if (clock != 0)
		mapping_share(memory, clock);
	close(memory);
}
