namespace Quota.Silo.Cli;

/// <summary>What a command reads from and writes to, so that tests can put something else there.</summary>
internal sealed record CliConsole(Stream Input, TextWriter Output, TextWriter Error)
{
    /// <summary>Columns of the tables when the output is not a terminal.</summary>
    public const int PlainWidth = 140;

    /// <summary>Whether output goes to a terminal that can show colours.</summary>
    public bool IsOutputTerminal { get; init; }

    /// <summary>Whether errors and progress go to a terminal.</summary>
    public bool IsErrorTerminal { get; init; }

    public static CliConsole System() => new(Console.OpenStandardInput(), Console.Out, Console.Error)
    {
        IsOutputTerminal = !Console.IsOutputRedirected,
        IsErrorTerminal = !Console.IsErrorRedirected,
    };
}
