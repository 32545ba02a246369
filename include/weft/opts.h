/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * opts.h - sized options: every struct begins with its size, zero means default.
 *
 * Grows at the end only. WEFT_OPTS(weft_opts, opts, .workers = 2) declares one.
 */
#ifndef WEFT_OPTS_H
#define WEFT_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/limits.h>

#define WEFT_OPTS(type, name, ...) struct type name = {.sz = sizeof(struct type), __VA_ARGS__}

/** Which copy of overlapping bytes a receiver keeps; see user/reassembly/README.md. */
enum weft_overlap {
	WEFT_OVERLAP_DEFAULT = 0, /* linux */
	WEFT_OVERLAP_FIRST,
	WEFT_OVERLAP_LAST,
	WEFT_OVERLAP_BSD,
	WEFT_OVERLAP_BSD_RIGHT,
	WEFT_OVERLAP_LINUX,
	WEFT_OVERLAP_OLD_LINUX,
	WEFT_OVERLAP_WINDOWS,
	WEFT_OVERLAP_WINDOWS2K3,
	WEFT_OVERLAP_VISTA,
	WEFT_OVERLAP_SOLARIS,
	WEFT_OVERLAP_HPUX,
	WEFT_OVERLAP_HPUX10,
	WEFT_OVERLAP_IRIX,
	WEFT_OVERLAP_MACOS,
};
#define WEFT_OVERLAP_COUNT (WEFT_OVERLAP_MACOS + 1)

enum weft_deliver {
	WEFT_DELIVER_ARRIVAL = 0, /* as soon as in order: lowest latency */
	WEFT_DELIVER_ACKED,	  /* once the receiver acknowledged: what it really took */
};

enum weft_checksum {
	WEFT_CHECKSUM_AUTO = 0, /* verify; a sum left for offload by a local sender is recognised */
	WEFT_CHECKSUM_VERIFY,
	WEFT_CHECKSUM_IGNORE,
};

/** An address prefix. @addr: network order, IPv4 as ::ffff:a.b.c.d; @bits: 0..128 (IPv4: 96 + n) */
struct weft_prefix {
	uint8_t addr[16];
	uint8_t bits;
};

/** The receivers behind @prefix overlap as @policy says. */
struct weft_overlap_rule {
	struct weft_prefix prefix;
	enum weft_overlap policy;
};

/**
 * struct weft_opts - how a handle works
 *
 * Pointers are borrowed for the call of weft_new() only. Units end the names;
 * defaults are those of weft/limits.h.
 */
struct weft_opts {
	size_t sz;

	/* threads */
	uint32_t workers;     /* 0: one a CPU */
	bool check_ownership; /* concurrency.performance_mode: safe */

	/* filter */
	const char *filter; /* tcpdump's syntax, checked in user space; NULL: everything */

	/* memory */
	uint64_t memory_max_bytes; /* everything weft holds */

	/* flow */
	uint32_t flows_max;
	uint32_t embryonic_max;
	uint32_t half_open_per_source_max;
	uint32_t timeout_embryonic_sec;
	uint32_t timeout_established_sec;
	uint32_t timeout_closing_sec;
	uint32_t timeout_closed_sec;
	bool no_midstream; /* refuse connections whose handshake was not seen */

	/* reassembly */
	enum weft_overlap overlap;
	const struct weft_overlap_rule *overlap_rules; /* the longest matching prefix decides */
	size_t overlap_rules_count;
	enum weft_deliver deliver;
	enum weft_checksum checksum;
	uint64_t depth_bytes; /* of each direction; 0: no limit */
	uint32_t gap_timeout_ms;
	uint32_t stream_pages_max;

	/* memory: page classes. Ascending, each at most half a span */
	uint32_t page_small_bytes;
	uint32_t page_medium_bytes;
	uint32_t page_large_bytes;
	uint32_t class_pages_max; /* taken at once of each class, by each worker; 0: no limit */

	/*
	 * One class of WEFT_PAGE_FIXED_BYTES, every held segment in a page of its own: the
	 * baseline to measure against. The sizes above are not used then.
	 */
	bool fixed_pages;

	/*
	 * memory: pressure, see weft/pressure.h. Percentages ascend, above
	 * WEFT_PRESSURE_HYSTERESIS_PERCENT.
	 */
	uint32_t pressure_low_percent;
	uint32_t pressure_high_percent;
	uint32_t pressure_critical_percent;
	uint32_t monitor_interval_ms;
	uint32_t cleanup_interval_sec;

	/*
	 * What this process may hold in memory beside memory_max_bytes; more counts as pressure.
	 * 0: not watched, as a program that uses the library has memory of its own.
	 */
	uint64_t process_slack_bytes;

	/* threads */
	bool detect_races;	  /* with check_ownership: also two threads at once */
	uint32_t lock_timeout_ms; /* a control call waits so long for another, then -ETIMEDOUT */
};
#define weft_opts__last_field lock_timeout_ms

#endif
