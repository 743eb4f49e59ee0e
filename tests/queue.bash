# shellcheck shell=bash disable=SC2034,SC2154
# What tests of the whole queue share: the real programs in a room of their own,
# as one user or as root, and looks at what became of each place.
load helper
load host

OWNER=65534       # whose the programs are, where they are not root's
declare -gA UIDS=() # accounts with a uid of their own, where they are

setup() { need python3; }
teardown() {
	local file
	stop_background
	if [ "${BATS_TEST_COMPLETED-}" != 1 ]; then
		for file in ${ROOM:+"$ROOM"/log.*}; do
			echo "--- $file" && tail -n 60 "$file"
		done
	fi
	rm -rf ${ROOM:+"$ROOM"}
}

# room user|root: an empty server where other users may go. user: all programs
# are one unprivileged user's; root: they are root's, the mail is OWNER's, and
# some accounts have a uid of their own. $AS begins each command.
room() {
	WHO=$1 AS=() UIDS=()
	ROOM=$(mktemp -d "${CRASH_TMP:-/tmp}/chainmail-XXXXXX")
	chmod 755 "$ROOM"
	export CHAINMAIL_ETC=$ROOM/etc CHAINMAIL_SPOOL=$ROOM/spool
	export CHAINMAIL_MAIL=$ROOM/mail CHAINMAIL_RUN=$ROOM/run
	mkdir "$ROOM"/{bin,etc,mail,run,home,out}
	mkdir -p "$CHAINMAIL_SPOOL"/{tmp,new,state,bad,blank,hold,history}
	for name in queue-run bounce deliver send listen enqueue smtpd \
		chainmail chainmail-queue chainmail-user; do
		cp "$BUILD/bin/$name" "$ROOM/bin"
	done
	PATH=$ROOM/bin:$PATH
	chmod 777 "$ROOM/out"
	echo mail.example.org >"$CHAINMAIL_ETC/me"
	echo none >"$CHAINMAIL_ETC/dns"
	case $(id -u):$WHO in
	0:root) UIDS=([bob]=60001 [alice]=60002 [box]=60003) ;;
	0:*)
		AS=(setpriv "--reuid=$OWNER" "--regid=$OWNER" --clear-groups)
		chown -R $OWNER:$OWNER "$ROOM"
		;;
	esac
	[ "$(id -u)" != 0 ] || chown $OWNER:$OWNER "$CHAINMAIL_MAIL"
	cd "$ROOM" || return
}
leave_room() {
	stop_background || true
	rm -rf "${BATS_TEST_TMPDIR:?}"/* "$ROOM"
}

# both CASE: as one user, and as root if that can be had.
both() {
	room user
	"$@"
	leave_room
	[ "$(id -u)" = 0 ] || return 0
	room root
	"$@"
}

# account NAME [WORD...]: its line of users.
account() {
	local uid=${UIDS[$1]-} home=$ROOM/home/$1
	echo "$1@example.org mailbox ${*:2}${uid:+ uid=$uid gid=$uid home=$home}"
	[ -z "$uid" ] || { mkdir -p "$home" && chown "$uid:$uid" "$home"; }
}
# users LINE...: in the order given; ann is always there, to be told things.
users() {
	{
		echo 'example.org domain'
		account ann
		printf '%s\n' "$@"
	} >"$CHAINMAIL_ETC/users"
	[ ${#AS[@]} = 0 ] || chown -R $OWNER "$CHAINMAIL_ETC"
	"${AS[@]}" chainmail-user compile
}
# list NAME ADDRESS...: a file that users may include.
list() { printf '%s\n' "${@:2}" >"$CHAINMAIL_ETC/$1"; }
# other DOMAIN [key=value ...]: a host for it, named DOMAIN.
other() {
	host "$1" taken="$ROOM/$1.taken" "${@:2}"
	: >"$ROOM/$1.taken"
	echo "$1 127.0.0.1:$PORT tls=none" >>"$CHAINMAIL_ETC/routes"
}
# asked ADDRESS N: so often its host was asked to take mail for it.
asked() { [ "$(grep -c "RCPT TO:<$1>" <<<"$(heard "${1#*@}")")" = "$2" ]; }
# heard HOST: what was said to it.
heard() { cat "$BATS_TEST_TMPDIR/$1.log"; }
waits() { [ "$(grep -c '(waits)' "$BATS_TEST_TMPDIR/$1.log")" -ge "${2:-1}" ]; }

maildir() {
	if [ -n "${UIDS[$1]-}" ]; then
		echo "$ROOM/home/$1/Maildir"
	else
		echo "$CHAINMAIL_MAIL/example.org/$1/Maildir"
	fi
}
# files NAME [SUBJECT]: a mailbox's messages, in whatever folder.
files() {
	find "$(maildir "$1")" -type f \( -path '*/new/*' -o -path '*/cur/*' \) \
		-print0 2>/dev/null | xargs -0 -r grep -lx "Subject: ${2:-.*}"
}
# copies N WHO [SUBJECT]: so many has NAME, or ADDRESS at its host, or FILE, an
# mbox; of all messages, or of this one.
copies() {
	local found who=$2 subject=${3:-.*}
	case $who in
	/*) found=$(grep -csx "Subject: $subject" "$who") || true ;;
	*@*) found=$(grep -cix "$who $subject" "$ROOM/${who#*@}.taken") || true ;;
	*) found=$(files "$who" "$subject" | wc -l) ;;
	esac
	[ "$found" = "$1" ] && return
	echo "$who has $found copies${3:+ of $3}, not $1" >&2
	return 1
}
# each N WHO...: that many for every one of these.
each() {
	local who
	for who in "${@:2}"; do copies "$1" "$who" "${SUBJECT:-test}" || return; done
}
# delete NAME SUBJECT, archive NAME SUBJECT: what a reader does with its copy.
delete() { files "$1" "$2" | xargs -r rm; }
archive() {
	local file top
	top=$(maildir "$1")
	mkdir -p "$top"/.Archive/{cur,new,tmp}
	[ ${#UIDS[@]} = 0 ] || chmod 777 "$top"/.Archive/cur
	file=$(files "$1" "$2")
	mv "$file" "$top/.Archive/cur/$(basename "$file"),U=1:2,S"
}

# put [-f SENDER] TO...: a message called $SUBJECT; its id is in $ID.
put() {
	ID=$(printf 'Subject: %s\n\n%s\n' "${SUBJECT:-test}" "${BODY:-hello}" |
		"${AS[@]}" enqueue "$@")
}
# text BYTES: so much of it.
text() { head -c "$1" /dev/zero | tr '\0' x | fold; }
# pass [N]: so many passes over all there is.
pass() {
	local n
	for ((n = 0; n < ${1:-1}; n++)); do
		run timeout 60 "${AS[@]}" queue-run -1
		echo "$output" >>"$ROOM/log.passes"
		[ "$status" = 0 ]
	done
}
spooled() { [ -e "$CHAINMAIL_SPOOL/new/$1" ]; }
# Nothing is left of any message.
empty() { [ -z "$(find "$CHAINMAIL_SPOOL"/{new,hold,state,bad,tmp} -type f)" ]; }

# reports N [ADDRESS...]: ann has so many, and these are all whom they name.
reports() {
	local found names=()
	mapfile -t found < <(files ann | xargs -r grep -l '^Content-Type: multipart/report')
	if [ "${#found[@]}" != "$1" ]; then
		echo "${#found[@]} reports, not $1" >&2
		return 1
	fi
	[ $# = 1 ] || mapfile -t names < <(sed -n 's/^Final-Recipient: rfc822; *//p' "${found[@]}" | sort)
	[ "${names[*]}" = "${*:2}" ] && return
	echo "the reports name ${names[*]}, not ${*:2}" >&2
	return 1
}
# reported WORDS: a report has a line of these.
reported() { files ann | xargs -r grep -q "$1"; }

# resident: queue-run and the workers of both kinds stay, under listen as in the
# chain; RUNNER, DELIVERERS and SENDERS are their pids.
resident() {
	deliverers
	senders
	runner
}
deliverers() {
	daemon deliver listen -c 8 "seqpacket:$CHAINMAIL_RUN/deliver" deliver
	DELIVERERS=${BACKGROUND[-1]}
	await_socket "$CHAINMAIL_RUN/deliver"
}
senders() {
	daemon send listen -k -c 40 "seqpacket:$CHAINMAIL_RUN/send" send
	SENDERS=${BACKGROUND[-1]}
	await_socket "$CHAINMAIL_RUN/send"
}
# runner [COMMAND...]: queue-run, behind a command (strace) or not.
runner() {
	local starts
	starts=$(grep -cs 'queue-run event=start' "$ROOM/log.queue-run" || true)
	daemon queue-run "$@" queue-run
	RUNNER=${BACKGROUND[-1]}
	await 60 started "$((starts + 1))"
}
started() { [ "$(grep -c 'queue-run event=start' "$ROOM/log.queue-run")" -ge "$1" ]; }
# daemon LOG COMMAND...
daemon() { background "${AS[@]}" "${@:2}" 2>>"$ROOM/log.$1"; }
# kill_hard PID: and it is gone.
kill_hard() {
	kill -KILL "$1"
	wait "$1" 2>/dev/null || true
}
gone() { ! kill -0 "$1" 2>/dev/null; }
logged() { grep -q "$@" "$ROOM/log.queue-run"; }
queue() { "${AS[@]}" chainmail queue "$@"; }
# retried: everything is due; then the queue is empty.
retried() {
	queue retry --all >/dev/null
	empty
}
# traced CALLS [OPTION...]: queue-run under strace, these calls of it in trace.
traced() {
	need strace
	sanitized && skip "the calls are those of the release build"
	touch trace
	[ ${#AS[@]} = 0 ] || chown $OWNER trace
	# With -D its pid is queue-run's own.
	runner strace -D -o "$ROOM/trace" -e trace="$1" "${@:2}"
	traced_from_now
}
traced_from_now() { BEFORE=$(wc -l <trace); }
traced_since() { tail -n +$((BEFORE + 1)) trace; }
SYNCS=fsync,fdatasync,syncfs,sync,sync_file_range,msync
# syncs: how many calls have made something last since then.
syncs() { traced_since | grep -cE "(${SYNCS//,/|})\(.* = 0\$" || true; }
