# SPDX-License-Identifier: BSD-2-Clause
#
# One Makefile. `make help` lists the targets. Output goes to build/ only.
#
#   SAN=address,undefined | thread   sanitizer build, in build/san-<names>/
#   DEBUG=0..2                       0 release, 1 asserts, 2 also wf_x_is_valid()
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

LIB_PKGS := libxdp libbpf libpcap
APP_PKGS := jansson libcyaml
LIB_LIBS := -lxdp -lbpf -lpcap -lelf -lz
APP_LIBS := -ljansson -lcyaml -lyaml -lcrypto

# ---- sources -----------------------------------------------------------------

LIB_DIRS := api engine capture decode flow tcp reassembly deliver upkeep state memory metrics base
APP_DIRS := cli agent sink
LIB_SRC  := $(foreach d,$(LIB_DIRS),$(sort $(wildcard user/$(d)/*.c)))
APP_SRC  := $(foreach d,$(APP_DIRS),$(sort $(wildcard user/$(d)/*.c)))
LIB_OBJ  := $(LIB_SRC:%.c=$(O)/%.o)
APP_OBJ  := $(APP_SRC:%.c=$(O)/%.o)
BPF_SRC  := $(sort $(wildcard bpf/*.bpf.c))
SKEL     := $(BPF_SRC:bpf/%.bpf.c=$(O)/skel/%.skel.h)
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
UNIT_SUP := $(sort $(wildcard tests/unit/support/*.c))
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(O)/tests/%)
BENCH_SRC := $(sort $(wildcard tests/bench/*.c))
BENCH_BIN := $(BENCH_SRC:tests/bench/%.c=$(O)/bench/%)

all: $(O)/weft $(O)/libweft.so $(O)/libweft.a ## build the program and the library

# ---- BPF ---------------------------------------------------------------------

BPF_ARCH   := $(shell uname -m | sed 's/x86_64/x86/;s/aarch64/arm64/')
BPF_CFLAGS := -O2 -g -target bpf -D__TARGET_ARCH_$(BPF_ARCH) -Wall -Wextra -Wno-unused-parameter \
              -I. -I/usr/include/$(shell uname -m)-linux-gnu

$(O)/bpf/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*.h)
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

$(O)/user/capture/%.o $(O)/tests/unit/%.o: | $(SKEL)

$(O)/libweft.a: $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(O)/libweft.so: $(LIB_OBJ) user/api/libweft.map
	$(call say,LD,$@)
	$(Q)$(CC) -shared -Wl,-soname,libweft.so.0 -Wl,--version-script=user/api/libweft.map \
		-o $@ $(LIB_OBJ) $(LDFLAGS) $(LIB_LIBS)

# What the program is made of, but its main(): unit tests link it.
$(O)/libapp.a: $(filter-out %/cli/main.o,$(APP_OBJ))
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(O)/weft: $(APP_OBJ) $(O)/libweft.a
	$(call say,LD,$@)
	$(Q)$(CC) -o $@ $(APP_OBJ) $(O)/libweft.a $(LDFLAGS) $(LIB_LIBS) $(APP_LIBS)

# ---- tests -------------------------------------------------------------------

$(O)/tests/%: $(O)/tests/unit/%.o $(UNIT_SUP:%.c=$(O)/%.o) $(O)/libapp.a $(O)/libweft.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $(filter %.o,$^) $(O)/libapp.a $(O)/libweft.a $(LDFLAGS) \
		-lcmocka $(LIB_LIBS) $(APP_LIBS)

unit: $(UNIT_BIN)

check: lint unit ## lint and unit tests, no root needed
	$(Q)scripts/run-tests.sh unit $(O)

lint: ## layers, style, formatting
	$(Q)scripts/check-layers.sh
	$(Q)scripts/check-style.sh

fmt: ## format all C sources
	$(Q)git ls-files '*.c' '*.h' | xargs clang-format -i

test: ## install what is missing, build, run every test (needs root)
	$(Q)scripts/install-deps.sh
	$(Q)$(MAKE) --no-print-directory all unit
	$(Q)scripts/run-tests.sh all $(O)

demo: ## install what is missing, build, show weft on real traffic (needs root)
	$(Q)scripts/install-deps.sh
	$(Q)$(MAKE) --no-print-directory all
	$(Q)$(O)/weft demo

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

clean: ## remove build/
	$(Q)rm -rf build

-include $(shell find $(O) -name '*.d' 2>/dev/null)

.PHONY: all unit check lint fmt test demo help clean
