// SPDX-License-Identifier: BSD-2-Clause
/*
 * policy_diff.c - compares two policies key by key.
 */
#include "policy/policy_diff.h"

#include <stdio.h>

enum { KEY_BYTES = 128 };

static int add(json_t *diff, const char *section, const char *member, json_t *from, json_t *to)
{
	char key[KEY_BYTES];

	snprintf(key, sizeof(key), "%s.%s", section, member);
	return json_array_append_new(diff,
				     json_pack("{ss sO* sO*}", "key", key, "from", from, "to", to));
}

json_t *wf_policy_diff_new(const json_t *from, const json_t *to)
{
	json_t *diff = json_array();
	const char *section;
	const char *member;
	json_t *members;
	json_t *value;
	int err = 0;

	json_object_foreach((json_t *)to, section, members)
	{
		const json_t *others = json_object_get(from, section);

		json_object_foreach(members, member, value)
		{
			json_t *other = json_object_get(others, member);

			if (!err && !json_equal(other, value))
				err = add(diff, section, member, other, value);
		}
	}
	if (!err)
		return diff;
	json_decref(diff);
	return NULL;
}
