# make                 the programs, in build/release/bin
# make SAN=1           with address and undefined sanitizers, in build/san
# make CC=clang V=clang  another compiler, in build/clang
# make test            unit tests and bats of one build (SAN=1 for the other)
# make install         DESTDIR and PREFIX as usual; install-systemd: its units
# make deb             a package for Debian, in build/deb
# make fuzz            libFuzzer targets, in build/fuzz (clang)
# make lint            every static check

PREFIX ?= /usr/local
V ?= $(if $(SAN),san,release)
B := build/$(V)

CC ?= gcc
WARN := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes \
	-Wvla -Wconversion -Wno-sign-conversion -Wpointer-arith -Wwrite-strings \
	-Wundef -Wformat=2 $(if $(CI),-Werror)
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
LDLIBS := -Wl,--as-needed -lcdb -lssl -lcrypto -lcrypt -lsodium \
	-lidn2 -lresolv -lcurl -lz -Wl,--no-as-needed

LIB := $(B)/libchainmail.a
libs := $(patsubst %.c,$(B)/obj/%.o,$(wildcard lib/*/*.c))
programs := $(notdir $(patsubst %/main.c,%,$(wildcard bin/*/main.c)))
scripts := $(filter-out $(programs),$(notdir $(wildcard bin/*)))
units := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/*/*.c))
fuzzers := $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/*/*.c))
helpers := $(patsubst %.c,$(B)/%,$(wildcard tests/helper/*.c))

all: $(programs:%=$(B)/bin/%) $(scripts:%=$(B)/bin/%)

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
static := $(if $(SAN),,authd imapd listen login pop3d smtpd tlsd)

# A program is its folder's objects; all but main.o also form NAME.a, which
# unit tests and fuzz targets link.
define program
$(1)_objects := $(patsubst %.c,$(B)/obj/%.o,$(wildcard bin/$(1)/*.c))
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

$(scripts:%=$(B)/bin/%): $(B)/bin/%: bin/%
	@mkdir -p $(@D)
	install -m 755 $< $@

# tests/unit/NAME/x.c may call what bin/NAME holds; tests/unit/lib only lib/.
.SECONDEXPANSION:
own = $(patsubst %,$(B)/%.a,$(filter $(programs),$(notdir $(patsubst %/,%,$(dir $(1))))))
$(units): $(B)/%: $(B)/obj/%.o $$(call own,$$*) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS)
$(fuzzers): $(B)/%: $(B)/obj/%.o $$(call own,$$*) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(helpers): $(B)/%: $(B)/obj/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

units: $(units)
helpers: $(helpers)

test: all units helpers
	BUILD=$(CURDIR)/$(B) tests/run

fuzz:
	$(MAKE) V=fuzz CC=clang CFLAGS='-g -O1 -fno-sanitize-recover=all \
		-fsanitize=fuzzer-no-link,address,undefined' \
		LDFLAGS=-fsanitize=fuzzer,address,undefined fuzzers
fuzzers: $(fuzzers)

lint:
	tests/lint

# Most programs are for other programs, and some have names that a system uses
# otherwise (login, send): they lie in a folder of their own.
LIBEXEC ?= $(PREFIX)/lib/chainmail
install-programs: all
	install -d $(DESTDIR)$(LIBEXEC)
	install -m 755 $(programs:%=$(B)/bin/%) $(scripts:%=$(B)/bin/%) \
		$(DESTDIR)$(LIBEXEC)

install: install-programs
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin
	ln -srf $(DESTDIR)$(LIBEXEC)/chainmail $(DESTDIR)$(PREFIX)/bin/chainmail
	for f in sbin/sendmail lib/sendmail bin/mailq bin/newaliases; do \
		ln -srf $(DESTDIR)$(LIBEXEC)/sendmail $(DESTDIR)$(PREFIX)/$$f; done
	for m in man/*.[1-8]; do \
		install -D -m 644 $$m $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$${m##*/}; done
	install -d $(DESTDIR)$(PREFIX)/share/man/man1
	for n in mailq newaliases; do ln -srf $(DESTDIR)$(PREFIX)/share/man/man8/sendmail.8 \
		$(DESTDIR)$(PREFIX)/share/man/man1/$$n.1; done

# Units for systemd; they name the programs by their full path.
UNITDIR ?= /usr/lib/systemd/system
install-systemd:
	for u in etc/systemd/*.socket etc/systemd/*.service \
	    etc/systemd/*.timer etc/systemd/*.target etc/systemd/*.d/*.conf; do \
		install -D -m 644 $$u $(DESTDIR)$(UNITDIR)/$${u#etc/systemd/}; \
	done
	sed -i 's,/usr/local/lib/chainmail/,$(LIBEXEC)/,' \
		$(DESTDIR)$(UNITDIR)/chainmail-*.service
	install -D -m 644 etc/systemd/sysusers.conf \
		$(DESTDIR)/usr/lib/sysusers.d/chainmail.conf
	install -D -m 644 etc/systemd/tmpfiles.conf \
		$(DESTDIR)/usr/lib/tmpfiles.d/chainmail.conf

# A package for Debian, in build/deb; its version is that of NEWS.md.
version := $(shell sed -n 's/^.. \([0-9.]*\).*/\1/p;T;q' NEWS.md)
deb:
	rm -rf build/deb
	mkdir -p build/deb/source
	cp -a Makefile NEWS.md README.md bin debian etc lib man build/deb/source
	printf 'chainmail (%s) unstable; urgency=medium\n\n  * %s\n\n -- %s  %s\n' \
		'$(version)' 'See NEWS.md.' \
		"$$(sed -n 's/^Maintainer: //p' debian/control)" \
		"$$(LC_ALL=C date -R -r NEWS.md)" >build/deb/source/debian/changelog
	cd build/deb/source && dpkg-buildpackage -b -us -uc
	rm -r build/deb/source

clean:
	rm -rf build

.PHONY: all units helpers test fuzz fuzzers lint install install-programs \
	install-systemd deb clean
.SECONDARY:
-include $(shell [ -d $(B) ] && find $(B) -name '*.d')
