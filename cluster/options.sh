# What the scripts here and in tools/ have in common. Each of them looks at all its options before it
# builds or starts anything, for a build takes minutes.

own_name=$(cd "$(dirname "$0")" && basename "$PWD")/${0##*/}

misuse() { # TEXT...
    echo "$own_name: $*; see $own_name --help" >&2
    exit 64
}

number() { # NAME VALUE LEAST MOST
    [[ $2 =~ ^(0|[1-9][0-9]{0,14})$ ]] && [ "$2" -ge "$3" ] && [ "$2" -le "$4" ] ||
        misuse "$1 must be a whole number from $3 to $4, not '$2'"
}

# Whether a run has found something, which a signal that ended it is not.
has_found() { # OUTPUT: of lockstep-torture, lockstep-simulate or a script here
    local torture='^(failure|lost|twice|executed though refused|misplaced|wrong final values'
    torture+='|nodes that differ|stale reads|acknowledged and never looked for|findings of checkers'
    torture+='|never done|nodes that ended on their own|faults that met nothing'
    torture+='|nodes that wrote past the lossy disk): '
    local other='^failed: [0-9]|^seed [0-9]+: FAILED|[1-9][0-9]* not ok,|, status [1-9]|, FAILED$'
    other+='|: does not (compile|commit)$|: not as it should be|^    no program calls '
    other+='|^cluster/[a-z]+-test: [^0-9]|, [1-9][0-9]* failures$'
    # What a run that was ended has not come to is no finding.
    local short='^(faults not reached|several at once|rounds not reached): '
    # Each reads to the end: a pipe that is closed early would make the status that of a signal.
    grep -E "$torture" "$1" | grep -vxF 'failure: interrupted' >/dev/null ||
        grep -E "$other" "$1" >/dev/null ||
        { grep -E "$short" "$1" && ! grep -xF 'failure: interrupted' "$1"; } >/dev/null
}

# The most that a seed can be here: what is made of it by counting is one of 64 bits still.
most_seed=999999999999999

programs_in() { # FOLDER PROGRAM...: a folder that was given must hold these
    local folder=$1
    shift
    [ -n "$folder" ] || return 0
    local each
    for each in "$@"; do
        [ -x "$folder/$each" ] || misuse "there is no $each in '$folder', which --bin names"
    done
}
