# The segment reads what "use" exported, whenever the prompt is shown, and runs nothing.
function __credd_segment
    set -q CREDD_ROLE[1]; and test -n "$CREDD_ROLE"; or return 0
    if set -q NO_COLOR[1]; and test -n "$NO_COLOR"
        echo -n -- "$CREDD_ROLE "
        return
    end
    set -q CREDD_PRODUCTION[1]; and set_color --bold red; or set_color green
    echo -n -- $CREDD_ROLE
    set_color normal
    echo -n ' '
end
function __credd_status
    return $argv[1]
end
if not functions fish_prompt | string match -q '*__credd_segment*'
    functions -e __credd_prompt
    functions -c fish_prompt __credd_prompt
    function fish_prompt
        set -l before $status
        __credd_segment
        __credd_status $before
        __credd_prompt
    end
end
