/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * health_checks.h - decides from the state of an agent whether it is healthy, and why not.
 *
 * This is computation only; health.c reads the state. One row of the table in health_checks.c is
 * one check.
 */
#ifndef WF_AGENT_VIEW_HEALTH_CHECKS_H
#define WF_AGENT_VIEW_HEALTH_CHECKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/interface.h>
#include <weft/limits.h>
#include <weft/pressure.h>
#include <weft/subscribe.h>
#include <weft/worker.h>

/** Health of an agent, from good to bad. */
enum wf_health_status {
	WF_HEALTH_OK = 0,
	/*
	 * the agent works, but loses frames or events or may do so soon, an interface has no link,
	 * or an output could not be opened again
	 */
	WF_HEALTH_DEGRADED,
	WF_HEALTH_UNHEALTHY, /* a part of the agent does not work */
};
#define WF_HEALTH_STATUS_COUNT (WF_HEALTH_UNHEALTHY + 1)

enum {
	/*
	 * a worker is stalled if it completed no round of its loop for this time; an idle worker
	 * completes one every 20 ms
	 */
	WF_HEALTH_WORKER_STALLED_MS = 2000,
	/*
	 * Critical memory pressure of at least this duration is unhealthy. Each cause of the status
	 * unhealthy is to be reported within 3 s; shorter peaks are left out, because the measures
	 * that critical pressure triggers end them within this time.
	 */
	WF_HEALTH_CRITICAL_SEC = 2,
	/* a loss of frames, or a drop of events, is reported for this time after it happened */
	WF_HEALTH_LOSS_SEC = 10,
	/* the agent is degraded if an output took none of its waiting events for this time */
	WF_HEALTH_LAG_SEC = 5,
};

struct wf_health_interface {
	const char *name;
	enum weft_interface_state state;
};

/**
 * struct wf_health_sink - an output
 * @failure: message of the error that has ended it; "": the error has none; NULL: no error
 * @trouble: the reason why its output does not proceed; NULL: none
 * @limit_key: key of a limit beside that of its queue; NULL: none
 * @dropped_events, @dropped_bytes: drops of its queue in the present or last episode (drops.h)
 * @drop_age_ns: time since the last drop; UINT64_MAX: none
 */
struct wf_health_sink {
	const char *name;
	const char *failure;
	bool disk_is_full;
	bool reopen_failed;
	const char *trouble;
	const char *limit_key;
	uint64_t dropped_events;
	uint64_t dropped_bytes;
	uint64_t drop_age_ns;
};

struct wf_health_sub {
	const char *name; /* name of the output */
	uint64_t lag_ns;
	enum weft_sub_end ended; /* the reason why it has ended; WEFT_SUB_RUNNING: it has not */
};

/** struct wf_health_facts - the state of an agent; strings are borrowed */
struct wf_health_facts {
	struct weft_worker workers[WEFT_WORKERS_MAX];
	size_t workers_count;
	struct wf_health_interface interfaces[WEFT_INTERFACES_MAX];
	size_t interfaces_count;
	struct wf_health_sink sinks[WEFT_SUBSCRIPTIONS_MAX];
	size_t sinks_count;
	struct wf_health_sub subs[WEFT_SUBSCRIPTIONS_MAX];
	size_t subs_count;
	enum weft_pressure_level pressure;
	uint64_t pressure_age_ns; /* time since the last change of @pressure */
	uint64_t shed_percent;	  /* share of new connections that are not captured */
	uint64_t loss_age_ns;	  /* time since frames were lost; UINT64_MAX: never */
};

/*
 * wf_health_reason_fn - receive one reason why the agent is not healthy
 * @what:   name of the check, such as "worker_stalled"; static
 * @detail: text for people; borrowed for the call
 */
typedef void (*wf_health_reason_fn)(const char *what, const char *detail,
				    enum wf_health_status status, void *ctx);

/*
 * Call @fn for each reason, in the order of the table. Return: the worst status of all reasons;
 * WF_HEALTH_OK if there is none.
 */
enum wf_health_status wf_health_check(const struct wf_health_facts *facts, wf_health_reason_fn fn,
				      void *ctx);

/* Return the remedy for the reason @what, as text for people; static. NULL: no such check. */
const char *wf_health_help(const char *what);

/* Return "ok", "degraded" or "unhealthy"; static. */
const char *wf_health_status_name(enum wf_health_status status);

#endif
