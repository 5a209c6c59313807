# PowerShell completion of calico-fix; made by: calico-fix completion powershell

Register-ArgumentCompleter -Native -CommandName 'calico-fix', 'calico-fix.exe', 'kubectl-calico_fix', 'kubectl-calico_fix.exe' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $elements = @($commandAst.CommandElements)
    $program = $elements[0].ToString()
    # Nothing typed is evaluated: words go as they stand, without their quotes.
    $before = @($elements | Select-Object -Skip 1 | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object {
        $_.ToString().Trim('"', "'")
    })
    # PowerShell before 7.3 drops an empty word on its way to a program.
    $answer = if ($wordToComplete) {
        & $program __complete-word @before $wordToComplete 2>$null
    } else {
        & $program __complete-next @before 2>$null
    }
    $lines = @($answer)
    if ($lines.Count -eq 0 -or $lines[-1] -eq ':0') { return }
    $lines | Where-Object { $_ -notmatch '^:\d+$' } | ForEach-Object {
        $value, $help = $_ -split "`t", 2
        if (-not $help) { $help = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $help)
    }
}
