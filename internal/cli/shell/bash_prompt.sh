# The segment reads what "use" exported, whenever the prompt is shown, and runs nothing.
case ${PS1-} in
*CREDD_ROLE*) ;;
*)
  if [ -n "${NO_COLOR-}" ]; then
    PS1='${CREDD_ROLE:+$CREDD_ROLE }'"${PS1-}"
  else
    PS1='${CREDD_ROLE:+\[\e[32${CREDD_PRODUCTION:+;1;31}m\]$CREDD_ROLE\[\e[0m\] }'"${PS1-}"
  fi
  ;;
esac
