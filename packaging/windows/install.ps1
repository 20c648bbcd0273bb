# Installs credd for this user, from the directory of this script, and needs no administrator:
#
#   powershell -ExecutionPolicy Bypass -File install.ps1            # into %LocalAppData%\Programs\credd
#   powershell -ExecutionPolicy Bypass -File install.ps1 -Service   # and starts credd at each logon
#   powershell -ExecutionPolicy Bypass -File install.ps1 -Uninstall # removes both; configuration, vault and audit log stay
[CmdletBinding()]
param(
    [string]$Directory = (Join-Path $env:LOCALAPPDATA 'Programs\credd'),
    [switch]$Service,
    [switch]$Uninstall
)
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'

$programs = 'credd.exe', 'credhelper.exe'
$credd = Join-Path $Directory 'credd.exe'

# The user's Path as the registry has it: read otherwise, its variables would be lost.
function Edit-Path([scriptblock]$Change) {
    $key = [Microsoft.Win32.Registry]::CurrentUser.OpenSubKey('Environment', $true)
    try {
        $old = [string]$key.GetValue('Path', '', [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
        $parts = @($old -split ';' | Where-Object { $_ -ne '' -and $_.TrimEnd('\') -ne $Directory.TrimEnd('\') })
        $new = (@(& $Change $parts) -join ';')
        if ($new -ne $old) {
            $key.SetValue('Path', $new, [Microsoft.Win32.RegistryValueKind]::ExpandString)
            # Programs that are started from now on are told by a change of any variable.
            [Environment]::SetEnvironmentVariable('CREDD_INSTALL', $null, 'User')
        }
    } finally {
        $key.Close()
    }
}

# Ends what runs from the directory: a program that runs cannot be replaced. Sessions are fetched again.
function Stop-Ours {
    Get-Process -Name 'credd', 'credhelper' -ErrorAction SilentlyContinue |
        Where-Object { $_.Path -and (Split-Path -Parent $_.Path) -eq $Directory } |
        ForEach-Object { Stop-Process -InputObject $_ -Force; $_.WaitForExit(10000) | Out-Null }
}

if ($Uninstall) {
    if (Test-Path -LiteralPath $credd) {
        $state = & $credd service status --json | ConvertFrom-Json
        if ($state.installed) { & $credd service uninstall }
    }
    Stop-Ours
    foreach ($name in $programs) {
        $file = Join-Path $Directory $name
        if (Test-Path -LiteralPath $file) { Remove-Item -LiteralPath $file; Write-Output "removed $file" }
    }
    if ((Test-Path -LiteralPath $Directory) -and -not (Get-ChildItem -LiteralPath $Directory -Force)) { Remove-Item -LiteralPath $Directory }
    Edit-Path { param($parts) $parts }
    Write-Output "kept: $env:APPDATA\credd, $env:LOCALAPPDATA\credd"
    return
}

foreach ($name in $programs) {
    if (-not (Test-Path -LiteralPath (Join-Path $PSScriptRoot $name))) { throw "$name is not beside this script: unpack the whole archive" }
}
New-Item -ItemType Directory -Force -Path $Directory | Out-Null
Stop-Ours
foreach ($name in $programs) {
    $from = Join-Path $PSScriptRoot $name
    Unblock-File -LiteralPath $from # of the mark that browsers give what they load
    if ($PSScriptRoot.TrimEnd('\') -ne $Directory.TrimEnd('\')) { Copy-Item -LiteralPath $from -Destination $Directory -Force }
    Write-Output "installed $(Join-Path $Directory $name)"
}
Edit-Path { param($parts) $parts + $Directory }
if ($Service) {
    & $credd service install
    if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
}
Write-Output 'next, in a new terminal: credd init'
