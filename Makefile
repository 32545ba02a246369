# SPDX-License-Identifier: BSD-2-Clause
#
# The only Makefile. `make help` lists the targets. Everything is built in build/.
#
#   SAN=address,undefined | thread   sanitizer build, in build/san-<names>/
#   DEBUG=0..2                       0 release, 1 asserts, 2 also the wf_*_is_valid() checks
#   V=1                              show the commands

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

comma  := ,
Q      := $(if $(V),,@)
say     = $(if $(V),,@printf '  %-6s %s\n' '$(1)' '$(2)')
SAN    ?=
DEBUG  ?= $(if $(SAN),2,0)
variant := $(if $(SAN),/san-$(subst $(comma),-,$(SAN)),)$(if $(filter-out 0,$(if $(SAN),0,$(DEBUG))),/debug$(DEBUG),)
O      := build$(variant)

PREFIX  ?= /usr/local
DESTDIR ?=

CC      ?= gcc
CLANG   ?= clang
BPFTOOL ?= $(or $(shell command -v bpftool 2>/dev/null),/usr/sbin/bpftool)
VERSION := 0.1.0

# ---- flags -------------------------------------------------------------------

WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wswitch \
            -Wpointer-arith -Wvla -Wno-unused-parameter
CPPFLAGS += -D_GNU_SOURCE -DWEFT_VERSION='"$(VERSION)"' -DWF_DEBUG=$(DEBUG) -Iinclude -Iuser -I. -I$(O) -Itests
OPT      ?= -O2
CFLAGS   += -std=gnu11 -g $(OPT) -fPIC -fvisibility=hidden -fno-omit-frame-pointer -pthread $(WARN)
CFLAGS   += $(if $(WERROR),-Werror)
LDFLAGS  += -pthread
ifneq ($(SAN),)
CFLAGS   += -fsanitize=$(SAN) $(if $(findstring undefined,$(SAN)),-fno-sanitize-recover=undefined)
LDFLAGS  += -fsanitize=$(SAN)
endif

LIB_LIBS := -lxdp -lbpf -lpcap -larchive -lcrypto -lelf -lz
APP_LIBS := -ljansson -lyaml -lwebsockets -lnats -lseccomp -lcap-ng -lncurses -ltinfo

# ---- sources -----------------------------------------------------------------

LIB_DIRS := api control engine worker conn pressure capture capture/file capture/set capture/live capture/ring capture/maps capture/host capture/hook decode flow senders splits rules unread tcp \
            reassembly deliver queue packet memory metrics base
APP_DIRS := cli cli/ask cli/subscribe cli/top agent agent/view agent/policy agent/store agent/watch agent/control agent/privileges http http/server http/ws http/wire serve client state policy endpoints config sink sink/format sink/table sink/pcap sink/nats pcap bus collect cli/bus collect/disk fleet
LIB_SRC  := $(foreach d,$(LIB_DIRS),$(sort $(wildcard user/$(d)/*.c)))
APP_SRC  := $(foreach d,$(APP_DIRS),$(sort $(wildcard user/$(d)/*.c)))
LIB_OBJ  := $(LIB_SRC:%.c=$(O)/%.o)
APP_OBJ  := $(APP_SRC:%.c=$(O)/%.o)
# libweft-client, for processes that read from a running agent. It needs the C library only.
CLIENT_SRC := $(sort $(wildcard user/client/*.c)) user/base/names.c
CLIENT_OBJ := $(CLIENT_SRC:%.c=$(O)/%.o)
BPF_SRC  := $(sort $(wildcard bpf/*.bpf.c))
SKEL     := $(BPF_SRC:bpf/%.bpf.c=$(O)/skel/%.skel.h)
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
UNIT_SUP := $(sort $(wildcard tests/unit/support/*.c))
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(O)/tests/%)
BENCH_BPF := $(sort $(wildcard tests/bench/*.bpf.c))
BENCH_SRC := $(filter-out $(BENCH_BPF),$(sort $(wildcard tests/bench/*.c)))
BENCH_SUP := $(sort $(wildcard tests/bench/support/*.c))
BENCH_SKEL := $(BENCH_BPF:tests/bench/%.bpf.c=$(O)/skel/%.skel.h)
BENCH_BIN := $(BENCH_SRC:tests/bench/%.c=$(O)/bench/%)

all: $(O)/weft $(O)/libweft.so $(O)/libweft.a $(O)/libweft-client.so $(O)/libweft-client.a ## build the program and the libraries

# ---- BPF ---------------------------------------------------------------------

BPF_ARCH   := $(shell uname -m | sed 's/x86_64/x86/;s/aarch64/arm64/')
BPF_CFLAGS := -O2 -g -target bpf -mcpu=v3 -D__TARGET_ARCH_$(BPF_ARCH) -Wall -Wextra -Wno-unused-parameter \
              -Iinclude -I. -I/usr/include/$(shell uname -m)-linux-gnu

# Headers and tables that BPF programs include. If one changes, all BPF programs are built again.
BPF_DEPS := $(wildcard bpf/*.h bpf/*.def) include/weft/table.h include/weft/verdict.h

$(O)/bpf/%.bpf.o: bpf/%.bpf.c $(BPF_DEPS)
	$(call say,BPF,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(O)/bpf/%.bpf.o: tests/bench/%.bpf.c $(BPF_DEPS)
	$(call say,BPF,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(O)/skel/%.skel.h: $(O)/bpf/%.bpf.o
	$(call say,SKEL,$@)
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name $(subst .,_,$*)_bpf > $@

# ---- library and program -----------------------------------------------------

$(O)/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(filter $(O)/user/capture/%,$(LIB_OBJ)) $(UNIT_SRC:%.c=$(O)/%.o) $(UNIT_SUP:%.c=$(O)/%.o): | $(SKEL)

$(O)/libweft.a: $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(O)/libweft.so: $(LIB_OBJ) user/api/libweft.map
	$(call say,LD,$@)
	$(Q)$(CC) -shared -Wl,-soname,libweft.so.$(firstword $(subst ., ,$(VERSION))) -Wl,--version-script=user/api/libweft.map \
		-o $@ $(LIB_OBJ) $(LDFLAGS) $(LIB_LIBS)

$(O)/libweft-client.a: $(CLIENT_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(O)/libweft-client.so: $(CLIENT_OBJ) user/client/libweft-client.map
	$(call say,LD,$@)
	$(Q)$(CC) -shared -Wl,-soname,libweft-client.so.$(firstword $(subst ., ,$(VERSION))) \
		-Wl,--version-script=user/client/libweft-client.map $(if $(SAN),,-Wl,-z,defs) -o $@ $(CLIENT_OBJ) $(LDFLAGS)

# page.c includes the files of the dashboard.
$(O)/user/http/page.o: $(wildcard user/http/web/*)

# cmd_demo.c includes the demo's script with an assembler directive.
$(O)/user/cli/cmd_demo.o: scripts/demo.sh

# The program without its main(), for unit tests, test helpers and man/fill.
$(O)/libapp.a: $(filter-out %/cli/main.o,$(APP_OBJ))
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(O)/weft: $(APP_OBJ) $(O)/libweft.a
	$(call say,LD,$@)
	$(Q)$(CC) -o $@ $(APP_OBJ) $(O)/libweft.a $(LDFLAGS) $(LIB_LIBS) $(APP_LIBS)

# ---- manual pages ----------------------------------------------------------------

# Manual pages that document options are generated from templates and the table of options.
$(O)/man/fill: $(O)/man/fill.o $(O)/libapp.a $(O)/libweft.a
	$(call say,LD,$@)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS) $(LIB_LIBS) $(APP_LIBS)

$(O)/man/%: man/%.in $(O)/man/fill
	$(call say,MAN,$@)
	$(Q)$(O)/man/fill < $< > $@

# ---- installing ----------------------------------------------------------------

SO_VERSION := $(firstword $(subst ., ,$(VERSION)))
MAN     := $(sort $(wildcard man/*.[1-8]) $(patsubst man/%.in,$(O)/man/%,$(wildcard man/*.in)))
bindir  := $(DESTDIR)$(PREFIX)/bin
libdir  := $(DESTDIR)$(PREFIX)/lib
incdir  := $(DESTDIR)$(PREFIX)/include
mandir  := $(DESTDIR)$(PREFIX)/share/man
compdir := $(DESTDIR)$(PREFIX)/share/bash-completion/completions
man_to   = $(mandir)/man$(patsubst .%,%,$(suffix $(1)))/$(notdir $(1))

man: $(MAN) ## the manual pages that are made, in build/man (others are in man/): man -l build/man/weft-run.1

install: all $(MAN) ## install to $(DESTDIR)$(PREFIX), by default /usr/local
	$(call say,INST,$(DESTDIR)$(PREFIX))
	$(Q)install -D -m 755 $(O)/weft $(bindir)/weft
	$(Q)install -D -m 755 $(O)/libweft.so $(libdir)/libweft.so.$(VERSION)
	$(Q)ln -sf libweft.so.$(VERSION) $(libdir)/libweft.so.$(SO_VERSION)
	$(Q)ln -sf libweft.so.$(SO_VERSION) $(libdir)/libweft.so
	$(Q)install -D -m 644 $(O)/libweft.a $(libdir)/libweft.a
	$(Q)install -D -m 755 $(O)/libweft-client.so $(libdir)/libweft-client.so.$(VERSION)
	$(Q)ln -sf libweft-client.so.$(VERSION) $(libdir)/libweft-client.so.$(SO_VERSION)
	$(Q)ln -sf libweft-client.so.$(SO_VERSION) $(libdir)/libweft-client.so
	$(Q)install -D -m 644 $(O)/libweft-client.a $(libdir)/libweft-client.a
	$(Q)install -d $(libdir)/pkgconfig
	$(Q)sed 's|@PREFIX@|$(PREFIX)|;s|@VERSION@|$(VERSION)|' user/api/libweft.pc.in > $(libdir)/pkgconfig/weft.pc
	$(Q)sed 's|@PREFIX@|$(PREFIX)|;s|@VERSION@|$(VERSION)|' user/client/libweft-client.pc.in > $(libdir)/pkgconfig/weft-client.pc
	$(Q)install -D -m 644 -t $(incdir)/weft include/weft/*.h include/weft/*.def
	$(Q)install -D -m 644 scripts/completion.bash $(compdir)/weft
	$(Q)$(foreach page,$(MAN),install -D -m 644 $(page) $(call man_to,$(page));)

uninstall: ## remove the files that install has installed
	$(Q)rm -f $(bindir)/weft $(libdir)/libweft.a $(libdir)/libweft.so $(libdir)/libweft.so.$(SO_VERSION) \
		$(libdir)/libweft.so.$(VERSION) $(libdir)/pkgconfig/weft.pc $(compdir)/weft $(foreach page,$(MAN),$(call man_to,$(page)))
	$(Q)rm -f $(libdir)/libweft-client.a $(libdir)/libweft-client.so $(libdir)/libweft-client.so.$(SO_VERSION) \
		$(libdir)/libweft-client.so.$(VERSION) $(libdir)/pkgconfig/weft-client.pc
	$(Q)rm -rf $(incdir)/weft

# ---- tests -------------------------------------------------------------------

$(O)/tests/%: $(O)/tests/unit/%.o $(UNIT_SUP:%.c=$(O)/%.o) $(O)/libapp.a $(O)/libweft.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $(filter %.o,$^) $(O)/libapp.a $(O)/libweft.a $(LDFLAGS) \
		-lcmocka $(LIB_LIBS) $(APP_LIBS)

# Fuzzers, and the code that they share: random conversations, the oracle, runs of the engine.
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SUP := $(filter-out $(FUZZ_SRC) $(addprefix tests/fuzz/,test_% receivers.c captures.c),$(sort $(wildcard tests/fuzz/*.c)))
FUZZ_BIN := $(FUZZ_SRC:tests/fuzz/%.c=$(O)/fuzzers/%)
FUZZ_SECONDS ?= 600

$(O)/tests/test_conversations: $(O)/tests/fuzz/test_conversations.o $(FUZZ_SUP:%.c=$(O)/%.o) $(O)/libweft.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $(filter %.o,$^) $(O)/libweft.a $(LDFLAGS) $(LIB_LIBS)

REASSEMBLY_OBJ := $(addprefix $(O)/tests/,fuzz/test_reassembly.o fuzz/receivers.o fuzz/captures.o unit/support/overlap_model.o)

$(O)/tests/test_reassembly: $(REASSEMBLY_OBJ) $(FUZZ_SUP:%.c=$(O)/%.o) $(O)/libweft.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $(sort $(filter %.o,$^)) $(O)/libweft.a $(LDFLAGS) $(LIB_LIBS)

# Programs that integration tests use.
HELPER_SRC := $(sort $(wildcard tests/integration/*.c))
HELPER_BIN := $(HELPER_SRC:tests/integration/%.c=$(O)/helpers/%)

# Helpers that publish or read NATS messages also use code of the program.
$(O)/helpers/bus_read $(O)/helpers/bus_publish: $(O)/libapp.a

$(O)/helpers/%: $(O)/tests/integration/%.o $(O)/libweft-client.a $(O)/libweft.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $(filter %.o,$^) $(filter %/libapp.a,$^) $(filter-out %/libapp.a,$(filter %.a,$^)) \
		$(LDFLAGS) $(LIB_LIBS) $(if $(filter %/libapp.a,$^),$(APP_LIBS))

helpers: $(HELPER_BIN) $(O)/bench/live_feed $(O)/bench/traffic

unit: $(UNIT_BIN) $(O)/tests/test_conversations $(O)/tests/test_reassembly

# The benchmarks are built, not run: a change must not leave one that no longer compiles.
check: lint unit $(BENCH_BIN) ## lint and unit tests, no root needed
	$(Q)scripts/run-tests.sh unit $(O)

lint: $(O)/weft $(MAN) ## structure, style, formatting, thread guarantees, manual pages, kernel features
	$(Q)scripts/check-structure.py
	$(Q)scripts/check-threads.sh
	$(Q)scripts/check-style.sh
	$(Q)scripts/check-man.py $(O)/weft $(MAN)
	$(Q)scripts/check-kernels.py

fmt: ## format all C sources
	$(Q)git ls-files '*.c' '*.h' | xargs clang-format -i

test: ## install what is missing, build, run all tests, of test-kernels only a part (needs root)
	$(Q)scripts/install-deps.sh
	$(Q)$(MAKE) --no-print-directory all unit helpers
	$(Q)scripts/run-tests.sh all $(O)

test-kernels: ## tests on Linux 6.1 and 6.12, and on drivers of real cards, in guests (needs root): KERNELS=6.1
	$(Q)scripts/install-deps.sh
	$(Q)$(MAKE) --no-print-directory all unit helpers
	$(Q)scripts/test-kernels.sh --build $(O) $(KERNELS)

# ---- fuzzing -------------------------------------------------------------------

# Fuzzers are built with clang in a separate directory, build/fuzz.
FUZZ_MAKE := $(MAKE) --no-print-directory O=build/fuzz CC=$(CLANG) SAN=fuzzer-no-link,address,undefined

# Coverage of the test code is not recorded, so that the fuzzer explores the code under test only.
$(O)/tests/fuzz/%.o: CFLAGS += $(if $(findstring fuzzer,$(SAN)),-fno-sanitize=fuzzer-no-link)

# fuzz_bus tests the code that reads NATS messages. This code is not part of libweft.
$(O)/fuzzers/fuzz_bus: $(addprefix $(O)/user/,bus/names.o bus/message.o collect/delivery.o sink/format/stream_name.o)
$(O)/fuzzers/fuzz_bus: FUZZ_LIBS := -lnats

$(O)/fuzzers/%: $(O)/tests/fuzz/%.o $(FUZZ_SUP:%.c=$(O)/%.o) $(O)/libweft.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $(filter %.o,$^) $(O)/libweft.a $(LDFLAGS) -fsanitize=fuzzer $(LIB_LIBS) $(FUZZ_LIBS)

fuzzers: $(FUZZ_BIN)

fuzz: ## every fuzzer for FUZZ_SECONDS=600 each
	$(Q)scripts/install-deps.sh
	$(Q)$(FUZZ_MAKE) fuzzers
	$(Q)tests/fuzz/run.sh build/fuzz $(FUZZ_SECONDS)

# ---- measuring -----------------------------------------------------------------

$(BENCH_SRC:%.c=$(O)/%.o): | $(BENCH_SKEL)

$(O)/bench/traffic: BENCH_LIBS := -lcrypto
$(O)/bench/nats_pull: BENCH_LIBS := -lnats
$(O)/bench/host_latency: BENCH_LIBS := -lm
$(O)/bench/nats_bare: BENCH_LIBS := -lnats
$(O)/bench/xdp_cost: $(O)/tests/unit/support/packet_builder.o
$(O)/bench/xdp_cost: BENCH_LIBS := -lcmocka

$(O)/bench/traffic: $(BENCH_SUP:%.c=$(O)/%.o)

$(O)/bench/reader: BENCH_ARCHIVE := $(O)/libweft-client.a
$(O)/bench/reader: $(O)/libweft-client.a

$(O)/bench/%: $(O)/tests/bench/%.o $(O)/libweft.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $(filter %.o,$^) $(BENCH_ARCHIVE) $(O)/libweft.a $(LDFLAGS) $(LIB_LIBS) $(BENCH_LIBS)

bench: ## speed of replay and, without KIND, of XDP program and live capture (needs root), beside lower bounds and other programs: KIND=bulk SCALE=0.1 RUNS=5
	$(Q)scripts/install-deps.sh --bench
	$(Q)$(MAKE) --no-print-directory all $(BENCH_BIN)
	$(Q)tests/bench/run.sh $(O)
	$(Q)[ -n "$(KIND)" ] || $(O)/bench/xdp_cost
	$(Q)[ -n "$(KIND)" ] || tests/bench/live.sh $(O)

bench-xdp: ## what the XDP program costs a packet, beside a minimal one (needs root)
	$(Q)$(MAKE) --no-print-directory $(O)/bench/xdp_cost
	$(Q)$(O)/bench/xdp_cost

bench-live: ## live packet rate beside a bare AF_XDP receiver (needs root): PAYLOADS=1446 RUNS=3
	$(Q)$(MAKE) --no-print-directory all $(BENCH_BIN)
	$(Q)tests/bench/live.sh $(O)

bench-shm: ## rate of touching every byte in a callback, by shared memory and by a socket (needs root): PAYLOAD=1446 RUNS=5
	$(Q)$(MAKE) --no-print-directory all $(O)/bench/live_feed $(O)/bench/reader
	$(Q)tests/bench/shm.sh $(O)

bench-shm-replay: ## the same for a replay of the traffic bulk, in the page cache: SCALE=1 RUNS=5
	$(Q)$(MAKE) --no-print-directory all $(O)/bench/traffic $(O)/bench/reader
	$(Q)tests/bench/shm_replay.sh $(O)

bench-subscribers: ## what 16 subscribers of all kinds cost the workers of a live capture (needs root): PAYLOAD=1446 RUNS=5
	$(Q)$(MAKE) --no-print-directory all $(O)/bench/live_feed $(O)/bench/reader
	$(Q)tests/bench/subscribers.sh $(O)

bench-overload: ## what a segment costs while the receive ring overflows, beside one in order: PAYLOAD=1446 FLOWS=1000
	$(Q)$(MAKE) --no-print-directory $(O)/bench/overload
	$(Q)for lost in 0 5; do $(O)/bench/overload --lost $$lost --payload $(or $(PAYLOAD),1446) --flows $(or $(FLOWS),1000); done

bench-host: ## what weft costs the host that it watches, beside tcpdump (needs root): RUNS=5 KINDS="bulk requests latency" OTHER=DIR of another build
	$(Q)scripts/install-deps.sh --bench
	$(Q)$(MAKE) --no-print-directory all $(O)/bench/host_latency
	$(Q)tests/bench/host.sh $(O) $(OTHER)

bench-nats: ## speed of a replay into NATS JetStream beside a bare publisher (needs root): KIND="bulk web" SCALE=0.1 REPLICAS="1 3" RUNS=3
	$(Q)scripts/install-deps.sh
	$(Q)$(MAKE) --no-print-directory all helpers $(O)/bench/nats_bare
	$(Q)tests/bench/nats.sh $(O)

bench-memory: ## memory and speed with page classes, beside pages of 1900 bytes only: KIND=tiny-rtt SCALE=1 RUNS=9
	$(Q)$(MAKE) --no-print-directory all helpers $(O)/bench/memory
	$(Q)tests/bench/memory.sh $(O)

bench-instructions: ## instructions of a replay, counted by callgrind: OTHER=DIR of another build, KINDS="bulk web" SCALE=0.05
	$(Q)$(MAKE) --no-print-directory all $(O)/bench/traffic
	$(Q)tests/bench/instructions.sh $(O) $(OTHER)

bench-absent: ## rate and cost of the capture while NATS is away, beside those while it is there (needs root): RUNS=5 PPS=10000
	$(Q)scripts/install-deps.sh
	$(Q)$(MAKE) --no-print-directory all helpers
	$(Q)tests/bench/nats_absent.sh $(O)

bench-http: ## rate and cost of the capture beside hostile clients of its HTTP server (needs root): RUNS=5 PPS=20000
	$(Q)scripts/install-deps.sh
	$(Q)$(MAKE) --no-print-directory all helpers
	$(Q)tests/bench/http_clients.sh $(O)

bench-collect: ## weft collect beside a bare pull consumer that writes, with 1, 2 and 4 shards: KIND=bulk SCALE=0.5 RUNS=3
	$(Q)$(MAKE) --no-print-directory all helpers $(O)/bench/nats_pull
	$(Q)tests/bench/collect.sh $(O)

attack: ## attacks on memory in full size: 5 M SYNs, 1 M flows, ... (needs root): ATTACK_SCALE=1
	$(Q)$(MAKE) --no-print-directory all helpers
	$(Q)WEFT_BUILD=$(O) ATTACK_SCALE=$(or $(ATTACK_SCALE),1) bash tests/integration/test_memory_attack.sh
	$(Q)WEFT_BUILD=$(O) bash tests/integration/test_memory_disk.sh

soak: ## live churn; nothing may be left afterwards (needs root): SOAK_SECONDS=1800
	$(Q)$(MAKE) --no-print-directory all helpers
	$(Q)WEFT_BUILD=$(O) SOAK_SECONDS=$(or $(SOAK_SECONDS),1800) bash tests/integration/test_soak.sh

fleet: ## three servers, sensors and four collectors with many kills and 2 GB (needs root): FLEET_ROUNDS=10
	$(Q)scripts/install-deps.sh
	$(Q)$(MAKE) --no-print-directory all helpers
	$(Q)WEFT_BUILD=$(O) FLEET_ROUNDS=$(or $(FLEET_ROUNDS),10) FLEET_SCALE=$(or $(FLEET_SCALE),100) \
		bash tests/integration/test_fleet_kills.sh
	$(Q)WEFT_BUILD=$(O) FLEET_ROUNDS=$(or $(FLEET_ROUNDS),10) bash tests/integration/test_fleet_live.sh

demo: ## install what is missing, build, show weft on real traffic (needs root)
	$(Q)scripts/install-deps.sh
	$(Q)$(MAKE) --no-print-directory all
	$(Q)$(O)/weft demo

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

clean: ## remove build/
	$(Q)rm -rf build

-include $(shell find $(O) -name '*.d' 2>/dev/null)

.PHONY: all man install uninstall unit helpers check lint fmt test test-kernels fuzz fuzzers bench bench-xdp bench-live bench-shm bench-shm-replay bench-subscribers bench-overload bench-host bench-nats bench-memory bench-instructions bench-absent bench-http bench-collect attack soak fleet demo help clean
