# bash completion of calico-fix; made by: calico-fix completion bash

_calico_fix_complete() {
    COMPREPLY=()
    # The words as the shell will have them: "=" and ":" end none, though readline takes them apart.
    local line=${COMP_LINE:0:COMP_POINT} words=() word i typed
    for ((i = 0; i < COMP_CWORD; i++)); do
        word=${line%%"${COMP_WORDS[i]}"*}
        typed=${COMP_WORDS[i]}
        line=${line#"$word$typed"}
        if ((i == 0)) || [[ $word == *[[:space:]] ]]; then
            words+=("$typed")
        else
            words[${#words[@]} - 1]+=$typed
        fi
    done
    word=${line%%[![:space:]]*}
    typed=${line#"$word"}
    if [[ -n $word ]]; then
        words+=("$typed")
    else
        words[${#words[@]} - 1]+=$typed
    fi
    words=("${words[@]//[\"\'\\]/}")
    typed=${words[${#words[@]} - 1]}

    # What readline leaves alone in front of the word that it completes.
    local kept=
    [[ $COMP_WORDBREAKS == *=* && $typed == *=* ]] && kept=${typed%"${typed##*=}"}
    [[ $COMP_WORDBREAKS == *:* && $typed == *:* ]] && kept=${typed%"${typed##*[=:]}"}

    local program=${words[0]/#\~/$HOME} answer directive=4 value help longest=0
    answer=$("$program" __complete-word "${words[@]:1}" 2>/dev/null </dev/null) || return
    local values=() helps=()
    while IFS= read -r line; do
        case $line in
            :[0-9]*) directive=${line#:} ;;
            *)
                value=${line%%$'\t'*} help=
                [[ $line == *$'\t'* ]] && help=${line#*$'\t'}
                value=${value#"$kept"}
                values+=("$value") helps+=("$help")
                ((${#value} > longest)) && longest=${#value}
                ;;
        esac
    done <<<"$answer"
    # Only where all are listed and none is typed in: with what they are.
    if [[ $COMP_TYPE == 63 ]] && ((${#values[@]} > 1)); then
        for i in "${!values[@]}"; do
            [[ -n ${helps[i]} ]] || continue
            values[i]=$(printf '%-*s  (%.*s)' "$longest" "${values[i]}" "$((${COLUMNS:-80} - longest - 6))" "${helps[i]}")
        done
    fi
    ((${#values[@]})) && COMPREPLY=("${values[@]}")
    # bash 3.2 has no compopt: it puts a blank behind everything.
    type compopt >/dev/null 2>&1 || return 0
    ((directive & 2)) && compopt -o nospace
    ((directive & 4)) || compopt -o default
    return 0
}

complete -F _calico_fix_complete calico-fix kubectl-calico_fix
