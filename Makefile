# SPDX-License-Identifier: Apache-2.0
# make demo: a pod's whole life on a docker engine; make check: every test. Both install what they need.
# Settings: SANITIZE=1 (ASan, UBSan), WERROR= (warnings stay warnings), CC, CFLAGS, LDFLAGS; of install: see tools/install.
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
INCLUDE := -Isrc -Itools -Itests/unit -isystem $(GEN)
COMPILE = $(CC) $(STD) $(INCLUDE) $(WARN) $(HARDEN) -MMD -MP $(CPPFLAGS) $(CFLAGS)
LINK = $(CC) $(HARDEN) $(CFLAGS) -Wl,-z,relro,-z,now $(LDFLAGS)
LIBS := -l:libprotobuf-c.a -l:libjansson.a

PROTOS := runtime/v1/api oneshot/v1/oneshot
GEN_O := $(PROTOS:%=$(GEN)/%.pb-c.o)
GEN_H := $(PROTOS:%=$(GEN)/%.pb-c.h)
# Each folder's objects but for its main.c, as one archive, so that a program takes what it needs.
objects = $(patsubst %.c,$(BUILD)/%.o,$(filter-out %/main.c,$(wildcard $(addsuffix /*.c,$1))))
CORE := $(BUILD)/core.a
ARCHIVES := $(addprefix $(BUILD)/,json.a frame.a fixture.a gateway.a)
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/*.c tests/unit/*/*.c))
PROGRAMS := $(addprefix $(BUILD)/bin/,cri-oneshot cri-frame cri-fixture cri-gateway)
STAND_IN := $(BUILD)/bin/cri-fixture-docker
PAUSE := $(BUILD)/bin/pause

all: $(PROGRAMS) $(STAND_IN) $(PAUSE)

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
# -MMD leaves out what is generated: to the compiler these are system headers.
$(BUILD)/%.o: %.c $(GEN_H)
	@mkdir -p $(@D)
	$(COMPILE) -c -o $@ $<

.SECONDEXPANSION:
$(CORE): $(call objects,src src/base src/docker src/cri src/host) $(GEN_O)
$(ARCHIVES): $(BUILD)/%.a: $$(call objects,tools/$$*)
$(CORE) $(ARCHIVES):
	rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/bin/cri-oneshot: LDFLAGS += $(STATIC)
$(BUILD)/bin/cri-oneshot: $(BUILD)/src/main.o $(CORE)
$(BUILD)/bin/cri-frame: $(BUILD)/tools/frame/main.o $(addprefix $(BUILD)/,frame.a json.a) $(CORE)
$(BUILD)/bin/cri-fixture: $(BUILD)/tools/fixture/main.o $(addprefix $(BUILD)/,fixture.a frame.a json.a) $(CORE)
$(BUILD)/bin/cri-gateway: LDFLAGS += $(STATIC)
$(BUILD)/bin/cri-gateway: LIBS += -l:libnghttp2.a
$(BUILD)/bin/cri-gateway: $(BUILD)/tools/gateway/main.o $(BUILD)/gateway.a $(CORE)
$(PROGRAMS):
	@mkdir -p $(@D)
	$(LINK) -o $@ $^ $(LIBS)
$(STAND_IN): $(BUILD)/bin/cri-fixture
	ln -sf cri-fixture $@
# The image of a pod's first process holds nothing else, so it is linked in whole.
$(PAUSE): tools/pause/pause.c
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) -Os -static -s -o $@ $<
$(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(ARCHIVES) $(CORE)
	@mkdir -p $(@D)
	$(LINK) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS) -l:libnghttp2.a -lcmocka

unit-programs: $(UNIT)

check: check-deps
	$(MAKE) all unit-programs
	BUILD=$(BUILD) tests/run

demo:
	@tools/install-deps build demo && echo "demo: building, which takes half a minute the first time"
	@$(MAKE) --silent all
	@BUILD=$(BUILD) tools/demo

bench: all
	tools/install-deps build docker bench
	BUILD=$(BUILD) tests/bench/run

lint: all
	BUILD=$(BUILD) tests/lint/run

format:
	find src tools tests/unit tests/fuzz -name '*.[ch]' -exec clang-format -i {} +

install: all
install uninstall:
	BUILD=$(BUILD) PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' tools/install $@ $(notdir $(PROGRAMS) $(STAND_IN))

clean:
	rm -rf build

.PHONY: all deps check-deps unit-programs check demo bench lint format install uninstall clean
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
