# credd in fish: "use" changes this shell, which no process can do for it; all else is the program's.
function credd --description 'Short-lived AWS credentials'
    if test "$argv[1]" != use
        @credd@ $argv
        return
    end
    set -l __credd_text (@credd@ use --shell fish $argv[2..-1])
    or return
    eval $__credd_text
end
