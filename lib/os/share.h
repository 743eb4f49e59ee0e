/* Sharing a program's page tables with its children. */
#ifndef OS_SHARE_H
#define OS_SHARE_H

/* For a process that forks one child per connection; call it first. fork(2)
 * does not copy the page tables of file mappings, so a child takes a page fault
 * for each part of the program it reaches (25 us on some virtual machines),
 * unless its parent wrote to the mapping. So one byte of each mapping is
 * rewritten with its own value, and the pages are made present. Costs one
 * private page per mapping. Does nothing where the kernel does not allow it. */
void share_pages(void);

#endif
