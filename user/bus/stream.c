// SPDX-License-Identifier: BSD-2-Clause
/*
 * stream.c - creates or checks the JetStream stream that holds the messages of all sensors.
 */
#include "bus/stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bus/connect.h"
#include "bus/names.h"

/*
 * A setting of a stream: its name for messages, its value, the wanted value, and the key that sets
 * the wanted value; NULL: no key does.
 */
struct setting {
	const char *name;
	int64_t is;
	int64_t wanted;
	const char *key;
};

static void fill(const struct wf_bus_stream_opts *opts, const char **subjects,
		 jsStreamConfig *ret_config)
{
	jsStreamConfig_Init(ret_config);
	ret_config->Name = opts->name;
	ret_config->Subjects = subjects;
	ret_config->SubjectsLen = 1;
	ret_config->Retention = js_LimitsPolicy;
	ret_config->Discard = js_DiscardOld;
	ret_config->Storage = js_FileStorage;
	ret_config->Replicas = opts->replicas;
	ret_config->MaxBytes = opts->max_bytes ? (int64_t)opts->max_bytes : -1;
	ret_config->MaxAge = (int64_t)opts->max_age_ns;
	ret_config->Duplicates = (int64_t)opts->duplicates_ns;
}

/* ---- comparing ---- */

static bool subjects_are(const jsStreamConfig *is, const char *wanted)
{
	return is->SubjectsLen == 1 && !strcmp(is->Subjects[0], wanted);
}

static int subjects_differ(const jsStreamConfig *is, const char *wanted, char *ret_error)
{
	snprintf(ret_error, WF_BUS_ERROR_BYTES,
		 "the stream %s has %d subjects (%s%s), and weft needs exactly one: %s", is->Name,
		 is->SubjectsLen, is->SubjectsLen ? is->Subjects[0] : "none",
		 is->SubjectsLen > 1 ? ", ..." : "", wanted);
	return -EINVAL;
}

/* A stream without limit is shown as 0 or as -1, depending on how it was created. */
static int64_t limit(int64_t value)
{
	return value <= 0 ? 0 : value;
}

static int compare(const jsStreamConfig *is, const jsStreamConfig *wanted, char *ret_error)
{
	const struct setting settings[] = {
		{"replicas", is->Replicas, wanted->Replicas, "sinks.nats.replicas"},
		{"max_bytes", limit(is->MaxBytes), limit(wanted->MaxBytes),
		 "sinks.nats.stream_max_mb"},
		{"max_age in ns", limit(is->MaxAge), limit(wanted->MaxAge),
		 "sinks.nats.stream_max_age_sec"},
		{"duplicate_window in ns", is->Duplicates, wanted->Duplicates,
		 "sinks.nats.duplicate_window_sec"},
		{"max_msgs", limit(is->MaxMsgs), 0, NULL},
		{"max_msgs_per_subject", limit(is->MaxMsgsPerSubject), 0, NULL},
		{"max_msg_size", limit(is->MaxMsgSize), 0, NULL},
		{"retention (0 is limits)", is->Retention, wanted->Retention, NULL},
		{"discard (0 is old)", is->Discard, wanted->Discard, NULL},
		{"storage (0 is file)", is->Storage, wanted->Storage, NULL},
		{"no_ack", is->NoAck, false, NULL},
		{"sealed", is->Sealed, false, NULL},
	};

	if (!subjects_are(is, wanted->Subjects[0]))
		return subjects_differ(is, wanted->Subjects[0], ret_error);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		const struct setting *setting = &settings[i];

		if (setting->is == setting->wanted)
			continue;
		snprintf(ret_error, WF_BUS_ERROR_BYTES,
			 "the stream %s has %s %" PRId64 ", and %" PRId64 " is wanted; change "
			 "%s%sthe stream with: nats stream edit %s",
			 is->Name, setting->name, setting->is, setting->wanted,
			 setting->key ? setting->key : "", setting->key ? ", or " : "", is->Name);
		return -EINVAL;
	}
	return 0;
}

/* ---- asking the server ---- */

/* Return true if the server reports by @code that a later try can't succeed. */
static bool is_final(jsErrCode code)
{
	switch (code) {
	case JSStreamSubjectOverlapErr:
	case JSStreamReplicasNotSupportedErr:
	case JSStreamMaxBytesRequiredErr:
	case JSMaximumStreamsLimitErr:
	case JSStorageResourcesExceededErr:
	case JSAccountResourcesExceededErr:
	case JSStreamInvalidConfig:
	case JSNotEnabledForAccountErr:
		return true;
	default:
		return false;
	}
}

static int server_error(const char *what, const struct wf_bus_stream_opts *opts, natsStatus status,
			jsErrCode code, char *ret_error)
{
	char text[WF_BUS_ERROR_BYTES];

	if (status == NATS_NO_RESPONDERS)
		strcpy(text, "no server has JetStream, or its cluster has no leader");
	else
		wf_bus_error(status, text);
	snprintf(ret_error, WF_BUS_ERROR_BYTES, "can't %s the stream %s: %.384s", what, opts->name,
		 text);
	return is_final(code) ? -EINVAL : -EAGAIN;
}

/*
 * Compare the existing stream with @wanted. Return: as wf_bus_stream_ensure(); -ENOENT if there is
 * none.
 */
static int check(jsCtx *js, const struct wf_bus_stream_opts *opts, const jsStreamConfig *wanted,
		 char *ret_error)
{
	jsStreamInfo *info = NULL;
	jsErrCode code = 0;
	natsStatus status = js_GetStreamInfo(&info, js, opts->name, NULL, &code);
	int err;

	if (status == NATS_NOT_FOUND || code == JSStreamNotFoundErr)
		return -ENOENT;
	if (status != NATS_OK)
		return server_error("read", opts, status, code, ret_error);
	err = compare(info->Config, wanted, ret_error);
	jsStreamInfo_Destroy(info);
	return err;
}

int wf_bus_stream_ensure(jsCtx *js, const struct wf_bus_stream_opts *opts, char *ret_error)
{
	const char *subjects[] = {WF_BUS_SUBJECTS};
	jsStreamConfig wanted;
	jsErrCode code = 0;
	natsStatus status;
	int err, again;

	fill(opts, subjects, &wanted);
	err = check(js, opts, &wanted, ret_error);
	if (err != -ENOENT)
		return err;
	status = js_AddStream(NULL, js, &wanted, NULL, &code);
	if (status == NATS_OK)
		return 0;
	err = server_error("create", opts, status, code, ret_error);
	if (code != JSStreamNameExistErr)
		return err;
	/* Another sensor has created the stream in the meantime, and may have removed it again. */
	again = check(js, opts, &wanted, ret_error);
	return again == -ENOENT ? err : again;
}

int wf_bus_stream_leader(jsCtx *js, const char *stream, char *ret_name)
{
	jsStreamInfo *info = NULL;
	const char *leader = NULL;
	int err = -ENOENT;

	if (js_GetStreamInfo(&info, js, stream, NULL, NULL) != NATS_OK)
		return -EAGAIN;
	if (info->Cluster)
		leader = info->Cluster->Leader;
	if (leader && *leader && strlen(leader) < WF_BUS_LEADER_BYTES) {
		strcpy(ret_name, leader);
		err = 0;
	}
	jsStreamInfo_Destroy(info);
	return err;
}
