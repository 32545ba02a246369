/* SPDX-License-Identifier: BSD-2-Clause */
/* grow.h - grows arrays for generators of test traffic. If memory is missing, the program ends. */
#ifndef TESTS_FUZZ_GROW_H
#define TESTS_FUZZ_GROW_H

#include <stdint.h>
#include <stdlib.h>

static inline void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

/* Returns @array, enlarged if it has no room for one more than @count elements. */
static inline void *grown(void *array, uint32_t count, uint32_t *room, size_t element_bytes)
{
	if (count < *room)
		return array;
	*room = *room ? *room * 2 : 64;
	return must(realloc(array, *room * element_bytes));
}

#endif
