// SPDX-License-Identifier: BSD-2-Clause
/*
 * source.c - the calls of weft/source.h about capture files that are read. weft.c contains the
 * calls that add sources.
 */
#include <weft/source.h>

#include "api/handle.h"
#include "engine/engine.h"
#include "engine/sources.h"

const char *weft_file_name(const struct weft *weft, uint16_t number)
{
	return wf_engine_file_name(weft->engine, number);
}

void weft_progress_read(const struct weft *weft, struct weft_progress *ret_progress)
{
	wf_engine_progress(weft->engine, ret_progress);
}
