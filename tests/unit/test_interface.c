// SPDX-License-Identifier: BSD-2-Clause
/* test_interface.c - interfaces that were added to a handle, by number. */
#include "unit/support/test.h"

#include <errno.h>
#include <string.h>

#include <weft/weft.h>

static void note_name(const struct weft_interface *interface, void *ctx)
{
	strcat(ctx, interface->name);
	strcat(ctx, " ");
}

TEST(interface_numbers_begin_at_1)
{
	WEFT_OPTS(weft_opts, opts, .memory_max_bytes = 64 << 20, .workers = 1);
	char names[64] = "";
	struct weft *weft;
	int err;

	assert_int_equal(weft_new(&opts, &weft), 0);
	err = weft_add_interface(weft, "lo", NULL);
	if (err != -EOPNOTSUPP) { /* -EOPNOTSUPP: the kernel is too old */
		assert_int_equal(err, 0);
		assert_null(weft_interface_name(weft, 0));
		assert_string_equal(weft_interface_name(weft, 1), "lo");
		assert_null(weft_interface_name(weft, 2));
		assert_null(weft_interface_name(weft, 255));
		weft_interfaces_each(weft, note_name, names);
		assert_string_equal(names, "lo ");
	}
	weft_free(weft);
}
