/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * versions.h - the versions of a policy, newest first, of limited number and size.
 *
 * Thread: any, one call at a time.
 */
#ifndef WF_POLICY_VERSIONS_H
#define WF_POLICY_VERSIONS_H

#include <jansson.h>
#include <stdint.h>

/* Maximum number of versions before the newest one, and their maximum size as compact JSON. */
enum { WF_POLICY_HISTORY_MAX = 16, WF_POLICY_HISTORY_MAX_BYTES = 640 << 10 };

/* Return a version with @policy and the present time, owned by the caller; NULL: no memory. */
json_t *wf_version_new(uint64_t number, const char *by, json_t *policy);

static inline uint64_t wf_version_number(const json_t *version)
{
	return (uint64_t)json_integer_value(json_object_get(version, "version"));
}

/*
 * Return @versions with @version before them, without the oldest ones that exceed a limit; owned by
 * the caller; NULL if there is no memory. @versions may be NULL.
 */
json_t *wf_versions_with(const json_t *versions, json_t *version);

/* Return the policy of version @number, borrowed from @versions; NULL: it is not there. */
json_t *wf_versions_find(const json_t *versions, uint64_t number);

#endif
