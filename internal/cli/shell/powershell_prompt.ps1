# The segment reads what "use" exported, whenever the prompt is shown, and runs nothing.
if ("$function:prompt" -notmatch '__credd_prompt') {
    $function:global:__credd_prompt = $function:prompt
    function global:prompt {
        $segment = ''
        if ($env:CREDD_ROLE) {
            $segment = $env:CREDD_ROLE + ' '
            if (-not $env:NO_COLOR) {
                $color = if ($env:CREDD_PRODUCTION) { '1;31' } else { '32' }
                $segment = [char]27 + "[${color}m" + $env:CREDD_ROLE + [char]27 + '[0m '
            }
        }
        $segment + (__credd_prompt)
    }
}
