/* CRC-32C (Castagnoli's polynomial): by the processor where it can. */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Of n bytes; seed 0 gives the usual sum, another one a sum that is good for one
 * place only. */
uint32_t crc32c(uint32_t seed, const void *bytes, size_t n);

#endif
