# bash completion for credd. It needs no bash-completion package, keeps : = and @ inside of words, and runs nothing that stands on
# the line or in a name.

# The words up to the cursor, as the shell would pass them. Bash splits at : = and @ too: what no blank divides belongs together.
__credd_split_line()
{
    local i word rest=${COMP_LINE:0:COMP_POINT}
    words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((i > 0)) && [[ $rest != [[:blank:]]* ]]; then
            ((i == COMP_CWORD)) && word=$rest
            words[${#words[@]}-1]+=$word
        else
            rest=${rest#"${rest%%[![:blank:]]*}"}
            ((i == COMP_CWORD)) && word=$rest
            words+=("$word")
        fi
        rest=${rest#"$word"}
    done
    cur=${words[${#words[@]}-1]}
}

# What the program offers for the words.
__credd_ask()
{
    local program=${words[0]/#\~\//$HOME/}
    case $(type -t "$program") in
        file | function) ;;
        *) program=credd ;; # an alias, or a variable
    esac
    out=$("$program" __complete "${words[@]:1}" 2>/dev/null)
    directive=${out##*:}
    out=${out%:*}
    [[ -n $directive && $directive != *[!0-9]* ]] || directive=1
}

# Choices that begin with the word, quoted for where they go. Only a list that is shown says what they are.
__credd_choose()
{
    local line word text width=0 i choices=() about=()
    while IFS= read -r line; do
        word=${line%%$'\t'*}
        [[ -n $word && $word == "$cur"* ]] || continue
        if [[ -z $quoted ]]; then
            printf -v word %q "$word"
        elif [[ $word == *[!A-Za-z0-9._@+=,:/-]* ]]; then
            continue # it could end the quotes that it would go into
        fi
        choices+=("$word")
        text=
        [[ $line == *$'\t'* ]] && text=${line#*$'\t'}
        about+=("$text")
        ((${#word} > width)) && width=${#word}
    done <<<"$out"
    for ((i = 0; i < ${#choices[@]}; i++)); do
        text=${choices[i]}
        if ((${#choices[@]} > 1)) && [[ -n ${about[i]} && " 33 63 64 " == *" ${COMP_TYPE:-63} "* ]]; then
            printf -v text "%-${width}s  (%s)" "$text" "${about[i]}"
            text=${text:0:${COLUMNS:-80}}
        fi
        COMPREPLY+=("$text")
    done
}

# Readline puts a choice in the place of what follows the last : or = of the word, or of the last @ and what follows it; but not in
# quotes.
__credd_after_last_break()
{
    local char head breaks=
    for char in : = @; do
        [[ $COMP_WORDBREAKS == *$char* ]] && breaks+=$char
    done
    [[ -n $breaks ]] || return
    head=${cur%"${cur##*[$breaks]}"}
    [[ -n $head ]] && printf -v head %q "${head%@}"
    COMPREPLY=("${COMPREPLY[@]#"$head"}")
}

__start_credd()
{
    local cur words out directive word quoted=
    COMPREPLY=()
    __credd_split_line
    for word in "${words[@]}"; do
        [[ $word == *[\<\>]* ]] && return # the name of a file
    done
    [[ $cur == [\"\']* ]] && quoted=yes
    words=("${words[@]//[\"\'\\]/}")
    cur=${words[${#words[@]}-1]}
    __credd_ask
    ((directive & 1)) && return
    if [[ $(type -t compopt) == builtin ]]; then
        ((directive & 2)) && compopt -o nospace
        ((directive & 4)) && compopt +o default
        ((directive & 32)) && compopt -o nosort 2>/dev/null # from bash 4.4
    fi
    [[ $cur == -*=* ]] && cur=${cur#*=}
    __credd_choose
    ((${#COMPREPLY[@]} > 0)) && [[ -z $quoted ]] && __credd_after_last_break
}

complete -o default -F __start_credd credd
