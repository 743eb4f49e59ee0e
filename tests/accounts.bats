#!/usr/bin/env bats
# chainmail accounts: the drop-ins for accounts with a uid of their own.
# release only

bats_require_minimum_version 1.5.0
load helper

setup() {
	private_dirs
	export CHAINMAIL_UNITS=$BATS_TEST_TMPDIR/units
	cat >"$CHAINMAIL_ETC/users" <<-END
		# home=/commented uid=sync
		own@example.org mailbox uid=daemon home=/srv/mail/own
		two@example.org mailbox	home=/srv/mail/own
		in@example.org mailbox uid=1 home=/home/in
		box@example.org mailbox mbox=/srv/boxes/box  # home=/nothing
	END
}

files() { (cd "$CHAINMAIL_UNITS" && find . -type f | sort); }

@test "on makes a drop-in for each, off takes them all away" {
	run -0 chainmail accounts
	[ "${lines[0]}" = off ]
	run -0 chainmail accounts on /mnt/homes
	for service in commands deliver login; do
		has "created $CHAINMAIL_UNITS/chainmail-$service.service.d/50-accounts.conf" "$output"
	done
	run -0 chainmail accounts
	[ "$output" = "on
accounts with a uid of their own: own@example.org in@example.org" ]
	first=$(cat "$CHAINMAIL_UNITS"/*/*)
	run -0 chainmail accounts on /mnt/homes
	[ "$(cat "$CHAINMAIL_UNITS"/*/*)" = "$first" ]
	[ "$(files | wc -l)" = 3 ]
	run -0 chainmail accounts off
	[ -z "$(ls "$CHAINMAIL_UNITS")" ]
	run -0 chainmail accounts off
	has 'already off' "$output"
}

@test "only homes and mboxes are writable" {
	run -0 chainmail accounts on '/mnt/a b'
	drop_in=$(<"$CHAINMAIL_UNITS/chainmail-deliver.service.d/50-accounts.conf")
	has 'ReadWritePaths="-/home" "-/mnt/a b" "-/srv/boxes" "-/srv/mail/own"' "$drop_in"
	lacks commented "$drop_in"
	lacks nothing "$drop_in"
	lacks /home/in "$drop_in"
	lacks sbin "$drop_in"
}

@test "a drop-in of the administrator's own stays" {
	mkdir -p "$CHAINMAIL_UNITS/chainmail-login.service.d"
	echo '[Service]' >"$CHAINMAIL_UNITS/chainmail-login.service.d/mine.conf"
	run -0 chainmail accounts on
	run -0 chainmail accounts off
	[ "$(files)" = ./chainmail-login.service.d/mine.conf ]
}

@test "a wrong command line is 64, a folder that can't be made 75" {
	run -64 chainmail accounts yes
	run -64 chainmail accounts on home
	run -64 chainmail accounts off now
	CHAINMAIL_UNITS=/dev/null/units run -75 chainmail accounts on
	has 'cannot write' "$output"
}

@test "with the drop-ins the units are valid, and root may only become other users" {
	need systemd-analyze
	root=$BATS_TEST_TMPDIR/root
	make -s -C "$TOP" install-systemd DESTDIR="$root"
	CHAINMAIL_UNITS=$root/etc/systemd/system chainmail accounts on
	systemd-analyze security --offline=true --threshold=100 --root="$root" \
		chainmail-tlsd.service >/dev/null 2>&1 ||
		skip 'this systemd-analyze has no --offline'
	for service in deliver login commands; do
		run -0 systemd-analyze security --offline=true --threshold=35 \
			--root="$root" "chainmail-$service.service"
		for right in DAC_ SYS_ADMIN SYS_PTRACE NET_ADMIN; do
			grep "CapabilityBoundingSet=.*$right" <<<"$output" | grep -q '✓'
		done
	done
}
