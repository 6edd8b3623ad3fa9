# chainmail. `make help` lists the goals; INSTALL explains the choices.
#
# Sources are found by where they lie:
#   lib/<subject>/*.c            the library, one archive
#   cmd/<room>/<name>.c          a program of one file
#   cmd/<room>/<name>/*.c        a program of several
#   cmd/<room>/shared/*.c        what programs of a room do alike, an archive
#   cmd/shared/*.c               what those of all rooms do, another one
#   cmd/<room>/<name>.sh         a program that is a shell script
#   cmd/<room>/<name>.[1-8]      man pages
#   cmd/<room>/<name>.profile    what confine(8) lets a program do
#   tests/<room>/<name>_test.c   a unit test
#   tests/<room>/<name>.sh       a shunit2 suite (names that begin with _ are helpers)
#   tests/fuzz/<name>.c          a fuzz target, its corpus in tests/fuzz/corpus/<name>/

PREFIX ?= /usr/local
libdir := $(PREFIX)/lib/chainmail
datadir := $(PREFIX)/share/chainmail
mandir := $(PREFIX)/share/man
DESTDIR ?=
FUZZ_TIME ?= 60
WERROR ?= -Werror

MAKEFLAGS += --no-builtin-rules
# As many compilers as there are processors, if the command line does not say how many.
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
  MAKEFLAGS += -j$(shell nproc)
endif
.SUFFIXES:
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

# ---- Which libraries ----
#
# LIBC=musl     static links against build/sysroot, or a musl distribution's own libraries
# LIBC=system   the machine's libraries
# SAN=1         the machine's libraries, with the sanitizers
# With none of these scripts/sysroot.sh decides, and writes build/libc.mk.

no_build_goals := help clean distclean lint
build_goals := $(filter-out $(no_build_goals),$(or $(MAKECMDGOALS),all))

ifeq ($(SAN),1)
  override LIBC := system
endif
ifneq ($(LIBC),system)
  ifneq ($(build_goals),)
    include build/libc.mk
  endif
endif

build/libc.mk: scripts/sysroot.sh
	@scripts/sysroot.sh $@ $(LIBC)

# Which libraries that a program cannot do without are there, and so which programs are built.
ifneq ($(build_goals),)
  include build/features.mk
endif
build/features.mk: scripts/features.sh scripts/packages.sh
	@scripts/features.sh $@

# The packages that compiling needs (on Debian) are looked for once.
packages := build/packages.$(if $(filter musl,$(LIBC)),musl,system)
build/packages.%: scripts/packages.sh
	@scripts/packages.sh $*
	@mkdir -p $(@D) && touch $@

ifneq ($(filter-out musl system,$(LIBC)),)
  $(error LIBC is musl or system)
endif
ifeq ($(LIBC)$(MUSL_CC),musl)
  $(error build/libc.mk was written without musl; remove it and try again)
endif

ifeq ($(origin CC),default)
  CC := $(if $(filter musl,$(LIBC)),$(MUSL_CC),gcc)
endif

ifeq ($(SAN),1)
  variant := san
else ifeq ($(LIBC),musl)
  variant := musl
else
  variant := system$(if $(filter-out gcc,$(CC)),-$(notdir $(CC)))
endif

TOP := $(CURDIR)
BUILD := build/$(variant)
BIN := $(BUILD)/bin

# ---- Flags ----

warnings := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes $(WERROR)
CPPFLAGS += -D_GNU_SOURCE -Ilib
CFLAGS ?= -O2
cflags := -std=c11 $(warnings) -ffile-prefix-map=$(TOP)=. -ffunction-sections -fdata-sections
ldflags := -Wl,--gc-sections -Wl,--build-id=none
no_symbols := $(if $(SYMBOLS),,-s) # SYMBOLS=1: static executables keep theirs, for profilers

ifeq ($(SAN),1)
  sanitize := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
  CFLAGS := -O1 -g $(sanitize)
  ldflags += $(sanitize)
else ifeq ($(LIBC),musl)
  cflags += -fno-pie
  # Two segments instead of four: an exec maps and faults in less, 15 percent of its time. RELRO means
  # nothing to a static executable at a fixed address.
  ldflags += -static -no-pie $(no_symbols) -Wl,-z,noseparate-code,-z,norelro
endif
ifneq ($(SYSROOT),)
  CPPFLAGS += -isystem $(SYSROOT)/include
  ldflags += -L$(SYSROOT)/lib
endif

# What every program is linked with, and what single ones need besides; tests get all of it.
LDLIBS := -lskarnet
libs_dns := -lcares -lidn2
LIBS_spf-query := $(libs_dns)
LIBS_spf-check := $(libs_dns)
LIBS_dnsbl-check := $(libs_dns)
LIBS_fcrdns-check := $(libs_dns)
LIBS_sender-resolvable := $(libs_dns)
LIBS_tls-wrap := -lbearssl
LIBS_deliver-lmtp := $(libs_dns) -lbearssl
LIBS_lmtp-inject := $(libs_dns) -lbearssl
LIBS_smtp-inject := $(libs_dns) -lbearssl
LIBS_mail-inject := $(libs_dns) -lbearssl
# Static, where OpenSSL and libxcrypt have archives: a process is started for every connection, or
# login, and finding and relocating shared libraries costs it 1.3 ms and 0.5 MB with OpenSSL's, half a
# millisecond with libxcrypt. Make them anew after an update of these libraries;
# HAVE_OPENSSL_STATIC= and HAVE_CRYPT_STATIC= on the command line have them shared.
static_flags := $(if $(SAN),,-static -no-pie $(no_symbols) -Wl,--no-warnings)
LIBS_tls-wrap-openssl := $(if $(HAVE_OPENSSL_STATIC),$(static_flags)) -lssl -lcrypto -lbearssl
LIBS_tls-keyd := -lbearssl
LIBS_tls-check := -lbearssl
LIBS_tls-connect := -lbearssl
LIBS_deliver-smtp := $(libs_dns) -lbearssl
LIBS_sasl-auth := -lbearssl
LIBS_checkpassword-file := $(if $(HAVE_CRYPT_STATIC),$(static_flags)) -lbearssl -lcrypt
LIBS_checkpassword-pam := -lpam
LIBS_user-add := -lbearssl -lcrypt
LIBS_user-passwd := -lbearssl -lcrypt
LIBS_user-compile := -lbearssl
LIBS_user-del := -lbearssl
LIBS_user-list := -lbearssl
libs_tests := $(libs_dns) -lbearssl $(if $(filter musl,$(LIBC)),,-lcrypt) # musl has crypt itself

# Programs that need libraries of the machine's own, which are shared ones: OpenSSL, PAM,
# libxcrypt, since musl's crypt has no yescrypt, and the C library, where accounts may come from
# elsewhere than /etc/passwd (NSS). The musl variant takes them from the system's.
dynamic := tls-wrap-openssl checkpassword-file checkpassword-pam user-add user-passwd route-compile
# Those of them whose library is not there (build/features.mk) are left out.
left_out := $(if $(HAVE_OPENSSL),,tls-wrap-openssl) $(if $(HAVE_PAM),,checkpassword-pam)

# Sources of another program's folder that a program is made of, besides its own.
SHARES_user-add := cmd/auth/user-passwd/password.c
SHARES_tls-connect := $(patsubst %,cmd/net/tls-wrap/%.c,facts front helper log relay times)
SHARES_tls-wrap-openssl := $(filter-out cmd/net/tls-wrap/engine%.c,\
  $(sort $(wildcard cmd/net/tls-wrap/*.c)))

# Commands for people have their pages in section 1; all others are links, called by chains.
commands := $(sort $(basename $(notdir $(wildcard cmd/*/*.1))))

# ---- Sources ----

lib_sources := $(sort $(wildcard lib/*/*.c))
lib_objects := $(lib_sources:%.c=$(BUILD)/obj/%.o)
archive := $(BUILD)/libchainmail.a
common_sources := $(sort $(wildcard cmd/shared/*.c))
shared_sources := $(sort $(wildcard cmd/*/shared/*.c))
rooms_that_share := $(sort $(patsubst cmd/%/shared/,%,$(dir $(shared_sources))))

single_sources := $(filter-out $(common_sources),$(sort $(wildcard cmd/*/*.c)))
folder_sources := $(filter-out $(shared_sources),$(sort $(wildcard cmd/*/*/*.c)))
scripts := $(sort $(wildcard cmd/*/*.sh))
folders := $(sort $(patsubst %/,%,$(dir $(folder_sources))))
compiled := $(filter-out $(left_out),$(notdir $(single_sources:.c=) $(folders)))
borrowed := $(if $(filter musl,$(variant)),$(filter $(dynamic),$(compiled)))
links := $(addprefix $(BIN)/,$(compiled) $(notdir $(scripts:.sh=)))
profile_sources := $(sort $(wildcard cmd/*/*.profile cmd/*/*/*.profile))
profiles := $(patsubst %.profile,$(BIN)/profiles/%,$(notdir $(profile_sources)))
cmd_objects := $(patsubst %.c,$(BUILD)/obj/%.o,$(single_sources) $(folder_sources) $(shared_sources) $(common_sources))

man_pages := $(sort $(foreach section,1 2 3 4 5 6 7 8,$(wildcard cmd/*/*.$(section))))

unit_sources := $(sort $(wildcard tests/*/*_test.c))
unit_tests := $(unit_sources:%.c=$(BUILD)/%)
fuzz_sources := $(sort $(wildcard tests/fuzz/*.c))
replays := $(fuzz_sources:%.c=$(BUILD)/%)
test_objects := $(patsubst %.c,$(BUILD)/obj/%.o,$(unit_sources) $(fuzz_sources) tests/replay.c)

.PHONY: all help install run check check-san check-crash lint fuzz bench clean distclean
all: $(links) $(profiles)

help:
	@printf '%s\n' \
	  'make              the links, in build/<variant>/bin' \
	  'make run          a mail host on 127.0.0.1:2525, 2587 and 2465, state in build/run (SMTP_PORT= RUN=)' \
	  'make check        all tests (ONLY=pattern: those whose path matches; CONFINE=1: all programs confined)' \
	  'make check-san    the same under ASan and UBSan' \
	  'make check-crash  power cuts and kills at every system call, at length (ONLY=pattern)' \
	  'make install      into PREFIX (/usr/local) under DESTDIR' \
	  'make lint         clang-tidy, cppcheck, shellcheck, mandoc, clang-format' \
	  'make fuzz         each fuzz target for FUZZ_TIME (60) seconds (ONLY=pattern)' \
	  'make bench        load tests beside Postfix (WHOLE=1: beside five others, all sizes; STEPS=1: by step)' \
	  'make clean        removes what was built, keeps build/sysroot and build/peers' \
	  'make distclean    removes build/' \
	  'LIBC=musl|system, CC=, CFLAGS=, SAN=1 choose the variant; WERROR= lets warnings pass'

# ---- Compiling ----

$(BUILD)/obj/%.o: %.c | $(packages)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(CPPFLAGS) -MMD -MP $(CFLAGS) $(cflags) -c -o $@ $<

.PHONY: FORCE
FORCE:

# When a source goes, its object must leave the archive.
define archive_of # archive, objects
$(1): $(2) $(1).members
	@rm -f $$@.new && ar rcsD $$@.new $(2) && mv -f $$@.new $$@
$(1).members: FORCE
	@mkdir -p $$(@D)
	@echo $(2) | cmp -s - $$@ || echo $(2) >$$@
endef
objects_of = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
$(eval $(call archive_of,$(archive),$(lib_objects)))
common_archive := $(BUILD)/obj/cmd/shared.a
$(eval $(call archive_of,$(common_archive),$(call objects_of,$(common_sources))))
shared_archive = $(1:%=$(BUILD)/obj/cmd/%/shared.a)
$(foreach room,$(rooms_that_share),$(eval $(call archive_of,$(call shared_archive,$(room)),\
  $(call objects_of,$(filter cmd/$(room)/%,$(shared_sources))))))

# Linked beside its place and renamed: a running program is never overwritten.
define link_program
@mkdir -p $(@D)
@echo "  LINK  $@"
@$(CC) $(CFLAGS) $(ldflags) $(LDFLAGS) -o $@.new $(filter %.o %.a,$^) \
  $(LIBS_$(@F)) $(libs) $(LDLIBS)
@mv -f $@.new $@
endef

# How a program comes about: linked here, or borrowed.
define program # name, objects and the archive of its room
$(BIN)/$(1): $(2) $(common_archive) $(archive)
	$$(link_program)
endef
define borrow # name
$(BIN)/$(1): system_programs
	@mkdir -p $$(@D)
	@cmp -s build/system/bin/$(1) $$@ || \
	  { cp build/system/bin/$(1) $$@.new && mv -f $$@.new $$@; }
endef
make_program = $(eval $(if $(filter $(1),$(borrowed)),$(call borrow,$(1)),$(call program,$(1),$(2))))
sources_of = $(filter cmd/%/$(1).c,$(single_sources)) $(sort $(wildcard cmd/*/$(1)/*.c)) $(SHARES_$(1))
room_of = $(word 2,$(subst /, ,$(firstword $(1))))
shared_by = $(call shared_archive,$(filter $(call room_of,$(1)),$(rooms_that_share)))
$(foreach name,$(compiled),$(call make_program,$(name),\
  $(call objects_of,$(call sources_of,$(name))) $(call shared_by,$(call sources_of,$(name)))))

.PHONY: system_programs
system_programs:
	@$(MAKE) -s --no-print-directory LIBC=system CC=gcc BUILD=build/system $(addprefix build/system/bin/,$(borrowed))

define script # name, source
$(BIN)/$(1): $(2)
	@mkdir -p $$(@D)
	@cp $$< $$@.new && chmod 755 $$@.new && mv -f $$@.new $$@
endef
$(foreach source,$(scripts),$(eval $(call script,$(basename $(notdir $(source))),$(source))))

# The sanitizers' run time needs as much as programs of others do, and traces what leaks.
define profile # name, source
$(BIN)/profiles/$(1): $(2)
	@mkdir -p $$(@D)
	@cp $$< $$@.new$(if $(SAN),$(if $(filter libc-dynamic,$(1)), && \
	  printf 'include foreign\ncalls ptrace personality process_vm_readv\n' >>$$@.new))
	@mv -f $$@.new $$@
endef
$(foreach source,$(profile_sources),$(eval $(call profile,$(basename $(notdir $(source))),$(source))))
$(links): | $(profiles)

$(unit_tests) $(replays): libs := $(libs_tests)

$(unit_tests): $(BUILD)/%: $(BUILD)/obj/%.o $(archive)
	$(link_program)

$(replays): $(BUILD)/%: $(BUILD)/obj/%.o $(BUILD)/obj/tests/replay.o $(archive)
	$(link_program)

# Fuzz targets whose work is counted (tests/growth.c); for a BUILD of their own, see below.
growths := $(fuzz_sources:tests/fuzz/%.c=$(BUILD)/growth/%)
$(growths): libs := $(libs_tests)
$(growths): $(BUILD)/growth/%: $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/obj/tests/growth.o \
  $(BUILD)/obj/tests/counted.o $(archive)
	$(link_program)
.PHONY: growths counted
growths: $(growths)
counted: | $(packages)
	@$(MAKE) -s --no-print-directory LIBC=$(LIBC) SAN= BUILD=$(BUILD)-counted \
	  CFLAGS='-O1 -fno-builtin -fsanitize-coverage=trace-pc' growths

-include $(patsubst %.o,%.d,$(lib_objects) $(cmd_objects) $(test_objects) $(BUILD)/obj/tests/growth.o \
  $(BUILD)/obj/tests/counted.o)

# ---- Testing ----

# With ONLY, what other tests need is not made.
check: $(links) $(unit_tests) $(replays) $(if $(SAN),,$(if $(findstring growth,$(or $(ONLY),growth)),counted))
	@scripts/packages.sh check
	@scripts/peers.sh
	@TOP='$(TOP)' BUILD='$(TOP)/$(BUILD)' BIN='$(TOP)/$(BIN)' CHECK_SAN='$(SAN)' \
	  tests/run $(if $(ONLY),'$(ONLY)')

check-san:
	@$(MAKE) --no-print-directory check SAN=1

check-crash: $(links)
	@scripts/packages.sh check
	@TOP='$(TOP)' BUILD='$(TOP)/$(BUILD)' BIN='$(TOP)/$(BIN)' CHECK_CRASH=1 \
	  tests/run $(if $(ONLY),'$(ONLY)')

# Fuzz targets have a library of their own, in which the fuzzer sees every branch.
fuzz_flags := -std=c11 -g -O1 -fno-sanitize-recover=all
fuzz_targets := $(fuzz_sources:tests/fuzz/%.c=build/fuzz/%)
fuzz_objects := $(lib_sources:%.c=build/fuzz/obj/%.o)

build/fuzz/obj/%.o: %.c | build/packages.fuzz
	@mkdir -p $(@D)
	@echo "  FUZZ  $<"
	@clang -D_GNU_SOURCE -Ilib -MMD -MP $(fuzz_flags) -fsanitize=fuzzer-no-link,address,undefined \
	  -c -o $@ $<

.SECONDARY: $(fuzz_objects) $(fuzz_sources:%.c=build/fuzz/obj/%.o)
build/fuzz/%: build/fuzz/obj/tests/fuzz/%.o $(fuzz_objects)
	@echo "  LINK  $@"
	@clang $(fuzz_flags) -fsanitize=fuzzer,address,undefined -o $@ $^ $(libs_tests) -lcrypt $(LDLIBS)

-include $(patsubst %.o,%.d,$(fuzz_objects) $(fuzz_sources:%.c=build/fuzz/obj/%.o))

fuzz: $(if $(ONLY),$(foreach target,$(fuzz_targets),$(if $(findstring $(ONLY),$(target)),$(target))),\
  $(fuzz_targets))
	@scripts/fuzz.sh $(FUZZ_TIME) $^

bench: $(links)
	@scripts/packages.sh bench
	@TOP='$(TOP)' BUILD='$(TOP)/$(BUILD)' BIN='$(TOP)/$(BIN)' LIBC=$(LIBC) scripts/bench.sh

lint:
	@scripts/packages.sh lint
	@scripts/lint.sh

# ---- Using it ----

run: $(links)
	@scripts/packages.sh run
	@BIN='$(TOP)/$(BIN)' scripts/run.sh

# Commands are links into the one folder that holds all programs.
install: $(links)
	install -d '$(DESTDIR)$(libdir)/profiles' '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(datadir)'
	install -m 755 $(links) '$(DESTDIR)$(libdir)'
	install -m 644 $(profiles) '$(DESTDIR)$(libdir)/profiles'
	@for command in $(commands); do \
	  ln -sfn "../lib/chainmail/$$command" '$(DESTDIR)$(PREFIX)/bin/'"$$command"; \
	done
	@for page in $(man_pages); do \
	  install -D -m 644 "$$page" '$(DESTDIR)$(mandir)'/man"$${page##*.}/$${page##*/}"; \
	done
	scripts/install-service.sh service '$(DESTDIR)$(datadir)/service' '$(PREFIX)'
	install -m 755 scripts/setup.sh '$(DESTDIR)$(datadir)/setup'
	install -m 755 scripts/certificate.sh '$(DESTDIR)$(datadir)/certificate'

clean:
	@rm -rf $(filter-out build/sysroot% build/%.mk build/peers,$(wildcard build/*))

distclean:
	@rm -rf build
