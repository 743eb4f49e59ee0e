/* A parent's heap, as the children inherit it. */
#ifndef OS_HEAP_H
#define OS_HEAP_H

/* Permanently allocate the gaps left by the preparations and the rest of the
 * last page: a child's first allocations then share new pages, instead of each
 * causing the copy of a shared one (in tlsd 40 KB less per connection). Does
 * nothing in sanitizer builds. */
void heap_settle(void);

#endif
