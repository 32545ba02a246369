// SPDX-License-Identifier: BSD-2-Clause
/*
 * share_memory.c - implements weft_share_memory() and weft_share_file() of weft/subscribe.h.
 */
#include <weft/subscribe.h>

#include <errno.h>
#include <string.h>

#include "api/handle.h"
#include "api/last_error.h"
#include "base/log.h"
#include "capture/mapped_files.h"
#include "engine/engine_body.h"
#include "memory/arena.h"

int weft_share_memory(struct weft *weft, struct weft_memory *ret_memory)
{
	struct wf_arena *arena;
	int fd;

	if (!weft || !ret_memory)
		return -EINVAL;
	wf_api_begin();
	arena = weft->engine->arena;
	fd = wf_arena_share(arena);
	if (fd < 0) {
		wf_error("memory: it can't be shared with other processes: %s", strerror(-fd));
		return wf_api_end(weft, "weft_share_memory", fd);
	}
	*ret_memory = (struct weft_memory){
		.fd = fd,
		.base = wf_arena_base(arena),
		.bytes = wf_arena_bytes(arena),
	};
	return wf_api_end(weft, "weft_share_memory", 0);
}

int weft_share_file(const uint8_t *bytes, struct weft_memory *ret_file)
{
	return bytes && ret_file ? wf_mapped_files_find(bytes, ret_file) : -EINVAL;
}
