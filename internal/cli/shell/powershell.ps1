# credd in PowerShell: "use" changes this shell, which no process can do for it; all else is the program's.
if (Test-Path -LiteralPath Alias:credd) { Remove-Item -LiteralPath Alias:credd -Force }
function global:credd {
    if ($args.Count -eq 0 -or $args[0] -cne 'use') {
        if ($MyInvocation.ExpectingInput) { $input | & @credd@ @args } else { & @credd@ @args }
        return
    }
    $rest = @($args | Select-Object -Skip 1)
    $text = & @credd@ use --shell powershell @rest
    if ($LASTEXITCODE -eq 0 -and $text) { Invoke-Expression ($text -join "`n") }
}
