/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine_body.h - defines struct wf_engine, for the files that set it up, run it, and send calls to
 * its workers.
 */
#ifndef WF_ENGINE_ENGINE_BODY_H
#define WF_ENGINE_ENGINE_BODY_H

#include <weft/privileges.h>

#include "base/lock.h"
#include "base/periodic.h"
#include "base/waiter.h"
#include "bpf/hash.h"
#include "capture/set/pcap_list.h"
#include "deliver/registry.h"
#include "engine/charges.h"
#include "engine/count_mover.h"
#include "engine/housekeeping.h"
#include "engine/iface_watch.h"
#include "engine/ifaces.h"
#include "engine/steering.h"
#include "flow/claims.h"
#include "pressure/shedding.h"
#include "rules/rules.h"
#include "senders/marks.h"
#include "splits/splits.h"
#include "worker/reader.h"
#include "worker/submit.h"
#include "worker/worker.h"

struct wf_arena;
struct wf_pcap_filter;
struct wf_segment_filter;

/* Thread: main, unless a member is atomic or stated otherwise. */
struct wf_engine {
	struct weft_opts opts;
	struct weft_hash_secret secret;
	uint64_t id_seed; /* seed of the ids of flows; see flow/flow_id.h */
	struct weft_tunnel_ports tunnel_ports;
	struct wf_arena *arena;	       /* owned */
	struct wf_pcap_filter *filter; /* owned; NULL: no filter */
	/*
	 * owned; NULL: no filter. It is not applied to frames that the kernel has filtered by the
	 * same policy: usually all frames of interfaces, except datagrams rebuilt from fragments.
	 */
	struct wf_segment_filter *segment_filter;
	struct wf_rules rules; /* rules for new connections; owned */
	uint32_t policy;       /* number of the policy, see worker/pipeline.h */
	struct wf_ifaces ifaces;
	struct wf_steering steering;
	char **file_paths;		   /* owned, like each path */
	size_t file_paths_count;	   /* 0: packets come from interfaces or weft_submit() */
	struct wf_pcap_list files;	   /* the capture files, from weft_start() on */
	struct wf_source *file;		   /* owned; NULL before start */
	struct wf_page_pool *reader_pages; /* owned; NULL if there is no reader thread */
	struct wf_registry registry;	   /* the subscriptions */
	weft_flow_release_fn release;	   /* set by weft_flow_on_release(); NULL: none */
	void *release_ctx;
	weft_before_threads_fn before_threads; /* set by weft_before_threads(); NULL: none */
	void *before_threads_ctx;
	struct wf_charges charges; /* held from start to teardown */
	struct wf_crew crew;
	struct wf_reader reader;
	struct wf_shedding shedding;
	struct wf_count_mover count_mover;
	struct wf_iface_watch iface_watch;
	struct wf_lock control; /* held by control calls; see engine_call.h */
	/* owned; its metrics remain readable after its thread has ended */
	struct wf_housekeeping *housekeeping;
	struct wf_added_tasks added; /* cleanup tasks of the application */
	struct wf_waiter ended;	     /* wf_engine_wait() sleeps here */
	struct wf_periodic stopper;  /* carries out weft_stop() */
	struct wf_submit submit;
	struct wf_marks marks;
	struct wf_splits splits;
	struct wf_claims claims; /* records which worker owns which flow, if checks are enabled */
	uint64_t submit_ring_bytes; /* 0: weft_submit() is not enabled */
	_Atomic bool stop_asked;
	bool is_stopped; /* used only by the stop thread */
	bool is_started;
};

/* Return true if timers follow the system clock instead of the packets. */
static inline bool wf_engine_is_live(const struct wf_engine *engine)
{
	return engine->ifaces.count || engine->submit.live;
}

/* Set the key of all keyed hashes that workers share. Called before workers exist. */
static inline void wf_engine_set_secret(struct wf_engine *engine,
					const struct weft_hash_secret *secret)
{
	engine->secret = *secret;
	engine->marks.secret = *secret;
	engine->splits.secret = *secret;
}

/*
 * Return the hash that the decoder computes for the flow's segments. Thread: any, once the engine
 * was started.
 */
static inline uint32_t wf_engine_flow_hash(const struct wf_engine *engine,
					   const struct weft_flow_key *key)
{
	return wf_steering_flow_hash(&engine->steering, &engine->secret, key);
}

#endif
