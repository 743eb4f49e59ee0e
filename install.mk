# A part of Makefile: install, install-systemd, uninstall, deb.

# Most programs are for other programs, and some have names that a system uses
# otherwise (login, send): they lie in a folder of their own.
LIBEXEC ?= $(PREFIX)/lib/chainmail
DOCDIR ?= $(PREFIX)/share/doc/chainmail
# Below which folder sendmail, mailq and newaliases are: SENDMAIL=/usr is where
# other programs look for them, SENDMAIL=no is nowhere.
SENDMAIL ?= $(PREFIX)
sendmail_links := $(if $(filter-out no,$(SENDMAIL)),$(addprefix \
	$(SENDMAIL)/,sbin/sendmail lib/sendmail bin/mailq bin/newaliases))
documents := README.md NEWS.md $(wildcard LICENSE SECURITY.md CONTRIBUTING.md) doc etc
pages := $(notdir $(wildcard man/*.[1-8]))
man_page = $(DESTDIR)$(PREFIX)/share/man/man$(subst .,,$(suffix $(1)))/$(1)
# Is this link, there or not, one to the programs installed here?
is_ours = [ "$$(readlink -m $(1))" = "$$(readlink -m $(DESTDIR)$(LIBEXEC)/$(2))" ]

install-programs: all
	install -d $(DESTDIR)$(LIBEXEC)
	install -m 755 $(programs:%=$(B)/bin/%) $(scripts:%=$(B)/bin/%) \
		$(DESTDIR)$(LIBEXEC)

# What another mail server has under these names is never overwritten.
install-sendmail:
	@for f in $(sendmail_links:%=$(DESTDIR)%); do \
		[ ! -e $$f ] || $(call is_ours,$$f,sendmail) || { \
			echo "make: $$f is another mail server's." \
			"SENDMAIL=no leaves it alone." >&2; exit 1; }; \
	done
	for f in $(sendmail_links:%=$(DESTDIR)%); do install -d $$(dirname $$f) && \
		ln -srfT $(DESTDIR)$(LIBEXEC)/sendmail $$f || exit 1; done

install: install-programs install-sendmail
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(DOCDIR)
	ln -srf $(DESTDIR)$(LIBEXEC)/chainmail $(DESTDIR)$(PREFIX)/bin/chainmail
	$(foreach p,$(pages),install -D -m 644 man/$(p) $(call man_page,$(p)) &&) :
	install -d $(dir $(call man_page,mailq.1))
	for n in mailq newaliases; do ln -srf $(call man_page,sendmail.8) \
		$(dir $(call man_page,mailq.1))$$n.1 || exit 1; done
	cp -r $(documents) $(DESTDIR)$(DOCDIR)
	chmod -R u=rwX,go=rX $(DESTDIR)$(DOCDIR)

# Units for systemd; they name the programs by their full path.
UNITDIR ?= /usr/lib/systemd/system
units_installed = $(patsubst etc/systemd/%,$(DESTDIR)$(UNITDIR)/%,$(wildcard \
	$(addprefix etc/systemd/,*.socket *.service *.timer *.target *.d/*.conf)))
other_installed = $(DESTDIR)/usr/lib/sysusers.d/chainmail.conf \
	$(DESTDIR)/usr/lib/tmpfiles.d/chainmail.conf \
	$(DESTDIR)/usr/lib/sysctl.d/chainmail.conf
install-systemd:
	$(foreach u,$(units_installed),install -D -m 644 \
		etc/systemd/$(u:$(DESTDIR)$(UNITDIR)/%=%) $(u) &&) :
	sed -i 's,/usr/local/lib/chainmail/,$(LIBEXEC)/,' \
		$(filter %.service,$(units_installed))
	for f in sysusers tmpfiles sysctl; do install -D -m 644 etc/systemd/$$f.conf \
		$(DESTDIR)/usr/lib/$$f.d/chainmail.conf || exit 1; done

# Units that name other programs are those of Debian's package.
our_units = grep -qs '=$(LIBEXEC)/' $(DESTDIR)$(UNITDIR)/chainmail-authd.service
uninstall:
	@if [ -z "$(DESTDIR)" ] && $(our_units) && \
		systemctl -q is-active chainmail.target 2>/dev/null; then \
		echo 'make: it runs. First: systemctl disable --now chainmail.target' >&2; \
		exit 1; fi
	for f in $(sendmail_links:%=$(DESTDIR)%); do \
		! $(call is_ours,$$f,sendmail) || rm -f $$f; done
	! $(call is_ours,$(DESTDIR)$(PREFIX)/bin/chainmail,chainmail) || \
		rm -f $(DESTDIR)$(PREFIX)/bin/chainmail
	rm -f $(foreach p,$(pages) mailq.1 newaliases.1,$(call man_page,$(p)))
	rm -rf $(DESTDIR)$(LIBEXEC) $(DESTDIR)$(DOCDIR)
	if $(our_units); then \
		rm -f $(units_installed) $(other_installed); \
		rmdir $(filter %.d,$(sort $(patsubst %/,%,$(dir $(units_installed))))); \
	fi

# A package for Debian, in build/deb.
DEB ?= build/deb
deb:
	rm -rf $(DEB)
	mkdir -p $(DEB)/source
	cp -a Makefile install.mk bin debian lib man $(documents) $(DEB)/source
	printf 'chainmail (%s) unstable; urgency=medium\n\n  * %s\n\n -- %s  %s\n' \
		'$(version)' 'See NEWS.md.' \
		"$$(sed -n 's/^Maintainer: //p' debian/control)" \
		"$$(LC_ALL=C date -R -r NEWS.md)" >$(DEB)/source/debian/changelog
	cd $(DEB)/source && env -u MAKEFLAGS -u MAKELEVEL \
		dpkg-buildpackage -b -us -uc -j$$(nproc)
	rm -r $(DEB)/source

.PHONY: install install-programs install-sendmail install-systemd uninstall deb
