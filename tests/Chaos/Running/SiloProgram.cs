using System.Reflection;

namespace Quota.Chaos.Running;

/// <summary>The programs that run the executors.</summary>
internal static class SiloProgram
{
    public const string Shared = "shared";

    /// <summary>In a program of its own, which is built only where the package feed serves Orleans.</summary>
    public const string Orleans = "orleans";

    /// <summary>Where the build has put the program for Orleans; null if it was left out.</summary>
    private static string? OrleansPath { get; } = typeof(SiloProgram).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(a => a.Key == "QuotaOrleans")?.Value;

    /// <summary>Why an executor cannot be run here, in one line, or null.</summary>
    public static string? Missing(string executor) => executor != Orleans || File.Exists(OrleansPath)
        ? null
        : "the executor orleans is not built: its packages are not asked for or not served (eng/orleans.sh); --executor shared runs without them";

    /// <summary>The program's assembly. A silo by itself is run by the same one as <see cref="Shared"/>.</summary>
    public static string Path(string executor) => executor == Orleans ? OrleansPath! : System.IO.Path.Combine(AppContext.BaseDirectory, "quota.dll");
}
