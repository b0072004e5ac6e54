#!/bin/sh
# Watches over what this host may hold a floating address for, and tells who moves them (keepalived, or Pacemaker's agent) by one
# digit in a file: 0 it may, 1 it may not. Four things must be so:
#   1. the origin says that it is fit, and goes on saying it: a dead or stopped process says nothing;
#   2. the external card has its cable;
#   3. where there is a gateway, it answers pings: a card that is deaf or mute one way makes both hosts master;
#   4. keepalived itself, or Corosync, is not stopped: its addresses would stay here while the other host takes them. Then it
#      is ended, and whoever supervises it removes the addresses and starts it again.
# An origin that stops says so first, and likewise before the other host's address goes home: then the firewall holds new
# connections off, until those that are open have ended and the address is gone.
# No process is started in a turn but sleep: the turns stay even on a busy host.
#
# environment: vipwatch.ts says what each is
set -u

TURN_S=0.1
PINGS=${TANDEM_UNFIT_FILE%/*}/pings

say() {
  echo "vip-watch: $*" >&2
}

tell() { # 0 or 1, why
  [ "$1" != "$told" ] || return 0
  told=$1
  echo "$1" >"$TANDEM_UNFIT_FILE"
  if [ "$1" = 0 ]; then say 'this host may hold an address'; else say "this host may not hold an address: $2"; fi
}

# Counts the answers of the gateway into a file, for as long as the watch lives.
count_pings() {
  count=0
  while kill -0 $$ 2>/dev/null; do
    ping -4 -n -i 0.2 "$TANDEM_GATEWAY" 2>/dev/null | while read -r line; do
      case $line in
        *'bytes from'*)
          count=$((count + 1))
          echo "$count" >"$PINGS"
          ;;
      esac
    done
    sleep 0.2
  done
}

gateway_answers() {
  [ -n "$TANDEM_GATEWAY" ] || return 0
  answers=
  read -r answers <"$PINGS" || true
  if [ "$answers" = "$last_answers" ]; then
    gateway_silent=$((gateway_silent + 1))
  else
    gateway_silent=0
    last_answers=$answers
  fi
  [ "$gateway_silent" -lt "$TANDEM_GATEWAY_SILENT_TURNS" ]
} 2>/dev/null

card_is_up() {
  carrier=
  read -r carrier <"/sys/class/net/$TANDEM_CARD/carrier" || true
  [ "$carrier" = 1 ]
} 2>/dev/null

# What the firewall holds new connections off from, and whether the guest's address should go home.
hold_off() { # addresses, or nothing
  [ "$1" != "$held" ] || return 0
  held=$1
  nft flush set inet tandem leaving
  [ -z "$1" ] || nft add element inet tandem leaving "{ $1 }"
}

returns() { # 0 or 1
  [ "$1" != "$returning" ] || return 0
  returning=$1
  echo "$1" >"$TANDEM_RETURNS_FILE"
}

# The origin writes "DIGIT COUNT": 0 it may not hold an address, 1 it may, 2 it leaves, 3 the guest's address is about to
# go home, 4 it should go now.
origin_is_fit() {
  word=
  count=
  read -r word count <"$TANDEM_FIT_FILE" || true
  if [ "$count" = "$last_count" ]; then
    silent=$((silent + 1))
  else
    silent=0
    last_count=$count
  fi
  [ -n "$count" ] && [ "$word" != 0 ] && [ "$silent" -lt "$TANDEM_SILENT_TURNS" ]
} 2>/dev/null

# Twice in a row: a debugger's or a scheduler's short stop is nothing.
end_stopped_mover() {
  stopped=
  for file in $TANDEM_MOVER_PIDS; do
    pid=
    read -r pid <"$file" || continue
    while read -r name state _; do
      case $name$state in
        State:T*) stopped="$stopped $pid" ;;
      esac
    done <"/proc/$pid/status"
  done
  if [ -n "$stopped" ] && [ -n "$was_stopped" ]; then
    say "what moves the addresses is stopped: ended, so that they leave this host"
    for file in $TANDEM_MOVER_PIDS; do
      read -r pid <"$file" && kill -9 "$pid"
    done
  fi
  was_stopped=$stopped
} 2>/dev/null

told=
word=
# as if the watch before this one had left something
held=unknown
returning=unknown
last_count=
last_answers=
silent=0
gateway_silent=0
steady=0
was_stopped=
rm -f "$PINGS"
# What the watch before this one said holds on, if it still is so: an address does not move because its watch did.
read -r told 2>/dev/null <"$TANDEM_UNFIT_FILE" || true
if [ "$told" = 0 ]; then
  steady=$TANDEM_STEADY_TURNS
else
  tell 1 'the watch begins'
fi
if [ -n "$TANDEM_GATEWAY" ]; then
  count_pings &
fi

while :; do
  if ! origin_is_fit; then
    steady=0
    tell 1 'the origin is not fit, or silent'
  elif ! card_is_up; then
    steady=0
    tell 1 'the external card has no carrier'
  elif ! gateway_answers; then
    steady=0
    tell 1 'the gateway does not answer over the external card'
  elif [ "$steady" -lt "$TANDEM_STEADY_TURNS" ]; then
    steady=$((steady + 1))
  else
    tell 0
  fi
  # What is held off stays so until the addresses may be held again: they are on their way while the word is 0.
  case $word in
    1) [ "$told" = 1 ] || hold_off '' ;;
    2) hold_off "$TANDEM_HOME_VIP, $TANDEM_GUEST_VIP" ;;
    3 | 4) hold_off "$TANDEM_GUEST_VIP" ;;
  esac
  if [ "$word" = 4 ]; then returns 1; else returns 0; fi
  end_stopped_mover
  sleep "$TURN_S"
done
