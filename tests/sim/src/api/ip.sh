#!/bin/sh
# iproute2 as far as scripts ask it: addr, link, route, route get, rule (of a host with no rules of its own).
dir=${0%/*}/../say
form=txt family= end='\n' anything='any valid' object=
while [ $# -gt 0 ]; do
  word=$1
  shift
  case "$word" in
  -6) family=6 anything=inet6 ;;
  -4) family=4 anything=inet ;;
  -j | -json) form=json ;;
  -o | -oneline) end='\\' ;;
  -d | -details | -p | -pretty | -N) ;;
  -*[jo]*)
    case "$word" in *j*) form=json ;; esac
    case "$word" in *o*) end='\\' ;; esac
    ;;
  -*) ;;
  *)
    object=$word
    break
    ;;
  esac
done

case "$object" in
a | addr | address | l | link) exec cat "$dir/addr.$form" ;;
r | ro | route) ;;
ru | rul | rule)
  printf '0:\tfrom all lookup local\n32766:\tfrom all lookup main\n'
  [ "$family" = 6 ] || printf '32767:\tfrom all lookup default\n'
  exit
  ;;
*)
  echo "Object \"$object\" is unknown, try \"ip help\"." >&2
  exit 1
  ;;
esac

case "${1-}" in
g | get) shift ;;
*)
  [ "$family" = 4 ] && family=
  exec cat "$dir/route$family.$form"
  ;;
esac
[ "${1-}" = to ] && shift
if [ -z "${1-}" ]; then
  echo "need at least a destination address" >&2
  exit 1
fi
case "$1" in
*:*) [ -z "$family" ] && family=6 ;;
esac
[ "$family" = 6 ] || family=4
table=$dir/get
[ "$family" = 6 ] && table=${table}6

awk -F'\t' -v to="$1" -v family="$family" -v form="$form" -v end="$end" -v anything="$anything" '
function octet(n, out, bit) {
  for (bit = 128; bit >= 1; bit /= 2) { out = out (n >= bit ? "1" : "0"); if (n >= bit) n -= bit }
  return out
}
function four(text, part, n, at, out) {
  n = split(text, part, ".")
  if (n != 4) return "?"
  for (at = 1; at <= 4; at++) { if (part[at] !~ /^[0-9]+$/ || part[at] + 0 > 255) return "?"; out = out octet(part[at] + 0) }
  return out
}
function group(text, at, out, nibble) {
  while (length(text) < 4) text = "0" text
  for (at = 1; at <= 4; at++) {
    nibble = index("0123456789abcdef", substr(text, at, 1)) - 1
    out = out substr(octet(nibble), 5)
  }
  return out
}
function six(text, half, left, right, n, l, r, at, out) {
  text = tolower(text)
  if (text !~ /^[0-9a-f:]+$/) return "?"
  n = split(text, half, "::")
  if (n > 2) return "?"
  l = half[1] == "" ? 0 : split(half[1], left, ":")
  r = n == 2 && half[2] != "" ? split(half[2], right, ":") : 0
  if ((n == 1 && l != 8) || (n == 2 && l + r > 7)) return "?"
  for (at = 1; at <= l; at++) { if (length(left[at]) > 4 || left[at] == "") return "?"; out = out group(left[at]) }
  for (at = l + r; at < 8; at++) out = out "0000000000000000"
  for (at = 1; at <= r; at++) { if (length(right[at]) > 4 || right[at] == "") return "?"; out = out group(right[at]) }
  return out
}
BEGIN {
  bits = family == 6 ? six(to) : four(to)
  if (bits == "?") {
    printf "Error: %s prefix is expected rather than \"%s\".\n", anything, to > "/dev/stderr"
    code = 1
    exit
  }
  code = 2
}
$1 == "" || index(bits, $1) == 1 {
  answer = form == "json" ? $3 "~" : $2
  at = index(answer, "@")
  answer = substr(answer, 1, at - 1) to substr(answer, at + 1)
  while ((at = index(answer, "~")) && at < length(answer)) answer = substr(answer, 1, at - 1) end substr(answer, at + 1)
  print substr(answer, 1, length(answer) - 1)
  code = 0
  exit
}
END {
  if (code == 2) print "RTNETLINK answers: Network is unreachable" > "/dev/stderr"
  exit code
}' "$table"
