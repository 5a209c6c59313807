# fish completion of calico-fix; made by: calico-fix completion fish

function __calico_fix_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l program (string replace -r '^~' $HOME -- $words[1])
    set -l answer ($program __complete-word $words[2..-1] $typed 2>/dev/null </dev/null)
    test (count $answer) -gt 0; or return
    if test $answer[-1] = :0
        __fish_complete_path (string replace -r '^--?[^=]*=' '' -- $typed)
    else
        printf '%s\n' $answer[1..-2]
    end
end

for program in calico-fix kubectl-calico_fix
    complete -c $program -f -k -a '(__calico_fix_complete)'
end
