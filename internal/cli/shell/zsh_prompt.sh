# The segment reads what "use" exported, before each prompt, and runs nothing. What a prompt would act on becomes a "?".
function __credd_segment {
  \builtin emulate -L zsh
  PROMPT=${PROMPT-}
  PROMPT=${PROMPT#"${__credd_shown-}"}
  \builtin typeset -g __credd_shown=
  if [[ -n ${CREDD_ROLE-} ]]; then
    __credd_shown=${CREDD_ROLE//[^A-Za-z0-9._@+=,\/-]/?}
    if [[ -n ${NO_COLOR-} ]]; then
      __credd_shown+=' '
    elif [[ -n ${CREDD_PRODUCTION-} ]]; then
      __credd_shown="%B%F{red}$__credd_shown%f%b "
    else
      __credd_shown="%F{green}$__credd_shown%f "
    fi
  fi
  PROMPT=$__credd_shown$PROMPT
}
\builtin autoload -Uz add-zsh-hook
add-zsh-hook precmd __credd_segment
