// SPDX-License-Identifier: BSD-2-Clause
/*
 * versions.c - makes versions of a policy, and limits their number and size.
 */
#include "policy/versions.h"

#include <stdio.h>
#include <time.h>

/* Return the present time as text: 2026-01-31T23:59:59.000000+0000. */
static json_t *now_new(void)
{
	struct timespec now;
	struct tm utc;
	char text[48];
	size_t chars;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	chars = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + chars, sizeof(text) - chars, ".%06ld+0000", now.tv_nsec / 1000);
	return json_string(text);
}

json_t *wf_version_new(uint64_t number, const char *by, json_t *policy)
{
	return json_pack("{sI so ss sO}", "version", (json_int_t)number, "changed", now_new(), "by",
			 by, "policy", policy);
}

/* Return the size of @version as text. */
static size_t bytes_of(const json_t *version)
{
	return json_dumpb(version, NULL, 0, JSON_COMPACT);
}

json_t *wf_versions_with(const json_t *versions, json_t *version)
{
	json_t *list = json_array();
	size_t bytes = 0;
	int err = json_array_append(list, version);
	size_t i;
	json_t *older;

	json_array_foreach(versions, i, older)
	{
		bytes += bytes_of(older);
		if (err || i == WF_POLICY_HISTORY_MAX || bytes > WF_POLICY_HISTORY_MAX_BYTES)
			break;
		err = json_array_append(list, older);
	}
	if (!err)
		return list;
	json_decref(list);
	return NULL;
}

json_t *wf_versions_find(const json_t *versions, uint64_t number)
{
	size_t i;
	json_t *version;

	json_array_foreach(versions, i, version) if (wf_version_number(version) ==
						     number) return json_object_get(version,
										    "policy");
	return NULL;
}
