# PowerShell completion for credd. It runs nothing that stands on the line or in a name.

Register-ArgumentCompleter -Native -CommandName 'credd' -ScriptBlock {
    param($word, $ast, $cursor)

    # The words up to the cursor: the value of a text, and what is none as it is written.
    $words = @()
    $current = ''
    foreach ($element in @($ast.CommandElements | Select-Object -Skip 1)) {
        if ($element.Extent.StartOffset -ge $cursor) { break }
        $text = $element.Extent.Text
        if ($element.Extent.EndOffset -ge $cursor) {
            $current = $text.Substring(0, [Math]::Min($text.Length, $cursor - $element.Extent.StartOffset)).Trim('"', "'")
            break
        }
        if ($element -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $text = $element.Value }
        $words += $text
    }

    # Up to 7.2, and where it is set so, PowerShell leaves an empty argument out.
    $empty = ''
    if ($PSVersionTable.PSVersion -lt [version]'7.3.0' -or $PSNativeCommandArgumentPassing -eq 'Legacy') { $empty = '""' }
    $last = if ($current -eq '') { $empty } else { $current }
    $program = Get-Command -Name 'credd' -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1
    if ($null -eq $program) { return }
    $out = @(& $program.Source __complete @words $last 2>$null)
    if ($out.Count -eq 0 -or $out[-1] -notmatch '^:(\d+)$') { return }
    $directive = [int]$Matches[1]
    if ($directive -band 1) { return }

    $prefix = ''
    if ($current -match '^(-[^=]*=)(.*)$') { $prefix = $Matches[1]; $current = $Matches[2] }
    $choices = @()
    foreach ($line in $out[0..($out.Count - 2)]) {
        if ($out.Count -lt 2) { break }
        $name, $about = $line -split "`t", 2
        if (-not $name.StartsWith($current, [StringComparison]::OrdinalIgnoreCase)) { continue }
        $text = $prefix + $name
        if ($text -notmatch '^[A-Za-z0-9_./+:=-]+$') { $text = "'" + $text.Replace("'", "''") + "'" }
        if (-not $about) { $about = $name }
        $choices += [System.Management.Automation.CompletionResult]::new($text, $name, 'ParameterValue', $about)
    }
    if ($choices.Count -gt 0) { return $choices }
    if ($directive -band 4) { return '' } # else there would be names of files
}
