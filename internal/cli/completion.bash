
# What follows replaces functions of the above. It needs no bash-completion package, keeps : = and @ inside of words, and runs
# nothing that stands on the line.

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

__credd_get_completion_results()
{
    local program=${words[0]/#\~\//$HOME/}
    case $(type -t "$program") in
        file | function) ;;
        *) program=credd ;; # an alias, or a variable
    esac
    out=$("$program" __complete "${words[@]:1}" 2>/dev/null)
    [[ $cur == -*=* ]] && cur=${cur#*=}
    directive=${out##*:}
    out=${out%:*}
    [[ -n $directive ]] || directive=1
}

__start_credd()
{
    local cur words out directive word
    COMPREPLY=()
    __credd_split_line
    for word in "${words[@]}"; do
        [[ $word == *[\<\>]* ]] && return # the name of a file
    done
    words=("${words[@]//[\"\'\\]/}")
    cur=${words[${#words[@]}-1]}
    __credd_get_completion_results
    __credd_process_completion_results
    __credd_handle_special_char "$cur" @
}
