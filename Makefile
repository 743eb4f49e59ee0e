# make                 the programs, in build/release/bin
# make SAN=1           with address and undefined sanitizers, in build/san
# make CC=clang V=clang  another compiler, in build/clang
# make test            unit tests and bats of one build (SAN=1 for the other)
# make install         DESTDIR and PREFIX as usual; install-systemd: its units
# make uninstall       what these two have installed; mail and configuration stay
# make deb             a package for Debian, in build/deb
# make fuzz            libFuzzer targets, in build/fuzz (clang)
# make lint            every static check

PREFIX ?= /usr/local
V ?= $(if $(SAN),san,release)
B := build/$(V)

CC ?= gcc
WARN := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes \
	-Wvla -Wconversion -Wno-sign-conversion -Wpointer-arith -Wwrite-strings \
	-Wundef -Wformat=2 -Wpedantic $(if $(CI),-Werror)
HARDEN := -fPIE -fstack-protector-strong -fstack-clash-protection \
	-fcf-protection=full
CFLAGS ?= -g $(if $(SAN),-O1 -fno-omit-frame-pointer \
	-fsanitize=address$(,)undefined -fno-sanitize-recover=all, \
	-O2 -D_FORTIFY_SOURCE=3 $(HARDEN))
CPPFLAGS += -D_GNU_SOURCE -Ilib -MMD -MP
LDFLAGS += $(if $(SAN),-fsanitize=address$(,)undefined, \
	-pie -Wl$(,)-z$(,)relro$(,)-z$(,)now$(,)-z$(,)noexecstack \
	-Wl$(,)-z$(,)ibt$(,)-z$(,)shstk)
, := ,
# Always the archive of libtls, for the linker to lead one of its calls through
# bin/tlsd/library.c: after a security fix of it tlsd must be linked again. With
# LibreSSL's own: LIBTLS=-ltls.
LIBTLS ?= -l:libtls.a -Wl,--wrap=SSL_CTX_callback_ctrl
LDLIBS := -Wl,--as-needed -lcdb $(LIBTLS) -lssl -lcrypto -lcrypt -lsodium \
	-lidn2 -lresolv -lcurl -lz -lhogweed -lnettle -lgmp -Wl,--no-as-needed

LIB := $(B)/libchainmail.a
libs := $(patsubst %.c,$(B)/obj/%.o,$(wildcard lib/*/*.c))
objects := $(libs) $(patsubst %.c,$(B)/obj/%.o,$(wildcard bin/*/*.c bin/*/*/*.c))
programs := $(notdir $(patsubst %/main.c,%,$(wildcard bin/*/main.c)))
scripts := $(filter-out $(programs),$(notdir $(wildcard bin/*)))
units := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/*/*.c))
fuzzers := $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/*/*.c))
helpers := $(patsubst %.c,$(B)/%,$(wildcard tests/helper/*.c tests/helper/*/*.c))

all: $(programs:%=$(B)/bin/%) $(scripts:%=$(B)/bin/%)

# The version is that of the newest section of NEWS.md.
version := $(shell sed -n 's/^.. \([0-9.]*\).*/\1/p;T;q' NEWS.md)
$(B)/version: NEWS.md
	@mkdir -p $(@D)
	@echo $(version) | cmp -s - $@ || echo $(version) >$@
$(B)/obj/lib/base/help.o: $(B)/version
$(B)/obj/lib/base/help.o: CPPFLAGS += -DVERSION='"$(version)"'

# Apart from the programs: bin/NAME is a folder here and a file there.
$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) -std=c17 $(WARN) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# The tables of character sets are made from those of iconv(3), here and now.
$(B)/mail/charset_tables.h: lib/mail/tables/generate.c
	@mkdir -p $(@D)
	$(CC) -O1 -o $(B)/charset-tables $<
	$(B)/charset-tables >$@.new
	mv $@.new $@
# What UTS 46 maps is made from libidn2's: programs that are linked whole have
# no room for that.
$(B)/mail/idna_tables.h: lib/mail/tables/idna.c
	@mkdir -p $(@D)
	$(CC) -O1 -o $(B)/idna-tables $< -lidn2
	$(B)/idna-tables >$@.new
	mv $@.new $@
# How text is compared, from the data of Unicode that libunistring has.
$(B)/mail/fold_tables.h: lib/mail/tables/fold.c
	@mkdir -p $(@D)
	$(CC) -O1 -o $(B)/fold-tables $< -lunistring
	$(B)/fold-tables >$@.new
	mv $@.new $@
$(B)/obj/lib/mail/fold.o: $(B)/mail/fold_tables.h
$(B)/obj/lib/mail/fold.o: CPPFLAGS += -I$(B)
$(B)/obj/lib/mail/idna.o: $(B)/mail/idna_tables.h
$(B)/obj/lib/mail/idna.o: CPPFLAGS += -I$(B)
$(B)/obj/lib/mail/charset_table.o: $(B)/mail/charset_tables.h
$(B)/obj/lib/mail/charset_table.o: CPPFLAGS += -I$(B)

$(LIB): $(libs)
	@rm -f $@
	$(AR) rcs $@ $^

# Those that start or fork for each connection are linked whole: fewer mappings
# to copy and pages to fault in; tlsd takes a third less. After a security fix of
# OpenSSL tlsd must be linked again; without it here it takes the shared library.
# The linker warns of what OpenSSL could look up or load: tlsd does neither.
$(B)/bin/tlsd: private LDFLAGS += $(if $(SAN),,-Wl$(,)--no-warnings)
static := $(if $(SAN),,authd imapd listen login mail-verify pop3d smtpd tlsd)

# A program is its folder's objects, those of the folders in it too; all but
# main.o also form NAME.a, which unit tests and fuzz targets link.
define program
$(1)_objects := $(patsubst %.c,$(B)/obj/%.o,$(wildcard bin/$(1)/*.c bin/$(1)/*/*.c))
$(foreach d,bin tests/unit tests/fuzz,$(B)/obj/$(d)/$(1)/%.o): CPPFLAGS += -Ibin/$(1)
$(B)/bin/$(1): $$($(1)_objects) $(LIB)
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $(if $(filter $(1),$(static)),-static-pie \
		$$(filter-out -pie,$$(LDFLAGS)),$$(LDFLAGS)) \
		-o $$@ $$($(1)_objects) $(LIB) $(LDLIBS)
$(B)/$(1).a: $$(filter-out %/main.o,$$($(1)_objects))
	@rm -f $$@
	$$(AR) rcs $$@ $$^
endef
$(foreach p,$(programs),$(eval $(call program,$(p))))

$(scripts:%=$(B)/bin/%): $(B)/bin/%: bin/% $(B)/version
	@mkdir -p $(@D)
	sed 's/@VERSION@/$(version)/' $< >$@
	chmod 755 $@

# tests/unit/NAME/x.c may call what bin/NAME holds; tests/unit/lib only lib/.
.SECONDEXPANSION:
own = $(patsubst %,$(B)/%.a,$(filter $(programs),$(notdir $(patsubst %/,%,$(dir $(1))))))
$(units): $(B)/%: $(B)/obj/%.o $$(call own,$$*) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS)
$(fuzzers): $(B)/%: $(B)/obj/%.o $$(call own,$$*) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(helpers): $(B)/%: $(B)/obj/%.o $$(call own,$$*) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

units: $(units)
helpers: $(helpers)
objects: $(objects)

test: all units helpers
	BUILD=$(CURDIR)/$(B) tests/run

fuzz:
	$(MAKE) V=fuzz CC=clang CFLAGS='-g -O1 -fno-sanitize-recover=all \
		-fsanitize=fuzzer-no-link,address,undefined' \
		LDFLAGS=-fsanitize=fuzzer,address,undefined fuzzers
fuzzers: $(fuzzers)

lint:
	tests/lint

include install.mk

clean:
	rm -rf build

.PHONY: all objects units helpers test fuzz fuzzers lint clean
.SECONDARY:
-include $(shell [ -d $(B) ] && find $(B) -name '*.d')
