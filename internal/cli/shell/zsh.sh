# credd in zsh: "use" changes this shell, which no process can do for it; all else is the program's.
\builtin unalias credd 2>/dev/null || \builtin :
function credd {
  case ${1-} in
  (use) ;;
  (*)
    @credd@ "$@"
    \return
    ;;
  esac
  \builtin local __credd_text
  \builtin shift
  __credd_text=$(@credd@ use --shell zsh "$@") || \return
  \builtin eval "$__credd_text"
}
