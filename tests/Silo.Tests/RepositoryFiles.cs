namespace Quota.Silo.Tests;

/// <summary>Finds files of the repository from wherever the tests run.</summary>
internal static class RepositoryFiles
{
    public static string Root { get; } = FindRoot();

    public static string Example => Path.Combine(Root, "quota.yaml");

    public static string SampleLog => Path.Combine(Root, "samples", "access.log");

    /// <summary>A log of real requests that is shared between checkouts and not part of the repository; tests do without it where it is absent.</summary>
    public static string SharedLog => Path.Combine(Root, "..", "shared", "data", "access.log");

    private static string FindRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "Quota.sln")))
        {
            directory = Path.GetDirectoryName(directory);
        }
        return directory ?? throw new InvalidOperationException("The tests do not run within the repository.");
    }
}
