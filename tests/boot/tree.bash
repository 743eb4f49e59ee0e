# shellcheck shell=bash disable=SC2034
# A small Debian with the package in it, for files of tests: as root only.
# SHARED, from tests/run, holds what all files use and is made once.
# CHAINMAIL_TREE may name a Debian that debootstrap made before, with $packages.

packages=systemd,systemd-sysv,dbus,openssl,iproute2,libcdb1,libcurl4,libidn2-0,libsodium23,s6,rsyslog
SHARED=${SHARED:-${BATS_RUN_TMPDIR-}}

# Why it can't be had here; empty when it can.
tree_missing() {
	local tool
	[ "$(id -u)" = 0 ] || { echo 'needs root'; return; }
	! sanitized || { echo 'the package has a build of its own'; return; }
	for tool in dpkg-buildpackage dh debootstrap unshare nsenter ip \
		/usr/bin/python3 "$@"; do
		PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null ||
			{ echo "$tool is not installed"; return; }
	done
	unshare --net --mount --pid --fork --mount-proc true 2>/dev/null ||
		{ echo 'no name spaces may be made here'; return; }
	shared debian make_debian ||
		echo "no Debian: $(grep -a '^[EW]: ' "$SHARED/debian.failed" |
			grep -v '^W: See ' | tail -n 1 | cut -c 4- | tr -cd ' -~')"
}

# shared NAME COMMAND: make $SHARED/NAME by COMMAND, once, whoever comes first.
# What it said when it failed is in $SHARED/NAME.failed: nobody tries it again.
shared() {
	(
		flock 9
		[ ! -e "$SHARED/$1" ] || exit 0
		[ ! -e "$SHARED/$1.failed" ] || exit 1
		"$2" "$SHARED/$1.new" >"$SHARED/$1.log" 2>&1 &&
			mv "$SHARED/$1.new" "$SHARED/$1" && exit 0
		rm -rf "$SHARED/$1.new"
		tail -n 20 "$SHARED/$1.log" >&2
		mv "$SHARED/$1.log" "$SHARED/$1.failed"
		exit 1
	) 9>"$SHARED/$1.lock"
}

# From the mirror that apt uses.
make_debian() {
	local mirror limit=400
	[ -z "${CHAINMAIL_TREE-}" ] || { cp -a "$CHAINMAIL_TREE" "$1"; return; }
	mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' |
		sed -n 's/^bookworm //p' | head -n 1)
	mirror=${mirror:-http://deb.debian.org/debian}
	mkdir -p "$1/etc/dpkg/dpkg.cfg.d" # it need not survive a power cut
	echo force-unsafe-io >"$1/etc/dpkg/dpkg.cfg.d/tests"
	PATH=$PATH:/usr/sbin:/sbin timeout "$limit" debootstrap --variant=minbase \
		"--include=$packages" bookworm "$1" "$mirror" && return
	[ $? != 124 ] || echo "E: $mirror: not all of it had come after $limit s"
	return 1
}

# Made in a copy there: the tree of the source stays as it is.
make_deb() { env -u MAKEFLAGS -u BUILD make -s -C "$TOP" deb "DEB=$1"; }

# Its file.
deb() {
	shared package make_deb && echo "$SHARED"/package/chainmail_*.deb
}

# tree_make FOLDER: a Debian of this file's own.
tree_make() {
	cp -a "$SHARED/debian" "$1" || return
	cp "$(deb)" "$1/root/chainmail.deb"
}

# in_tree FOLDER COMMAND...: with a /proc of its own, nothing running.
in_tree() {
	local tree=$1
	shift
	unshare --mount --pid --net --fork --kill-child --mount-proc="$tree/proc" \
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
		DEBIAN_FRONTEND=noninteractive LC_ALL=C chroot "$tree" "$@"
}

# --- what runs in it: $BATS_FILE_TMPDIR/leader has its first process

leader() { cat "$BATS_FILE_TMPDIR/leader"; }

# is_leader PID: the first process of a PID name space, its root the tree, its
# network not this machine's. Nothing is done by way of any other process: what
# is meant for the tree would be done to this machine.
is_leader() {
	local of=/proc/$1
	[[ $(sed -n 's/^NSpid:.*[[:blank:]]//p' "$of/status" 2>/dev/null) == 1 ]] &&
		[ "$of/root/" -ef "$BATS_FILE_TMPDIR/tree/" ] &&
		[ ! "$of/root/" -ef / ] && [ ! "$of/ns/net" -ef /proc/self/ns/net ]
}

# below PID: the process and all that come from it.
below() {
	local child
	echo "$1"
	for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
		below "$child"
	done
}

leader_found() {
	local pid
	for pid in $(below "$1"); do
		is_leader "$pid" || continue
		echo "$pid" >"$BATS_FILE_TMPDIR/leader"
		return
	done
	return 1
}

inside() {
	is_leader "$(leader)" || { echo 'the tree does not run' >&2; return 99; }
	nsenter -t "$(leader)" -m -u -i -n -p -r -w -- \
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C "$@"
}

# Programs of this machine, on the network in there.
beside() {
	is_leader "$(leader)" || { echo 'the tree does not run' >&2; return 99; }
	nsenter -t "$(leader)" -n -- "$@"
}
client() { beside /usr/bin/python3 "$TOP/tests/boot/client.py" "$@"; }

# network_up: an address that is not loopback's, and a host that mail goes to.
network_up() {
	beside ip link set lo up || return
	beside ip address replace 192.0.2.1/32 dev lo
	mkdir -p "$BATS_FILE_TMPDIR/sink"
	# Not by a function: $! is to be the host itself.
	nsenter -t "$(leader)" -n -- \
		/usr/bin/python3 "$TOP/tests/smtp-host.py" ip=192.0.2.1 port=2526 \
		"save=$BATS_FILE_TMPDIR/sink" >/dev/null 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/sink.pid"
}

# configure ARGUMENT...: mail.example.org, bob, and where other mail goes.
configure() {
	inside sh -c 'umask 022
		echo mail.example.org >/etc/chainmail/me
		printf "%s\n" "far.example 192.0.2.1:2526" \
			"dead.example 192.0.2.1:1" >/etc/chainmail/routes
		export CHAINMAIL_LOG=/var/log/chainmail # only -s asks for it
		id ann >/dev/null 2>&1 || useradd -m ann
		chainmail setup -u bob@mail.example.org "$@"' sh "$@" \
		>"$BATS_FILE_TMPDIR/setup.out" 2>&1 || return
	sed -n 's/^password: //p' "$BATS_FILE_TMPDIR/setup.out" \
		>"$BATS_FILE_TMPDIR/password"
}

password() { cat "$BATS_FILE_TMPDIR/password"; }

# In bob's mailbox, at the other host: a message with these words.
bob_has() { inside grep -rqs -- "$1" /var/mail/mail.example.org/bob/Maildir/new; }
far_has() { grep -rqs -- "$1" "$BATS_FILE_TMPDIR/sink"; }

# lost PREFIX COUNT: which of the messages have not come to the other host.
lost() {
	grep -rhos "$1-[0-9]*-" "$BATS_FILE_TMPDIR/sink" | sort -u >"$BATS_TEST_TMPDIR/came"
	seq -f "$1-%.0f-" 1 "$2" | sort | comm -23 - "$BATS_TEST_TMPDIR/came"
}
nothing_lost() { [ -z "$(lost "$@")" ]; }

tree_down() {
	local file pids=
	for file in sink.pid outer.pid; do
		[ ! -e "$BATS_FILE_TMPDIR/$file" ] ||
			pids+=" $(below "$(<"$BATS_FILE_TMPDIR/$file")")"
	done
	# shellcheck disable=SC2086 # they are words
	[ -z "$pids" ] || kill -KILL $pids 2>/dev/null
	[ ! -e "$BATS_FILE_TMPDIR/cgroups" ] ||
		await_or_not 10 cgroups_removed 2>/dev/null || true
}

cgroups_removed() {
	local folder
	while read -r folder; do
		find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null
		[ ! -e "$folder" ] || return
	done <"$BATS_FILE_TMPDIR/cgroups"
}

tree_vars() {
	[ ! -s "$BATS_FILE_TMPDIR/missing" ] || skip "$(<"$BATS_FILE_TMPDIR/missing")"
	tree=$BATS_FILE_TMPDIR/tree
}

# --- with systemd

# The filter of systemd-nspawn before 254 knows no Landlock.
landlock='landlock_create_ruleset landlock_add_rule landlock_restrict_self'

# tree_boot: of setup_file: a machine with the package in it, and mail.example.org.
tree_boot() {
	tree_missing systemd-nspawn >"$BATS_FILE_TMPDIR/missing"
	[ ! -s "$BATS_FILE_TMPDIR/missing" ] || return 0
	local tree=$BATS_FILE_TMPDIR/tree
	tree_make "$tree"
	in_tree "$tree" dpkg -i /root/chainmail.deb >"$BATS_FILE_TMPDIR/dpkg.log" 2>&1
	tree_start || return 0
	network_up
	configure mail.example.org
}

# Where the machine's systemd keeps its units: two may run at a time.
cgroups() {
	local folder
	for folder in /sys/fs/cgroup{/systemd,/unified,}; do
		[ ! -e "$folder/cgroup.procs" ] || echo "$folder/chainmail-$$"
	done
}

# in_cgroups COMMAND...: in the place of this process.
in_cgroups() {
	local folder
	for folder in $(cgroups); do
		mkdir -p "$folder" && echo "$BASHPID" >"$folder/cgroup.procs"
	done
	exec "$@"
}

tree_start() {
	cgroups >"$BATS_FILE_TMPDIR/cgroups"
	in_cgroups timeout -s KILL "${LIMIT:-300}" systemd-nspawn -q -D "$BATS_FILE_TMPDIR/tree" -b \
		-M "chainmail-$$" --private-network --register=no --keep-unit \
		--system-call-filter="$landlock" \
		</dev/null >"$BATS_FILE_TMPDIR/boot.log" 2>&1 3>&- &
	local outer=$!
	echo "$outer" >"$BATS_FILE_TMPDIR/outer.pid"
	{ await 20 leader_found "$outer" && await 40 booted; } && return
	echo "systemd does not boot here: $(tail -n 1 "$BATS_FILE_TMPDIR/boot.log" |
		tr -cd ' -~')" >"$BATS_FILE_TMPDIR/missing"
	return 1
}

booted() {
	[[ $(inside systemctl is-system-running 2>/dev/null) == @(running|degraded) ]]
}

failed() { inside systemctl --failed --no-legend --plain; }
