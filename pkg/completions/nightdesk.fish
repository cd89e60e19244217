# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_nightdesk_global_optspecs
    string join \n c/config= h/help V/version
end

function __fish_nightdesk_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_nightdesk_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_nightdesk_using_subcommand
    set -l cmd (__fish_nightdesk_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c nightdesk -n "__fish_nightdesk_needs_command" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_needs_command" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -s V -l version -d 'Print version'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "init" -d 'Ask six questions (or take them as options), write a configuration and make an operator'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "serve" -d 'Run the desk until told to stop'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "demo" -d 'Play one night on this machine: no network, no root, nothing to set up'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "parse" -d 'Read complaints and say what they claim'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "detect" -d 'Read flow records and captures and say which home addresses look like proxies, relays or bots'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "check" -d 'Probe one address of ours, and port, for an open proxy or mail relay'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "trap" -d 'Answer scanners on spare addresses, and say what each wanted'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "who" -d 'Say who held an address at a moment'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "exposure" -d 'Say which addresses of a neighbourhood a scanner touched, which answered, and what listens there since'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "who-talks-to" -d 'Say which of our addresses talked with an outside one, and since when'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "heaviest" -d 'Say between whom, and to which port, most bytes were sent'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "timeline" -d 'Show what one of our addresses did: its listeners, its strangers, where it went'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "sql" -d 'Ask the flows on disk in SQL; nothing can be changed by it'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "lake" -d 'Flows on disk'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "why" -d 'Explain an address or a case: rule, case, answer, claim, quoted bytes'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "case" -d 'List or show cases'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "block" -d 'List blocks: planned, and in force at the edge'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "lease" -d 'Leases: who holds which address'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "firewall" -d 'Firewalls: the configuration of each line, and whether it is in force'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "mail-port" -d 'Port 25: who may send mail directly'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "letter" -d 'Letters to customers: their words, and how many were reached'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "playbook" -d 'The playbook: what each stage does, and what the last weeks would have been under another one'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "runbook" -d 'Print a runbook: what a stage, a sign or a kind of report means, what to look at next and what to do'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "numbers" -d 'Say how much is going on and how fast it is dealt with: clocks, complaints, clean-up, neighbourhoods'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "reporter" -d 'Reporters: who is believed how far'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "oncall" -d 'Who is on duty, who is next, and pages that wait for somebody'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "handover" -d 'Say what a shift leaves behind: what needs somebody, what happened, who is next; or end it with a word to the next'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "operator" -d 'Operators: who may log in, and what each may do'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "token" -d 'Tokens: what programs ask the API with'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "audit" -d 'Say who did what, why and until when, and whether the log that says so is whole'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "selfcheck" -d 'Say whether mail to our own addresses comes back, as the running desk checks it'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "backup" -d 'Write everything the store holds to one file, while the desk runs'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "restore" -d 'Make an empty store from a backup'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "config" -d 'Look at the configuration'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "openapi" -d 'Print the description of the API for programs (OpenAPI 3.1)'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "man" -d 'Print the manual page'
complete -c nightdesk -n "__fish_nightdesk_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand init" -l home -d 'Your own prefix; repeat for more' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand init" -l recipient -d 'Who mail is accepted for, such as abuse@example.net; repeat for more' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand init" -l smtp -d 'Where to listen for SMTP, such as 0.0.0.0:25' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand init" -l landing -d 'An address of this machine that subscribers can connect to, for probes to land on' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand init" -l outlet -d 'What applies the plan: dry-run or nftables' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand init" -l from -d 'The sender of our mail, such as "Abuse desk <abuse@example.net>"' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand init" -l data-dir -d 'Where the database and accepted mail live' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand init" -l operator -d 'The first operator\'s name; the password is read from NIGHTDESK_PASSWORD or made and printed' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand init" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand init" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand serve" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand serve" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand demo" -l listen -d 'Where the page is; any free port by default' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand demo" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand demo" -l once -d 'Stop by itself after the first contained case instead of leaving the page open'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand demo" -l nftables -d 'Use real nftables in a network namespace made for the demo (needs root) instead of the dry-run outlet'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand demo" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand parse" -l home -d 'Only claims against addresses of this prefix; repeat for more' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand parse" -l quirks -d 'Quirks of reporters to read by, before those compiled in' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand parse" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand parse" -l explain -d 'Say why: what the format rests on, each claim with the bytes it was read from, words spotted and what was passed over'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand parse" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand parse" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand detect" -l home -d 'A prefix of ours; repeat for more' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand detect" -l allow -d 'What is meant to be as it is: a proxy or mail server of ours, or a peer, such as 192.0.2.10:3128 or 192.0.2.0/24:25; repeat for more' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand detect" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand detect" -l explain -d 'Show the flows that prove each sign'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand detect" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand detect" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand check" -l rate -d 'Connections begun in a second by a sweep, at most' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand check" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand check" -l sweep -d 'Look first which of all 65,535 ports take a connection, and probe those: a last resort, for a port nobody names'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand check" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand check" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand trap" -l prefix -d 'A spare prefix; repeat for more. Those of the configuration ([traps]) when not given' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand trap" -l port -d 'The port of the loopback addresses that the rules hand packets to' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand trap" -l stateless -d 'For large prefixes: answer the packets of this interface statelessly (handshake and first bytes only)' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand trap" -l per-source -d 'How many connections of one address are held at most' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand trap" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand trap" -l print-rules -d 'Only print the routes and packet filter rules, as a shell script'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand trap" -l no-rules -d 'The routes and rules are set up already, by hand'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand trap" -l tarpit -d 'Hold visitors for long, with a small window and answers a byte a second'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand trap" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand trap" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand who" -l at -d 'The moment, such as 2026-11-23T02:14:07Z; now by default' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand who" -l port -d 'The port on our side, where addresses are shared' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand who" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand who" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand who" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand exposure" -l scanner -d 'Who scanned' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand exposure" -l victim -d 'Who was scanned: an address stands for its /24 (IPv6: /64), or name a prefix' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand exposure" -l at -d 'When the scan was seen, such as 2026-11-23T02:14:07Z' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand exposure" -l window -d 'How long before and after that it is looked for' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand exposure" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand exposure" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand exposure" -l csv -d 'Print a CSV with a header on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand exposure" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand who-talks-to" -l since -d 'From when, such as 2026-11-23T00:00:00Z' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand who-talks-to" -l until -d 'To when; now by default' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand who-talks-to" -l most -d 'How many of our addresses are listed at most, the earliest first' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand who-talks-to" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand who-talks-to" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand who-talks-to" -l csv -d 'Print a CSV with a header on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand who-talks-to" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand heaviest" -l since -d 'From when, such as 2026-11-23T00:00:00Z' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand heaviest" -l until -d 'To when; now by default' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand heaviest" -l most -d 'How many conversations are listed at most' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand heaviest" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand heaviest" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand heaviest" -l csv -d 'Print a CSV with a header on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand heaviest" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand timeline" -l since -d 'From when, such as 2026-11-23T00:00:00Z' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand timeline" -l until -d 'To when; now by default' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand timeline" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand timeline" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand timeline" -l csv -d 'Print a CSV with a header on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand timeline" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand sql" -l most -d 'How many rows are printed at most' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand sql" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand sql" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand sql" -l csv -d 'Print a CSV with a header on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand sql" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand lake; and not __fish_seen_subcommand_from import help" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand lake; and not __fish_seen_subcommand_from import help" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand lake; and not __fish_seen_subcommand_from import help" -f -a "import" -d 'Import flows from logs, captures and files: Zeek, Argus, nfdump, pcap and more'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand lake; and not __fish_seen_subcommand_from import help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand lake; and __fish_seen_subcommand_from import" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand lake; and __fish_seen_subcommand_from import" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand lake; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand lake; and __fish_seen_subcommand_from help" -f -a "import" -d 'Import flows from logs, captures and files: Zeek, Argus, nfdump, pcap and more'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand lake; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand why" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand why" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand why" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and not __fish_seen_subcommand_from list show approve innocent help" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and not __fish_seen_subcommand_from list show approve innocent help" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and not __fish_seen_subcommand_from list show approve innocent help" -f -a "list" -d 'List open cases, most pressing first, or those that fit a search in its order'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and not __fish_seen_subcommand_from list show approve innocent help" -f -a "show" -d 'Show one case with all that happened'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and not __fish_seen_subcommand_from list show approve innocent help" -f -a "approve" -d 'Approve the blocks of a case that wait for a second person (playbook.second_person)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and not __fish_seen_subcommand_from list show approve innocent help" -f -a "innocent" -d 'Tell SpamCop that its reports of an advertised web host on this line are mistaken'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and not __fish_seen_subcommand_from list show approve innocent help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and __fish_seen_subcommand_from list" -l stage -d 'Only this stage, such as confirmed' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and __fish_seen_subcommand_from list" -l by -d 'Whom `me` stands for in the search' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and __fish_seen_subcommand_from list" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and __fish_seen_subcommand_from list" -l all -d 'Ended cases too, newest first'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and __fish_seen_subcommand_from show" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and __fish_seen_subcommand_from show" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and __fish_seen_subcommand_from approve" -l by -d 'In whose name: not whoever ordered them' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and __fish_seen_subcommand_from approve" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and __fish_seen_subcommand_from approve" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and __fish_seen_subcommand_from innocent" -l because -d 'Why; kept with the case' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and __fish_seen_subcommand_from innocent" -l by -d 'In whose name' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and __fish_seen_subcommand_from innocent" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and __fish_seen_subcommand_from innocent" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and __fish_seen_subcommand_from help" -f -a "list" -d 'List open cases, most pressing first, or those that fit a search in its order'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show one case with all that happened'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and __fish_seen_subcommand_from help" -f -a "approve" -d 'Approve the blocks of a case that wait for a second person (playbook.second_person)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and __fish_seen_subcommand_from help" -f -a "innocent" -d 'Tell SpamCop that its reports of an advertised web host on this line are mistaken'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand case; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand block; and not __fish_seen_subcommand_from list release help" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand block; and not __fish_seen_subcommand_from list release help" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand block; and not __fish_seen_subcommand_from list release help" -f -a "list" -d 'List what is planned and what the edge shows'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand block; and not __fish_seen_subcommand_from list release help" -f -a "release" -d 'Lift every block of every case, and take all of ours from every outlet at once, whether or not nightdesk runs'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand block; and not __fish_seen_subcommand_from list release help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand block; and __fish_seen_subcommand_from list" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand block; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand block; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand block; and __fish_seen_subcommand_from release" -l because -d 'Why; kept with each case' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand block; and __fish_seen_subcommand_from release" -l by -d 'In whose name' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand block; and __fish_seen_subcommand_from release" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand block; and __fish_seen_subcommand_from release" -l all -d 'Every one; required, so that nobody does it by a slip'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand block; and __fish_seen_subcommand_from release" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand block; and __fish_seen_subcommand_from help" -f -a "list" -d 'List what is planned and what the edge shows'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand block; and __fish_seen_subcommand_from help" -f -a "release" -d 'Lift every block of every case, and take all of ours from every outlet at once, whether or not nightdesk runs'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand block; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand lease; and not __fish_seen_subcommand_from import help" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand lease; and not __fish_seen_subcommand_from import help" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand lease; and not __fish_seen_subcommand_from import help" -f -a "import" -d 'Import leases from a file; importing it again changes nothing'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand lease; and not __fish_seen_subcommand_from import help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand lease; and __fish_seen_subcommand_from import" -l format -d 'What the file is; told from its beginning when not given' -r -f -a "csv\t'A CSV with a header'
radius-detail\t'FreeRADIUS `detail` accounting'
kea\t'A Kea lease file (memfile)'
isc-dhcpd\t'The lease file of ISC dhcpd'
nat-log\t'A translator\'s log of port blocks (Juniper, Cisco, A10, NFWare, 6WIND)'"
complete -c nightdesk -n "__fish_nightdesk_using_subcommand lease; and __fish_seen_subcommand_from import" -l zone -d 'The time zone of a translator\'s log whose times do not say their own, such as Europe/Berlin' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand lease; and __fish_seen_subcommand_from import" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand lease; and __fish_seen_subcommand_from import" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand lease; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand lease; and __fish_seen_subcommand_from help" -f -a "import" -d 'Import leases from a file; importing it again changes nothing'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand lease; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and not __fish_seen_subcommand_from config set list profiles help" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and not __fish_seen_subcommand_from config set list profiles help" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and not __fish_seen_subcommand_from config set list profiles help" -f -a "config" -d 'Print the configuration of a line'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and not __fish_seen_subcommand_from config set list profiles help" -f -a "set" -d 'Give a line a profile, and the machine that what is opened leads to'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and not __fish_seen_subcommand_from config set list profiles help" -f -a "list" -d 'List the lines that are known with how their firewalls stand, those not in force alone with --out'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and not __fish_seen_subcommand_from config set list profiles help" -f -a "profiles" -d 'List the profiles'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and not __fish_seen_subcommand_from config set list profiles help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and __fish_seen_subcommand_from config" -l for -d 'In whose words: openwrt, nftables, routeros, tr069 or tr369' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and __fish_seen_subcommand_from config" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and __fish_seen_subcommand_from config" -l link -d 'Print the link behind which it lies instead'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and __fish_seen_subcommand_from config" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and __fish_seen_subcommand_from set" -l profile -d 'The profile\'s name' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and __fish_seen_subcommand_from set" -l server4 -d 'The machine\'s inside IPv4 address' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and __fish_seen_subcommand_from set" -l server6 -d 'The lower 64 bits of the machine\'s IPv6 address, such as ::10' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and __fish_seen_subcommand_from set" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and __fish_seen_subcommand_from list" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and __fish_seen_subcommand_from list" -l out -d 'Only those not in force'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and __fish_seen_subcommand_from profiles" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and __fish_seen_subcommand_from profiles" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and __fish_seen_subcommand_from profiles" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and __fish_seen_subcommand_from help" -f -a "config" -d 'Print the configuration of a line'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and __fish_seen_subcommand_from help" -f -a "set" -d 'Give a line a profile, and the machine that what is opened leads to'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the lines that are known with how their firewalls stand, those not in force alone with --out'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and __fish_seen_subcommand_from help" -f -a "profiles" -d 'List the profiles'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand firewall; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand mail-port; and not __fish_seen_subcommand_from list grant refuse rules help" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand mail-port; and not __fish_seen_subcommand_from list grant refuse rules help" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand mail-port; and not __fish_seen_subcommand_from list grant refuse rules help" -f -a "list" -d 'List who asked to send mail directly, and what was decided'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand mail-port; and not __fish_seen_subcommand_from list grant refuse rules help" -f -a "grant" -d 'Let a line send mail directly, until an end'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand mail-port; and not __fish_seen_subcommand_from list grant refuse rules help" -f -a "refuse" -d 'Refuse it, or end it'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand mail-port; and not __fish_seen_subcommand_from list grant refuse rules help" -f -a "rules" -d 'Print the rule for the edge, for nft -f, with the addresses that exempt lines hold now'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand mail-port; and not __fish_seen_subcommand_from list grant refuse rules help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand mail-port; and __fish_seen_subcommand_from list" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand mail-port; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand mail-port; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand mail-port; and __fish_seen_subcommand_from grant" -l for -d 'For how long' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand mail-port; and __fish_seen_subcommand_from grant" -l by -d 'In whose name' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand mail-port; and __fish_seen_subcommand_from grant" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand mail-port; and __fish_seen_subcommand_from grant" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand mail-port; and __fish_seen_subcommand_from refuse" -l by -d 'In whose name' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand mail-port; and __fish_seen_subcommand_from refuse" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand mail-port; and __fish_seen_subcommand_from refuse" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand mail-port; and __fish_seen_subcommand_from rules" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand mail-port; and __fish_seen_subcommand_from rules" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand mail-port; and __fish_seen_subcommand_from help" -f -a "list" -d 'List who asked to send mail directly, and what was decided'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand mail-port; and __fish_seen_subcommand_from help" -f -a "grant" -d 'Let a line send mail directly, until an end'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand mail-port; and __fish_seen_subcommand_from help" -f -a "refuse" -d 'Refuse it, or end it'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand mail-port; and __fish_seen_subcommand_from help" -f -a "rules" -d 'Print the rule for the edge, for nft -f, with the addresses that exempt lines hold now'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand mail-port; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand letter; and not __fish_seen_subcommand_from show reached help" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand letter; and not __fish_seen_subcommand_from show reached help" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand letter; and not __fish_seen_subcommand_from show reached help" -f -a "show" -d 'Show a notice as customers get it, with made-up figures; or the file its words are made from, to change'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand letter; and not __fish_seen_subcommand_from show reached help" -f -a "reached" -d 'Say how many customers were told, how many letters came back, how many pages were opened and answered'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand letter; and not __fish_seen_subcommand_from show reached help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand letter; and __fish_seen_subcommand_from show" -l language -d 'In which language; that of the configuration when not given' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand letter; and __fish_seen_subcommand_from show" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand letter; and __fish_seen_subcommand_from show" -l built-in -d 'The built-in file of that language, to put into letters.folder and change'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand letter; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand letter; and __fish_seen_subcommand_from reached" -l days -d 'How many days back' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand letter; and __fish_seen_subcommand_from reached" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand letter; and __fish_seen_subcommand_from reached" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand letter; and __fish_seen_subcommand_from reached" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand letter; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show a notice as customers get it, with made-up figures; or the file its words are made from, to change'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand letter; and __fish_seen_subcommand_from help" -f -a "reached" -d 'Say how many customers were told, how many letters came back, how many pages were opened and answered'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand letter; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and not __fish_seen_subcommand_from show check diff try history help" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and not __fish_seen_subcommand_from show check diff try history help" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and not __fish_seen_subcommand_from show check diff try history help" -f -a "show" -d 'Print the playbook that is live, or the built-in one, which explains every setting'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and not __fish_seen_subcommand_from show check diff try history help" -f -a "check" -d 'Say whether a playbook is right; every mistake with its line, its column and what was meant'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and not __fish_seen_subcommand_from show check diff try history help" -f -a "diff" -d 'Say what a playbook does differently from the one that is live, or from another file'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and not __fish_seen_subcommand_from show check diff try history help" -f -a "try" -d 'Replay the log under a playbook, without doing anything, and say what would have been different: contained earlier or later, pages, mails, wrong cut-offs'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and not __fish_seen_subcommand_from show check diff try history help" -f -a "history" -d 'List the playbooks that were live, the newest first'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and not __fish_seen_subcommand_from show check diff try history help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and __fish_seen_subcommand_from show" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and __fish_seen_subcommand_from show" -l built-in -d 'The built-in one'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and __fish_seen_subcommand_from show" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and __fish_seen_subcommand_from check" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and __fish_seen_subcommand_from check" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and __fish_seen_subcommand_from diff" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and __fish_seen_subcommand_from diff" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and __fish_seen_subcommand_from diff" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and __fish_seen_subcommand_from try" -l days -d 'How many days back' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and __fish_seen_subcommand_from try" -l most -d 'How many cases are listed at most' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and __fish_seen_subcommand_from try" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and __fish_seen_subcommand_from try" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and __fish_seen_subcommand_from try" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and __fish_seen_subcommand_from history" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and __fish_seen_subcommand_from history" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and __fish_seen_subcommand_from history" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and __fish_seen_subcommand_from help" -f -a "show" -d 'Print the playbook that is live, or the built-in one, which explains every setting'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and __fish_seen_subcommand_from help" -f -a "check" -d 'Say whether a playbook is right; every mistake with its line, its column and what was meant'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and __fish_seen_subcommand_from help" -f -a "diff" -d 'Say what a playbook does differently from the one that is live, or from another file'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and __fish_seen_subcommand_from help" -f -a "try" -d 'Replay the log under a playbook, without doing anything, and say what would have been different: contained earlier or later, pages, mails, wrong cut-offs'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and __fish_seen_subcommand_from help" -f -a "history" -d 'List the playbooks that were live, the newest first'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand playbook; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand runbook" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand runbook" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand runbook" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand numbers" -l from -d 'Cases opened from this day or moment on, such as 2026-11-01; thirty days before the end when not given' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand numbers" -l to -d 'Cases opened up to the end of this day, or before this moment; now when not given' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand numbers" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand numbers" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand numbers" -l csv -d 'Print a CSV with a header on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand numbers" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand reporter; and not __fish_seen_subcommand_from list help" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand reporter; and not __fish_seen_subcommand_from list help" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand reporter; and not __fish_seen_subcommand_from list help" -f -a "list" -d 'List reporters with what became of their reports, the best borne out first'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand reporter; and not __fish_seen_subcommand_from list help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand reporter; and __fish_seen_subcommand_from list" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand reporter; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand reporter; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand reporter; and __fish_seen_subcommand_from help" -f -a "list" -d 'List reporters with what became of their reports, the best borne out first'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand reporter; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and not __fish_seen_subcommand_from show lint example test ack resolve help" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and not __fish_seen_subcommand_from show lint example test ack resolve help" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and not __fish_seen_subcommand_from show lint example test ack resolve help" -f -a "show" -d 'Say who is on duty now and next, and which pages wait for somebody'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and not __fish_seen_subcommand_from show lint example test ack resolve help" -f -a "lint" -d 'Say whether somebody can be rung at every minute of the next days; 1 when not'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and not __fish_seen_subcommand_from show lint example test ack resolve help" -f -a "example" -d 'Print a file to begin with, every setting explained'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and not __fish_seen_subcommand_from show lint example test ack resolve help" -f -a "test" -d 'Ring whoever is on duty, to see whether that works; the running desk does it'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and not __fish_seen_subcommand_from show lint example test ack resolve help" -f -a "ack" -d 'Say that you look at a page'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and not __fish_seen_subcommand_from show lint example test ack resolve help" -f -a "resolve" -d 'Say that a page needs nobody any more'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and not __fish_seen_subcommand_from show lint example test ack resolve help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and __fish_seen_subcommand_from show" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and __fish_seen_subcommand_from show" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and __fish_seen_subcommand_from lint" -l days -d 'How many days ahead' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and __fish_seen_subcommand_from lint" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and __fish_seen_subcommand_from lint" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and __fish_seen_subcommand_from lint" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and __fish_seen_subcommand_from example" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and __fish_seen_subcommand_from example" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and __fish_seen_subcommand_from test" -l by -d 'In whose name' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and __fish_seen_subcommand_from test" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and __fish_seen_subcommand_from ack" -l by -d 'Who you are' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and __fish_seen_subcommand_from ack" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and __fish_seen_subcommand_from ack" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and __fish_seen_subcommand_from resolve" -l reason -d 'Why' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and __fish_seen_subcommand_from resolve" -l by -d 'Who you are' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and __fish_seen_subcommand_from resolve" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and __fish_seen_subcommand_from resolve" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and __fish_seen_subcommand_from help" -f -a "show" -d 'Say who is on duty now and next, and which pages wait for somebody'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and __fish_seen_subcommand_from help" -f -a "lint" -d 'Say whether somebody can be rung at every minute of the next days; 1 when not'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and __fish_seen_subcommand_from help" -f -a "example" -d 'Print a file to begin with, every setting explained'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and __fish_seen_subcommand_from help" -f -a "test" -d 'Ring whoever is on duty, to see whether that works; the running desk does it'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and __fish_seen_subcommand_from help" -f -a "ack" -d 'Say that you look at a page'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and __fish_seen_subcommand_from help" -f -a "resolve" -d 'Say that a page needs nobody any more'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand oncall; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand handover" -l since -d 'From when; usually since the last hand-over, or of the last twelve hours' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand handover" -l note -d 'End the shift with this word to the next' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand handover" -l by -d 'Who you are' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand handover" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand handover" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand handover" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and not __fish_seen_subcommand_from set list retire back reset-second-factor help" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and not __fish_seen_subcommand_from set list retire back reset-second-factor help" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and not __fish_seen_subcommand_from set list retire back reset-second-factor help" -f -a "set" -d 'Make an operator, or give one a new password (from NIGHTDESK_PASSWORD, or made and printed); or, with an option, change what one may do'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and not __fish_seen_subcommand_from set list retire back reset-second-factor help" -f -a "list" -d 'List operators with what each may do'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and not __fish_seen_subcommand_from set list retire back reset-second-factor help" -f -a "retire" -d 'Let somebody no longer log in; ends their sessions and takes the tokens they made back'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and not __fish_seen_subcommand_from set list retire back reset-second-factor help" -f -a "back" -d 'Let somebody who was retired log in again'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and not __fish_seen_subcommand_from set list retire back reset-second-factor help" -f -a "reset-second-factor" -d 'Take somebody\'s second factor away, whose device is gone'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and not __fish_seen_subcommand_from set list retire back reset-second-factor help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and __fish_seen_subcommand_from set" -l role -d 'viewer, operator or admin. A new one is an operator; the first of all an admin who may cut off' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and __fish_seen_subcommand_from set" -l cuts-off -d 'Whether they may cut lines off' -r -f -a "true\t''
false\t''"
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and __fish_seen_subcommand_from set" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and __fish_seen_subcommand_from list" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and __fish_seen_subcommand_from retire" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and __fish_seen_subcommand_from retire" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and __fish_seen_subcommand_from back" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and __fish_seen_subcommand_from back" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and __fish_seen_subcommand_from reset-second-factor" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and __fish_seen_subcommand_from reset-second-factor" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and __fish_seen_subcommand_from help" -f -a "set" -d 'Make an operator, or give one a new password (from NIGHTDESK_PASSWORD, or made and printed); or, with an option, change what one may do'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and __fish_seen_subcommand_from help" -f -a "list" -d 'List operators with what each may do'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and __fish_seen_subcommand_from help" -f -a "retire" -d 'Let somebody no longer log in; ends their sessions and takes the tokens they made back'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and __fish_seen_subcommand_from help" -f -a "back" -d 'Let somebody who was retired log in again'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and __fish_seen_subcommand_from help" -f -a "reset-second-factor" -d 'Take somebody\'s second factor away, whose device is gone'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand operator; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand token; and not __fish_seen_subcommand_from make list revoke help" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand token; and not __fish_seen_subcommand_from make list revoke help" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand token; and not __fish_seen_subcommand_from make list revoke help" -f -a "make" -d 'Make a token for a program that asks the API, and print it; it is shown once'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand token; and not __fish_seen_subcommand_from make list revoke help" -f -a "list" -d 'List tokens with their roles, ends and last uses'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand token; and not __fish_seen_subcommand_from make list revoke help" -f -a "revoke" -d 'Take a token back: it is good for nothing from here on'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand token; and not __fish_seen_subcommand_from make list revoke help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand token; and __fish_seen_subcommand_from make" -l role -d 'viewer, operator or admin' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand token; and __fish_seen_subcommand_from make" -l for -d 'How long it is good for, at most 366d' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand token; and __fish_seen_subcommand_from make" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand token; and __fish_seen_subcommand_from make" -l cuts-off -d 'Whether it may cut lines off'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand token; and __fish_seen_subcommand_from make" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand token; and __fish_seen_subcommand_from list" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand token; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand token; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand token; and __fish_seen_subcommand_from revoke" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand token; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "make" -d 'Make a token for a program that asks the API, and print it; it is shown once'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "list" -d 'List tokens with their roles, ends and last uses'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "revoke" -d 'Take a token back: it is good for nothing from here on'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand audit" -l who -d 'Only what this person or token did' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand audit" -l deed -d 'Only deeds of this kind, such as released or log-in' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand audit" -l about -d 'Only on this case, line or operator' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand audit" -l since -d 'Not before, such as 2026-11-23T00:00:00Z' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand audit" -l until -d 'Before' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand audit" -l most -d 'How many are printed at most, the newest first' -r
complete -c nightdesk -n "__fish_nightdesk_using_subcommand audit" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand audit" -l no-walk -d 'Do not walk the whole log to see whether it is whole'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand audit" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand audit" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand selfcheck" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand selfcheck" -l json -d 'Print one JSON object per line on stdout'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand selfcheck" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand backup" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand backup" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand restore" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand restore" -l verify -d 'Check every hash of the log before saying yes'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand restore" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand config; and not __fish_seen_subcommand_from check default help" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand config; and not __fish_seen_subcommand_from check default help" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand config; and not __fish_seen_subcommand_from check default help" -f -a "check" -d 'Check the configuration and say what it does'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand config; and not __fish_seen_subcommand_from check default help" -f -a "default" -d 'Print the complete default configuration, every setting explained'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand config; and not __fish_seen_subcommand_from check default help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand config; and __fish_seen_subcommand_from check" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand config; and __fish_seen_subcommand_from default" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand config; and __fish_seen_subcommand_from default" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "check" -d 'Check the configuration and say what it does'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "default" -d 'Print the complete default configuration, every setting explained'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand completions" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand completions" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand openapi" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand openapi" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand man" -s c -l config -d 'The configuration file' -r -F
complete -c nightdesk -n "__fish_nightdesk_using_subcommand man" -s h -l help -d 'Print help'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "init" -d 'Ask six questions (or take them as options), write a configuration and make an operator'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "serve" -d 'Run the desk until told to stop'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "demo" -d 'Play one night on this machine: no network, no root, nothing to set up'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "parse" -d 'Read complaints and say what they claim'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "detect" -d 'Read flow records and captures and say which home addresses look like proxies, relays or bots'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "check" -d 'Probe one address of ours, and port, for an open proxy or mail relay'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "trap" -d 'Answer scanners on spare addresses, and say what each wanted'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "who" -d 'Say who held an address at a moment'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "exposure" -d 'Say which addresses of a neighbourhood a scanner touched, which answered, and what listens there since'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "who-talks-to" -d 'Say which of our addresses talked with an outside one, and since when'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "heaviest" -d 'Say between whom, and to which port, most bytes were sent'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "timeline" -d 'Show what one of our addresses did: its listeners, its strangers, where it went'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "sql" -d 'Ask the flows on disk in SQL; nothing can be changed by it'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "lake" -d 'Flows on disk'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "why" -d 'Explain an address or a case: rule, case, answer, claim, quoted bytes'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "case" -d 'List or show cases'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "block" -d 'List blocks: planned, and in force at the edge'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "lease" -d 'Leases: who holds which address'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "firewall" -d 'Firewalls: the configuration of each line, and whether it is in force'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "mail-port" -d 'Port 25: who may send mail directly'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "letter" -d 'Letters to customers: their words, and how many were reached'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "playbook" -d 'The playbook: what each stage does, and what the last weeks would have been under another one'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "runbook" -d 'Print a runbook: what a stage, a sign or a kind of report means, what to look at next and what to do'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "numbers" -d 'Say how much is going on and how fast it is dealt with: clocks, complaints, clean-up, neighbourhoods'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "reporter" -d 'Reporters: who is believed how far'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "oncall" -d 'Who is on duty, who is next, and pages that wait for somebody'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "handover" -d 'Say what a shift leaves behind: what needs somebody, what happened, who is next; or end it with a word to the next'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "operator" -d 'Operators: who may log in, and what each may do'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "token" -d 'Tokens: what programs ask the API with'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "audit" -d 'Say who did what, why and until when, and whether the log that says so is whole'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "selfcheck" -d 'Say whether mail to our own addresses comes back, as the running desk checks it'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "backup" -d 'Write everything the store holds to one file, while the desk runs'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "restore" -d 'Make an empty store from a backup'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "config" -d 'Look at the configuration'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "completions" -d 'Print a completion script for a shell'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "openapi" -d 'Print the description of the API for programs (OpenAPI 3.1)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "man" -d 'Print the manual page'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and not __fish_seen_subcommand_from init serve demo parse detect check trap who exposure who-talks-to heaviest timeline sql lake why case block lease firewall mail-port letter playbook runbook numbers reporter oncall handover operator token audit selfcheck backup restore config completions openapi man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from lake" -f -a "import" -d 'Import flows from logs, captures and files: Zeek, Argus, nfdump, pcap and more'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from case" -f -a "list" -d 'List open cases, most pressing first, or those that fit a search in its order'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from case" -f -a "show" -d 'Show one case with all that happened'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from case" -f -a "approve" -d 'Approve the blocks of a case that wait for a second person (playbook.second_person)'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from case" -f -a "innocent" -d 'Tell SpamCop that its reports of an advertised web host on this line are mistaken'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from block" -f -a "list" -d 'List what is planned and what the edge shows'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from block" -f -a "release" -d 'Lift every block of every case, and take all of ours from every outlet at once, whether or not nightdesk runs'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from lease" -f -a "import" -d 'Import leases from a file; importing it again changes nothing'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from firewall" -f -a "config" -d 'Print the configuration of a line'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from firewall" -f -a "set" -d 'Give a line a profile, and the machine that what is opened leads to'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from firewall" -f -a "list" -d 'List the lines that are known with how their firewalls stand, those not in force alone with --out'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from firewall" -f -a "profiles" -d 'List the profiles'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from mail-port" -f -a "list" -d 'List who asked to send mail directly, and what was decided'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from mail-port" -f -a "grant" -d 'Let a line send mail directly, until an end'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from mail-port" -f -a "refuse" -d 'Refuse it, or end it'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from mail-port" -f -a "rules" -d 'Print the rule for the edge, for nft -f, with the addresses that exempt lines hold now'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from letter" -f -a "show" -d 'Show a notice as customers get it, with made-up figures; or the file its words are made from, to change'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from letter" -f -a "reached" -d 'Say how many customers were told, how many letters came back, how many pages were opened and answered'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from playbook" -f -a "show" -d 'Print the playbook that is live, or the built-in one, which explains every setting'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from playbook" -f -a "check" -d 'Say whether a playbook is right; every mistake with its line, its column and what was meant'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from playbook" -f -a "diff" -d 'Say what a playbook does differently from the one that is live, or from another file'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from playbook" -f -a "try" -d 'Replay the log under a playbook, without doing anything, and say what would have been different: contained earlier or later, pages, mails, wrong cut-offs'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from playbook" -f -a "history" -d 'List the playbooks that were live, the newest first'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from reporter" -f -a "list" -d 'List reporters with what became of their reports, the best borne out first'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from oncall" -f -a "show" -d 'Say who is on duty now and next, and which pages wait for somebody'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from oncall" -f -a "lint" -d 'Say whether somebody can be rung at every minute of the next days; 1 when not'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from oncall" -f -a "example" -d 'Print a file to begin with, every setting explained'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from oncall" -f -a "test" -d 'Ring whoever is on duty, to see whether that works; the running desk does it'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from oncall" -f -a "ack" -d 'Say that you look at a page'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from oncall" -f -a "resolve" -d 'Say that a page needs nobody any more'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from operator" -f -a "set" -d 'Make an operator, or give one a new password (from NIGHTDESK_PASSWORD, or made and printed); or, with an option, change what one may do'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from operator" -f -a "list" -d 'List operators with what each may do'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from operator" -f -a "retire" -d 'Let somebody no longer log in; ends their sessions and takes the tokens they made back'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from operator" -f -a "back" -d 'Let somebody who was retired log in again'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from operator" -f -a "reset-second-factor" -d 'Take somebody\'s second factor away, whose device is gone'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "make" -d 'Make a token for a program that asks the API, and print it; it is shown once'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "list" -d 'List tokens with their roles, ends and last uses'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "revoke" -d 'Take a token back: it is good for nothing from here on'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "check" -d 'Check the configuration and say what it does'
complete -c nightdesk -n "__fish_nightdesk_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "default" -d 'Print the complete default configuration, every setting explained'
