# SPDX-License-Identifier: Apache-2.0
# make demo: a pod's whole life on a docker engine; make check: every test. Both install what they need.
# Settings: SANITIZE=1 (ASan and UBSan), WERROR= (warnings stay warnings), CC, CFLAGS, LDFLAGS;
# of install and uninstall: DESTDIR, PREFIX, SYSCONFDIR, LOCALSTATEDIR, UNITDIR (tools/install).
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:

PREFIX ?= /usr/local
WERROR ?= -Werror
CFLAGS ?= -O2 -g
ifdef SANITIZE
BUILD := build/sanitize
HARDEN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else
BUILD := build
HARDEN := -fstack-protector-strong -D_FORTIFY_SOURCE=2
# A process that lives for one call would spend more on finding its libraries than on using them.
STATIC := -static-pie
endif

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes \
        -Wmissing-prototypes -Wold-style-definition -Wformat=2 -Wundef -Wvla -Wpointer-arith \
        -Wcast-qual -Wwrite-strings -Wswitch-enum -Wimplicit-fallthrough $(WERROR)
# The generated code names a member "linux", which the GNU modes of C define as a macro.
STD := -std=c11 -D_GNU_SOURCE
GEN := $(BUILD)/gen
INCLUDE := -Isrc -isystem $(GEN)
COMPILE = $(CC) $(STD) $(INCLUDE) $(WARN) $(HARDEN) -MMD -MP $(CPPFLAGS) $(CFLAGS)
LINK = $(CC) $(HARDEN) $(CFLAGS) -Wl,-z,relro,-z,now $(LDFLAGS)
LIBS := -l:libprotobuf-c.a -l:libjansson.a

PROTOS := runtime/v1/api oneshot/v1/oneshot
GEN_O := $(PROTOS:%=$(GEN)/%.pb-c.o)
GEN_H := $(PROTOS:%=$(GEN)/%.pb-c.h)
CORE_O := $(patsubst src/%.c,$(BUILD)/src/%.o,$(filter-out src/main.c,$(wildcard src/*.c)))
JSON_O := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tools/protojson*.c))
FRAME_O := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tools/frame_*.c))
FIXTURE_O := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tools/fixture_*.c))
GATEWAY_O := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tools/gateway_*.c))
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/*.c))
GATEWAY_UNIT := $(filter $(BUILD)/tests/gateway_%,$(UNIT))
PROGRAMS := $(addprefix $(BUILD)/bin/,cri-oneshot cri-frame cri-fixture cri-gateway)
STAND_IN := $(BUILD)/bin/cri-fixture-docker
PAUSE := $(BUILD)/bin/pause

all: $(PROGRAMS) $(STAND_IN) $(PAUSE)

# What one command of apt-get must have installed for `all`, `check` and `demo`.
deps:
	tools/install-deps build
# The engine tests alone need docker: where it cannot be had they fail, and the rest runs.
check-deps:
	tools/install-deps build test
	tools/install-deps docker || echo "make check: docker cannot be installed, and the engine tests need it: they will fail" >&2

$(GEN)/%.pb-c.c $(GEN)/%.pb-c.h &: proto/%.proto $(PROTOS:%=proto/%.proto)
	@mkdir -p $(GEN)
	protoc-c --proto_path=proto --c_out=$(GEN) $*.proto
$(GEN)/%.o: $(GEN)/%.c $(GEN_H)
	$(CC) $(STD) -isystem $(GEN) $(HARDEN) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
$(BUILD)/%.o: %.c | $(GEN_H)
	@mkdir -p $(@D)
	$(COMPILE) -c -o $@ $<

$(BUILD)/bin/cri-oneshot: LDFLAGS += $(STATIC)
$(BUILD)/bin/cri-oneshot: $(BUILD)/src/main.o $(CORE_O) $(GEN_O)
$(BUILD)/bin/cri-frame: $(BUILD)/tools/cri-frame.o $(FRAME_O) $(JSON_O) $(CORE_O) $(GEN_O)
$(BUILD)/bin/cri-fixture: $(BUILD)/tools/cri-fixture.o $(FIXTURE_O) $(BUILD)/tools/frame_client.o $(JSON_O) $(CORE_O) $(GEN_O)
$(BUILD)/bin/cri-gateway: LDFLAGS += $(STATIC)
$(BUILD)/bin/cri-gateway: LIBS += -l:libnghttp2.a
$(BUILD)/bin/cri-gateway: $(BUILD)/tools/cri-gateway.o $(GATEWAY_O) $(CORE_O) $(GEN_O)
$(PROGRAMS):
	@mkdir -p $(@D)
	$(LINK) -o $@ $^ $(LIBS)
# The docker stand-in is cri-fixture under another name.
$(STAND_IN): $(BUILD)/bin/cri-fixture
	ln -sf cri-fixture $@
# The image of a pod's first process holds nothing else, so it is linked in whole.
$(PAUSE): tools/pause.c
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) -Os -static -s -o $@ $<
$(GATEWAY_UNIT): LIBS += -l:libnghttp2.a
$(GATEWAY_UNIT): $(GATEWAY_O)
$(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(JSON_O) $(CORE_O) $(GEN_O)
	@mkdir -p $(@D)
	$(LINK) -o $@ $^ $(LIBS) -lcmocka

unit-programs: $(UNIT)

check: check-deps
	$(MAKE) all unit-programs
	BUILD=$(BUILD) tests/run

demo:
	tools/install-deps build demo
	$(MAKE) all
	BUILD=$(BUILD) tools/demo

bench: all
	tools/install-deps build docker bench
	BUILD=$(BUILD) tests/bench/run

lint: all
	BUILD=$(BUILD) tests/lint/run

format:
	clang-format -i src/*.[ch] tools/*.[ch] tests/unit/*.[ch]

install: all
install uninstall:
	BUILD=$(BUILD) PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' tools/install $@ $(notdir $(PROGRAMS) $(STAND_IN))

clean:
	rm -rf build

.PHONY: all deps check-deps unit-programs check demo bench lint format install uninstall clean
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
