# Read-only. Asks BIRD and the kernel; each answer between marks, with its exit status and complaints.
# Uses nothing but sh, printf and what it asks for: the image has no head, awk, cut, tr, wc or getent.
# Arguments are pairs: `address A` or `name N`, each a destination to find the way to.
LC_ALL=C
export LC_ALL
exec 3>&1

limit=
if timeout 1 sh -c : >/dev/null 2>&1; then limit='timeout 8'; fi

ask() {
  name=$1
  shift
  printf '@@calico-fix begin %s\n' "$name"
  complaint=$("$@" 2>&1 >&3 3>&-)
  status=$?
  printf '\n@@calico-fix end %s %s\n%s\n@@calico-fix done %s\n' "$name" "$status" "$complaint" "$name"
}

bird() {
  socket=/var/run/calico/$1
  if [ ! -S "$socket" ] && [ -S "/var/run/bird/$1" ]; then socket=/var/run/bird/$1; fi
  $limit birdcl -s "$socket" show "$2"
}

# Older iproute2 knows no -j, busybox neither -j nor -d.
addresses() {
  $limit ip -d -j addr || $limit ip -d addr || $limit ip addr
}

routes() {
  $limit ip -j "$1" route || $limit ip "$1" route
}

rules() {
  $limit ip rule && { $limit ip -6 rule || :; }
}

# As Go's resolver reads it, before DNS; DNS is not asked.
listed() {
  while read -r address names; do
    case $address in \#*) continue ;; esac
    for name in ${names%%#*}; do
      if [ "$name" = "$1" ]; then
        printf '%s\n' "$address"
        return
      fi
    done
  done </etc/hosts
  printf '%s is not in /etc/hosts, and DNS was not asked\n' "$1" >&2
  return 93
}

way() {
  to=$2
  if [ "$1" = name ]; then to=$(listed "$2") || return; fi
  $limit ip -j route get "$to" || $limit ip route get "$to"
}

set -f
ask bird4.protocols bird bird.ctl protocols
ask bird4.status bird bird.ctl status
ask interfaces addresses
ask bird6.protocols bird bird6.ctl protocols
ask bird6.status bird bird6.ctl status
ask routes4 routes -4
ask routes6 routes -6
ask rules rules
count=0
while [ $# -gt 1 ]; do
  ask "reach.$count" way "$1" "$2"
  count=$((count + 1))
  shift 2
done
