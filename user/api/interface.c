// SPDX-License-Identifier: BSD-2-Clause
/*
 * interface.c - implements weft/interface.h.
 */
#include <weft/interface.h>

#include "api/handle.h"
#include "engine/engine.h"

void weft_interfaces_each(const struct weft *weft, weft_interface_fn fn, void *ctx)
{
	wf_engine_interfaces_each(weft->engine, fn, ctx);
}

const char *weft_interface_name(const struct weft *weft, uint8_t number)
{
	return wf_engine_interface_name(weft->engine, number);
}
