#compdef credd
# zsh completion for credd. It runs nothing that stands on the line or in a name.

_credd()
{
    local program=${${(Q)words[1]}/#\~\//$HOME/} out line word expl tab=$'\t'
    local -a typed names shown
    local -i directive width=0 i
    (( $+functions[$program] )) || whence -p -- $program >/dev/null || program=credd # an alias, or a variable
    typed=("${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}")
    out=$("$program" __complete "${typed[@]}" 2>/dev/null)
    [[ ${out##*:} == <-> ]] || return 1
    directive=${out##*:}
    (( directive & 1 )) && return 1

    for line in "${(@f)${out%:*}}"; do
        [[ -n $line ]] || continue
        word=${line%%$tab*}
        names+=("$word")
        (( ${#word} > width )) && width=${#word}
        [[ $line == *$tab* ]] && word+=$line[$#word+1,-1]
        shown+=("$word")
    done
    for (( i = 1; i <= $#shown; i++ )); do
        [[ $shown[i] == *$tab* ]] && shown[i]="${(r:width:)${shown[i]%%$tab*}}  -- ${shown[i]#*$tab}"
    done

    [[ $PREFIX == -*=* ]] && compset -P 1 '*='
    local -a how
    (( directive & 2 )) && how=(-S '')
    if (( directive & 32 )); then
        _description -V names expl name
    else
        _description names expl name
    fi
    (( $#names )) && compadd "${expl[@]}" "${how[@]}" -l -d shown -a names && return
    (( directive & 4 )) && return 1
    _files
}

# As a file of fpath this is the function itself.
if [[ $funcstack[1] == _credd ]]; then
    _credd "$@"
else
    compdef _credd credd
fi
