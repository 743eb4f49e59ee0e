#!/usr/bin/env bats
# Many recipients, many results: bounded memory, few syncs, and every one of them
# exactly once, whatever is killed in between.

load queue

MEMBERS=10000
LOCAL=200

# A list of so many members, some of them here, some of whom nobody knows.
many() {
	local i accounts=()
	for ((i = 1; i <= LOCAL; i++)); do accounts+=("u$i@example.org mailbox"); done
	users "${accounts[@]}" "list@example.org -> :include:$CHAINMAIL_ETC/list"
	{
		for ((i = 1; i <= LOCAL; i++)); do echo "u$i@example.org"; done
		for ((i = 1; i <= MEMBERS - LOCAL; i++)); do echo "r$i@d$((i % 7)).many.example"; done
		echo dead@example.org
	} >"$CHAINMAIL_ETC/list"
	other many.example offer=PIPELINING
	echo ".many.example 127.0.0.1:$PORT tls=none" >>"$CHAINMAIL_ETC/routes"
}
outside() { wc -l <"$ROOM/many.example.taken"; }
outside_has() { [ "$(outside)" -ge "$1" ]; }
# all_once: every member has one copy.
all_once() {
	local i
	[ "$(outside)" = $((MEMBERS - LOCAL)) ]
	[ "$(sort -u "$ROOM/many.example.taken" | wc -l)" = $((MEMBERS - LOCAL)) ]
	for ((i = 1; i <= LOCAL; i++)); do echo 1; done >want
	for ((i = 1; i <= LOCAL; i++)); do
		find "$CHAINMAIL_MAIL/example.org/u$i/Maildir/new" -type f 2>/dev/null | wc -l
	done >have
	cmp want have
}
# peak PID: kB, at most.
peak() { awk '/VmHWM/ { print $2 }' "/proc/$1/status"; }
# of PROGRAM: the processes of this room that run it.
of() {
	local exe
	for exe in /proc/[0-9]*/exe; do
		[ "$(readlink "$exe")" = "$ROOM/bin/$1" ] || continue
		exe=${exe#/proc/}
		echo "${exe%/exe}"
	done
}

@test "a list of 10,000: everybody once, in little memory" {
	room user
	many
	# Workers that were there before, and stay a while.
	resident
	before=$(peak "$RUNNER")
	put -f ann@example.org list@example.org
	most=0
	finished() {
		local pid now
		for pid in $(of deliver); do
			now=$(peak "$pid" 2>/dev/null)
			[ "${now:-0}" -le $most ] || most=$now
		done
		[ "$(outside)" -ge $((MEMBERS - LOCAL)) ] && empty
	}
	await 200 finished
	all_once
	reports 1 dead@example.org
	echo "queue-run: $before kB, then $(peak "$RUNNER") kB; deliver: $most kB"
	sanitized && skip "the sanitizers' memory is not ours"
	# 10,000 recipients of at most some hundred bytes each.
	(($(peak "$RUNNER") - before < 12000))
	((most < 16000))
}

@test "a list of 10,000, queue-run killed at the start, in the middle and near the end" {
	room user
	many
	resident
	put -f ann@example.org list@example.org
	for part in 0 1500 5000 9000; do
		await 200 outside_has $part
		kill_hard "$RUNNER"
		runner
	done
	finished() { [ "$(outside)" -ge $((MEMBERS - LOCAL)) ] && retried; }
	await 200 finished
	all_once
	reports 1 dead@example.org
}

@test "a list of 10,000, everything killed while it is expanded and delivered" {
	room user
	many
	resident
	put -f ann@example.org list@example.org
	for part in 1 "$LOCAL"; do
		local_has() { [ "$(find "$CHAINMAIL_MAIL" -path '*/new/*' | wc -l)" -ge "$part" ]; }
		await 200 local_has
		kill_hard "$RUNNER"
		kill_hard "$DELIVERERS"
		of deliver | xargs -r kill -KILL 2>/dev/null || true
		rm "$CHAINMAIL_RUN/deliver"
		deliverers
		runner
	done
	finished() { [ "$(outside)" -ge $((MEMBERS - LOCAL)) ] && retried; }
	await 200 finished
	all_once
	reports 1 dead@example.org
}

POLLS=poll,ppoll,epoll_wait,epoll_pwait,select,pselect6
# syncs_a_turn: the most syncs of one turn of the loop.
syncs_a_turn() {
	traced_since | awk -v polls="^(${POLLS//,/|})" '$0 ~ polls { n = 0 }
		/sync/ { n++; if (n > most) most = n }
		END { print most + 0 }'
}

@test "results of mail for several: at most one sync a turn; for single ones none" {
	room user
	users "$(account bob)"
	other one.example
	other two.example
	deliverers
	senders
	traced $POLLS,$SYNCS
	for i in {1..20}; do
		put -f ann@example.org "a$i@one.example"
		put -f ann@example.org bob@example.org
	done
	await 60 empty
	[ "$(syncs)" = 0 ]
	# The first of them makes the journal.
	put -f ann@example.org a0@one.example b0@two.example
	await 60 empty
	traced_from_now
	for i in {1..30}; do
		put -f ann@example.org "a$i@one.example" "b$i@two.example" bob@example.org
	done
	await 60 empty
	echo "$(syncs) syncs, at most $(syncs_a_turn) a turn"
	[ "$(syncs_a_turn)" -le 1 ]
	copies 50 bob
	[ "$(wc -l <one.example.taken) $(wc -l <two.example.taken)" = "51 31" ]
}

@test "mail for aliases: its places and results are synced together" {
	room user
	users "$(account bob)" "$(account alice)" \
		'all@example.org -> bob@example.org, alice@example.org, ext@one.example'
	other one.example
	deliverers
	senders
	traced $POLLS,$SYNCS
	put -f ann@example.org all@example.org
	await 60 empty
	traced_from_now
	for _ in {1..30}; do put -f ann@example.org all@example.org; done
	await 60 empty
	echo "$(syncs) syncs, at most $(syncs_a_turn) a turn"
	[ "$(syncs_a_turn)" -le 1 ]
	each 31 bob alice ext@one.example
}
