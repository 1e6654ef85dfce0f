using Google.Protobuf;
using Quota.Contracts.V1;
using Quota.Silo.Tests.Cli;

namespace Quota.Silo.Tests.Import;

/// <summary>One run of <c>quota import</c> on sample files, or on texts a test writes.</summary>
internal sealed record ImportRun(int ExitCode, string Output, string Remarks)
{
    /// <summary>The folder of the sample files.</summary>
    public static readonly string Samples = Path.Combine(RepositoryFiles.Root, "tests", "Silo.Tests", "Import", "Samples");

    /// <summary>The definitions written, in their order.</summary>
    public IReadOnlyList<Definition> Definitions { get; } = [.. Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(JsonParser.Default.Parse<Definition>)];

    public IReadOnlyList<Plan> Plans => [.. Definitions.Where(d => d.Plan is not null).Select(d => d.Plan)];

    public IReadOnlyList<Key> Keys => [.. Definitions.Where(d => d.Key is not null).Select(d => d.Key)];

    public string[] RemarkLines => Remarks.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public IEnumerable<string> Errors => RemarkLines.Where(l => l.Contains(": error: ", StringComparison.Ordinal));

    /// <summary>Runs a command line in which <c>@name</c> is a sample file; remarks name files without their folder.</summary>
    public static async Task<ImportRun> OfSamples(string commandLine) => await Of(Samples, commandLine);

    /// <summary>The same with the files of a folder.</summary>
    public static async Task<ImportRun> Of(string folder, string commandLine)
    {
        string[] args = [.. commandLine.Split(' ').Select(a => a.Replace("@", folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))];
        CliRun run = await CliRun.Of(["import", .. args]);
        return new ImportRun(run.ExitCode, run.Output, run.Error.Replace(folder + Path.DirectorySeparatorChar, "", StringComparison.Ordinal));
    }

    /// <summary>Translates one text.</summary>
    public static async Task<ImportRun> OfText(string command, string text, string options = "")
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory.File("in"), text);
        return await Of(Path.GetDirectoryName(directory.File("in"))!, $"{command} @in {options}".TrimEnd());
    }

    /// <summary>Compares definitions and remarks with the golden files of this name.</summary>
    public async Task IsGolden(string name)
    {
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(Samples, "golden", $"{name}.jsonl")), Output);
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(Samples, "golden", $"{name}.txt")), Remarks);
    }
}
