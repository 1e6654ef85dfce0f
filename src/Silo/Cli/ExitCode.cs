namespace Quota.Silo.Cli;

/// <summary>Exit codes of every command; in <c>quota --help</c>.</summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>The configuration or the input is not valid, or cannot be read.</summary>
    public const int Invalid = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>Stopped by an interrupt before it was done: 128 and the signal's number, as shells do.</summary>
    public const int Interrupted = 130;
}
