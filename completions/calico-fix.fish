# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_calico_fix_global_optspecs
    string join \n kubeconfig= context= cluster= user= n/namespace= as= as-uid= as-group= as-user-extra= s/server= token= certificate-authority= client-certificate= client-key= insecure-skip-tls-verify= tls-server-name= request-timeout= disable-compression= cache-dir= h/help
end

function __fish_calico_fix_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_calico_fix_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_calico_fix_using_subcommand
    set -l cmd (__fish_calico_fix_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c calico-fix -n "__fish_calico_fix_needs_command" -l kubeconfig -d 'Path to the kubeconfig file to use for CLI requests' -r -F
complete -c calico-fix -n "__fish_calico_fix_needs_command" -l context -d 'The name of the kubeconfig context to use' -r
complete -c calico-fix -n "__fish_calico_fix_needs_command" -l cluster -d 'The name of the kubeconfig cluster to use' -r
complete -c calico-fix -n "__fish_calico_fix_needs_command" -l user -d 'The name of the kubeconfig user to use' -r
complete -c calico-fix -n "__fish_calico_fix_needs_command" -s n -l namespace -d 'If present, the namespace scope for this CLI request' -r
complete -c calico-fix -n "__fish_calico_fix_needs_command" -l as -d 'Username to impersonate for the operation. User could be a regular user or a service account in a namespace' -r
complete -c calico-fix -n "__fish_calico_fix_needs_command" -l as-uid -d 'UID to impersonate for the operation' -r
complete -c calico-fix -n "__fish_calico_fix_needs_command" -l as-group -d 'Group to impersonate for the operation, this flag can be repeated to specify multiple groups' -r
complete -c calico-fix -n "__fish_calico_fix_needs_command" -l as-user-extra -d 'User extras to impersonate for the operation, this flag can be repeated to specify multiple values for the same key' -r
complete -c calico-fix -n "__fish_calico_fix_needs_command" -s s -l server -d 'The address and port of the Kubernetes API server' -r
complete -c calico-fix -n "__fish_calico_fix_needs_command" -l token -d 'Bearer token for authentication to the API server' -r
complete -c calico-fix -n "__fish_calico_fix_needs_command" -l certificate-authority -d 'Path to a cert file for the certificate authority' -r -F
complete -c calico-fix -n "__fish_calico_fix_needs_command" -l client-certificate -d 'Path to a client certificate file for TLS' -r -F
complete -c calico-fix -n "__fish_calico_fix_needs_command" -l client-key -d 'Path to a client key file for TLS' -r -F
complete -c calico-fix -n "__fish_calico_fix_needs_command" -l insecure-skip-tls-verify -d 'If true, the server\'s certificate will not be checked for validity. This will make your HTTPS connections insecure' -r -f -a "true\t''
false\t''"
complete -c calico-fix -n "__fish_calico_fix_needs_command" -l tls-server-name -d 'Server name to use for server certificate validation. If it is not provided, the hostname used to contact the server is used' -r
complete -c calico-fix -n "__fish_calico_fix_needs_command" -l request-timeout -d 'The length of time to wait before giving up on a single server request. Non-zero values should contain a corresponding time unit (e.g. 1s, 2m, 3h). A value of zero means don\'t timeout requests. [default: 30s, 60s for lists]' -r
complete -c calico-fix -n "__fish_calico_fix_needs_command" -l disable-compression -d 'If true, opt-out of response compression for all requests to the server' -r -f -a "true\t''
false\t''"
complete -c calico-fix -n "__fish_calico_fix_needs_command" -l cache-dir -d 'Accepted as kubectl\'s; nothing is cached' -r -F
complete -c calico-fix -n "__fish_calico_fix_needs_command" -s h -l help -d 'Print help'
complete -c calico-fix -n "__fish_calico_fix_needs_command" -f -a "status" -d 'Say whether Calico is healthy: addresses, BGP sessions, probes, and what is wrong'
complete -c calico-fix -n "__fish_calico_fix_needs_command" -f -a "autodetect" -d 'Show which address each autodetection method would pick on each node, and which method to choose'
complete -c calico-fix -n "__fish_calico_fix_needs_command" -f -a "probes" -d 'Show the time calico-node needs to start against the time its probes allow, and what would give it enough'
complete -c calico-fix -n "__fish_calico_fix_needs_command" -f -a "debug-log" -d 'Explain calico-node\'s startup logs: where the time went, how each attempt ended, and why'
complete -c calico-fix -n "__fish_calico_fix_needs_command" -f -a "explain" -d 'Explain what a finding means, how it was seen and how to fix it by hand'
complete -c calico-fix -n "__fish_calico_fix_needs_command" -f -a "version" -d 'Print the version of this plugin, of the server and of Calico'
complete -c calico-fix -n "__fish_calico_fix_needs_command" -f -a "completion" -d 'Print a completion script for a shell'
complete -c calico-fix -n "__fish_calico_fix_needs_command" -f -a "apply" -d 'Apply a plan that was saved with --out, to the letter or not at all'
complete -c calico-fix -n "__fish_calico_fix_needs_command" -f -a "undo" -d 'Put back what the last change replaced'
complete -c calico-fix -n "__fish_calico_fix_needs_command" -f -a "node" -d 'Show a node\'s BGP peers as calicoctl does, from anywhere and without root'
complete -c calico-fix -n "__fish_calico_fix_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l from -d 'Read files instead of a cluster: a saved snapshot, `kubectl get -o yaml|json`, or a `calicoctl cluster diags` archive; may be repeated, - is standard input' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l daemonset -d 'Calico\'s DaemonSet, where it has another name or there are several' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l max-concurrent -d 'Pods looked into at once' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l node -d 'Only these nodes' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -s l -l selector -d 'Only nodes with these labels, as kubectl\'s --selector' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -s o -l output -d 'One of table, wide, json, yaml, name, calicoctl, html (one page to send to somebody)' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l layout -d 'Which calicoctl\'s table -o calicoctl prints' -r -f -a "new\t'calicoctl\'s since 2026: headers to the left, nothing wrapped'
old\t'calicoctl up to v3.32: headers centred, cells wrapped at 30'"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l fail-on -d 'The least severe finding that makes the exit code 1' -r -f -a "error\t''
warning\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l watch-interval -d 'Seconds between looks with --watch' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l save -d 'Save what was seen, for `status --from FILE` elsewhere and later' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l kubeconfig -d 'Path to the kubeconfig file to use for CLI requests' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l context -d 'The name of the kubeconfig context to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l cluster -d 'The name of the kubeconfig cluster to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l user -d 'The name of the kubeconfig user to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -s n -l namespace -d 'If present, the namespace scope for this CLI request' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l as -d 'Username to impersonate for the operation. User could be a regular user or a service account in a namespace' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l as-uid -d 'UID to impersonate for the operation' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l as-group -d 'Group to impersonate for the operation, this flag can be repeated to specify multiple groups' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l as-user-extra -d 'User extras to impersonate for the operation, this flag can be repeated to specify multiple values for the same key' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -s s -l server -d 'The address and port of the Kubernetes API server' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l token -d 'Bearer token for authentication to the API server' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l certificate-authority -d 'Path to a cert file for the certificate authority' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l client-certificate -d 'Path to a client certificate file for TLS' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l client-key -d 'Path to a client key file for TLS' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l insecure-skip-tls-verify -d 'If true, the server\'s certificate will not be checked for validity. This will make your HTTPS connections insecure' -r -f -a "true\t''
false\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l tls-server-name -d 'Server name to use for server certificate validation. If it is not provided, the hostname used to contact the server is used' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l request-timeout -d 'The length of time to wait before giving up on a single server request. Non-zero values should contain a corresponding time unit (e.g. 1s, 2m, 3h). A value of zero means don\'t timeout requests. [default: 30s, 60s for lists]' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l disable-compression -d 'If true, opt-out of response compression for all requests to the server' -r -f -a "true\t''
false\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l cache-dir -d 'Accepted as kubectl\'s; nothing is cached' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l no-exec -d 'Do not look into the pods: BIRD, interfaces and routes stay unknown'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l logs -d 'Read the logs of every calico-node, not only of those in trouble'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l peers -d 'List every BGP session'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l all -d 'List every node and all evidence, however many'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l no-headers -d 'Only the table\'s rows, of every node'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -s w -l watch -d 'Look again and again, and print what changed'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l redact -d 'Replace names and addresses, the same one always by the same, in what is saved and printed'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -l no-color -d 'The same as --color never'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l from -d 'Read files instead of a cluster: a saved snapshot, `kubectl get -o yaml|json`, or a `calicoctl cluster diags` archive; may be repeated, - is standard input' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l daemonset -d 'Calico\'s DaemonSet, where it has another name or there are several' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l max-concurrent -d 'Pods looked into at once' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l method -d 'Look at this method too, as IP_AUTODETECTION_METHOD would have it; a single one is the one that is set. May be repeated' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l calico-version -d 'What this release of Calico would pick, as a preview of an upgrade' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l node -d 'Only the rows of these nodes; all nodes are judged' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -s o -l output -d 'One of table, wide, json, yaml' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l dry-run -d 'Must be "none", "client" or "server": show what would be changed, and change nothing. The default asks the server what it would make of the change; client sends nothing that writes' -r -f -a "none\t''
client\t''
server\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l field-manager -d 'Name of the manager used to track field ownership' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l timeout -d 'How long one node may take to come to its new state before the change is put back' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l canary -d 'The node that is changed and proven first, or none; without it the worst affected' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l out -d 'Save the plan, for `apply FILE --confirm DIGEST`, and change nothing' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l emit -d 'Print only the change in this form, ready to paste where it lasts' -r -f -a "kubectl\t''
kustomize\t''
helm\t''
installation\t''
rke2\t''
kubespray\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l kubeconfig -d 'Path to the kubeconfig file to use for CLI requests' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l context -d 'The name of the kubeconfig context to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l cluster -d 'The name of the kubeconfig cluster to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l user -d 'The name of the kubeconfig user to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -s n -l namespace -d 'If present, the namespace scope for this CLI request' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l as -d 'Username to impersonate for the operation. User could be a regular user or a service account in a namespace' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l as-uid -d 'UID to impersonate for the operation' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l as-group -d 'Group to impersonate for the operation, this flag can be repeated to specify multiple groups' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l as-user-extra -d 'User extras to impersonate for the operation, this flag can be repeated to specify multiple values for the same key' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -s s -l server -d 'The address and port of the Kubernetes API server' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l token -d 'Bearer token for authentication to the API server' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l certificate-authority -d 'Path to a cert file for the certificate authority' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l client-certificate -d 'Path to a client certificate file for TLS' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l client-key -d 'Path to a client key file for TLS' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l insecure-skip-tls-verify -d 'If true, the server\'s certificate will not be checked for validity. This will make your HTTPS connections insecure' -r -f -a "true\t''
false\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l tls-server-name -d 'Server name to use for server certificate validation. If it is not provided, the hostname used to contact the server is used' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l request-timeout -d 'The length of time to wait before giving up on a single server request. Non-zero values should contain a corresponding time unit (e.g. 1s, 2m, 3h). A value of zero means don\'t timeout requests. [default: 30s, 60s for lists]' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l disable-compression -d 'If true, opt-out of response compression for all requests to the server' -r -f -a "true\t''
false\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l cache-dir -d 'Accepted as kubectl\'s; nothing is cached' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l no-exec -d 'Do not look into the pods: BIRD, interfaces and routes stay unknown'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l logs -d 'Read the logs of every calico-node, not only of those in trouble'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l ipv6 -d 'Detection of IPv6 addresses instead of IPv4\'s'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l all -d 'List every node, however many'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l no-headers -d 'Only the table\'s rows, of every node'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l no-color -d 'The same as --color never'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -s y -l yes -d 'Apply without asking'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l force -d 'Begin although something stands against it; each such thing is named'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l no-rollback -d 'Leave a change that failed as it is, for looking at it; put it back later with: undo'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -l no-wait -d 'Only send the change: nothing is tried on one node first, watched, proven or put back'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand autodetect" -s h -l help -d 'Print help'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l from -d 'Read files instead of a cluster: a saved snapshot, `kubectl get -o yaml|json`, or a `calicoctl cluster diags` archive; may be repeated, - is standard input' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l daemonset -d 'Calico\'s DaemonSet, where it has another name or there are several' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l max-concurrent -d 'Logs read at once' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l node -d 'Only these nodes' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l strategy -d 'How a slow start is given its time' -r -f -a "startup-probe\t'A startup probe with the liveness probe\'s own handler; liveness stays as quick as it was'
initial-delay\t'A liveness probe that begins later and fails more often before it kills'"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l set -d 'Set a timing field by hand, PROBE.FIELD=NUMBER, instead of what would be proposed; PROBE is startup, liveness or readiness, FIELD is initialDelaySeconds, periodSeconds, timeoutSeconds or failureThreshold' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l fix -d 'Put right probes that ask for what calico-node cannot answer' -r -f -a "timeouts\t'timeoutSeconds 10 for exec probes that have one second'
host\t'host: localhost for httpGet probes that have none'
bird\t'No questions for BIRD where none runs'
port\t'The port of FELIX_HEALTHPORT'
command\t'The health command that this release has'"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -s o -l output -d 'One of table, wide, json, yaml' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l dry-run -d 'Must be "none", "client" or "server": show what would be changed, and change nothing. The default asks the server what it would make of the change; client sends nothing that writes' -r -f -a "none\t''
client\t''
server\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l field-manager -d 'Name of the manager used to track field ownership' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l timeout -d 'How long one node may take to come to its new state before the change is put back' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l canary -d 'The node that is changed and proven first, or none; without it the worst affected' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l out -d 'Save the plan, for `apply FILE --confirm DIGEST`, and change nothing' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l emit -d 'Print only the change in this form, ready to paste where it lasts' -r -f -a "kubectl\t''
kustomize\t''
helm\t''
installation\t''
rke2\t''
kubespray\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l kubeconfig -d 'Path to the kubeconfig file to use for CLI requests' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l context -d 'The name of the kubeconfig context to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l cluster -d 'The name of the kubeconfig cluster to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l user -d 'The name of the kubeconfig user to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -s n -l namespace -d 'If present, the namespace scope for this CLI request' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l as -d 'Username to impersonate for the operation. User could be a regular user or a service account in a namespace' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l as-uid -d 'UID to impersonate for the operation' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l as-group -d 'Group to impersonate for the operation, this flag can be repeated to specify multiple groups' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l as-user-extra -d 'User extras to impersonate for the operation, this flag can be repeated to specify multiple values for the same key' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -s s -l server -d 'The address and port of the Kubernetes API server' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l token -d 'Bearer token for authentication to the API server' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l certificate-authority -d 'Path to a cert file for the certificate authority' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l client-certificate -d 'Path to a client certificate file for TLS' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l client-key -d 'Path to a client key file for TLS' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l insecure-skip-tls-verify -d 'If true, the server\'s certificate will not be checked for validity. This will make your HTTPS connections insecure' -r -f -a "true\t''
false\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l tls-server-name -d 'Server name to use for server certificate validation. If it is not provided, the hostname used to contact the server is used' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l request-timeout -d 'The length of time to wait before giving up on a single server request. Non-zero values should contain a corresponding time unit (e.g. 1s, 2m, 3h). A value of zero means don\'t timeout requests. [default: 30s, 60s for lists]' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l disable-compression -d 'If true, opt-out of response compression for all requests to the server' -r -f -a "true\t''
false\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l cache-dir -d 'Accepted as kubectl\'s; nothing is cached' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l no-logs -d 'Do not read logs: starts are told from pods and events alone'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l all -d 'List every node and all evidence, however many'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l no-color -d 'The same as --color never'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -s y -l yes -d 'Apply without asking'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l force -d 'Begin although something stands against it; each such thing is named'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l no-rollback -d 'Leave a change that failed as it is, for looking at it; put it back later with: undo'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -l no-wait -d 'Only send the change: nothing is tried on one node first, watched, proven or put back'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand probes" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l node -d 'Only these nodes; without it those whose calico-node is not Ready or has restarted are explained, and the log level is raised on the sickest of them' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l file -d 'Explain logs that somebody sent; no cluster is asked. May be repeated, - is standard input' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l from -d 'Take what was seen of the logs from a saved snapshot or a `calicoctl cluster diags` archive; no cluster is asked' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l daemonset -d 'Calico\'s DaemonSet, where it has another name or there are several' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l output -d 'Save the logs too, with passwords, tokens and certificates masked: into a file, for several logs into a directory; - is standard output' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -s o -d 'How the explanation is printed: one of table, json, yaml' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l dry-run -d 'Must be "none", "client" or "server": show what would be changed, and change nothing. The default asks the server what it would make of the change; client sends nothing that writes' -r -f -a "none\t''
client\t''
server\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l attempts -d 'How many starts that fail are followed before everything is put back' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l timeout -d 'How long the logs are followed at most; and how long a node may take to come back afterwards' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l field-manager -d 'Name of the manager used to track field ownership' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l kubeconfig -d 'Path to the kubeconfig file to use for CLI requests' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l context -d 'The name of the kubeconfig context to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l cluster -d 'The name of the kubeconfig cluster to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l user -d 'The name of the kubeconfig user to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -s n -l namespace -d 'If present, the namespace scope for this CLI request' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l as -d 'Username to impersonate for the operation. User could be a regular user or a service account in a namespace' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l as-uid -d 'UID to impersonate for the operation' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l as-group -d 'Group to impersonate for the operation, this flag can be repeated to specify multiple groups' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l as-user-extra -d 'User extras to impersonate for the operation, this flag can be repeated to specify multiple values for the same key' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -s s -l server -d 'The address and port of the Kubernetes API server' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l token -d 'Bearer token for authentication to the API server' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l certificate-authority -d 'Path to a cert file for the certificate authority' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l client-certificate -d 'Path to a client certificate file for TLS' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l client-key -d 'Path to a client key file for TLS' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l insecure-skip-tls-verify -d 'If true, the server\'s certificate will not be checked for validity. This will make your HTTPS connections insecure' -r -f -a "true\t''
false\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l tls-server-name -d 'Server name to use for server certificate validation. If it is not provided, the hostname used to contact the server is used' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l request-timeout -d 'The length of time to wait before giving up on a single server request. Non-zero values should contain a corresponding time unit (e.g. 1s, 2m, 3h). A value of zero means don\'t timeout requests. [default: 30s, 60s for lists]' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l disable-compression -d 'If true, opt-out of response compression for all requests to the server' -r -f -a "true\t''
false\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l cache-dir -d 'Accepted as kubectl\'s; nothing is cached' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l no-change -d 'Read and explain the logs that are there, and change nothing'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l restore -d 'Put back the level that a debug-log which was killed has left raised'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l all -d 'Draw every attempt of every log, and list all evidence'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l no-color -d 'The same as --color never'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -s y -l yes -d 'Raise the level and restart calico-node on these nodes without asking'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -l force -d 'Begin although something stands against it; each such thing is named'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand debug-log" -s h -l help -d 'Print help'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand explain" -l kubeconfig -d 'Path to the kubeconfig file to use for CLI requests' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand explain" -l context -d 'The name of the kubeconfig context to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand explain" -l cluster -d 'The name of the kubeconfig cluster to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand explain" -l user -d 'The name of the kubeconfig user to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand explain" -s n -l namespace -d 'If present, the namespace scope for this CLI request' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand explain" -l as -d 'Username to impersonate for the operation. User could be a regular user or a service account in a namespace' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand explain" -l as-uid -d 'UID to impersonate for the operation' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand explain" -l as-group -d 'Group to impersonate for the operation, this flag can be repeated to specify multiple groups' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand explain" -l as-user-extra -d 'User extras to impersonate for the operation, this flag can be repeated to specify multiple values for the same key' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand explain" -s s -l server -d 'The address and port of the Kubernetes API server' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand explain" -l token -d 'Bearer token for authentication to the API server' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand explain" -l certificate-authority -d 'Path to a cert file for the certificate authority' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand explain" -l client-certificate -d 'Path to a client certificate file for TLS' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand explain" -l client-key -d 'Path to a client key file for TLS' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand explain" -l insecure-skip-tls-verify -d 'If true, the server\'s certificate will not be checked for validity. This will make your HTTPS connections insecure' -r -f -a "true\t''
false\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand explain" -l tls-server-name -d 'Server name to use for server certificate validation. If it is not provided, the hostname used to contact the server is used' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand explain" -l request-timeout -d 'The length of time to wait before giving up on a single server request. Non-zero values should contain a corresponding time unit (e.g. 1s, 2m, 3h). A value of zero means don\'t timeout requests. [default: 30s, 60s for lists]' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand explain" -l disable-compression -d 'If true, opt-out of response compression for all requests to the server' -r -f -a "true\t''
false\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand explain" -l cache-dir -d 'Accepted as kubectl\'s; nothing is cached' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand explain" -s h -l help -d 'Print help'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand version" -s o -l output -d 'One of json, yaml' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand version" -l daemonset -d 'Calico\'s DaemonSet, where it has another name or there are several' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand version" -l kubeconfig -d 'Path to the kubeconfig file to use for CLI requests' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand version" -l context -d 'The name of the kubeconfig context to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand version" -l cluster -d 'The name of the kubeconfig cluster to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand version" -l user -d 'The name of the kubeconfig user to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand version" -s n -l namespace -d 'If present, the namespace scope for this CLI request' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand version" -l as -d 'Username to impersonate for the operation. User could be a regular user or a service account in a namespace' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand version" -l as-uid -d 'UID to impersonate for the operation' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand version" -l as-group -d 'Group to impersonate for the operation, this flag can be repeated to specify multiple groups' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand version" -l as-user-extra -d 'User extras to impersonate for the operation, this flag can be repeated to specify multiple values for the same key' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand version" -s s -l server -d 'The address and port of the Kubernetes API server' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand version" -l token -d 'Bearer token for authentication to the API server' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand version" -l certificate-authority -d 'Path to a cert file for the certificate authority' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand version" -l client-certificate -d 'Path to a client certificate file for TLS' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand version" -l client-key -d 'Path to a client key file for TLS' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand version" -l insecure-skip-tls-verify -d 'If true, the server\'s certificate will not be checked for validity. This will make your HTTPS connections insecure' -r -f -a "true\t''
false\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand version" -l tls-server-name -d 'Server name to use for server certificate validation. If it is not provided, the hostname used to contact the server is used' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand version" -l request-timeout -d 'The length of time to wait before giving up on a single server request. Non-zero values should contain a corresponding time unit (e.g. 1s, 2m, 3h). A value of zero means don\'t timeout requests. [default: 30s, 60s for lists]' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand version" -l disable-compression -d 'If true, opt-out of response compression for all requests to the server' -r -f -a "true\t''
false\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand version" -l cache-dir -d 'Accepted as kubectl\'s; nothing is cached' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand version" -l client -d 'Only this plugin\'s version; no cluster is asked'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand version" -s h -l help -d 'Print help'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand completion" -l kubeconfig -d 'Path to the kubeconfig file to use for CLI requests' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand completion" -l context -d 'The name of the kubeconfig context to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand completion" -l cluster -d 'The name of the kubeconfig cluster to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand completion" -l user -d 'The name of the kubeconfig user to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand completion" -s n -l namespace -d 'If present, the namespace scope for this CLI request' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand completion" -l as -d 'Username to impersonate for the operation. User could be a regular user or a service account in a namespace' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand completion" -l as-uid -d 'UID to impersonate for the operation' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand completion" -l as-group -d 'Group to impersonate for the operation, this flag can be repeated to specify multiple groups' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand completion" -l as-user-extra -d 'User extras to impersonate for the operation, this flag can be repeated to specify multiple values for the same key' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand completion" -s s -l server -d 'The address and port of the Kubernetes API server' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand completion" -l token -d 'Bearer token for authentication to the API server' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand completion" -l certificate-authority -d 'Path to a cert file for the certificate authority' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand completion" -l client-certificate -d 'Path to a client certificate file for TLS' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand completion" -l client-key -d 'Path to a client key file for TLS' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand completion" -l insecure-skip-tls-verify -d 'If true, the server\'s certificate will not be checked for validity. This will make your HTTPS connections insecure' -r -f -a "true\t''
false\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand completion" -l tls-server-name -d 'Server name to use for server certificate validation. If it is not provided, the hostname used to contact the server is used' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand completion" -l request-timeout -d 'The length of time to wait before giving up on a single server request. Non-zero values should contain a corresponding time unit (e.g. 1s, 2m, 3h). A value of zero means don\'t timeout requests. [default: 30s, 60s for lists]' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand completion" -l disable-compression -d 'If true, opt-out of response compression for all requests to the server' -r -f -a "true\t''
false\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand completion" -l cache-dir -d 'Accepted as kubectl\'s; nothing is cached' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand completion" -s h -l help -d 'Print help'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l confirm -d 'The plan\'s digest, or its beginning: apply without asking what was looked at before' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l daemonset -d 'Calico\'s DaemonSet, where it has another name or there are several' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l max-concurrent -d 'Pods looked into at once' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -s o -l output -d 'One of json, yaml: a document with the plan and what came of it' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l dry-run -d 'Must be "none", "client" or "server": show what would be changed, and change nothing. The default asks the server what it would make of the change; client sends nothing that writes' -r -f -a "none\t''
client\t''
server\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l field-manager -d 'Name of the manager used to track field ownership' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l timeout -d 'How long one node may take to come to its new state before the change is put back' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l kubeconfig -d 'Path to the kubeconfig file to use for CLI requests' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l context -d 'The name of the kubeconfig context to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l cluster -d 'The name of the kubeconfig cluster to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l user -d 'The name of the kubeconfig user to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -s n -l namespace -d 'If present, the namespace scope for this CLI request' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l as -d 'Username to impersonate for the operation. User could be a regular user or a service account in a namespace' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l as-uid -d 'UID to impersonate for the operation' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l as-group -d 'Group to impersonate for the operation, this flag can be repeated to specify multiple groups' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l as-user-extra -d 'User extras to impersonate for the operation, this flag can be repeated to specify multiple values for the same key' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -s s -l server -d 'The address and port of the Kubernetes API server' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l token -d 'Bearer token for authentication to the API server' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l certificate-authority -d 'Path to a cert file for the certificate authority' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l client-certificate -d 'Path to a client certificate file for TLS' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l client-key -d 'Path to a client key file for TLS' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l insecure-skip-tls-verify -d 'If true, the server\'s certificate will not be checked for validity. This will make your HTTPS connections insecure' -r -f -a "true\t''
false\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l tls-server-name -d 'Server name to use for server certificate validation. If it is not provided, the hostname used to contact the server is used' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l request-timeout -d 'The length of time to wait before giving up on a single server request. Non-zero values should contain a corresponding time unit (e.g. 1s, 2m, 3h). A value of zero means don\'t timeout requests. [default: 30s, 60s for lists]' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l disable-compression -d 'If true, opt-out of response compression for all requests to the server' -r -f -a "true\t''
false\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l cache-dir -d 'Accepted as kubectl\'s; nothing is cached' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l no-exec -d 'Do not look into the pods: BGP sessions cannot be proven then, only addresses and readiness'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l no-color -d 'The same as --color never'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -s y -l yes -d 'Apply without asking'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l force -d 'Begin although something stands against it; each such thing is named'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l no-rollback -d 'Leave a change that failed as it is, for looking at it; put it back later with: undo'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -l no-wait -d 'Only send the change: nothing is tried on one node first, watched, proven or put back'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand apply" -s h -l help -d 'Print help'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l daemonset -d 'Calico\'s DaemonSet, where it has another name or there are several' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l max-concurrent -d 'Pods looked into at once' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -s o -l output -d 'One of json, yaml: a document with the plan and what came of it' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l dry-run -d 'Must be "none", "client" or "server": show what would be changed, and change nothing. The default asks the server what it would make of the change; client sends nothing that writes' -r -f -a "none\t''
client\t''
server\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l field-manager -d 'Name of the manager used to track field ownership' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l timeout -d 'How long one node may take to come to its new state before the change is put back' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l kubeconfig -d 'Path to the kubeconfig file to use for CLI requests' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l context -d 'The name of the kubeconfig context to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l cluster -d 'The name of the kubeconfig cluster to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l user -d 'The name of the kubeconfig user to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -s n -l namespace -d 'If present, the namespace scope for this CLI request' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l as -d 'Username to impersonate for the operation. User could be a regular user or a service account in a namespace' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l as-uid -d 'UID to impersonate for the operation' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l as-group -d 'Group to impersonate for the operation, this flag can be repeated to specify multiple groups' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l as-user-extra -d 'User extras to impersonate for the operation, this flag can be repeated to specify multiple values for the same key' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -s s -l server -d 'The address and port of the Kubernetes API server' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l token -d 'Bearer token for authentication to the API server' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l certificate-authority -d 'Path to a cert file for the certificate authority' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l client-certificate -d 'Path to a client certificate file for TLS' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l client-key -d 'Path to a client key file for TLS' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l insecure-skip-tls-verify -d 'If true, the server\'s certificate will not be checked for validity. This will make your HTTPS connections insecure' -r -f -a "true\t''
false\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l tls-server-name -d 'Server name to use for server certificate validation. If it is not provided, the hostname used to contact the server is used' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l request-timeout -d 'The length of time to wait before giving up on a single server request. Non-zero values should contain a corresponding time unit (e.g. 1s, 2m, 3h). A value of zero means don\'t timeout requests. [default: 30s, 60s for lists]' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l disable-compression -d 'If true, opt-out of response compression for all requests to the server' -r -f -a "true\t''
false\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l cache-dir -d 'Accepted as kubectl\'s; nothing is cached' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l no-exec -d 'Do not look into the pods: BGP sessions cannot be proven then, only addresses and readiness'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l no-color -d 'The same as --color never'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -s y -l yes -d 'Apply without asking'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l force -d 'Begin although something stands against it; each such thing is named'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l no-rollback -d 'Leave a change that failed as it is, for looking at it; put it back later with: undo'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -l no-wait -d 'Only send the change: nothing is tried on one node first, watched, proven or put back'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand undo" -s h -l help -d 'Print help'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and not __fish_seen_subcommand_from status help" -l kubeconfig -d 'Path to the kubeconfig file to use for CLI requests' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and not __fish_seen_subcommand_from status help" -l context -d 'The name of the kubeconfig context to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and not __fish_seen_subcommand_from status help" -l cluster -d 'The name of the kubeconfig cluster to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and not __fish_seen_subcommand_from status help" -l user -d 'The name of the kubeconfig user to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and not __fish_seen_subcommand_from status help" -s n -l namespace -d 'If present, the namespace scope for this CLI request' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and not __fish_seen_subcommand_from status help" -l as -d 'Username to impersonate for the operation. User could be a regular user or a service account in a namespace' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and not __fish_seen_subcommand_from status help" -l as-uid -d 'UID to impersonate for the operation' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and not __fish_seen_subcommand_from status help" -l as-group -d 'Group to impersonate for the operation, this flag can be repeated to specify multiple groups' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and not __fish_seen_subcommand_from status help" -l as-user-extra -d 'User extras to impersonate for the operation, this flag can be repeated to specify multiple values for the same key' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and not __fish_seen_subcommand_from status help" -s s -l server -d 'The address and port of the Kubernetes API server' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and not __fish_seen_subcommand_from status help" -l token -d 'Bearer token for authentication to the API server' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and not __fish_seen_subcommand_from status help" -l certificate-authority -d 'Path to a cert file for the certificate authority' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and not __fish_seen_subcommand_from status help" -l client-certificate -d 'Path to a client certificate file for TLS' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and not __fish_seen_subcommand_from status help" -l client-key -d 'Path to a client key file for TLS' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and not __fish_seen_subcommand_from status help" -l insecure-skip-tls-verify -d 'If true, the server\'s certificate will not be checked for validity. This will make your HTTPS connections insecure' -r -f -a "true\t''
false\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and not __fish_seen_subcommand_from status help" -l tls-server-name -d 'Server name to use for server certificate validation. If it is not provided, the hostname used to contact the server is used' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and not __fish_seen_subcommand_from status help" -l request-timeout -d 'The length of time to wait before giving up on a single server request. Non-zero values should contain a corresponding time unit (e.g. 1s, 2m, 3h). A value of zero means don\'t timeout requests. [default: 30s, 60s for lists]' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and not __fish_seen_subcommand_from status help" -l disable-compression -d 'If true, opt-out of response compression for all requests to the server' -r -f -a "true\t''
false\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and not __fish_seen_subcommand_from status help" -l cache-dir -d 'Accepted as kubectl\'s; nothing is cached' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and not __fish_seen_subcommand_from status help" -s h -l help -d 'Print help'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and not __fish_seen_subcommand_from status help" -f -a "status" -d 'Print `calicoctl node status` for chosen nodes'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and not __fish_seen_subcommand_from status help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -l from -d 'Read files instead of a cluster: a saved snapshot, `kubectl get -o yaml|json`, or a `calicoctl cluster diags` archive; may be repeated, - is standard input' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -l daemonset -d 'Calico\'s DaemonSet, where it has another name or there are several' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -l max-concurrent -d 'Pods looked into at once' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -l node -d 'Only these nodes; without it all of them' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -l layout -d 'Which calicoctl\'s table is printed' -r -f -a "new\t'calicoctl\'s since 2026: headers to the left, nothing wrapped'
old\t'calicoctl up to v3.32: headers centred, cells wrapped at 30'"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -l kubeconfig -d 'Path to the kubeconfig file to use for CLI requests' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -l context -d 'The name of the kubeconfig context to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -l cluster -d 'The name of the kubeconfig cluster to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -l user -d 'The name of the kubeconfig user to use' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -s n -l namespace -d 'If present, the namespace scope for this CLI request' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -l as -d 'Username to impersonate for the operation. User could be a regular user or a service account in a namespace' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -l as-uid -d 'UID to impersonate for the operation' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -l as-group -d 'Group to impersonate for the operation, this flag can be repeated to specify multiple groups' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -l as-user-extra -d 'User extras to impersonate for the operation, this flag can be repeated to specify multiple values for the same key' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -s s -l server -d 'The address and port of the Kubernetes API server' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -l token -d 'Bearer token for authentication to the API server' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -l certificate-authority -d 'Path to a cert file for the certificate authority' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -l client-certificate -d 'Path to a client certificate file for TLS' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -l client-key -d 'Path to a client key file for TLS' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -l insecure-skip-tls-verify -d 'If true, the server\'s certificate will not be checked for validity. This will make your HTTPS connections insecure' -r -f -a "true\t''
false\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -l tls-server-name -d 'Server name to use for server certificate validation. If it is not provided, the hostname used to contact the server is used' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -l request-timeout -d 'The length of time to wait before giving up on a single server request. Non-zero values should contain a corresponding time unit (e.g. 1s, 2m, 3h). A value of zero means don\'t timeout requests. [default: 30s, 60s for lists]' -r
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -l disable-compression -d 'If true, opt-out of response compression for all requests to the server' -r -f -a "true\t''
false\t''"
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -l cache-dir -d 'Accepted as kubectl\'s; nothing is cached' -r -F
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -l no-exec -d 'Do not look into the pods: BIRD, interfaces and routes stay unknown'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -l logs -d 'Read the logs of every calico-node, not only of those in trouble'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from help" -f -a "status" -d 'Print `calicoctl node status` for chosen nodes'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand node; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand help; and not __fish_seen_subcommand_from status autodetect probes debug-log explain version completion apply undo node help" -f -a "status" -d 'Say whether Calico is healthy: addresses, BGP sessions, probes, and what is wrong'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand help; and not __fish_seen_subcommand_from status autodetect probes debug-log explain version completion apply undo node help" -f -a "autodetect" -d 'Show which address each autodetection method would pick on each node, and which method to choose'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand help; and not __fish_seen_subcommand_from status autodetect probes debug-log explain version completion apply undo node help" -f -a "probes" -d 'Show the time calico-node needs to start against the time its probes allow, and what would give it enough'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand help; and not __fish_seen_subcommand_from status autodetect probes debug-log explain version completion apply undo node help" -f -a "debug-log" -d 'Explain calico-node\'s startup logs: where the time went, how each attempt ended, and why'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand help; and not __fish_seen_subcommand_from status autodetect probes debug-log explain version completion apply undo node help" -f -a "explain" -d 'Explain what a finding means, how it was seen and how to fix it by hand'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand help; and not __fish_seen_subcommand_from status autodetect probes debug-log explain version completion apply undo node help" -f -a "version" -d 'Print the version of this plugin, of the server and of Calico'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand help; and not __fish_seen_subcommand_from status autodetect probes debug-log explain version completion apply undo node help" -f -a "completion" -d 'Print a completion script for a shell'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand help; and not __fish_seen_subcommand_from status autodetect probes debug-log explain version completion apply undo node help" -f -a "apply" -d 'Apply a plan that was saved with --out, to the letter or not at all'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand help; and not __fish_seen_subcommand_from status autodetect probes debug-log explain version completion apply undo node help" -f -a "undo" -d 'Put back what the last change replaced'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand help; and not __fish_seen_subcommand_from status autodetect probes debug-log explain version completion apply undo node help" -f -a "node" -d 'Show a node\'s BGP peers as calicoctl does, from anywhere and without root'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand help; and not __fish_seen_subcommand_from status autodetect probes debug-log explain version completion apply undo node help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c calico-fix -n "__fish_calico_fix_using_subcommand help; and __fish_seen_subcommand_from node" -f -a "status" -d 'Print `calicoctl node status` for chosen nodes'
