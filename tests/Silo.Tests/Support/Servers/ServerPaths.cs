namespace Quota.Silo.Tests.Support.Servers;

/// <summary>Where outside programs are.</summary>
internal static class ServerPaths
{
    /// <summary>The repository's folder.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The git-ignored folder that <c>tests/run.sh</c> fetches servers into.</summary>
    public static string Tools { get; } = Path.Combine(Root, "tests", ".servers");

    /// <summary>Full path of a program on the PATH, or null.</summary>
    public static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Quota.sln")))
        {
            folder = folder.Parent;
        }
        return folder?.FullName ?? "";
    }
}
