/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine_internal.h - the engine's body, for engine.c, setup.c and their tests.
 */
#ifndef WF_ENGINE_ENGINE_INTERNAL_H
#define WF_ENGINE_ENGINE_INTERNAL_H

#include "base/lock.h"
#include "bpf/hash.h"
#include "capture/live/iface.h"
#include "decode/rss.h"
#include "worker/asking.h"
#include "engine/charges.h"
#include "engine/engine.h"
#include "worker/reader.h"
#include "engine/count_mover.h"
#include "pressure/shedding.h"
#include "engine/upkeep_thread.h"
#include "worker/submit.h"
#include "worker/worker.h"
#include "flow/claims.h"

struct wf_arena;
struct wf_iface;
struct wf_pcap_filter;

/* An interface as asked for, until wf_engine_start() opens it. */
struct wf_engine_iface {
	char *name;			 /* owned */
	struct weft_interface_opts opts; /* arrays owned */
	struct wf_iface *iface;		 /* owned, NULL before start */
};

/* Thread: main; counters and flags as told. */
struct wf_engine {
	struct weft_opts opts;
	struct weft_hash_secret secret;
	bool by_queue;		       /* else by hash: see steering.h */
	struct wf_rss rss;	       /* by queue: who owns what */
	struct wf_arena *arena;	       /* owned */
	struct wf_pcap_filter *filter; /* owned, NULL: everything */
	struct wf_engine_iface ifaces[WEFT_INTERFACES_MAX];
	uint32_t ifaces_count;
	char *file_path;			       /* owned, NULL: live */
	struct wf_source *file;			       /* owned, NULL before start */
	struct wf_page_pool *reader_pages;	       /* owned, NULL unless a reader thread runs */
	struct weft_sub *subs[WEFT_SUBSCRIPTIONS_MAX]; /* owned */
	uint32_t subs_count;
	struct wf_charges charges; /* from start to teardown */
	struct wf_crew crew;
	struct wf_reader reader;
	struct wf_shedding shedding;
	struct wf_count_mover count_mover;
	struct wf_lock control;		 /* held by whom workers answer to, see flows.h */
	struct wf_engine_upkeep *upkeep; /* owned; kept after its thread, for what it counted */
	struct wf_waiter stop_waiter;	 /* wf_engine_wait() sleeps on it */
	struct wf_submit submit;
	struct wf_claims claims;    /* checks are on: who has which flow */
	uint64_t submit_ring_bytes; /* 0: nothing is submitted */
	_Atomic bool stop_asked;
	bool is_started;
	bool is_detached;
};

/* Does time go on without packets? */
static inline bool wf_engine_is_live(const struct wf_engine *engine)
{
	return engine->ifaces_count || engine->submit.live;
}
/* kernel.c: wf_iface_set_verdict() on all interfaces; @ctx: the engine. Thread: any. */
int wf_engine_set_verdict(void *ctx, const struct wf_flow_key *key,
			  const enum wf_verdict verdict[2], struct wf_kept *ret_kept);

/* kernel.c: for flow maps that are up to date. */
void wf_engine_init_count_mover(struct wf_engine *engine);

/* kernel.c: shedding, on all interfaces that there will be. */
void wf_engine_init_shedding(struct wf_engine *engine);

/* kernel.c: watch for overload, unless an interface's options forbid to shed. */
int wf_engine_watch_load(struct wf_engine *engine);

/*
 * flows.c: take turns in asking workers. Return: 0; -EBUSY: somebody else takes longer than
 * lock_timeout_ms.
 */
int wf_engine_control_lock(struct wf_engine *engine);
void wf_engine_control_unlock(struct wf_engine *engine);

/* With that lock. Return: 0; -ETIMEDOUT: too busy; -ESHUTDOWN: the workers have ended. */
int wf_engine_ask(struct wf_engine *engine, uint32_t worker, const struct wf_question *question);

/* setup.c: everything that start() makes before threads run, and its undoing. */
int wf_engine_setup(struct wf_engine *engine);
void wf_engine_teardown(struct wf_engine *engine);

#endif
